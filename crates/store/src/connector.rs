//! Connects for the pools, and lets a process end while it does. r2d2 connects on threads of its own that nobody joins;
//! a process that returns from `main` while one is inside libpq runs OpenSSL's exit handlers under it and crashes.

use std::{
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    time::Duration,
};

use diesel::{
    PgConnection,
    r2d2::{ConnectionManager, Error, ManageConnection},
};
use tokio::time::{Instant, sleep};

/// How many connections are being made right now, in this process.
static CONNECTING: AtomicUsize = AtomicUsize::new(0);

/// No more connections are made.
static CLOSED: AtomicBool = AtomicBool::new(false);

/// Longer than `connect_timeout` lets one connection take.
const PATIENCE: Duration = Duration::from_secs(6);

/// Makes no more connections, and waits until none is being made: to be called before `main` returns.
pub async fn close() {
    CLOSED.store(true, Ordering::SeqCst);
    let deadline = Instant::now() + PATIENCE;
    while CONNECTING.load(Ordering::SeqCst) > 0 && Instant::now() < deadline {
        sleep(Duration::from_millis(10)).await;
    }
}

/// Diesel's manager, counted.
#[derive(Debug)]
pub(crate) struct Connector(pub(crate) ConnectionManager<PgConnection>);

impl ManageConnection for Connector {
    type Connection = PgConnection;
    type Error = Error;

    fn connect(&self) -> Result<PgConnection, Error> {
        // Counted before looking: `close` sets the flag before it counts.
        CONNECTING.fetch_add(1, Ordering::SeqCst);
        let connection = if CLOSED.load(Ordering::SeqCst) {
            let closed = "the process ends".to_owned();
            Err(Error::ConnectionError(
                diesel::ConnectionError::BadConnection(closed),
            ))
        } else {
            self.0.connect()
        };
        CONNECTING.fetch_sub(1, Ordering::SeqCst);
        connection
    }

    fn is_valid(&self, connection: &mut PgConnection) -> Result<(), Error> {
        self.0.is_valid(connection)
    }

    fn has_broken(&self, connection: &mut PgConnection) -> bool {
        self.0.has_broken(connection)
    }
}
