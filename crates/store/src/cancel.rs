//! Cancelling: the same lock as completing, so that exactly one wins. The pins are released by a worker: the API has
//! no way to the node.

use bulk_export_domain::{ids::JobId, policy::Requester};
use diesel::prelude::*;
use uuid::Uuid;

use crate::{
    audit::{Action, Entry, append},
    complete::{after, close_parts},
    error::Error,
    pool::Store,
    rows::clock,
    schema::bulk_export_jobs,
};

impl Store {
    /// Cancels a job that is pending, running, completed or failed; `false` when it is already gone. From the commit
    /// on no part of it writes, and no file of it is served.
    ///
    /// # Errors
    /// The database is away; nothing was changed.
    pub async fn cancel(&self, job: JobId, requester: &Requester) -> Result<bool, Error> {
        use bulk_export_jobs as jobs;
        let ttl = self.ttl;
        let entry = Entry::new(Action::Cancel, "cancelled")
            .job(job)
            .by(requester);
        self.transaction(move |connection| {
            let gone = jobs::status
                .eq("cancelled")
                .or(jobs::expires_at.le(clock().nullable()).assume_not_null());
            let found: Option<(Uuid, Option<bool>)> = jobs::table
                .find(job.uuid())
                .for_update()
                .select((jobs::id, gone.nullable()))
                .first(connection)
                .optional()?;
            if !matches!(found, Some((_, None | Some(false)))) {
                return Ok(false);
            }
            close_parts(connection, job.uuid(), "cancelled")?;
            diesel::update(jobs::table.find(job.uuid()))
                .set((
                    jobs::status.eq("cancelled"),
                    jobs::expires_at.eq(after(ttl)),
                    jobs::updated_at.eq(clock()),
                    jobs::ended_at.eq(clock().nullable()),
                ))
                .execute(connection)?;
            append(connection, &entry)?;
            Ok(true)
        })
        .await
    }

    /// Lists the cancelled jobs whose pins have not been released yet.
    ///
    /// # Errors
    /// The database is away.
    pub async fn unreleased(&self) -> Result<Vec<JobId>, Error> {
        use bulk_export_jobs as jobs;
        self.run(|connection| {
            let ids: Vec<Uuid> = jobs::table
                .filter(
                    jobs::status
                        .eq("cancelled")
                        .and(jobs::released_at.is_null()),
                )
                .order(jobs::updated_at)
                .limit(100)
                .select(jobs::id)
                .load(connection)?;
            Ok(ids.into_iter().map(JobId::from_uuid).collect())
        })
        .await
    }

    /// Notes that no file of a cancelled job is left.
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
