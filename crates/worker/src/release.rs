//! Releases the pins of cancelled jobs, at once: the API cannot, because it has no way to the node.

use std::time::Duration;

use bulk_export_domain::ids::JobId;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::{Context, export::unpinning};

/// How often cancelled jobs are looked for. One indexed query of an almost always empty set.
const LOOK: Duration = Duration::from_millis(700);

/// Releases what was cancelled until `stop`.
pub(crate) async fn keep(context: &Context, stop: &CancellationToken) {
    let mut ticks = interval(LOOK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = ticks.tick() => {}
        }
        if !context.gate.is_open() {
            continue;
        }
        let Ok(jobs) = context.store.unreleased().await else {
            continue;
        };
        for job in jobs {
            if let Err(error) = release(context, job).await {
                tracing::warn!(error = &error as &dyn std::error::Error, job.id = %job, "pins of a cancelled job are still held; tried again");
            }
        }
    }
}

async fn release(context: &Context, job: JobId) -> Result<(), bulk_export_store::Error> {
    let files = context.store.file_ids(job).await?;
    let count = files.len();
    for file in files {
        context.store.release_file(file, unpinning(context)).await?;
    }
    context.store.released(job).await?;
    tracing::info!(job.id = %job, files = count, "released the files of a cancelled job");
    Ok(())
}
