//! Cancelling: the same lock as completing, so that exactly one wins. The pins are released by a worker: the API has
//! no way to the node.

use std::time::Duration;

use bulk_export_domain::{
    ids::JobId,
    job::{Event, Status},
    policy::Requester,
    webhook,
};
use diesel::prelude::*;

use crate::{
    audit::{Action, Entry, append},
    complete::{after, close_parts, count_end},
    error::{Error, corrupt},
    pool::Store,
    rows::{IdRow, clock},
    schema::bulk_export_jobs,
    webhooks::tell,
};

impl Store {
    /// Cancels a job that is pending, running, completed or failed; `false` when it is already gone. From the commit
    /// on no part of it writes, and no file of it is served.
    ///
    /// # Errors
    /// The database is away; nothing was changed.
    pub async fn cancel(&self, job: JobId, requester: &Requester) -> Result<bool, Error> {
        let ttl = self.ttl;
        let entry = Entry::new(Action::Cancel, "cancelled")
            .job(job)
            .by(requester);
        self.transaction(move |connection| cancel_in(connection, job, &entry, ttl))
            .await
    }

    /// Lists the jobs whose files go at once (cancelled, or failed because they passed a limit of their own) and whose pins
    /// have not been released yet.
    ///
    /// # Errors
    /// The database is away.
    pub async fn unreleased(&self) -> Result<Vec<JobId>, Error> {
        self.run(|connection| {
            let rows: Vec<IdRow> =
                diesel::sql_query(include_str!("cancel/unreleased.sql")).load(connection)?;
            Ok(rows
                .into_iter()
                .map(|row| JobId::from_uuid(row.id))
                .collect())
        })
        .await
    }

    /// Notes that no file of such a job is left.
    ///
    /// # Errors
    /// The database is away.
    pub async fn released(&self, job: JobId) -> Result<(), Error> {
        use bulk_export_jobs as jobs;
        self.run(move |connection| {
            diesel::update(jobs::table.find(job.uuid()))
                .set(jobs::released_at.eq(clock().nullable()))
                .execute(connection)?;
            Ok(())
        })
        .await
    }
}

/// Cancels a job and appends the entry; `false` when it is cancelled, expired or gone.
pub(crate) fn cancel_in(
    connection: &mut PgConnection,
    job: JobId,
    entry: &Entry,
    ttl: Duration,
) -> Result<bool, Error> {
    use bulk_export_jobs as jobs;
    let expired = jobs::expires_at.le(clock().nullable());
    let found: Option<(String, Option<bool>)> = jobs::table
        .find(job.uuid())
        .for_update()
        .select((jobs::status, expired))
        .first(connection)
        .optional()?;
    let Some((status, None | Some(false))) = found else {
        return Ok(false);
    };
    let status =
        Status::parse(&status).ok_or_else(|| corrupt("bulk_export_jobs", "status", &job))?;
    let Ok(next) = status.after(Event::Cancel) else {
        return Ok(false);
    };
    close_parts(connection, job.uuid(), "cancelled")?;
    diesel::update(jobs::table.find(job.uuid()))
        .set((
            jobs::status.eq(next.as_str()),
            jobs::expires_at.eq(after(ttl)),
            jobs::updated_at.eq(clock()),
            jobs::ended_at.eq(clock().nullable()),
        ))
        .execute(connection)?;
    count_end(connection, job.uuid(), "cancelled")?;
    append(connection, entry)?;
    tell(connection, job.uuid(), webhook::Event::Cancelled)?;
    Ok(true)
}
