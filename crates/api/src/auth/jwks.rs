//! The cached key set: read again when it is no longer fresh or when a token names a key that it does not hold.
//!
//! One read at a time, whatever the number of requests; a token cannot cause more than one in 30 seconds. While the
//! source is away, the last good set serves for another hour, and then nothing does.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

use super::{
    Refusal,
    clock::Clock,
    keys::KeySet,
    source::{CHECK_FILE, LoadError, Loaded, Source, Stamp},
};

/// Least time between two reads while there are keys.
const LEAST_BETWEEN: Duration = Duration::from_secs(30);

/// Least time between two reads while there are none: every request fails then, so it is worth asking.
const LEAST_BETWEEN_WITHOUT_KEYS: Duration = Duration::from_secs(5);

/// How long keys serve after they stopped being fresh.
const MOST_STALE: Duration = Duration::from_hours(1);

/// The key set and its cache.
pub(super) struct Jwks {
    source: Source,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
    /// Held by the one who reads.
    reading: Arc<AsyncMutex<()>>,
}

#[derive(Default)]
struct State {
    keys: Option<Arc<KeySet>>,
    stamp: Option<Stamp>,
    fresh_until: Duration,
    tried: Option<Duration>,
    failed: bool,
}

impl fmt::Debug for Jwks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Jwks([redacted])")
    }
}

/// What the cache says at a moment.
struct View {
    /// Keys that may be used, fresh or stale.
    keys: Option<Arc<KeySet>>,
    fresh: bool,
    /// A read is allowed.
    due: bool,
}

impl Jwks {
    /// Makes the cache, with the set that was read already if there is one.
    pub(super) fn new(source: Source, first: Option<Loaded>, clock: Arc<dyn Clock>) -> Self {
        let state = first.map_or_else(State::default, |first| State {
            keys: Some(first.keys),
            stamp: first.stamp,
            fresh_until: clock.uptime() + first.fresh_for,
            tried: Some(clock.uptime()),
            failed: false,
        });
        Self {
            source,
            clock,
            state: Mutex::new(state),
            reading: Arc::default(),
        }
    }

    /// Gives the keys, and reads them first if they are not fresh.
    pub(super) async fn current(self: &Arc<Self>) -> Result<Arc<KeySet>, Refusal> {
        let view = self.view();
        let turn = match view.keys {
            Some(keys) if view.fresh => return Ok(keys),
            // Somebody else reads: the stale keys serve meanwhile.
            Some(_) => Arc::clone(&self.reading).try_lock_owned().ok(),
            None => Some(Arc::clone(&self.reading).lock_owned().await),
        };
        // Who waited may find it done.
        if let Some(turn) = turn
            && self.view().wants_reading()
        {
            self.read(turn).await;
        }
        self.view().keys.ok_or(Refusal::Unavailable)
    }

    /// Gives the keys after a token named one that `seen` does not hold. They may be the same.
    pub(super) async fn newer_than(
        self: &Arc<Self>,
        seen: &Arc<KeySet>,
    ) -> Result<Arc<KeySet>, Refusal> {
        let turn = Arc::clone(&self.reading).lock_owned().await;
        let view = self.view();
        let same = view
            .keys
            .as_ref()
            .is_some_and(|keys| Arc::ptr_eq(keys, seen));
        if same && view.due {
            self.read(turn).await;
        }
        self.view().keys.ok_or(Refusal::Unavailable)
    }

    /// Says why a key is not known: while the source is away, it may well be a new one.
    pub(super) fn unknown_key(&self) -> Refusal {
        if self.state().failed {
            Refusal::Unavailable
        } else {
            Refusal::Invalid("the key of the token is not known")
        }
    }

    fn view(&self) -> View {
        let now = self.clock.uptime();
        let state = self.state();
        let keys = state
            .keys
            .clone()
            .filter(|_| now < state.fresh_until + MOST_STALE);
        let wait = if keys.is_some() {
            LEAST_BETWEEN
        } else {
            LEAST_BETWEEN_WITHOUT_KEYS
        };
        let due = state.tried.is_none_or(|tried| now >= tried + wait);
        View {
            keys,
            fresh: now < state.fresh_until,
            due,
        }
    }

    /// Reads the set in a task of its own: a client that hangs up must not cancel what others wait for, nor use up
    /// the one read that is allowed.
    async fn read(self: &Arc<Self>, turn: OwnedMutexGuard<()>) {
        let this = Arc::clone(self);
        let task = tokio::spawn(async move {
            let known = this.begin();
            let outcome = this.source.load(known).await;
            this.end(outcome);
            drop(turn);
        });
        // A task that the runtime dropped has changed nothing.
        task.await.ok();
    }

    fn begin(&self) -> Option<Stamp> {
        let now = self.clock.uptime();
        let mut state = self.state();
        state.tried = Some(now);
        state.stamp
    }

    fn end(&self, outcome: Result<Option<Loaded>, LoadError>) {
        let now = self.clock.uptime();
        let mut state = self.state();
        state.failed = outcome.is_err();
        let word = if state.failed { "failed" } else { "ok" };
        metrics::counter!("bulk_export_jwks_fetches_total", "outcome" => word).increment(1);
        metrics::gauge!("bulk_export_jwks_failing").set(f64::from(u8::from(state.failed)));
        match outcome {
            Ok(Some(Loaded {
                keys,
                fresh_for,
                stamp,
            })) => {
                log_loaded(&keys);
                *state = State {
                    keys: Some(keys),
                    stamp,
                    fresh_until: now + fresh_for,
                    ..*state
                };
            }
            Ok(None) => state.fresh_until = now + CHECK_FILE,
            Err(error) => {
                let stale_keys = state.keys.is_some() && now < state.fresh_until + MOST_STALE;
                tracing::warn!(%error, stale_keys, "the key set for tokens could not be read");
            }
        }
    }

    /// Locks the state. No code panics while it holds the lock, so a poisoned one is as good.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl View {
    fn wants_reading(&self) -> bool {
        self.due && !(self.fresh && self.keys.is_some())
    }
}

fn log_loaded(keys: &KeySet) {
    if keys.len() == 0 {
        tracing::warn!(unusable = %keys.unusable(), "the key set for tokens holds no usable key");
    } else {
        tracing::debug!(keys = keys.len(), unusable = %keys.unusable(), "the key set for tokens was read");
    }
}
