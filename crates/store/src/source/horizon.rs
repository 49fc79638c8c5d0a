//! `transactionTime` for tables that others write: the instant before which every change is visible by now.
//!
//! `now()` would lose for ever what transactions under way commit later with an earlier `updated_at`; so the oldest
//! open transaction of any session but ours bounds it, prepared ones included, less a millisecond. PostgreSQL forgets when
//! a prepared transaction started: it is taken to have been `EXPORT_SOURCE_LAG` before it was prepared.

use chrono::{DateTime, Utc};
use diesel::{prelude::*, sql_types};

use super::Source;
use crate::{
    error::Error,
    pool::{APPLICATION, blocking, checkout},
};

/// How the horizon is found on this source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Horizon {
    /// From the open transactions, which this role may see.
    OpenTransactions,
    /// `EXPORT_SOURCE_LAG` behind the clock: this role does not see other sessions (`pg_read_all_stats` is missing).
    /// Assumes that no writing transaction is open for longer.
    LagBehindClock,
    /// `EXPORT_SOURCE_LAG` behind the last replayed change: this is a replica, which sees no writers.
    /// Assumes that no writing transaction is open for longer.
    LagBehindReplay,
}

/// The horizon of an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TransactionTime {
    /// Every change up to here is visible; milliseconds.
    pub at: DateTime<Utc>,
    /// The source's clock when it was found.
    pub clock: DateTime<Utc>,
    /// How it was found.
    pub horizon: Horizon,
}

#[derive(QueryableByName)]
struct HorizonRow {
    #[diesel(sql_type = sql_types::Bool)]
    replica: bool,
    #[diesel(sql_type = sql_types::Bool)]
    sees_all: bool,
    #[diesel(sql_type = sql_types::Timestamptz)]
    clock: DateTime<Utc>,
    #[diesel(sql_type = sql_types::Nullable<sql_types::Timestamptz>)]
    replayed: Option<DateTime<Utc>>,
}

#[derive(QueryableByName)]
struct OldestRow {
    #[diesel(sql_type = sql_types::Nullable<sql_types::Timestamptz>)]
    oldest: Option<DateTime<Utc>>,
}

impl Source {
    /// Finds the horizon of this instant, truncated to milliseconds.
    ///
    /// # Errors
    /// The database is away.
    pub async fn horizon(&self) -> Result<TransactionTime, Error> {
        let (connections, lag) = (self.others.clone(), self.lag);
        blocking(move || {
            let connection = &mut *checkout(&connections)?;
            // The clock is read first, and the open transactions after that: what starts in between starts later.
            let row: HorizonRow =
                diesel::sql_query(include_str!("horizon/clock.sql")).get_result(connection)?;
            let (bound, horizon) = match (row.replica, row.sees_all) {
                (true, _) => (
                    row.replayed.unwrap_or(row.clock) - lag,
                    Horizon::LagBehindReplay,
                ),
                (false, false) => (row.clock - lag, Horizon::LagBehindClock),
                (false, true) => {
                    let open: OldestRow = diesel::sql_query(include_str!("horizon/oldest.sql"))
                        .bind::<sql_types::Text, _>(APPLICATION)
                        .bind::<sql_types::Double, _>(lag.as_secs_f64())
                        .get_result(connection)?;
                    (
                        open.oldest
                            .map_or(row.clock, |oldest| oldest.min(row.clock)),
                        Horizon::OpenTransactions,
                    )
                }
            };
            Ok(TransactionTime {
                at: truncate(bound),
                clock: row.clock,
                horizon,
            })
        })
        .await
    }
}

/// Cuts to milliseconds and goes one back: a row changed within the same millisecond is later.
fn truncate(at: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(at.timestamp_millis() - 1).unwrap_or(at)
}
