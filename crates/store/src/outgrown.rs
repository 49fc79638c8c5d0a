//! Jobs that pass a limit of their own while they run: failed at once, with nothing left of them.

use std::time::Duration;

use bulk_export_domain::limits::{JobLimits, JobSize, Passed};
use diesel::{prelude::*, sql_types};
use uuid::Uuid;

use crate::{complete::fail_job, error::Error, finish::Finished, schema::bulk_export_jobs};

#[derive(QueryableByName)]
struct SizeRow {
    #[diesel(sql_type = sql_types::BigInt)]
    resources: i64,
    #[diesel(sql_type = sql_types::BigInt)]
    bytes: i64,
    #[diesel(sql_type = sql_types::BigInt)]
    files: i64,
}

/// Says which limit a job has passed by what its parts have written so far.
pub(crate) fn check(
    connection: &mut PgConnection,
    job: Uuid,
    limits: &JobLimits,
) -> QueryResult<Result<(), Passed>> {
    let row: SizeRow = diesel::sql_query(include_str!("outgrown/size.sql"))
        .bind::<sql_types::Uuid, _>(job)
        .get_result(connection)?;
    let number = |count: i64| u64::try_from(count).unwrap_or(0);
    Ok(limits.check(JobSize {
        resources: number(row.resources),
        bytes: number(row.bytes),
        files: number(row.files),
    }))
}

/// Fails a job that has passed a limit; the caller holds the job's row, and the job runs. Its files are released by a
/// worker, as a cancelled job's are.
pub(crate) fn give_up(
    connection: &mut PgConnection,
    job: Uuid,
    passed: Passed,
    ttl: Duration,
) -> Result<Finished, Error> {
    fail_job(connection, job, &passed.reason(), ttl)?;
    diesel::update(bulk_export_jobs::table.find(job))
        .set(bulk_export_jobs::discard.eq(true))
        .execute(connection)?;
    metrics::counter!("bulk_export_refusals_total", "limit" => passed.name()).increment(1);
    Ok(Finished::JobFailed)
}
