//! A slot: claims a due part of any job, runs it, and claims again until nothing is due.

use std::time::Instant;

use bulk_export_domain::part::{Claim, PartKind};
use bulk_export_service::join;
use bulk_export_store::{Finished, source::Size};
use futures::FutureExt;
use metrics::{counter, histogram};
use tokio::sync::OwnedSemaphorePermit;
use tracing::Instrument;

use crate::{
    Context, export,
    failure::{Failure, Panicked, backoff},
    lease::{self, Lease},
};

/// Works until nothing is due. Holds the slot's permit meanwhile.
pub(crate) async fn drain(context: &Context, permit: OwnedSemaphorePermit) {
    let parts = context.config.parts;
    while context.gate.admits() && !context.stop.is_cancelled() {
        match context
            .store
            .claim(context.worker.clone(), parts.lease, parts.attempts)
            .await
        {
            Ok(Some(claim)) => {
                let span = tracing::info_span!("part", job.id = %claim.job, part = claim.ordinal, generation = claim.generation, kind = claim.kind.as_str());
                join(&span, claim.trace_parent.as_deref());
                run(context, &claim).instrument(span).await;
            }
            Ok(None) => break,
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "no part can be claimed"
                );
                break;
            }
        }
    }
    drop(permit);
}

/// Runs one claim to its end, whatever that is. A panic is a failed attempt.
async fn run(context: &Context, claim: &Claim) {
    let started = Instant::now();
    let lease = lease::hold(context, claim);
    tracing::info!(attempt = claim.attempts, "started");
    let kind = claim.kind.as_str();
    counter!("bulk_export_part_attempts_total", "kind" => kind).increment(1);
    let work = std::panic::AssertUnwindSafe(work(context, claim, &lease))
        .catch_unwind()
        .await;
    let result = work.unwrap_or_else(|_| Err(Failure::retry(Panicked)));
    count(kind, started, &result);
    let ended = match result {
        Ok(ended) => Ok(ended),
        Err(failure) => give_up(context, claim, failure).await,
    };
    let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    match ended {
        Ok(ended) => tracing::info!(duration_ms, ended = ?ended, "ended"),
        Err(error) => tracing::warn!(
            duration_ms,
            error = &error as &dyn std::error::Error,
            "the end could not be written; the lease will run out"
        ),
    }
}

/// Counts the end of an attempt; the time of those that were done only.
fn count(kind: &'static str, started: Instant, result: &Result<Finished, Failure>) {
    let outcome = match result {
        Ok(Finished::Written | Finished::JobCompleted | Finished::JobFailed) => "done",
        Ok(Finished::Lost | Finished::JobEnded) | Err(Failure::Lost) => "lost",
        Err(Failure::HandBack { .. }) => "handed_back",
        Err(Failure::Retry(_)) => "failed",
    };
    counter!("bulk_export_part_attempts_ended_total", "kind" => kind, "outcome" => outcome)
        .increment(1);
    match outcome {
        "done" => histogram!("bulk_export_part_duration_seconds", "kind" => kind)
            .record(started.elapsed()),
        "lost" => counter!("bulk_export_leases_lost_total").increment(1),
        _ => {}
    }
    if let Some(cause) = result.as_ref().err().and_then(Failure::cause) {
        counter!("bulk_export_part_failures_total", "cause" => cause).increment(1);
    }
}

async fn work(context: &Context, claim: &Claim, lease: &Lease) -> Result<Finished, Failure> {
    match &claim.kind {
        PartKind::Plan => plan(context, claim).await,
        PartKind::Export {
            resource_type,
            range,
        } => export::export(context, claim, lease, *resource_type, *range).await,
        PartKind::Report => export::report(context, claim, lease).await,
    }
}

async fn plan(context: &Context, claim: &Claim) -> Result<Finished, Failure> {
    let (parts, limits) = (context.config.parts, context.config.parts.job);
    // Half of what closes a file: an estimate that is too low by half still makes one file a part.
    let size = Size {
        rows: parts.rows,
        bytes: parts.file_bytes / 2,
    };
    let plan = context.source.plan(&claim.scope, size).await?;
    let parts = plan.parts.len() as u64;
    let finished = context
        .store
        .finish_plan(claim, plan.parts, plan.estimate, limits)
        .await?;
    tracing::info!(parts, estimate = plan.estimate, "planned");
    if finished == Finished::Written {
        context.announce(claim.job, parts.max(1)).await;
    }
    Ok(finished)
}

/// Writes the end of an attempt that gave no result.
async fn give_up(
    context: &Context,
    claim: &Claim,
    failure: Failure,
) -> Result<Finished, bulk_export_store::Error> {
    if failure.is_node_outage() {
        context.gate.shut();
    }
    let parts = context.config.parts;
    let text = describe(&failure);
    match &failure {
        Failure::Lost => Ok(Finished::Lost),
        Failure::HandBack { .. } => {
            tracing::warn!(failure = text, "handed back");
            let finished = context.store.hand_back(claim, failure.rest(), text).await?;
            context.announce(claim.job, 1).await;
            Ok(finished)
        }
        Failure::Retry(_) => {
            tracing::warn!(
                failure = text,
                attempt = claim.attempts,
                "the attempt failed"
            );
            context
                .store
                .retry(claim, parts.attempts, backoff(claim.attempts), text)
                .await
        }
    }
}

/// Puts a failure and its causes into one line for the operator.
fn describe(failure: &Failure) -> String {
    let mut text = failure.to_string();
    let mut cause = std::error::Error::source(failure);
    while let Some(next) = cause {
        text.push_str(": ");
        text.push_str(&next.to_string());
        cause = next.source();
    }
    text.replace('\n', " ").chars().take(1000).collect()
}
