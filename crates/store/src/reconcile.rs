//! What is due and may have lost its hint.

use std::time::Duration;

use bulk_export_domain::ids::JobId;
use diesel::{prelude::*, sql_types};
use uuid::Uuid;

use crate::{error::Error, pool::Store};

#[derive(QueryableByName)]
struct DueRow {
    #[diesel(sql_type = sql_types::Uuid)]
    job_id: Uuid,
    #[diesel(sql_type = sql_types::BigInt)]
    parts: i64,
}

#[derive(QueryableByName)]
struct TurnRow {
    #[diesel(sql_type = sql_types::Bool)]
    ours: bool,
}

/// The locks that make one worker of many do a thing. The numbers are arbitrary and ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    Reconcile = 7_063_001,
    Collect = 7_063_002,
}

/// Tries to take a turn until the transaction ends.
pub(crate) fn try_turn(connection: &mut PgConnection, turn: Turn) -> QueryResult<bool> {
    let row: TurnRow = diesel::sql_query("SELECT pg_try_advisory_xact_lock($1) AS ours")
        .bind::<sql_types::BigInt, _>(turn as i64)
        .get_result(connection)?;
    Ok(row.ours)
}

impl Store {
    /// Lists the jobs that have had something due for at least `overdue`, with how many parts, at most `limit` jobs;
    /// cancelled jobs whose pins are still held count as one. `None` when another worker is looking right now.
    ///
    /// # Errors
    /// The database is away.
    pub async fn overdue(
        &self,
        overdue: Duration,
        limit: i64,
    ) -> Result<Option<Vec<(JobId, u64)>>, Error> {
        self.transaction(move |connection| {
            if !try_turn(connection, Turn::Reconcile)? {
                return Ok(None);
            }
            let rows: Vec<DueRow> = diesel::sql_query(include_str!("reconcile/overdue.sql"))
                .bind::<sql_types::Double, _>(overdue.as_secs_f64())
                .bind::<sql_types::BigInt, _>(limit)
                .load(connection)?;
            let due = |row: DueRow| {
                (
                    JobId::from_uuid(row.job_id),
                    u64::try_from(row.parts).unwrap_or(0),
                )
            };
            Ok(Some(rows.into_iter().map(due).collect()))
        })
        .await
    }
}
