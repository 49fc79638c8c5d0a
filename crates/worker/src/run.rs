//! The life of the process: wait for what it needs, check it, work, and end within the grace period.

use std::{sync::Arc, time::Duration};

use bulk_export_queue::{Listener, OnHint};
use bulk_export_service::{Metrics, listen};
use bulk_export_store::source::Unfit;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::{
    Context,
    gate::{self, NodeRefused},
    health, heartbeat, lease, measure, reconcile, release, sweep, webhooks,
};

/// How often something that is away at the start is asked again.
const PROBE: Duration = Duration::from_secs(2);

/// How long the end waits for a database that hangs, to remove this worker's row.
const PATIENCE: Duration = Duration::from_secs(1);

/// Why the worker does not start, or stops by itself.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// What is configured cannot be exported as it is.
    #[error("what FHIR_SOURCE names cannot be exported:{}", listed(.0))]
    Source(Vec<Unfit>),
    /// The node must not be given files.
    #[error(transparent)]
    Node(#[from] NodeRefused),
    /// The address is taken, or is not ours.
    #[error("the address cannot be listened on")]
    Listen(#[source] std::io::Error),
}

/// Puts each thing on a line of its own.
pub(crate) fn listed<T: std::fmt::Display>(things: &[T]) -> String {
    use std::fmt::Write;
    things.iter().fold(String::new(), |mut text, thing| {
        // Writing to a String cannot fail.
        let _ = write!(text, "\n  {thing}");
        text
    })
}

/// Works until `stop`, then ends in order: no more claims, a while for what runs, then what runs is handed back.
///
/// # Errors
/// Something is configured so that nothing could be exported.
pub async fn run(
    context: Context,
    metrics: Metrics,
    stop: CancellationToken,
) -> Result<(), StartError> {
    let config = &context.config;
    let listener =
        listen(config.listen, config.listen_addr_file.as_deref()).map_err(StartError::Listen)?;
    let health = health::server(&context, metrics, listener).map_err(StartError::Listen)?;
    let health_handle = health.handle();
    context.tracker.spawn(health);
    let row = context.tracker.spawn(heartbeat::keep(context.clone()));
    let result = tokio::select! {
        result = work(&context) => result,
        () = stop.cancelled() => Ok(()),
    };
    shut_down(&context).await;
    if timeout(PATIENCE, row).await.is_err() {
        tracing::debug!("the worker's row stays, and grows old");
    }
    health_handle.stop(true).await;
    result
}

/// Works for ever; ends only with an error.
async fn work(context: &Context) -> Result<(), StartError> {
    check_source(context).await?;
    wait_for_tables(context).await;
    context.started.cancel();
    // These outlive `stop`: parts that are finished during the drain still need their leases watched.
    let background = context.abort.clone();
    let tasks = context.clone();
    context.tracker.spawn(async move {
        tokio::join!(
            lease::watch(&tasks, &background),
            release::keep(&tasks, &tasks.stop),
            reconcile::keep(&tasks, &tasks.stop),
            sweep::keep(&tasks, &tasks.stop),
            measure::keep(&tasks, &tasks.stop),
            webhooks::keep(&tasks, &tasks.stop)
        );
    });
    let listener = Listener::new(
        context.config.queue.clone(),
        context.worker.clone(),
        context.config.parts.slots,
        on_hint(context),
    );
    let listening = context.stop.clone();
    context
        .tracker
        .spawn(async move { listener.run(listening).await });
    tracing::info!(
        worker = context.worker,
        parts = context.config.parts.slots,
        "started"
    );
    Ok(gate::keep(context).await?)
}

/// A hint takes a slot and holds it until nothing is due. The work itself is detached: apalis drops its handlers when
/// it loses Redis.
fn on_hint(context: &Context) -> OnHint {
    let context = context.clone();
    Arc::new(move |_| {
        let context = context.clone();
        Box::pin(async move {
            let Ok(permit) = Arc::clone(&context.slots).acquire_owned().await else {
                return;
            };
            let work = context.clone();
            let drained = context
                .tracker
                .spawn(async move { crate::drain::drain(&work, permit).await });
            if let Err(error) = drained.await {
                tracing::error!(%error, "a slot ended early");
            }
        })
    })
}

/// Waits for the source and checks that what is read is there.
async fn check_source(context: &Context) -> Result<(), StartError> {
    loop {
        match context.source.unfit().await {
            Ok(unfit) if unfit.is_empty() => return Ok(()),
            Ok(unfit) => return Err(StartError::Source(unfit)),
            Err(error) => tracing::warn!(%error, "waiting for the source's database"),
        }
        sleep(PROBE).await;
    }
}

/// Waits for our own tables: in a roll-out the migration Job may come later than the first worker.
async fn wait_for_tables(context: &Context) {
    loop {
        match context.store.migrated().await {
            Ok(true) => return,
            Ok(false) => tracing::warn!("waiting for our tables: run 'bulk-export migrate'"),
            Err(error) => tracing::warn!(%error, "waiting for the database"),
        }
        sleep(PROBE).await;
    }
}

/// Stops claiming; gives what runs three fifths of the grace period to end by itself; hands back what does not.
async fn shut_down(context: &Context) {
    let grace = context.config.shutdown_grace;
    tracing::info!("stopping: no more parts are claimed");
    context.stop.cancel();
    context.tracker.close();
    let idle = context
        .slots
        .acquire_many(u32::try_from(context.config.parts.slots).unwrap_or(u32::MAX));
    if timeout(grace.mul_f64(0.6), idle).await.is_err() {
        tracing::info!("handing back what still runs");
        context.abort.cancel();
        let idle = context
            .slots
            .acquire_many(u32::try_from(context.config.parts.slots).unwrap_or(u32::MAX));
        if timeout(grace.mul_f64(0.3), idle).await.is_err() {
            tracing::warn!("some parts could not be handed back; their leases will run out");
        }
    }
    context.abort.cancel();
    webhooks::ended(context, grace.mul_f64(0.4)).await;
    tracing::info!("stopped");
}
