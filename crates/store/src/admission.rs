//! Whether a kick-off is admitted: decided in its own transaction, by what PostgreSQL has counted.
//!
//! Two kick-offs at once each do not see the other. Far from a limit that does no harm. Near it, within [`MARGIN`], they
//! take a lock, one after the other, and count again: so a limit is exact unless more kick-offs than the margin are in
//! their transactions at the same instant, and those are bounded by the connections of all replicas
//! (`DB_CONNECTIONS` each).

use std::time::Duration;

use bulk_export_domain::{
    job::NewJob,
    limits::{Admission, Limit, Load, MEASURED, Refusal},
};
use diesel::{prelude::*, sql_types};

use crate::rows::signed;

/// How near to a limit kick-offs begin to wait for each other.
const MARGIN: u64 = 64;

/// The class of the locks by which the kick-offs of one requester wait for each other; the number is arbitrary and ours.
const OF_ONE: i32 = 7_063_003;

/// The lock by which all kick-offs wait for each other.
const OF_ALL: i64 = 7_063_004;

#[derive(QueryableByName)]
struct CountedRow {
    #[diesel(sql_type = sql_types::Bool)]
    paused: bool,
    #[diesel(sql_type = sql_types::BigInt)]
    own: i64,
    #[diesel(sql_type = sql_types::BigInt)]
    everyones: i64,
    #[diesel(sql_type = sql_types::BigInt)]
    node_bytes: i64,
}

#[derive(QueryableByName)]
struct LoadRow {
    #[diesel(sql_type = sql_types::BigInt)]
    own: i64,
    #[diesel(sql_type = sql_types::BigInt)]
    everyones: i64,
    #[diesel(sql_type = sql_types::BigInt)]
    ended: i64,
    #[diesel(sql_type = sql_types::Nullable<sql_types::Double>)]
    next_expiry: Option<f64>,
}

/// Admits a job, or says why not: an operator's pause that was committed before holds, then the requester's own limit, then
/// the service's.
pub(crate) fn admit(
    connection: &mut PgConnection,
    job: &NewJob,
    limits: &Admission,
) -> QueryResult<Result<(), Refusal>> {
    let requester = job.ownership.requester_id.as_str();
    let (own_limit, own) = limits.of(job.role);
    let near = |count: i64, limit: Option<u64>| {
        limit.is_some_and(|limit| count >= signed(limit.saturating_sub(MARGIN)))
    };
    let mut counted = count(connection, requester, own, limits.jobs)?;
    let (near_own, near_all) = (near(counted.own, own), near(counted.everyones, limits.jobs));
    if near_own {
        diesel::sql_query("SELECT pg_advisory_xact_lock($1, hashtext($2))")
            .bind::<sql_types::Integer, _>(OF_ONE)
            .bind::<sql_types::Text, _>(requester)
            .execute(connection)?;
    }
    if near_all {
        diesel::sql_query("SELECT pg_advisory_xact_lock($1)")
            .bind::<sql_types::BigInt, _>(OF_ALL)
            .execute(connection)?;
    }
    if near_own || near_all {
        counted = count(connection, requester, own, limits.jobs)?;
    }
    if counted.paused {
        return Ok(Err(Refusal::Paused));
    }
    let full = [
        (own_limit, own, counted.own),
        (Limit::Jobs, limits.jobs, counted.everyones),
        (Limit::NodeBytes, limits.node_bytes, counted.node_bytes),
    ];
    for (limit, value, count) in full {
        if let Some(value) = value.filter(|value| count >= signed(*value)) {
            let retry_after = load(connection, requester)?.retry_after(limit, value);
            return Ok(Err(Refusal::Full {
                limit,
                value,
                retry_after,
            }));
        }
    }
    Ok(Ok(()))
}

fn count(
    connection: &mut PgConnection,
    requester: &str,
    own: Option<u64>,
    all: Option<u64>,
) -> QueryResult<CountedRow> {
    diesel::sql_query(include_str!("admission/admit.sql"))
        .bind::<sql_types::Text, _>(requester)
        .bind::<sql_types::BigInt, _>(own.map_or(0, signed))
        .bind::<sql_types::BigInt, _>(all.map_or(0, signed))
        .get_result(connection)
}

fn load(connection: &mut PgConnection, requester: &str) -> QueryResult<Load> {
    let row: LoadRow = diesel::sql_query(include_str!("admission/load.sql"))
        .bind::<sql_types::Text, _>(requester)
        .bind::<sql_types::Double, _>(MEASURED.as_secs_f64())
        .get_result(connection)?;
    let number = |count: i64| u64::try_from(count).unwrap_or(0);
    Ok(Load {
        own: number(row.own),
        all: number(row.everyones),
        ended: number(row.ended),
        next_expiry: row
            .next_expiry
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()),
    })
}
