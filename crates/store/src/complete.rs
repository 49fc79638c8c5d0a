//! The end of a job, always under the job row's lock: completed by its last part, or failed.

use std::time::Duration;

use bulk_export_domain::{
    part::{Claim, PartKind},
    webhook::Event,
};
use diesel::{prelude::*, sql_types};
use uuid::Uuid;

use crate::{
    audit::{Action, Entry, append},
    error::Error,
    files::add_garbage,
    finish::Finished,
    rows::clock,
    schema::{bulk_export_issues, bulk_export_jobs, bulk_export_parts},
    webhooks::tell,
};

/// Completes the job when no part is open any more. When something was ignored or left out, a report part that
/// writes the error file comes first, once.
pub(crate) fn complete_if_last(
    connection: &mut PgConnection,
    claim: &Claim,
    ttl: Duration,
) -> Result<Finished, Error> {
    use bulk_export_parts as parts;
    let job = claim.job.uuid();
    let open = parts::table.filter(
        parts::job_id
            .eq(job)
            .and(parts::state.eq_any(["due", "running"])),
    );
    if diesel::select(diesel::dsl::exists(open)).get_result(connection)? {
        diesel::sql_query(include_str!("claim/progress.sql"))
            .bind::<sql_types::Uuid, _>(job)
            .execute(connection)?;
        return Ok(Finished::Written);
    }
    if claim.kind != PartKind::Report && has_issues(connection, job)? {
        insert_report(connection, job)?;
        return Ok(Finished::Written);
    }
    complete_job(connection, job, ttl)?;
    Ok(Finished::JobCompleted)
}

fn has_issues(connection: &mut PgConnection, job: Uuid) -> QueryResult<bool> {
    use bulk_export_issues as issues;
    use bulk_export_parts as parts;
    let counted = issues::table
        .inner_join(
            parts::table.on(parts::job_id
                .eq(issues::job_id)
                .and(parts::ordinal.eq(issues::ordinal))),
        )
        .filter(issues::job_id.eq(job))
        .filter(
            issues::generation
                .eq(0)
                .or(issues::generation.eq(parts::generation)),
        );
    diesel::select(diesel::dsl::exists(counted)).get_result(connection)
}

fn insert_report(connection: &mut PgConnection, job: Uuid) -> QueryResult<()> {
    use bulk_export_parts as parts;
    let last: Option<i32> = parts::table
        .filter(parts::job_id.eq(job))
        .select(diesel::dsl::max(parts::ordinal))
        .first(connection)?;
    let row = (
        parts::job_id.eq(job),
        parts::ordinal.eq(last.unwrap_or(0) + 1),
        parts::kind.eq("report"),
        parts::next_at.eq(clock()),
    );
    diesel::insert_into(parts::table)
        .values(row)
        .execute(connection)
        .map(drop)
}

fn complete_job(connection: &mut PgConnection, job: Uuid, ttl: Duration) -> Result<(), Error> {
    let updated = diesel::sql_query(include_str!("complete/job.sql"))
        .bind::<sql_types::Uuid, _>(job)
        .bind::<sql_types::Double, _>(ttl.as_secs_f64())
        .execute(connection)?;
    debug_assert_eq!(updated, 1, "the fence holds the job's row");
    count_end(connection, job, "completed")?;
    append_end(connection, job, Action::Complete, "completed")?;
    tell(connection, job, Event::Completed)
}

/// Fails a job that runs: its open parts are fenced out, and what is done stays until the job expires.
pub(crate) fn fail_job(
    connection: &mut PgConnection,
    job: Uuid,
    reason: &str,
    ttl: Duration,
) -> Result<(), Error> {
    use bulk_export_jobs as jobs;
    close_parts(connection, job, "failed")?;
    diesel::update(jobs::table.find(job))
        .set((
            jobs::status.eq("failed"),
            jobs::error.eq(reason),
            jobs::expires_at.eq(after(ttl)),
            jobs::updated_at.eq(clock()),
            jobs::ended_at.eq(clock().nullable()),
        ))
        .execute(connection)?;
    count_end(connection, job, "failed")?;
    append_end(connection, job, Action::Fail, "failed")?;
    tell(connection, job, Event::Failed)
}

/// Counts the end of a job and its time since the kick-off. A moment before the commit: of an end whose commit fails
/// the other one counts too.
pub(crate) fn count_end(
    connection: &mut PgConnection,
    job: Uuid,
    outcome: &'static str,
) -> QueryResult<()> {
    use bulk_export_jobs as jobs;
    let took = diesel::dsl::sql::<sql_types::Nullable<sql_types::Double>>(
        "extract(epoch FROM ended_at - created_at)::float8",
    );
    let took: Option<f64> = jobs::table.find(job).select(took).first(connection)?;
    metrics::counter!("bulk_export_jobs_ended_total", "outcome" => outcome).increment(1);
    if let Some(seconds) = took {
        metrics::histogram!("bulk_export_job_duration_seconds", "outcome" => outcome)
            .record(seconds);
    }
    Ok(())
}

/// Fences out every open part of a job. One that runs may leave an upload behind, or have died in it.
pub(crate) fn close_parts(
    connection: &mut PgConnection,
    job: Uuid,
    state: &'static str,
) -> QueryResult<()> {
    use bulk_export_parts as parts;
    let running = parts::table.filter(parts::job_id.eq(job).and(parts::state.eq("running")));
    if diesel::select(diesel::dsl::exists(running)).get_result(connection)? {
        add_garbage(connection)?;
    }
    let open = parts::table.filter(
        parts::job_id
            .eq(job)
            .and(parts::state.eq_any(["due", "running"])),
    );
    diesel::update(open)
        .set((
            parts::state.eq(state),
            parts::generation.eq(parts::generation + 1),
            parts::lease_until.eq(None::<chrono::DateTime<chrono::Utc>>),
            parts::ended_at.eq(clock().nullable()),
        ))
        .execute(connection)
        .map(drop)
}

/// The instant this long after now, on the database's clock.
pub(crate) fn after(
    ttl: Duration,
) -> diesel::expression::UncheckedBind<
    diesel::expression::SqlLiteral<sql_types::Nullable<sql_types::Timestamptz>>,
    diesel::internal::derives::as_expression::Bound<sql_types::Double, f64>,
> {
    diesel::dsl::sql::<sql_types::Nullable<sql_types::Timestamptz>>(
        "clock_timestamp() + interval '1 second' * ",
    )
    .bind::<sql_types::Double, _>(ttl.as_secs_f64())
}

fn append_end(
    connection: &mut PgConnection,
    job: Uuid,
    action: Action,
    outcome: &str,
) -> QueryResult<()> {
    append(
        connection,
        &Entry::new(action, outcome).job(bulk_export_domain::ids::JobId::from_uuid(job)),
    )
}
