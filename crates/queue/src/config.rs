//! The variables of the queue: `REDIS_HOST`, `REDIS_PORT`, `REDIS_PASSWORD`, `REDIS_DB`.

use bulk_export_domain::config::Variables;
use secrecy::{ExposeSecret, SecretString};

/// Where Redis is.
#[derive(Debug, Clone)]
pub struct Config {
    /// Host name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Password, if one is asked for.
    pub password: Option<SecretString>,
    /// Number of the logical database.
    pub database: i64,
}

impl Config {
    /// Reads the variables; problems are noted there.
    pub fn read(variables: &mut Variables) -> Self {
        Self {
            host: variables.or(
                "REDIS_HOST",
                "a host name or address",
                "127.0.0.1".to_owned(),
            ),
            port: variables.or("REDIS_PORT", "a port, 1 to 65535", 6379),
            password: variables.secret("REDIS_PASSWORD"),
            database: i64::try_from(variables.number("REDIS_DB", 0, 0, 1_000_000)).unwrap_or(0),
        }
    }

    pub(crate) fn client(&self) -> redis::RedisResult<redis::Client> {
        let mut settings = redis::RedisConnectionInfo::default().set_db(self.database);
        if let Some(password) = &self.password {
            settings = settings.set_password(password.expose_secret());
        }
        let address = redis::ConnectionAddr::Tcp(self.host.clone(), self.port);
        let info =
            redis::IntoConnectionInfo::into_connection_info(address)?.set_redis_settings(settings);
        redis::Client::open(info)
    }
}
