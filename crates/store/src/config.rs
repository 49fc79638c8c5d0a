//! The variables of the store: `DATABASE_URL`, `SOURCE_DATABASE_URL`, `DB_CONNECTIONS`, `EXPORT_TTL`,
//! `EXPORT_SOURCE_LAG`, `FHIR_SOURCE`.

use std::time::Duration;

use bulk_export_domain::{config::Variables, sources::Sources};
use secrecy::{ExposeSecret, SecretString};

/// Where our own tables are, and how long what has ended is kept.
#[derive(Debug, Clone)]
pub struct Config {
    /// The connection string; may hold a password.
    pub url: SecretString,
    /// How many connections the pool holds at most.
    pub connections: u32,
    /// How long a job is kept after its end.
    pub ttl: Duration,
}

/// Where the data is that is exported.
#[derive(Debug, Clone)]
pub struct SourceConfig {
    /// The database of the clinical tables and of other servers' relations; may hold a password.
    pub url: SecretString,
    /// The database of the resource store, which is our own; may hold a password.
    pub store_url: SecretString,
    /// Which types come from where.
    pub sources: Sources,
    /// How many connections the pool holds at most.
    pub connections: u32,
    /// How far `transactionTime` stays behind where open transactions cannot be seen.
    pub lag: Duration,
}

const DAY: Duration = Duration::from_hours(24);

impl Config {
    /// Reads the variables; problems are noted there.
    pub fn read(variables: &mut Variables, default_connections: u64) -> Option<Self> {
        let url = database_url(variables, "DATABASE_URL");
        let connections = connections(variables, default_connections);
        let ttl = variables.duration("EXPORT_TTL", DAY, Duration::from_secs(1), DAY * 30);
        if variables.raw("DATABASE_URL").is_none() {
            variables.problem(
                "DATABASE_URL",
                "is not set: the connection string of PostgreSQL is required",
            );
        }
        Some(Self {
            url: url?,
            connections,
            ttl,
        })
    }
}

impl SourceConfig {
    /// Reads the variables; problems are noted there. Without `SOURCE_DATABASE_URL` the sources are where our own
    /// tables are.
    pub fn read(variables: &mut Variables, connections: u32) -> Option<Self> {
        let own = database_url(variables, "SOURCE_DATABASE_URL");
        let url = match variables.raw("SOURCE_DATABASE_URL") {
            Some(_) => own,
            None => variables.secret("DATABASE_URL"),
        };
        let minute = Duration::from_mins(1);
        let lag = variables.duration("EXPORT_SOURCE_LAG", minute, Duration::ZERO, DAY);
        let sources = Sources::read(variables);
        Some(Self {
            url: url?,
            store_url: variables.secret("DATABASE_URL")?,
            sources,
            connections,
            lag,
        })
    }
}

fn connections(variables: &mut Variables, default: u64) -> u32 {
    let number = variables.number("DB_CONNECTIONS", default, 2, 1000);
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn database_url(variables: &mut Variables, name: &str) -> Option<SecretString> {
    let secret = variables.secret(name)?;
    let scheme_fits = ["postgres://", "postgresql://"]
        .iter()
        .any(|scheme| secret.expose_secret().starts_with(scheme));
    if scheme_fits && url::Url::parse(secret.expose_secret()).is_ok() {
        return Some(secret);
    }
    variables.problem(
        name,
        "cannot be read: a URL such as postgres://user@host:5432/database is expected",
    );
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(values: &[(&str, &str)]) -> (Option<Config>, Option<SourceConfig>, Vec<String>) {
        let mut variables = Variables::new(
            values
                .iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned())),
        );
        let (own, source) = (
            Config::read(&mut variables, 4),
            SourceConfig::read(&mut variables, 3),
        );
        let problems = variables.finish().err().map(|p| p.0).unwrap_or_default();
        (
            own,
            source,
            problems.into_iter().map(|p| p.variable).collect(),
        )
    }

    #[test]
    fn the_source_is_our_own_database_by_default() {
        let (own, source, problems) = read(&[("DATABASE_URL", "postgres://u:p@h/d")]);
        assert_eq!(problems, [""; 0]);
        assert_eq!(own.unwrap().connections, 4);
        assert_eq!(source.unwrap().url.expose_secret(), "postgres://u:p@h/d");
    }

    #[test]
    fn wrong_urls_are_problems_by_name() {
        let (_, _, problems) = read(&[
            ("DATABASE_URL", "mysql://h/d"),
            ("SOURCE_DATABASE_URL", "h"),
        ]);
        assert_eq!(problems, ["DATABASE_URL", "SOURCE_DATABASE_URL"]);
        assert_eq!(read(&[]).2, ["DATABASE_URL"]);
    }
}
