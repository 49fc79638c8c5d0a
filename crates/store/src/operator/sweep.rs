//! A sweep that an operator asks for. The request is a row's column: any worker takes it, one at a time; when that one
//! dies, another takes it after the lease.

use std::time::Duration;

use chrono::{DateTime, Utc};
use diesel::{prelude::*, sql_types};

use super::{Person, jobs::unsigned};
use crate::{
    audit::{Action, Entry, append},
    error::Error,
    pool::Store,
    schema::{bulk_export_node, bulk_export_service},
};

/// What a sweep did, as it is kept of the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SweepReport {
    /// Files of expired jobs that were released.
    pub files: u64,
    /// Jobs whose rows were removed.
    pub jobs: u64,
    /// Pins without an owner that were released.
    pub orphans: u64,
    /// What could not be released: the next sweep tries again.
    pub failed: u64,
    /// How long it took.
    pub took: Duration,
    /// Our pins on the node, before it, and those without an owner that it left; absent when they could not be listed.
    pub pins: Option<(u64, u64)>,
}

/// The last sweep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Swept {
    /// When it ended.
    pub at: DateTime<Utc>,
    /// What it did.
    pub report: SweepReport,
}

#[derive(QueryableByName)]
struct WantedRow {
    #[diesel(sql_type = sql_types::Timestamptz)]
    sweep_wanted_at: DateTime<Utc>,
}

type SweptRow = (
    Option<DateTime<Utc>>,
    Option<i64>,
    Option<i64>,
    Option<i64>,
    Option<i64>,
    Option<i64>,
);

impl Store {
    /// Asks the workers for a sweep now, and gives the instant of the request: a sweep that ended later has heeded it.
    ///
    /// # Errors
    /// The database is away.
    pub async fn want_sweep(&self, by: Person) -> Result<DateTime<Utc>, Error> {
        self.transaction(move |connection| {
            let row: WantedRow =
                diesel::sql_query(include_str!("sweep/want.sql")).get_result(connection)?;
            let entry = Entry::new(Action::Sweep, "requested").by_id(by.reveal().to_owned());
            append(connection, &entry)?;
            Ok(row.sweep_wanted_at)
        })
        .await
    }

    /// Takes a sweep that was asked for and that nobody else is at; gives the instant of the request. Whoever takes it
    /// has `lease` to end it.
    ///
    /// # Errors
    /// The database is away.
    pub async fn take_wanted_sweep(&self, lease: Duration) -> Result<Option<DateTime<Utc>>, Error> {
        self.run(move |connection| {
            let row: Option<WantedRow> = diesel::sql_query(include_str!("sweep/take.sql"))
                .bind::<sql_types::Double, _>(lease.as_secs_f64())
                .get_result(connection)
                .optional()?;
            Ok(row.map(|row| row.sweep_wanted_at))
        })
        .await
    }

    /// Says whether a request of this instant still waits for the end of a sweep.
    ///
    /// # Errors
    /// The database is away.
    pub async fn sweep_waits(&self, wanted: DateTime<Utc>) -> Result<bool, Error> {
        use bulk_export_service as service;
        self.run(move |connection| {
            let waiting: Option<DateTime<Utc>> = service::table
                .select(service::sweep_wanted_at)
                .first(connection)?;
            // A later request stands for this one too.
            Ok(waiting.is_some_and(|at| at >= wanted))
        })
        .await
    }

    /// Keeps what a sweep did, and ends the request that it heeded: one that came while it swept stays.
    ///
    /// # Errors
    /// The database is away.
    pub async fn swept(
        &self,
        report: SweepReport,
        wanted: Option<DateTime<Utc>>,
    ) -> Result<(), Error> {
        use bulk_export_node as node;
        use bulk_export_service as service;
        let count = |number: u64| Some(crate::rows::signed(number));
        let took = u64::try_from(report.took.as_millis()).unwrap_or(u64::MAX);
        self.transaction(move |connection| {
            diesel::update(node::table)
                .set((
                    node::swept_at.eq(crate::rows::clock().nullable()),
                    node::swept_files.eq(count(report.files)),
                    node::swept_jobs.eq(count(report.jobs)),
                    node::swept_orphans.eq(count(report.orphans)),
                    node::swept_failed.eq(count(report.failed)),
                    node::swept_ms.eq(count(took)),
                ))
                .execute(connection)?;
            if let Some((pins, unowned)) = report.pins {
                diesel::update(node::table)
                    .set((
                        node::pins.eq(count(pins)),
                        node::unowned_pins.eq(count(unowned)),
                    ))
                    .execute(connection)?;
            }
            if let Some(wanted) = wanted {
                diesel::update(service::table)
                    .filter(service::sweep_wanted_at.le(wanted))
                    .set(service::sweep_wanted_at.eq(None::<DateTime<Utc>>))
                    .execute(connection)?;
                diesel::update(service::table)
                    .set(service::sweep_lease_until.eq(None::<DateTime<Utc>>))
                    .execute(connection)?;
            }
            Ok(())
        })
        .await
    }

    /// Tells of the last sweep; `None` before the first.
    ///
    /// # Errors
    /// The database is away.
    pub async fn last_sweep(&self) -> Result<Option<Swept>, Error> {
        use bulk_export_node as node;
        self.run(|connection| {
            let (row, pins): (SweptRow, (Option<i64>, Option<i64>)) = node::table
                .select((
                    (
                        node::swept_at,
                        node::swept_files,
                        node::swept_jobs,
                        node::swept_orphans,
                        node::swept_failed,
                        node::swept_ms,
                    ),
                    (node::pins, node::unowned_pins),
                ))
                .first(connection)?;
            let (Some(at), files, jobs, orphans, failed, ms) = row else {
                return Ok(None);
            };
            let count = |number: Option<i64>| number.map_or(0, unsigned);
            let report = SweepReport {
                files: count(files),
                jobs: count(jobs),
                orphans: count(orphans),
                failed: count(failed),
                took: Duration::from_millis(count(ms)),
                pins: pins
                    .0
                    .zip(pins.1)
                    .map(|(all, unowned)| (unsigned(all), unsigned(unowned))),
            };
            Ok(Some(Swept { at, report }))
        })
        .await
    }
}
