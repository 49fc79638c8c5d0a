//! Claims: a due part is leased to one worker, on the database's clock. Claiming raises the part's generation and
//! counts the attempt, so that a part that kills its worker does not run for ever.

use std::time::Duration;

use bulk_export_domain::{
    ids::JobId,
    job::FailureReason,
    limits::JobLimits,
    part::{Claim, LeftOut},
};
use diesel::{prelude::*, sql_types};
use uuid::Uuid;

use crate::{
    complete::fail_job,
    error::{BoxError, Error},
    files::add_garbage,
    finish::fence,
    outgrown,
    pool::Store,
    rows::{PartRow, ScopeRow, clock, signed},
    schema::{bulk_export_issues, bulk_export_jobs, bulk_export_parts},
};

/// How many jobs one look at the queue offers to a claimer; others may take the first ones at the same time.
const CANDIDATES: i32 = 8;

/// How often a claimer looks again when others were quicker each time.
const LOOKS: u32 = 16;

#[derive(QueryableByName)]
struct Candidate {
    #[diesel(sql_type = sql_types::Uuid)]
    id: Uuid,
}

/// What a look at one job gave.
enum Attempt {
    Claimed(Box<Claim>),
    /// Nothing in it is due any more, or the job was given up just now.
    Nothing,
}

/// How far a running part has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Resources written.
    pub rows: u64,
    /// Bytes written.
    pub bytes: u64,
}

impl Store {
    /// Claims a due part of any job: of the job that waited longest for its turn, the first part. `None` when nothing
    /// is due. A part that has used up its attempts fails its job instead.
    ///
    /// # Errors
    /// The database is away, or a row does not parse.
    pub async fn claim(
        &self,
        worker: String,
        lease: Duration,
        max_attempts: i32,
    ) -> Result<Option<Claim>, Error> {
        let ttl = self.ttl;
        self.run(move |connection| {
            for _ in 0..LOOKS {
                let candidates = candidates(connection)?;
                if candidates.is_empty() {
                    return Ok(None);
                }
                for Candidate { id } in candidates {
                    let attempt = connection
                        .transaction(|c| claim_in(c, id, &worker, lease, max_attempts, ttl))?;
                    if let Attempt::Claimed(claim) = attempt {
                        // Whoever had it before may have been killed in the middle of an upload. In a transaction of
                        // its own: a release may hold the node's row while it waits for the node.
                        if claim.generation > 1 {
                            add_garbage(connection)?;
                        }
                        return Ok(Some(*claim));
                    }
                }
            }
            Ok(None)
        })
        .await
    }

    /// Renews a lease and writes how far the part has come; `false` when the claim was lost, or the job has passed a limit
    /// of its own and has failed with it. Two statements, each its own transaction: together they would lock part and job in
    /// the order that finishing does not.
    ///
    /// # Errors
    /// The database is away.
    pub async fn heartbeat(
        &self,
        claim: &Claim,
        lease: Duration,
        progress: Progress,
        limits: JobLimits,
    ) -> Result<bool, Error> {
        let (claim, ttl) = (claim.clone(), self.ttl);
        let (job, ordinal, generation) = (claim.job.uuid(), claim.ordinal, claim.generation);
        self.run(move |connection| {
            let renewed = diesel::sql_query(include_str!("claim/heartbeat.sql"))
                .bind::<sql_types::Uuid, _>(job)
                .bind::<sql_types::Integer, _>(ordinal)
                .bind::<sql_types::Integer, _>(generation)
                .bind::<sql_types::Double, _>(lease.as_secs_f64())
                .bind::<sql_types::BigInt, _>(signed(progress.rows))
                .bind::<sql_types::BigInt, _>(signed(progress.bytes))
                .execute(connection)?;
            diesel::sql_query(include_str!("claim/progress.sql"))
                .bind::<sql_types::Uuid, _>(job)
                .execute(connection)?;
            if renewed == 1
                && let Err(passed) = outgrown::check(connection, job, &limits)?
            {
                return connection.transaction(|connection| {
                    if fence(connection, &claim)?.is_ok() {
                        outgrown::give_up(connection, job, passed, ttl)?;
                    }
                    Ok(false)
                });
            }
            Ok(renewed == 1)
        })
        .await
    }

    /// Says which of these claims still stand: neither cancelled nor taken over.
    ///
    /// # Errors
    /// The database is away.
    pub async fn standing(
        &self,
        claims: Vec<(JobId, i32, i32)>,
    ) -> Result<Vec<(JobId, i32, i32)>, Error> {
        use bulk_export_parts as parts;
        self.run(move |connection| {
            let jobs: Vec<Uuid> = claims.iter().map(|(job, _, _)| job.uuid()).collect();
            let rows: Vec<(Uuid, i32, i32)> = parts::table
                .filter(parts::job_id.eq_any(jobs).and(parts::state.eq("running")))
                .select((parts::job_id, parts::ordinal, parts::generation))
                .load(connection)?;
            let stands =
                |claim: &(JobId, i32, i32)| rows.contains(&(claim.0.uuid(), claim.1, claim.2));
            Ok(claims.into_iter().filter(stands).collect())
        })
        .await
    }

