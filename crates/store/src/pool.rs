//! The pools of connections, and the bridge from async callers to blocking Diesel.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use diesel::{
    PgConnection,
    connection::SimpleConnection,
    r2d2::{ConnectionManager, CustomizeConnection, Pool, PooledConnection},
};
use secrecy::{ExposeSecret, SecretString};

use crate::{
    config::Config,
    connector::Connector,
    error::Error,
    gauges::Told,
    measure::{measured, operation},
};

pub(crate) type Pooled = PooledConnection<Connector>;

/// The name under which our sessions show in `pg_stat_activity`: the horizon leaves them out.
pub(crate) const APPLICATION: &str = "fhir-bulk-export";

/// How long a caller waits for a connection.
const CHECKOUT: Duration = Duration::from_secs(3);

/// A pool. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Connections {
    pool: Pool<Connector>,
    /// What its connections are for, in metrics.
    name: &'static str,
    waiting: Arc<AtomicU32>,
}

impl Connections {
    /// Tells the process's metrics how full the pool is.
    pub(crate) fn tell(&self) {
        let state = self.pool.state();
        let gauge = |name: &'static str, value: u32| {
            metrics::gauge!(name, "pool" => self.name).set(value);
        };
        gauge("bulk_export_pool_connections", state.connections);
        gauge("bulk_export_pool_idle_connections", state.idle_connections);
        gauge("bulk_export_pool_max_connections", self.pool.max_size());
        gauge(
            "bulk_export_pool_waiting",
            self.waiting.load(Ordering::Relaxed),
        );
    }
}

/// Our own tables. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    pub(crate) connections: Connections,
    pub(crate) told: Told,
    pub(crate) ttl: Duration,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Store")
    }
}

impl Store {
    /// Makes the pool; connects when first asked.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        // Every control statement is short: one that is not has met a lock that somebody forgot.
        let session =
            "SET statement_timeout = '30s'; SET idle_in_transaction_session_timeout = '300s'";
        Self {
            connections: pool("control", &config.url, config.connections, session),
            told: Told::default(),
            ttl: config.ttl,
        }
    }

    /// Checks that the database answers.
    ///
    /// # Errors
    /// It does not.
    pub async fn ready(&self) -> Result<(), Error> {
        self.run(|connection| Ok(connection.batch_execute("SELECT 1")?))
            .await
    }

    /// Says whether our tables are there.
    ///
    /// # Errors
    /// The database is away.
    pub async fn migrated(&self) -> Result<bool, Error> {
        use diesel::prelude::*;
        self.run(|connection| {
            let found = diesel::dsl::sql::<diesel::sql_types::Bool>(
                "to_regclass('bulk_export_node') IS NOT NULL",
            );
            Ok(diesel::select(found).get_result(connection)?)
        })
        .await
    }

    /// Runs a function with a connection on a blocking thread.
    pub(crate) async fn run<T, F>(&self, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&mut PgConnection) -> Result<T, Error> + Send + 'static,
    {
        self.run_as(operation::<F>(), work).await
    }

    /// Runs a function in a transaction on a blocking thread.
    pub(crate) async fn transaction<T, F>(&self, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&mut PgConnection) -> Result<T, Error> + Send + 'static,
    {
        use diesel::Connection;
        self.run_as(operation::<F>(), move |connection| {
            connection.transaction(work)
        })
        .await
    }

    async fn run_as<T, F>(&self, operation: &'static str, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&mut PgConnection) -> Result<T, Error> + Send + 'static,
    {
        let connections = self.connections.clone();
        blocking_as(operation, move || work(&mut *checkout(&connections)?)).await
    }
}

/// Runs a function on a blocking thread.
pub(crate) async fn blocking<T, F>(work: F) -> Result<T, Error>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T, Error> + Send + 'static,
{
    blocking_as(operation::<F>(), work).await
}

async fn blocking_as<T, F>(operation: &'static str, work: F) -> Result<T, Error>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T, Error> + Send + 'static,
{
    tokio::task::spawn_blocking(move || measured(operation, work))
        .await
        .map_err(Error::Task)?
}

/// Takes a connection out of a pool, which waits for one no longer than [`CHECKOUT`].
pub(crate) fn checkout(connections: &Connections) -> Result<Pooled, Error> {
    let started = Instant::now();
    connections.waiting.fetch_add(1, Ordering::Relaxed);
    let connection = connections.pool.get();
    connections.waiting.fetch_sub(1, Ordering::Relaxed);
    metrics::histogram!("bulk_export_pool_wait_duration_seconds", "pool" => connections.name)
        .record(started.elapsed());
    connection.map_err(|error| Error::Unreachable(error.into()))
}

/// Makes a pool that connects when first asked.
pub(crate) fn pool(
    name: &'static str,
    url: &SecretString,
    size: u32,
    session: &'static str,
) -> Connections {
    let manager = Connector(ConnectionManager::new(with_defaults(url.expose_secret())));
    let pool = Pool::builder()
        .max_size(size)
        .min_idle(Some(0))
        .connection_timeout(CHECKOUT)
        .connection_customizer(Box::new(Session(session)))
        .error_handler(Box::new(Log))
        .build_unchecked(manager);
    Connections {
        pool,
        name,
        waiting: Arc::default(),
    }
}

/// Adds what libpq lacks by default: a deadline for connecting, and an end to a connection whose peer is gone
/// (PostgreSQL manual, "Parameter Key Words"). What the operator set stays.
pub(crate) fn with_defaults(url: &str) -> String {
    const DEFAULTS: [(&str, &str); 5] = [
        ("connect_timeout", "5"),
        ("keepalives_idle", "30"),
        ("keepalives_interval", "10"),
        ("keepalives_count", "3"),
        ("tcp_user_timeout", "60000"),
    ];
    let mut text = url.to_owned();
    for (name, value) in DEFAULTS {
        if !text.contains(&format!("{name}=")) {
            text.push(if text.contains('?') { '&' } else { '?' });
            text.push_str(name);
            text.push('=');
            text.push_str(value);
        }
    }
    text
}

#[derive(Debug)]
struct Session(&'static str);

impl CustomizeConnection<PgConnection, diesel::r2d2::Error> for Session {
    fn on_acquire(&self, connection: &mut PgConnection) -> Result<(), diesel::r2d2::Error> {
        let common = format!(
            "SET application_name = '{APPLICATION}'; SET TIME ZONE 'UTC'; {}",
            self.0
        );
        connection
            .batch_execute(&common)
            .map_err(diesel::r2d2::Error::QueryError)
    }
}

/// r2d2's own handler would print the error's text, which can hold parts of the connection string.
#[derive(Debug)]
struct Log;

impl r2d2::HandleError<diesel::r2d2::Error> for Log {
    fn handle_error(&self, error: diesel::r2d2::Error) {
        let kind = match error {
            diesel::r2d2::Error::ConnectionError(_) => "cannot connect to PostgreSQL",
            diesel::r2d2::Error::QueryError(_) => "a connection to PostgreSQL was lost",
        };
        tracing::warn!(kind, "pool");
    }
}

#[cfg(test)]
mod tests {
    use super::with_defaults;

    #[test]
    fn defaults_are_added_and_the_operators_values_stay() {
        let url = with_defaults("postgres://h/d?connect_timeout=1");
        assert!(
            url.starts_with("postgres://h/d?connect_timeout=1&keepalives_idle=30&"),
            "{url}"
        );
        assert!(with_defaults("postgres://h/d").starts_with("postgres://h/d?connect_timeout=5&"));
    }
}
