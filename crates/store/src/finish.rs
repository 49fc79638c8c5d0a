//! The end of a claim: done, tried again, handed back. Every write is fenced by the generation, under the job row's
//! lock; the last part completes the job in the same transaction.

use std::time::Duration;

use bulk_export_domain::{
    file::{Cid, StoredFile},
    ids::FileId,
    job::{FailureReason, FileKind},
    limits::JobLimits,
    part::{Claim, PartKind, PlannedPart},
};
use diesel::{prelude::*, sql_types};

use crate::{
    complete::{complete_if_last, fail_job},
    error::{BoxError, Error},
    files::{lock_cid, release_cid},
    outgrown,
    pool::Store,
    rows::{clock, signed},
    schema::{bulk_export_files, bulk_export_jobs, bulk_export_parts},
};

/// How often a part may be handed back before its job is given up.
const MAX_HANDED_BACK: i32 = 20;

/// What became of a claim's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finished {
    /// It was written; the job goes on.
    Written,
    /// It was written, and the job is completed with it.
    JobCompleted,
    /// It was written, and the job has failed with it.
    JobFailed,
    /// The claim was lost to another worker: nothing was written.
    Lost,
    /// The job has ended (cancelled, failed): nothing was written.
    JobEnded,
}

/// A proved file, to be pinned and recorded.
#[derive(Debug, Clone)]
pub struct NewFile {
    /// Its new id.
    pub id: FileId,
    /// What it holds.
    pub kind: FileKind,
    /// What was computed and the node confirmed.
    pub stored: StoredFile,
}

/// How a part's pins are made and released, under the CID's lock. Runs on a blocking thread.
pub struct Pinning {
    /// Pins a CID.
    pub pin: OnCid,
    /// Releases a CID's pin.
    pub unpin: OnCid,
}

/// Something that is done to a CID on the node.
pub type OnCid = Box<dyn FnMut(&Cid) -> Result<(), BoxError> + Send>;

impl std::fmt::Debug for Pinning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pinning")
    }
}

impl Store {
    /// Ends a plan part: inserts the export parts, and completes the job at once when there are none. A job that is
    /// estimated far beyond its limits fails instead.
    ///
    /// # Errors
    /// The database is away; nothing was written.
    pub async fn finish_plan(
        &self,
        claim: &Claim,
        planned: Vec<PlannedPart>,
        estimate: u64,
        limits: JobLimits,
    ) -> Result<Finished, Error> {
        let (claim, ttl) = (claim.clone(), self.ttl);
        self.transaction(move |connection| {
            if let Err(ended) = fence(connection, &claim)? {
                return Ok(ended);
            }
            if let Err(passed) = limits.check_estimate(estimate) {
                return outgrown::give_up(connection, claim.job.uuid(), passed, ttl);
            }
            insert_parts(connection, &claim, &planned)?;
            let total = bulk_export_jobs::total_resources.eq(signed(estimate));
            diesel::update(bulk_export_jobs::table.find(claim.job.uuid()))
                .set(total)
                .execute(connection)?;
            done(connection, &claim, 0, 0)?;
            complete_if_last(connection, &claim, ttl)
        })
        .await
    }

    /// Ends an export or report part: pins its files and records them, holding each CID's lock from the pin to the
    /// commit, so that nobody who checks for owners in between can release the pin. When the job turns out to have
    /// ended, what was pinned is released again; when the claim was lost, it is left to the orphan scan, because the
    /// new owner may be about to record the same bytes. A job that passes a limit with these files fails: they are
    /// recorded, so that they are released with the others.
    ///
    /// # Errors
    /// The database is away, or pinning failed ([`Error::Caller`]); nothing was written.
    pub async fn finish_part(
        &self,
        claim: &Claim,
        files: Vec<NewFile>,
        pinning: Pinning,
        limits: JobLimits,
    ) -> Result<Finished, Error> {
        let (claim, ttl) = (claim.clone(), self.ttl);
        let Pinning { mut pin, mut unpin } = pinning;
        self.transaction(move |connection| {
            let mut cids: Vec<&Cid> = files.iter().map(|file| &file.stored.digest.cid).collect();
            cids.sort_unstable();
            cids.dedup();
            for cid in &cids {
                lock_cid(connection, cid)?;
            }
            if let Some(ended) = lost_already(connection, &claim)? {
                return Ok(ended);
            }
            for cid in &cids {
                pin(cid).map_err(Error::Caller)?;
            }
            if let Err(ended) = fence(connection, &claim)? {
                if ended == Finished::JobEnded {
                    cids.iter()
                        .try_for_each(|cid| release_cid(connection, cid, &mut unpin))?;
                }
                return Ok(ended);
            }
            insert_files(connection, &claim, &files)?;
            let (rows, bytes) = files.iter().fold((0, 0), |(r, b), file| {
                (r + file.stored.digest.lines, b + file.stored.decoded_bytes)
            });
            done(connection, &claim, rows, bytes)?;
            if let Err(passed) = outgrown::check(connection, claim.job.uuid(), &limits)? {
                return outgrown::give_up(connection, claim.job.uuid(), passed, ttl);
            }
            complete_if_last(connection, &claim, ttl)
        })
        .await
    }

