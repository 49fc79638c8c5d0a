//! What an operator does to a job: retry and cancel, each in one transaction with its line in the audit.

use bulk_export_domain::{
    ids::JobId,
    job::{Event, InvalidTransition, Status},
};
use diesel::{prelude::*, sql_types};

use super::Person;
use crate::{
    audit::{Action, Entry, append},
    cancel::cancel_in,
    error::{Error, corrupt},
    pool::Store,
};

/// What became of a retry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retried {
    /// Its failed parts are due again, so many.
    Due(u64),
    /// There is no such job any more, or there never was.
    Unknown,
    /// Its state allows no retry.
    Refused(InvalidTransition),
    /// Its time is over: its files go, and clients see 404.
    Expired,
    /// Files of parts that were done are gone: what it would complete with would not be all.
    FilesGone,
}

/// What became of a cancel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cancelled {
    /// It is cancelled.
    Done,
    /// There is no such job any more, or it was cancelled or expired before.
    Gone,
}

#[derive(QueryableByName)]
struct LockedRow {
    #[diesel(sql_type = sql_types::Text)]
    status: String,
    #[diesel(sql_type = sql_types::Bool)]
    expired: bool,
    #[diesel(sql_type = sql_types::Bool)]
    files_gone: bool,
}

impl Store {
    /// Lets the failed parts of a failed job be tried again, as if they had never been: the job goes on at its own
    /// `transactionTime`, and what is done stays done. Refused once the job has expired.
    ///
    /// # Errors
    /// The database is away; nothing was changed.
    pub async fn retry_job(&self, job: JobId, by: Person) -> Result<Retried, Error> {
        self.transaction(move |connection| {
            let row: Option<LockedRow> = diesel::sql_query(include_str!("actions/lock.sql"))
                .bind::<sql_types::Uuid, _>(job.uuid())
                .get_result(connection)
                .optional()?;
            let Some(row) = row else {
                return Ok(Retried::Unknown);
            };
            let status = Status::parse(&row.status)
                .ok_or_else(|| corrupt("bulk_export_jobs", "status", &job))?;
            let next = match status.after(Event::Retry) {
                Ok(_) if row.expired => return Ok(Retried::Expired),
                Ok(_) if row.files_gone => return Ok(Retried::FilesGone),
                Ok(next) => next,
                Err(refused) => return Ok(Retried::Refused(refused)),
            };
            let parts = diesel::sql_query(include_str!("actions/parts_due.sql"))
                .bind::<sql_types::Uuid, _>(job.uuid())
                .execute(connection)?;
            diesel::sql_query(include_str!("actions/reopen.sql"))
                .bind::<sql_types::Uuid, _>(job.uuid())
                .bind::<sql_types::Text, _>(next.as_str())
                .execute(connection)?;
            let entry = Entry::new(Action::Retry, "in_progress")
                .job(job)
                .by_id(by.reveal().to_owned())
                .detail(format!("{parts} parts are due again"));
            append(connection, &entry)?;
            Ok(Retried::Due(parts as u64))
        })
        .await
    }

    /// Cancels a job as an operator: what [`cancel`](Store::cancel) does, and the audit names the operator.
    ///
    /// # Errors
    /// The database is away; nothing was changed.
    pub async fn cancel_job(&self, job: JobId, by: Person) -> Result<Cancelled, Error> {
        let ttl = self.ttl;
        let entry = Entry::new(Action::Cancel, "cancelled")
            .job(job)
            .by_id(by.reveal().to_owned())
            .detail("by an operator");
        let cancelled = self
            .transaction(move |connection| cancel_in(connection, job, &entry, ttl))
            .await?;
        Ok(if cancelled {
            Cancelled::Done
        } else {
            Cancelled::Gone
        })
    }
}
