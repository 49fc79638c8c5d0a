-- A table of one's own as a relation of the contract in docs/sources.md: tasks, for FHIR_SOURCE=clinical,Task=public.tasks.

CREATE TABLE public.stored_task (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id text NOT NULL UNIQUE,
    version integer NOT NULL,
    changed timestamptz NOT NULL,
    gone boolean NOT NULL DEFAULT false,
    patient text,
    body json NOT NULL
);
CREATE INDEX stored_task_patient ON public.stored_task (patient);

CREATE VIEW public.tasks AS
SELECT
    'Task'::text AS resource_type,
    number AS key,
    id,
    version::text AS version,
    changed AS last_updated,
    NOT gone AND patient IS NOT NULL AS in_patient_compartment,
    body
FROM public.stored_task;

CREATE VIEW public.tasks_membership AS
SELECT patient AS patient_id, 'Task'::text AS resource_type, number AS key
FROM public.stored_task WHERE patient IS NOT NULL;

CREATE VIEW public.tasks_refusal AS
SELECT 'a task has no id that FHIR allows'::text AS reason, 'number ' || number AS example
FROM public.stored_task WHERE id !~ '^[A-Za-z0-9.-]{1,64}$' LIMIT 1;
