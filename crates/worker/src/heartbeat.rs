//! The row by which people see this worker. It decides nothing: parts are held by their leases.

use std::time::Duration;

use bulk_export_store::Beat;
use tokio::time::{MissedTickBehavior, interval};

use crate::Context;

/// How often the row is written.
const EVERY: Duration = Duration::from_secs(5);

/// Writes the row from the worker's start until it has handed back what ran; then removes it.
pub(crate) async fn keep(context: Context) {
    tokio::select! {
        () = context.abort.cancelled() => return,
        () = context.started.cancelled() => {}
    }
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut told = context.gate.changes();
    loop {
        tokio::select! {
            () = context.abort.cancelled() => break,
            _ = ticks.tick() => {}
            // What people wait to see is told at once.
            _ = told.changed() => {}
        }
        if let Err(error) = context.store.beat(beat(&context)).await {
            tracing::debug!(%error, "the worker's row was not written");
        }
    }
    if let Err(error) = context.store.leave(context.worker.clone()).await {
        tracing::debug!(%error, "the worker's row stays, and grows old");
    }
}

fn beat(context: &Context) -> Beat {
    let note = if context.stop.is_cancelled() {
        Some("the worker ends")
    } else {
        context.gate.note()
    };
    Beat {
        name: context.worker.clone(),
        version: env!("CARGO_PKG_VERSION"),
        slots: context.config.parts.slots,
        running: context.leases.count(),
        claiming: note.is_none(),
        note,
    }
}
