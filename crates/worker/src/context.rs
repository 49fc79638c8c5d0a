//! What every task of the worker shares.

use std::{fmt, sync::Arc};

use bulk_export_domain::{hint::Hint, ids::JobId};
use bulk_export_ipfs::Node;
use bulk_export_queue::Hints;
use bulk_export_store::{Store, source::Source};
use tokio::sync::Semaphore;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uuid::Uuid;

use crate::{config::Config, gate::Gate, lease::Leases, webhooks};

/// What every task of the worker shares. Cheap to clone.
#[derive(Clone)]
pub struct Context {
    /// The configuration.
    pub config: Arc<Config>,
    /// Our own tables.
    pub store: Store,
    /// The clinical tables.
    pub source: Source,
    /// The node.
    pub node: Node,
    /// The doorbell.
    pub hints: Hints,
    /// This process's name: host, process and start.
    pub worker: String,
    pub(crate) gate: Gate,
    pub(crate) leases: Leases,
    /// One permit a part that may run.
    pub(crate) slots: Arc<Semaphore>,
    /// One permit a webhook that may be under way.
    pub(crate) deliveries: Arc<Semaphore>,
    pub(crate) tracker: TaskTracker,
    /// The checks of the start have passed.
    pub(crate) started: CancellationToken,
    /// No more claims.
    pub(crate) stop: CancellationToken,
    /// What runs is handed back.
    pub(crate) abort: CancellationToken,
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("worker", &self.worker)
            .finish_non_exhaustive()
    }
}

impl Context {
    /// Makes the context; connects to nothing yet. Needs a tokio runtime.
    ///
    /// # Errors
    /// An address cannot be used.
    pub fn new(config: Config) -> anyhow::Result<Self> {
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let start = Uuid::new_v4().simple().to_string();
        Ok(Self {
            store: Store::new(&config.store),
            source: Source::new(&config.source),
            node: Node::new(&config.ipfs_api_url)?,
            hints: Hints::new(&config.queue)?,
            worker: format!("{}-{}-{}", host.trim(), std::process::id(), &start[..8]),
            gate: Gate::default(),
            leases: Leases::default(),
            slots: Arc::new(Semaphore::new(config.parts.slots)),
            deliveries: Arc::new(Semaphore::new(webhooks::AT_ONCE)),
            tracker: TaskTracker::new(),
            started: CancellationToken::new(),
            stop: CancellationToken::new(),
            abort: CancellationToken::new(),
            config: Arc::new(config),
        })
    }

    /// Tells other workers, and this one, that a job has something due. Failing to tell costs time and nothing else.
    pub(crate) async fn announce(&self, job_id: JobId, parts: u64) {
        self.wake();
        if let Err(error) = self.hints.push(Hint { job_id }, parts).await {
            tracing::warn!(%error, job.id = %job_id, "the hint could not be pushed; the reconciler will announce the job");
        }
    }

    /// Says whether this worker claims parts.
    pub(crate) fn claims(&self) -> bool {
        self.gate.admits() && !self.stop.is_cancelled()
    }

    /// Starts this worker's free slots.
    pub(crate) fn wake(&self) {
        while let Ok(permit) = self.slots.clone().try_acquire_owned() {
            let context = self.clone();
            self.tracker
                .spawn(async move { crate::drain::drain(&context, permit).await });
        }
    }
}
