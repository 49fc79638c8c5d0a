//! The reconciler: announces again what has been due for a while. Hints may be lost in any number; this finds what
//! they were about. One worker at a time looks.

use std::time::Duration;

use bulk_export_domain::hint::Hint;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::Context;

/// How many jobs one look announces; hints beyond a thousand would not be pushed anyway.
const MOST_JOBS: i64 = 1000;

/// Announces what is due until `stop`.
pub(crate) async fn keep(context: &Context, stop: &CancellationToken) {
    let every = context.config.reconcile_interval;
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = ticks.tick() => {}
        }
        if context.gate.is_open() {
            announce(context, every / 3).await;
        }
    }
}

/// Announces what has been due for `overdue`. When Redis is away, this worker at least goes on by itself.
async fn announce(context: &Context, overdue: Duration) {
    let due = match context.store.overdue(overdue, MOST_JOBS).await {
        Ok(Some(due)) if !due.is_empty() => due,
        Ok(_) => return,
        Err(error) => {
            return tracing::warn!(%error, "what is due cannot be announced: the database is away");
        }
    };
    let mut pushed = 0;
    metrics::counter!("bulk_export_reconciler_jobs_total").increment(due.len() as u64);
    for (job_id, parts) in &due {
        match context.hints.push(Hint { job_id: *job_id }, *parts).await {
            Ok(hints) => {
                pushed += hints;
                metrics::counter!("bulk_export_reconciler_hints_total").increment(hints);
            }
            Err(error) => {
                tracing::warn!(%error, "Redis is away: this worker goes on without hints");
                return context.wake();
            }
        }
    }
    tracing::info!(
        jobs = due.len(),
        hints = pushed,
        "announced what is overdue"
    );
}