    /// Ends a failed attempt: the part is due again after `backoff`, or the job fails when the attempts are used up.
    /// `error` is for the operator and holds no health data.
    ///
    /// # Errors
    /// The database is away; the lease will run out.
    pub async fn retry(
        &self,
        claim: &Claim,
        max_attempts: i32,
        backoff: Duration,
        error: String,
    ) -> Result<Finished, Error> {
        let (claim, ttl) = (claim.clone(), self.ttl);
        self.transaction(move |connection| {
            if let Err(ended) = fence(connection, &claim)? {
                return Ok(ended);
            }
            let exhausted = claim.attempts >= max_attempts;
            due_again(connection, &claim, backoff, 0, Some(&error))?;
            if exhausted {
                fail_job(
                    connection,
                    claim.job.uuid(),
                    &FailureReason::AttemptsExhausted.text(claim.kind.resource_type()),
                    ttl,
                )?;
                return Ok(Finished::JobFailed);
            }
            Ok(Finished::Written)
        })
        .await
    }

    /// Hands a part back through no fault of its own (SIGTERM, node or database away, blocks lost to a collection):
    /// the attempt is returned, at most so many times a part.
    ///
    /// # Errors
    /// The database is away; the lease will run out.
    pub async fn hand_back(
        &self,
        claim: &Claim,
        backoff: Duration,
        why: String,
    ) -> Result<Finished, Error> {
        let (claim, ttl) = (claim.clone(), self.ttl);
        self.transaction(move |connection| {
            use bulk_export_parts as parts;
            if let Err(ended) = fence(connection, &claim)? {
                return Ok(ended);
            }
            due_again(connection, &claim, backoff, 1, Some(&why))?;
            let handed_back: i32 = parts::table
                .find((claim.job.uuid(), claim.ordinal))
                .select(parts::handed_back)
                .first(connection)?;
            if handed_back > MAX_HANDED_BACK {
                fail_job(
                    connection,
                    claim.job.uuid(),
                    &FailureReason::HandedBackTooOften.text(claim.kind.resource_type()),
                    ttl,
                )?;
                return Ok(Finished::JobFailed);
            }
            Ok(Finished::Written)
        })
        .await
    }
}

/// Locks the job's row, then checks that the job runs and that the part is still this claim's.
pub(crate) fn fence(
    connection: &mut PgConnection,
    claim: &Claim,
) -> QueryResult<Result<(), Finished>> {
    use bulk_export_jobs as jobs;
    let status: Option<String> = jobs::table
        .find(claim.job.uuid())
        .for_update()
        .select(jobs::status)
        .first(connection)
        .optional()?;
    if status.as_deref() != Some("in_progress") {
        return Ok(Err(Finished::JobEnded));
    }
    Ok(if stands(connection, claim)? {
        Ok(())
    } else {
        Err(Finished::Lost)
    })
}

/// Looks without a lock, so that nothing is pinned for a claim that is known to be lost.
fn lost_already(connection: &mut PgConnection, claim: &Claim) -> QueryResult<Option<Finished>> {
    use bulk_export_jobs as jobs;
    let status: Option<String> = jobs::table
        .find(claim.job.uuid())
        .select(jobs::status)
        .first(connection)
        .optional()?;
    if status.as_deref() != Some("in_progress") {
        return Ok(Some(Finished::JobEnded));
    }
    Ok((!stands(connection, claim)?).then_some(Finished::Lost))
}

