//! The pools of connections, and the bridge from async callers to blocking Diesel.

use std::{fmt, time::Duration};

use diesel::{
    PgConnection,
    connection::SimpleConnection,
    r2d2::{ConnectionManager, CustomizeConnection, Pool, PooledConnection},
};
use secrecy::{ExposeSecret, SecretString};

use crate::{config::Config, connector::Connector, error::Error};

pub(crate) type Connections = Pool<Connector>;
pub(crate) type Pooled = PooledConnection<Connector>;

/// The name under which our sessions show in `pg_stat_activity`: the horizon leaves them out.
pub(crate) const APPLICATION: &str = "fhir-bulk-export";

/// How long a caller waits for a connection.
const CHECKOUT: Duration = Duration::from_secs(3);

/// Our own tables. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    connections: Connections,
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
            connections: pool(&config.url, config.connections, session),
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
        let connections = self.connections.clone();
        blocking(move || work(&mut *checkout(&connections)?)).await
    }

    /// Runs a function in a transaction on a blocking thread.
    pub(crate) async fn transaction<T, F>(&self, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&mut PgConnection) -> Result<T, Error> + Send + 'static,
    {
        use diesel::Connection;
        self.run(move |connection| connection.transaction(work))
            .await
    }
}

/// Runs a function on a blocking thread.
pub(crate) async fn blocking<T, F>(work: F) -> Result<T, Error>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T, Error> + Send + 'static,
{
    tokio::task::spawn_blocking(work)
        .await
        .map_err(Error::Task)?
}

pub(crate) fn checkout(connections: &Connections) -> Result<Pooled, Error> {
    connections
        .get()
        .map_err(|error| Error::Unreachable(error.into()))
}

/// Makes a pool that connects when first asked.
pub(crate) fn pool(url: &SecretString, size: u32, session: &'static str) -> Connections {
    let manager = Connector(ConnectionManager::new(with_defaults(url.expose_secret())));
    Pool::builder()
        .max_size(size)
        .min_idle(Some(0))
        .connection_timeout(CHECKOUT)
        .connection_customizer(Box::new(Session(session)))
        .error_handler(Box::new(Log))
        .build_unchecked(manager)
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
