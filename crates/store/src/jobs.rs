//! Jobs: kicked off, and looked up.

use bulk_export_domain::{
    ids::{FileId, JobId},
    job::{File, Job, NewJob},
    limits::{Admission, Refusal},
    policy::Subject,
};
use diesel::{prelude::*, sql_types};

use crate::{
    admission::admit,
    audit::Action,
    error::Error,
    pool::Store,
    rows::{FileRow, JobRow, clock, signed},
    schema::{bulk_export_files, bulk_export_jobs},
};

impl Store {
    /// Inserts a job and its plan part, unless the service cannot take it now. When this returns `Ok(Ok(()))`, the job is
    /// accepted: it survives the loss of all else.
    ///
    /// # Errors
    /// The database is away; nothing was accepted.
    pub async fn kick_off(
        &self,
        job: NewJob,
        limits: Admission,
    ) -> Result<Result<(), Refusal>, Error> {
        self.transaction(move |connection| match admit(connection, &job, &limits)? {
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
        Subject::Patient(patient) => Some(patient.reveal()),
    };
    let types: Vec<&str> = job.types.iter().map(|one| one.as_str()).collect();
    let notes: Vec<String> = job
        .notes
        .iter()
        .map(serde_json::to_string)
        .collect::<Result<_, _>>()
        .map_err(|error| Error::Caller(error.into()))?;
    diesel::sql_query(include_str!("jobs/kick_off.sql"))
        .bind::<sql_types::Uuid, _>(job.id.uuid())
        .bind::<sql_types::Text, _>(&job.ownership.requester_id)
        .bind::<sql_types::Text, _>(job.role.as_str())
        .bind::<sql_types::Array<sql_types::Text>, _>(types)
        .bind::<sql_types::Text, _>(&job.request_url)
        .bind::<sql_types::Nullable<sql_types::Text>, _>(subject_patient)
        .bind::<sql_types::Nullable<sql_types::Timestamptz>, _>(job.since)
        .bind::<sql_types::Timestamptz, _>(job.transaction_time)
        .bind::<sql_types::Array<sql_types::Text>, _>(notes)
        .bind::<sql_types::Text, _>(Action::KickOff.as_str())
        .bind::<sql_types::Nullable<sql_types::BigInt>, _>(job.file_rows.map(signed))
        .bind::<sql_types::Nullable<sql_types::Text>, _>(&job.trace_parent)
        .execute(connection)?;
    Ok(())
}