fn stands(connection: &mut PgConnection, claim: &Claim) -> QueryResult<bool> {
    use bulk_export_parts as parts;
    let ours = parts::table.find((claim.job.uuid(), claim.ordinal)).filter(
        parts::generation
            .eq(claim.generation)
            .and(parts::state.eq("running")),
    );
    diesel::select(diesel::dsl::exists(ours)).get_result(connection)
}

fn done(connection: &mut PgConnection, claim: &Claim, rows: u64, bytes: u64) -> QueryResult<()> {
    use bulk_export_parts as parts;
    let set = (
        parts::state.eq("done"),
        parts::lease_until.eq(None::<chrono::DateTime<chrono::Utc>>),
        parts::rows.eq(signed(rows)),
        parts::bytes.eq(signed(bytes)),
        parts::error.eq(None::<String>),
        parts::ended_at.eq(clock().nullable()),
    );
    written(
        diesel::update(
            parts::table
                .find((claim.job.uuid(), claim.ordinal))
                .filter(parts::generation.eq(claim.generation)),
        )
        .set(set)
        .execute(connection)?,
    )
}

fn due_again(
    connection: &mut PgConnection,
    claim: &Claim,
    backoff: Duration,
    returned: i32,
    error: Option<&str>,
) -> QueryResult<()> {
    let updated = diesel::sql_query(include_str!("finish/due_again.sql"))
        .bind::<sql_types::Uuid, _>(claim.job.uuid())
        .bind::<sql_types::Integer, _>(claim.ordinal)
        .bind::<sql_types::Integer, _>(claim.generation)
        .bind::<sql_types::Double, _>(backoff.as_secs_f64())
        .bind::<sql_types::Integer, _>(returned)
        .bind::<sql_types::Nullable<sql_types::Text>, _>(error)
        .execute(connection)?;
    written(updated)
}

/// A fenced write must hit its one row: the fence was checked under the same lock.
fn written(rows: usize) -> QueryResult<()> {
    if rows == 1 {
        Ok(())
    } else {
        Err(diesel::result::Error::NotFound)
    }
}

fn insert_parts(
    connection: &mut PgConnection,
    claim: &Claim,
    planned: &[PlannedPart],
) -> QueryResult<()> {
    use bulk_export_parts as parts;
    for (ordinal, part) in (claim.ordinal + 1..).zip(planned) {
        let row = (
            parts::job_id.eq(claim.job.uuid()),
            parts::ordinal.eq(ordinal),
            parts::kind.eq("export"),
            parts::resource_type.eq(part.resource_type.as_str()),
            parts::key_from.eq(part.range.from.map(|key| key.to_string())),
            parts::key_to.eq(part.range.to.map(|key| key.to_string())),
            parts::next_at.eq(clock()),
        );
        diesel::insert_into(parts::table)
            .values(row)
            .execute(connection)?;
    }
    Ok(())
}

fn insert_files(connection: &mut PgConnection, claim: &Claim, new: &[NewFile]) -> QueryResult<()> {
    use bulk_export_files as files;
    debug_assert!(claim.kind != PartKind::Plan, "a plan writes no files");
    for (number, file) in (0_i32..).zip(new) {
        let StoredFile {
            digest,
            coding,
            decoded_bytes,
        } = &file.stored;
        let row = (
            files::id.eq(file.id.uuid()),
            files::job_id.eq(claim.job.uuid()),
            files::ordinal.eq(claim.ordinal),
            files::number.eq(number),
            files::kind.eq(file.kind.as_str()),
            files::resource_type.eq(file.kind.resource_type()),
            files::rows.eq(signed(digest.lines)),
            files::stored_bytes.eq(signed(digest.bytes)),
            files::coding.eq(coding.as_str()),
            files::decoded_bytes.eq(signed(*decoded_bytes)),
            files::sha256.eq(digest.sha256.to_string()),
            files::cid.eq(digest.cid.as_str()),
        );
        diesel::insert_into(files::table)
            .values(row)
            .execute(connection)?;
    }
    Ok(())
}