    /// Notes resources that were left out, under the claim's generation: a lost claim's notes do not count.
    ///
    /// # Errors
    /// The database is away.
    pub async fn leave_out(&self, claim: &Claim, left_out: Vec<LeftOut>) -> Result<(), Error> {
        use bulk_export_issues as issues;
        let (job, ordinal, generation) = (claim.job.uuid(), claim.ordinal, claim.generation);
        self.run(move |connection| {
            let outcomes: Result<Vec<String>, _> = left_out
                .iter()
                .map(|one| serde_json::to_string(&one.outcome))
                .collect();
            let outcomes = outcomes.map_err(|error| Error::Caller(BoxError::from(error)))?;
            let row = |outcome| {
                (
                    issues::job_id.eq(job),
                    issues::ordinal.eq(ordinal),
                    issues::generation.eq(generation),
                    issues::outcome.eq(outcome),
                )
            };
            let rows: Vec<_> = outcomes.into_iter().map(row).collect();
            diesel::insert_into(issues::table)
                .values(rows)
                .execute(connection)?;
            Ok(())
        })
        .await
    }
}

fn candidates(connection: &mut PgConnection) -> QueryResult<Vec<Candidate>> {
    diesel::sql_query(include_str!("claim/candidates.sql"))
        .bind::<sql_types::Integer, _>(CANDIDATES)
        .load(connection)
}

/// Claims the first due part of a job. The job's row is locked first, as everywhere.
fn claim_in(
    connection: &mut PgConnection,
    job: Uuid,
    worker: &str,
    lease: Duration,
    max_attempts: i32,
    ttl: Duration,
) -> Result<Attempt, Error> {
    use bulk_export_jobs as jobs;
    let scope: ScopeRow = jobs::table
        .find(job)
        .for_update()
        .select(ScopeRow::as_select())
        .first(connection)?;
    if scope.status != "pending" && scope.status != "in_progress" {
        return Ok(Attempt::Nothing);
    }
    let Some(part) = due_part(connection, job)? else {
        return Ok(Attempt::Nothing);
    };
    if part.attempts >= max_attempts {
        fail_job(
            connection,
            job,
            &FailureReason::AttemptsExhausted.text(part.resource_type()),
            ttl,
        )?;
        return Ok(Attempt::Nothing);
    }
    let part = take(connection, &part, worker, lease)?;
    let start = (
        jobs::status.eq("in_progress"),
        jobs::turn_at.eq(clock()),
        jobs::updated_at.eq(clock()),
    );
    diesel::update(jobs::table.find(job))
        .set(start)
        .execute(connection)?;
    Ok(Attempt::Claimed(Box::new(part.into_claim(scope)?)))
}

fn due_part(connection: &mut PgConnection, job: Uuid) -> QueryResult<Option<PartRow>> {
    use bulk_export_parts as parts;
    let due = parts::state.eq("due").and(parts::next_at.le(clock()));
    let abandoned = parts::state
        .eq("running")
        .and(parts::lease_until.lt(clock().nullable()));
    parts::table
        .filter(
            parts::job_id
                .eq(job)
                .and(due.or(abandoned.assume_not_null())),
        )
        .order(parts::ordinal)
        .for_update()
        .skip_locked()
        .select(PartRow::as_select())
        .first(connection)
        .optional()
}

fn take(
    connection: &mut PgConnection,
    part: &PartRow,
    worker: &str,
    lease: Duration,
) -> QueryResult<PartRow> {
    use bulk_export_parts as parts;
    let until = diesel::dsl::sql::<sql_types::Nullable<sql_types::Timestamptz>>(
        "clock_timestamp() + interval '1 second' * ",
    )
    .bind::<sql_types::Double, _>(lease.as_secs_f64());
    diesel::update(parts::table.find((part.job_id, part.ordinal)))
        .set((
            parts::state.eq("running"),
            parts::generation.eq(parts::generation + 1),
            parts::attempts.eq(parts::attempts + 1),
            parts::worker.eq(worker),
            parts::started_at.eq(clock().nullable()),
            parts::ended_at.eq(None::<chrono::DateTime<chrono::Utc>>),
            parts::lease_until.eq(until),
            parts::rows.eq(0),
            parts::bytes.eq(0),
        ))
        .returning(PartRow::as_returning())
        .get_result(connection)
}
