//! Those who watch jobs, and the one task of this replica that asks how far the jobs are: one query a second for all of
//! them together, and none while nobody watches. Nothing is kept: another replica may be asked next.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bulk_export_domain::ids::JobId;
use bulk_export_store::{Store, Watched};
use tokio::{
    runtime::Handle,
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    time::{MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;

/// How often the database is asked.
const LOOK: Duration = Duration::from_secs(1);

/// How a watched job was last seen.
#[derive(Debug, Clone)]
pub(crate) enum Seen {
    /// Not yet.
    Nothing,
    /// So.
    Job(Box<Watched>),
    /// Its row is gone.
    Gone,
}

/// Those who watch jobs. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Watches(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    store: Store,
    places: Arc<Semaphore>,
    most: usize,
    jobs: Mutex<Jobs>,
    runtime: Handle,
    stop: CancellationToken,
}

#[derive(Debug, Default)]
struct Jobs {
    senders: HashMap<JobId, watch::Sender<Seen>>,
    /// Whether the task runs.
    asked: bool,
}

/// A place among those who watch. Dropped, it is free for another.
#[derive(Debug)]
pub(crate) struct Watch {
    /// How the job was last seen.
    pub(crate) seen: watch::Receiver<Seen>,
    /// Cancelled when this replica stops.
    pub(crate) stop: CancellationToken,
    _place: OwnedSemaphorePermit,
}

impl Drop for Watch {
    fn drop(&mut self) {
        metrics::gauge!("bulk_export_status_streams").decrement(1);
    }
}

/// All places are taken: so many there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Full(pub(crate) usize);

impl Watches {
    /// Makes room for so many, until `stop`. Needs a tokio runtime: the task runs there, and not on the thread of the server
    /// that happens to have the first who watches.
    pub(crate) fn new(store: Store, most: usize, stop: CancellationToken) -> Self {
        Self(Arc::new(Inner {
            store,
            places: Arc::new(Semaphore::new(most)),
            most,
            jobs: Mutex::default(),
            runtime: Handle::current(),
            stop,
        }))
    }

    /// Watches a job.
    ///
    /// # Errors
    /// All places are taken.
    pub(crate) fn watch(&self, job: JobId) -> Result<Watch, Full> {
        let place = Arc::clone(&self.0.places)
            .try_acquire_owned()
            .map_err(|_| {
                metrics::counter!("bulk_export_refusals_total", "limit" => "status_streams")
                    .increment(1);
                Full(self.0.most)
            })?;
        let mut jobs = self.0.jobs();
        let sender = jobs
            .senders
            .entry(job)
            .or_insert_with(|| watch::Sender::new(Seen::Nothing));
        // How others saw it last is news to this one.
        let mut seen = sender.subscribe();
        seen.mark_changed();
        if !jobs.asked {
            jobs.asked = true;
            self.0.runtime.spawn(ask(self.0.clone()));
        }
        metrics::gauge!("bulk_export_status_streams").increment(1);
        Ok(Watch {
            seen,
            stop: self.0.stop.clone(),
            _place: place,
        })
    }
}

impl Inner {
    fn jobs(&self) -> MutexGuard<'_, Jobs> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives the jobs that are still watched; `None` ends the task.
    fn wanted(&self) -> Option<Vec<JobId>> {
        let mut jobs = self.jobs();
        jobs.senders.retain(|_, sender| sender.receiver_count() > 0);
        jobs.asked = !jobs.senders.is_empty();
        jobs.asked.then(|| jobs.senders.keys().copied().collect())
    }

    /// Tells what was found to those who watch.
    fn tell(&self, asked: &[JobId], found: Vec<Watched>) {
        let jobs = self.jobs();
        let mut found: HashMap<JobId, Watched> =
            found.into_iter().map(|one| (one.id, one)).collect();
        for job in asked {
            let Some(sender) = jobs.senders.get(job) else {
                continue;
            };
            let seen = found
                .remove(job)
                .map_or(Seen::Gone, |one| Seen::Job(Box::new(one)));
            sender.send_if_modified(|last| {
                let news = match (&*last, &seen) {
                    (Seen::Job(last), Seen::Job(now)) => last.changed_at != now.changed_at,
                    (Seen::Gone, Seen::Gone) => false,
                    _ => true,
                };
                if news {
                    *last = seen;
                }
                news
            });
        }
    }
}

/// Asks until nobody watches any more. Whoever comes then starts it again: at most one runs.
async fn ask(inner: Arc<Inner>) {
    let mut looks = interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = inner.stop.cancelled() => return,
            _ = looks.tick() => {}
        }
        let Some(wanted) = inner.wanted() else {
            return;
        };
        match inner.store.watched(wanted.clone()).await {
            Ok(found) => inner.tell(&wanted, found),
            // Those who watch hear nothing new meanwhile, as if nothing had changed.
            Err(error) => {
                tracing::warn!(%error, jobs = wanted.len(), "watched jobs cannot be looked at");
            }
        }
    }
}
