//! Leases held by this process: each is renewed by a heartbeat, and all are looked at every half second, so that a
//! cancelled job's parts stop within two seconds.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bulk_export_domain::{ids::JobId, part::Claim};
use bulk_export_store::Progress;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::Context;

/// How often the leases are looked at.
const LOOK: Duration = Duration::from_millis(500);

type Key = (JobId, i32, i32);

/// The leases of this process.
#[derive(Debug, Clone, Default)]
pub(crate) struct Leases(Arc<Mutex<HashMap<Key, CancellationToken>>>);

/// A lease under way. Dropping it ends its heartbeat.
#[derive(Debug)]
pub(crate) struct Lease {
    leases: Leases,
    key: Key,
    /// Cancelled when the claim is lost: taken over, or its job has ended.
    pub(crate) lost: CancellationToken,
    /// How far the part has come.
    pub(crate) done: Arc<Done>,
    heartbeat: CancellationToken,
}

/// How far a part has come; written by its reader.
#[derive(Debug, Default)]
pub(crate) struct Done {
    pub(crate) rows: AtomicU64,
    pub(crate) bytes: AtomicU64,
}

impl Leases {
    /// Counts the parts that run.
    pub(crate) fn count(&self) -> usize {
        self.map().len()
    }

    fn map(&self) -> std::sync::MutexGuard<'_, HashMap<Key, CancellationToken>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.heartbeat.cancel();
        self.leases.map().remove(&self.key);
    }
}

/// Takes a claim under lease.
pub(crate) fn hold(context: &Context, claim: &Claim) -> Lease {
    let (lost, heartbeat) = (CancellationToken::new(), CancellationToken::new());
    let key = (claim.job, claim.ordinal, claim.generation);
    let done = Arc::new(Done::default());
    context.leases.map().insert(key, lost.clone());
    let beat = beat(context.clone(), claim.clone(), done.clone(), lost.clone());
    let ended = heartbeat.clone();
    context.tracker.spawn(async move {
        tokio::select! {
            () = ended.cancelled() => {}
            () = beat => {}
        }
    });
    Lease {
        leases: context.leases.clone(),
        key,
        lost,
        done,
        heartbeat,
    }
}

/// Renews a lease at every third of its length. Gives the claim up when the database could not be told for so long
/// that the lease may have run out, measured on a clock that nobody sets.
async fn beat(context: Context, claim: Claim, done: Arc<Done>, lost: CancellationToken) {
    let lease = context.config.parts.lease;
    let mut ticks = interval(lease / 3);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks.tick().await;
    let mut renewed = Instant::now();
    loop {
        ticks.tick().await;
        let asked = Instant::now();
        let progress = Progress {
            rows: done.rows.load(Ordering::Relaxed),
            bytes: done.bytes.load(Ordering::Relaxed),
        };
        match context
            .store
            .heartbeat(&claim, lease, progress, context.config.parts.job)
            .await
        {
            Ok(true) => renewed = asked,
            Ok(false) => return lost.cancel(),
            Err(error) => {
                tracing::warn!(%error, job.id = %claim.job, part = claim.ordinal, "a heartbeat failed");
                if renewed.elapsed() > lease.mul_f64(0.8) {
                    return lost.cancel();
                }
            }
        }
    }
}

/// Looks at all leases until `stop`, and tells those that no longer stand.
pub(crate) async fn watch(context: &Context, stop: &CancellationToken) {
    let mut ticks = interval(LOOK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = ticks.tick() => {}
        }
        let claims: Vec<Key> = context.leases.map().keys().copied().collect();
        if claims.is_empty() {
            continue;
        }
        let Ok(standing) = context.store.standing(claims.clone()).await else {
            continue;
        };
        let leases = context.leases.map();
        for gone in claims.iter().filter(|claim| !standing.contains(claim)) {
            if let Some(lost) = leases.get(gone) {
                lost.cancel();
            }
        }
    }
}
