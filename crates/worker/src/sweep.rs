//! The sweep: what has expired loses its pins, its blocks and its rows. Any number of workers may sweep at once, and
//! a sweep may be killed at any step: each step is under a lock or may be done twice.

use std::time::{Duration, Instant};

use bulk_export_domain::{
    file::{Cid, PinName},
    sources::Origin,
};
use bulk_export_service::join;
use bulk_export_store::{BoxError, Collected, Error, Unowned, operator::SweepReport};
use chrono::{DateTime, Utc};
use metrics::{counter, histogram};
use tokio::{
    runtime::Handle,
    time::{MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;

use crate::{Context, export::unpinning};

/// How long a finished hint stays in Redis.
const HINT_AGE: Duration = Duration::from_hours(1);

/// The least time between two collections; shorter only where the sweep itself comes more often.
const COLLECT_INTERVAL: Duration = Duration::from_mins(1);

/// How often a worker looks whether an operator has asked for a sweep. One row, read by its key.
const LOOK: Duration = Duration::from_secs(1);

/// How long a worker has for a sweep that was asked for, before another may take it.
const LEASE: Duration = Duration::from_mins(10);

/// How long a delivery that its receiver took stays to be seen.
const KEEP_DELIVERED: Duration = Duration::from_hours(7 * 24);

/// How long one stays that was given up, or whose receiver is disabled.
const KEEP_PARKED: Duration = Duration::from_hours(30 * 24);

/// What a sweep did.
#[derive(Debug, Default)]
struct Swept {
    files: u64,
    jobs: u64,
    orphans: u64,
    versions: u64,
    failed: u64,
    /// The pins of our form on the node, and those of them that no row owns; nothing when they could not be listed.
    pins: Option<(u64, u64)>,
}

impl Swept {
    /// Counts what a sweep took away.
    fn count(&self, collected: &Collected) {
        let blocks = match collected {
            Collected::Blocks(blocks) => *blocks,
            Collected::NotNow => 0,
        };
        let all = [
            ("files", self.files),
            ("jobs", self.jobs),
            ("pins", self.orphans),
            ("versions", self.versions),
            ("blocks", blocks),
        ];
        for (what, number) in all {
            counter!("bulk_export_swept_total", "what" => what).increment(number);
        }
        counter!("bulk_export_sweep_failures_total").increment(self.failed);
    }
}

/// Sweeps until `stop`: now and then, and when an operator asks for it.
pub(crate) async fn keep(context: &Context, stop: &CancellationToken) {
    let mut ticks = interval(context.config.sweep_interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut looks = interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let wanted = tokio::select! {
            () = stop.cancelled() => return,
            _ = ticks.tick() => None,
            _ = looks.tick() => match wanted(context).await {
                Some(wanted) => Some(wanted),
                None => continue,
            },
        };
        if !context.gate.is_open() {
            continue;
        }
        tokio::select! {
            () = stop.cancelled() => return,
            result = sweep(context, wanted) => {
                let outcome = if result.is_ok() { "ok" } else { "broken_off" };
                counter!("bulk_export_sweeps_total", "outcome" => outcome).increment(1);
                if let Err(error) = result {
                    tracing::warn!(error = &error as &dyn std::error::Error, "the sweep broke off; the next one goes on");
                }
            }
        }
    }
}

/// Takes the sweep that an operator asked for, unless another worker is at it. While the node is away nobody takes it.
async fn wanted(context: &Context) -> Option<DateTime<Utc>> {
    if !context.gate.is_open() {
        return None;
    }
    context.store.take_wanted_sweep(LEASE).await.ok().flatten()
}

async fn sweep(context: &Context, wanted: Option<DateTime<Utc>>) -> Result<(), Error> {
    let (started, mut swept) = (Instant::now(), Swept::default());
    // Told before they are removed, whether webhooks are looked after just now or not.
    while context.store.expire().await? > 0 {}
    release_expired(context, &mut swept).await?;
    loop {
        let removed = context.store.remove_expired(context.config.grace).await?;
        if removed.is_empty() {
            break;
        }
        swept.jobs += removed.len() as u64;
        for (job, trace_parent) in removed {
            let span = tracing::info_span!("expire", job.id = %job);
            join(&span, trace_parent.as_deref());
            span.in_scope(|| tracing::debug!("removed"));
        }
    }
    context.store.forget_workers().await?;
    prune_versions(context, &mut swept).await?;
    while context
        .store
        .prune_deliveries(KEEP_DELIVERED, KEEP_PARKED)
        .await?
        > 0
    {}
    release_orphans(context, &mut swept).await?;
    let collected = collect(context).await?;
    if let Err(error) = context.hints.tidy(HINT_AGE).await {
        tracing::warn!(%error, "finished hints stay in Redis for now");
    }
    let report = swept.report(started.elapsed());
    histogram!("bulk_export_sweep_duration_seconds").record(report.took);
    swept.count(&collected);
    context.store.swept(report, wanted).await?;
    let duration_ms = u64::try_from(report.took.as_millis()).unwrap_or(u64::MAX);
    if swept.files + swept.jobs + swept.orphans + swept.versions + swept.failed > 0
        || matches!(collected, Collected::Blocks(_))
    {
        tracing::info!(
            files = swept.files,
            jobs = swept.jobs,
            orphans = swept.orphans,
            versions = swept.versions,
            failed = swept.failed,
            ?collected,
            duration_ms,
            "swept"
        );
    }
    Ok(())
}

impl Swept {
    const fn report(&self, took: Duration) -> SweepReport {
        SweepReport {
            files: self.files,
            jobs: self.jobs,
            orphans: self.orphans,
            failed: self.failed,
            took,
            pins: self.pins,
        }
    }
}

/// Releases the files of jobs that expired a grace ago. One that fails stays for the next sweep and holds up nobody.
async fn release_expired(context: &Context, swept: &mut Swept) -> Result<(), Error> {
    let mut failed = Vec::new();
    loop {
        let files = context
            .store
            .expired_files(context.config.grace, failed.clone())
            .await?;
        if files.is_empty() {
            swept.failed += failed.len() as u64;
            return Ok(());
        }
        for file in files {
            match context.store.release_file(file, unpinning(context)).await {
                Ok(()) => swept.files += 1,
                Err(Error::Caller(error)) => {
                    tracing::warn!(%error, "a file could not be unpinned");
                    failed.push(file);
                }
                Err(error) => return Err(error),
            }
        }
    }
}

/// Removes old versions of the resource store: old by the time that a job over all sources would be given, which another
/// source may hold back for hours.
async fn prune_versions(context: &Context, swept: &mut Swept) -> Result<(), Error> {
    let sources = context.source.sources();
    let types: Vec<_> = sources.types().collect();
    if !sources
        .origins(types.iter().copied())
        .contains(&&Origin::Store)
    {
        return Ok(());
    }
    let time = context.source.transaction_time(&types).await?;
    loop {
        let pruned = context.store.prune_versions(time.at).await?;
        swept.versions += pruned;
        if pruned == 0 {
            return Ok(());
        }
    }
}

/// Releases pins that are ours and that no row owns: a worker died between pin and row, or a claim was lost.
async fn release_orphans(context: &Context, swept: &mut Swept) -> Result<(), Error> {
    let pins = match context.node.pins().await {
        Ok(pins) => pins,
        Err(error) => {
            tracing::warn!(%error, "pins cannot be listed");
            return Ok(());
        }
    };
    let ours: Vec<(PinName, Cid)> = pins
        .into_iter()
        .filter_map(|pin| Some((pin.name.parse().ok()?, pin.cid)))
        .collect();
    let listed = ours.len() as u64;
    let mut left = 0;
    let Unowned { orphans, strangers } = context.store.unowned(ours).await?;
    for orphan in orphans {
        match context
            .store
            .release_orphan(orphan, unpinning(context))
            .await
        {
            Ok(()) => swept.orphans += 1,
            Err(Error::Caller(error)) => {
                tracing::warn!(%error, "a pin without an owner could not be released");
                left += 1;
            }
            Err(error) => return Err(error),
        }
    }
    swept.failed += left;
    swept.pins = Some((listed.saturating_sub(swept.orphans), left + strangers));
    if strangers > 0 {
        tracing::warn!(
            pins = strangers,
            "the node has pins of jobs that this database does not know; they are left alone"
        );
    }
    Ok(())
}

/// Lets the node collect, where something was released.
async fn collect(context: &Context) -> Result<Collected, Error> {
    let (node, handle) = (context.node.clone(), Handle::current());
    let collect = move || {
        handle
            .block_on(node.collect_garbage())
            .map_err(BoxError::from)
    };
    context
        .store
        .collect(COLLECT_INTERVAL.min(context.config.sweep_interval), collect)
        .await
}
