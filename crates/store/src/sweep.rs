//! What the sweep asks of the database. Every step may run on any number of workers at once, and again.

use std::time::Duration;

use bulk_export_domain::{
    file::{Cid, PinName},
    ids::{FileId, JobId},
};
use chrono::{DateTime, Utc};
use diesel::{prelude::*, sql_types};
use uuid::Uuid;

use crate::{
    audit::{Action, Entry, append},
    error::{BoxError, Error},
    pool::Store,
    reconcile::{Turn, try_turn},
    rows::{IdRow, clock},
    schema::{bulk_export_audit, bulk_export_files, bulk_export_jobs, bulk_export_node},
};

/// How many rows one step takes at once.
const PAGE: i64 = 500;

/// What became of a collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Collected {
    /// The node was let collect; this many blocks went.
    Blocks(u64),
    /// There is nothing to collect, another worker collects right now, or it was done less than a minute ago.
    NotNow,
}

/// Pins of ours that no row owns.
#[derive(Debug, Default)]
pub struct Unowned {
    /// Their label names a job that we know: they may go.
    pub orphans: Vec<Cid>,
    /// How many have a label of our form with a job that we do not know: another service's, or from before a database
    /// was put back. Nobody here lets them go.
    pub strangers: u64,
}

#[derive(QueryableByName)]
struct RemovedRow {
    #[diesel(sql_type = sql_types::Uuid)]
    id: Uuid,
    #[diesel(sql_type = sql_types::Nullable<sql_types::Text>)]
    trace_parent: Option<String>,
}

#[derive(QueryableByName)]
struct CountRow {
    #[diesel(sql_type = sql_types::BigInt)]
    pruned: i64,
}

impl Store {
    /// Lists files whose job expired at least `grace` ago, or was cancelled. Empty when none is left. Files that the
    /// caller could not release are named in `except`, so that they do not hide the others.
    ///
    /// # Errors
    /// The database is away.
    pub async fn expired_files(
        &self,
        grace: Duration,
        except: Vec<FileId>,
    ) -> Result<Vec<FileId>, Error> {
        self.run(move |connection| {
            let except: Vec<Uuid> = except.into_iter().map(FileId::uuid).collect();
            let rows: Vec<IdRow> = diesel::sql_query(include_str!("sweep/expired_files.sql"))
                .bind::<sql_types::Double, _>(grace.as_secs_f64())
                .bind::<sql_types::BigInt, _>(PAGE)
                .bind::<sql_types::Array<sql_types::Uuid>, _>(except)
                .load(connection)?;
            Ok(rows
                .into_iter()
                .map(|row| FileId::from_uuid(row.id))
                .collect())
        })
        .await
    }

    /// Removes the jobs that expired at least `grace` ago, were [noted](Self::expire) as expired, and have no file left; the
    /// audit stays. Gives their ids, each with the trace that its kick-off was part of.
    ///
    /// # Errors
    /// The database is away.
    pub async fn remove_expired(
        &self,
        grace: Duration,
    ) -> Result<Vec<(JobId, Option<String>)>, Error> {
        self.transaction(move |connection| {
            let rows: Vec<RemovedRow> = diesel::sql_query(include_str!("sweep/remove_expired.sql"))
                .bind::<sql_types::Double, _>(grace.as_secs_f64())
                .bind::<sql_types::BigInt, _>(PAGE)
                .load(connection)?;
            for row in &rows {
                append(
                    connection,
                    &Entry::new(Action::Expire, "removed").job(JobId::from_uuid(row.id)),
                )?;
            }
            let removed = rows
                .into_iter()
                .map(|row| (JobId::from_uuid(row.id), row.trace_parent));
            Ok(removed.collect())
        })
        .await
    }

    /// Removes a page of the resource store's versions that ended an hour before `transaction_time`, the smallest that a
    /// kick-off could be given now, and that no job under way reads; gives how many. Zero means that there are no more.
    ///
    /// # Errors
    /// The database is away.
    pub async fn prune_versions(&self, transaction_time: DateTime<Utc>) -> Result<u64, Error> {
        self.run(move |connection| {
            let row: CountRow = diesel::sql_query(include_str!("sweep/prune_versions.sql"))
                .bind::<sql_types::Timestamptz, _>(transaction_time)
                .bind::<sql_types::BigInt, _>(PAGE)
                .get_result(connection)?;
            Ok(u64::try_from(row.pruned).unwrap_or(0))
        })
        .await
    }

    /// Of pins by label and CID, finds those that no row owns. A pin is ours when its label names a job that we know,
    /// from its row or from the audit: a node may hold pins of others.
    ///
    /// # Errors
    /// The database is away.
    pub async fn unowned(&self, pins: Vec<(PinName, Cid)>) -> Result<Unowned, Error> {
        use bulk_export_audit as audit;
        use bulk_export_files as files;
        use bulk_export_jobs as jobs;
        self.run(move |connection| {
            let mut unowned = Unowned::default();
            for page in pins.chunks(1000) {
                let ids: Vec<Uuid> = page.iter().map(|(name, _)| name.job.uuid()).collect();
                let cids: Vec<&str> = page.iter().map(|(_, cid)| cid.as_str()).collect();
                let mut known: Vec<Uuid> = jobs::table
                    .filter(jobs::id.eq_any(&ids))
                    .select(jobs::id)
                    .load(connection)?;
                let audited: Vec<Option<Uuid>> = audit::table
                    .filter(audit::job_id.eq_any(&ids))
                    .select(audit::job_id)
                    .distinct()
                    .load(connection)?;
                known.extend(audited.into_iter().flatten());
                let owned: Vec<String> = files::table
                    .filter(files::cid.eq_any(cids))
                    .select(files::cid)
                    .load(connection)?;
                let lost = |pin: &&(PinName, Cid)| !owned.iter().any(|cid| cid == pin.1.as_str());
                for (name, cid) in page.iter().filter(lost) {
                    if known.contains(&name.job.uuid()) {
                        unowned.orphans.push(cid.clone());
                    } else {
                        unowned.strangers += 1;
                    }
                }
            }
            Ok(unowned)
        })
        .await
    }

    /// Lets the node collect when something was released since the last time: one worker at a time, at most once a
    /// minute, because a collection costs uploads under way a redo.
    ///
    /// # Errors
    /// The database is away, or `collect` failed.
    pub async fn collect<C>(&self, least_interval: Duration, collect: C) -> Result<Collected, Error>
    where
        C: FnOnce() -> Result<u64, BoxError> + Send + 'static,
    {
        use bulk_export_node as node;
        self.transaction(move |connection| {
            if !try_turn(connection, Turn::Collect)? {
                return Ok(Collected::NotNow);
            }
            let recent = diesel::dsl::sql::<sql_types::Nullable<sql_types::Bool>>(
                "collected_at > clock_timestamp() - interval '1 second' * ",
            )
            .bind::<sql_types::Double, _>(least_interval.as_secs_f64());
            let (garbage, recent): (i64, Option<bool>) = node::table
                .select((node::garbage, recent))
                .first(connection)?;
            if garbage == 0 || recent == Some(true) {
                return Ok(Collected::NotNow);
            }
            let blocks = collect().map_err(Error::Caller)?;
            diesel::update(node::table)
                .set((
                    node::garbage.eq(node::garbage - garbage),
                    node::collected_at.eq(clock().nullable()),
                ))
                .execute(connection)?;
            Ok(Collected::Blocks(blocks))
        })
        .await
    }
}
