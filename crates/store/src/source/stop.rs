//! Stops a read that is under way. Dropping a half-read result would read the rest of it, minutes long, so the server
//! is asked to cancel the statement, from a second connection.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use diesel::{prelude::*, sql_types};

use crate::pool::{Connections, checkout};

/// A handle to one read.
#[derive(Clone)]
pub struct Stop {
    connections: Connections,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Idle,
    /// The statement runs on this backend.
    Reading(i32),
    Ended,
    Stopped,
}

impl fmt::Debug for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Stop").field(&*self.lock()).finish()
    }
}

impl Stop {
    /// Makes the handle for a read that has not begun.
    pub(super) fn new(connections: &Connections) -> Self {
        Self {
            connections: connections.clone(),
            state: Arc::new(Mutex::new(State::Idle)),
        }
    }

    /// Stops the read, now or before it begins. Blocks for a round trip to the database. Stopping twice, or a read
    /// that has ended, does nothing.
    pub fn stop(&self) {
        let mut state = self.lock();
        let was = *state;
        if was == State::Ended {
            return;
        }
        *state = State::Stopped;
        // The lock is held meanwhile: the reader cannot end and give its backend to another statement before the
        // cancellation was sent.
        if let State::Reading(backend) = was {
            let cancelled = checkout(&self.connections).and_then(|mut connection| {
                let cancel = diesel::sql_query("SELECT pg_cancel_backend($1)")
                    .bind::<sql_types::Integer, _>(backend);
                Ok(cancel.execute(&mut *connection)?)
            });
            if let Err(error) = cancelled {
                tracing::warn!(%error, "a read could not be cancelled: it goes on to its end");
            }
        }
    }

    /// Says whether the read was stopped.
    pub fn is_stopped(&self) -> bool {
        *self.lock() == State::Stopped
    }

    /// Notes that the statement is about to run; `false` when it was stopped before.
    pub(super) fn begin(&self, backend: i32) -> bool {
        let mut state = self.lock();
        if *state == State::Stopped {
            return false;
        }
        *state = State::Reading(backend);
        true
    }

    /// Notes that the statement is over; `false` when it was stopped: a cancellation may be on its way to the backend.
    pub(super) fn end(&self) -> bool {
        let mut state = self.lock();
        let stopped = *state == State::Stopped;
        if !stopped {
            *state = State::Ended;
        }
        !stopped
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
