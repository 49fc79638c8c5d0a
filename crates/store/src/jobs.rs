//! Jobs: kicked off, and looked up.

use bulk_export_domain::{
    ids::{FileId, JobId},
    job::{File, Job, NewJob},
    limits::Refusal,
    policy::Subject,
};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use crate::{
    audit::{Action, Entry, append},
    error::Error,
    pool::Store,
    rows::{FileRow, JobRow, clock},
    schema::{bulk_export_files, bulk_export_issues, bulk_export_jobs, bulk_export_parts},
    service::admit,
};

#[derive(Insertable)]
#[diesel(table_name = bulk_export_jobs)]
struct NewJobRow {
    id: Uuid,
    requester_id: String,
    requester_role: &'static str,
    resource_types: Vec<&'static str>,
    level: &'static str,
    request_url: String,
    subject_patient: Option<String>,
    since: Option<DateTime<Utc>>,
    transaction_time: DateTime<Utc>,
}

impl Store {
    /// Inserts a job and its plan part, unless the service cannot take it now. When this returns `Ok(Ok(()))`, the job is
    /// accepted: it survives the loss of all else.
    ///
    /// # Errors
    /// The database is away; nothing was accepted.
    pub async fn kick_off(&self, job: NewJob) -> Result<Result<(), Refusal>, Error> {
        self.transaction(move |connection| match admit(connection)? {
            Ok(()) => insert(connection, &job).map(Ok),
            Err(refusal) => Ok(Err(refusal)),
        })
        .await
    }

    /// Finds a job that has neither been cancelled nor expired.
    ///
    /// # Errors
    /// The database is away, or the row does not parse.
    pub async fn job(&self, id: JobId) -> Result<Option<Job>, Error> {
        use bulk_export_jobs as jobs;
        self.run(move |connection| {
            // Expiry counts from its instant on, whether the sweep has come or not.
            let row: Option<JobRow> = jobs::table
                .find(id.uuid())
                .filter(jobs::status.ne("cancelled"))
                .filter(
                    jobs::expires_at
                        .is_null()
                        .or(jobs::expires_at.gt(clock().nullable())),
                )
                .select(JobRow::as_select())
                .first(connection)
                .optional()?;
            row.map(JobRow::into_job).transpose()
        })
        .await
    }

    /// Lists the files of a job in the manifest's order.
    ///
    /// # Errors
    /// The database is away, or a row does not parse.
    pub async fn files(&self, job: JobId) -> Result<Vec<File>, Error> {
        use bulk_export_files as files;
        self.run(move |connection| {
            let rows: Vec<FileRow> = files::table
                .filter(files::job_id.eq(job.uuid()))
                .order((files::ordinal, files::number))
                .select(FileRow::as_select())
                .load(connection)?;
            rows.into_iter().map(FileRow::into_file).collect()
        })
        .await
    }

    /// Finds one file of a job.
    ///
    /// # Errors
    /// The database is away, or the row does not parse.
    pub async fn file(&self, job: JobId, file: FileId) -> Result<Option<File>, Error> {
        use bulk_export_files as files;
        self.run(move |connection| {
            let row: Option<FileRow> = files::table
                .filter(files::id.eq(file.uuid()).and(files::job_id.eq(job.uuid())))
                .select(FileRow::as_select())
                .first(connection)
                .optional()?;
            row.map(FileRow::into_file).transpose()
        })
        .await
    }
}

fn insert(connection: &mut PgConnection, job: &NewJob) -> Result<(), Error> {
    let subject_patient = match job.subject() {
        Subject::Everyone => None,
        Subject::Patient(patient) => Some(patient.reveal().to_owned()),
    };
    let row = NewJobRow {
        id: job.id.uuid(),
        requester_id: job.ownership.requester_id.clone(),
        requester_role: job.role.as_str(),
        resource_types: job
            .types
            .iter()
            .map(|resource_type| resource_type.as_str())
            .collect(),
        level: "patient",
        request_url: job.request_url.clone(),
        subject_patient,
        since: job.since,
        transaction_time: job.transaction_time,
    };
    diesel::insert_into(bulk_export_jobs::table)
        .values(row)
        .execute(connection)?;
    insert_plan(connection, job)?;
    let entry = Entry::new(Action::KickOff, "accepted")
        .job(job.id)
        .by_id(job.ownership.requester_id.clone())
        .about(job.subject());
    Ok(append(connection, &entry)?)
}

/// The notes of the kick-off belong to the plan part under generation 0, which no claim ever has.
fn insert_plan(connection: &mut PgConnection, job: &NewJob) -> Result<(), Error> {
    use bulk_export_issues as issues;
    use bulk_export_parts as parts;
    let plan = (
        parts::job_id.eq(job.id.uuid()),
        parts::ordinal.eq(0),
        parts::kind.eq("plan"),
        parts::next_at.eq(clock()),
    );
    diesel::insert_into(parts::table)
        .values(plan)
        .execute(connection)?;
    for note in &job.notes {
        let outcome = serde_json::to_string(note).map_err(|error| Error::Caller(error.into()))?;
        let values = (
            issues::job_id.eq(job.id.uuid()),
            issues::ordinal.eq(0),
            issues::generation.eq(0),
            issues::outcome.eq(outcome),
        );
        diesel::insert_into(issues::table)
            .values(values)
            .execute(connection)?;
    }
    Ok(())
}
