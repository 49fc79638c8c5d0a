//! The API's configuration: read whole before any socket opens, all problems at once. docs/configuration.md lists
//! every variable.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use bulk_export_domain::{
    config::{Logging, Problems, Variables},
    limits::{Admission, RateLimits},
    manifest::FileUrls,
    pseudonym::Pseudonyms,
};
use bulk_export_service::Traces;
use secrecy::{ExposeSecret, SecretString};
use url::Url;
use uuid::Uuid;

use crate::auth;

/// Where the FHIR endpoints are, below the public base URL.
pub(crate) const FHIR_BASE: &str = "/fhir/r4";

/// The configuration.
#[derive(Debug)]
pub struct Config {
    /// Our own tables.
    pub store: bulk_export_store::Config,
    /// The clinical tables: for `transactionTime` only.
    pub source: bulk_export_store::SourceConfig,
    /// The queue.
    pub queue: bulk_export_queue::Config,
    /// The node's gateway.
    pub gateway_url: Url,
    /// The URL by which clients reach this server, without a slash at its end.
    pub public_base_url: String,
    /// Where the manifest's URLs lead.
    pub file_urls: FileUrls,
    /// How tokens are checked.
    pub auth: auth::Config,
    /// Where requests are served.
    pub listen: SocketAddr,
    /// The file to write the bound address to.
    pub listen_addr_file: Option<PathBuf>,
    /// Where metrics are served, to the platform's own only.
    pub private_listen: SocketAddr,
    /// The file to write the private port's bound address to.
    pub private_listen_addr_file: Option<PathBuf>,
    /// How many may watch a job by events at once.
    pub status_streams: usize,
    /// How long a shutdown may take.
    pub shutdown_grace: Duration,
    /// What the sessions of the operator's page are sealed with; each process makes its own where this is absent.
    pub operator_cookie_key: Option<SecretString>,
    /// How much is taken on at once.
    pub admission: Admission,
    /// How often one client may ask.
    pub rate_limits: RateLimits,
    /// How many proxies before us write `X-Forwarded-For`.
    pub trusted_proxies: usize,
    /// How people are named in logs.
    pub pseudonyms: Pseudonyms,
    /// How logs are written.
    pub logging: Logging,
    /// Where traces go.
    pub traces: Option<Traces>,
}

impl Config {
    /// Reads the configuration.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn read(mut variables: Variables) -> Result<Self, Problems> {
        let v = &mut variables;
        let store = bulk_export_store::Config::read(v, 8);
        let source = bulk_export_store::SourceConfig::read(
            v,
            store.as_ref().map_or(8, |store| store.connections),
        );
        let queue = bulk_export_queue::Config::read(v);
        let gateway_url = v.http_url("IPFS_GATEWAY_URL");
        let public = v.http_url("PUBLIC_BASE_URL");
        let auth = auth::Config::read(v, public.as_ref());
        let public_base_url = public.map(|url| url.as_str().trim_end_matches('/').to_owned());
        let file_urls = file_urls(v, public_base_url.as_deref());
        let listen = v.or(
            "API_LISTEN",
            "an address such as 0.0.0.0:8080",
            SocketAddr::from(([0, 0, 0, 0], 8080)),
        );
        let listen_addr_file = v.optional("LISTEN_ADDR_FILE", "a path");
        let private_listen = v.or(
            "API_PRIVATE_LISTEN",
            "an address such as 0.0.0.0:8082",
            SocketAddr::from(([0, 0, 0, 0], 8082)),
        );
        let private_listen_addr_file = v.optional("PRIVATE_LISTEN_ADDR_FILE", "a path");
        let status_streams = v.number("STATUS_STREAMS", 1000, 1, 100_000);
        let shutdown_grace = v.duration(
            "SHUTDOWN_GRACE",
            Duration::from_secs(25),
            Duration::from_secs(1),
            Duration::from_hours(1),
        );
        let operator_cookie_key = operator_cookie_key(v);
        let admission = Admission::read(v);
        let rate_limits = RateLimits::read(v);
        let trusted_proxies = usize::try_from(v.number("TRUSTED_PROXIES", 0, 0, 10)).unwrap_or(0);
        let pseudonyms = pseudonyms(v);
        let logging = Logging::read(v, bulk_export_service::understood);
        let traces = Traces::read(v);
        variables.finish()?;
        let (Some(store), Some(source), Some(gateway_url), Some(public_base_url), Some(auth)) =
            (store, source, gateway_url, public_base_url, auth)
        else {
            unreachable!("what is missing was noted as a problem")
        };
        Ok(Self {
            store,
            source,
            queue,
            gateway_url,
            public_base_url,
            file_urls,
            auth,
            listen,
            listen_addr_file,
            private_listen,
            private_listen_addr_file,
            status_streams: usize::try_from(status_streams).unwrap_or(usize::MAX),
            shutdown_grace,
            operator_cookie_key,
            admission,
            rate_limits,
            trusted_proxies,
            pseudonyms,
            logging,
            traces,
        })
    }
}

fn file_urls(v: &mut Variables, public_base_url: Option<&str>) -> FileUrls {
    match v.raw("EXPORT_FILE_URLS").unwrap_or("api") {
        "api" => FileUrls::Api(format!(
            "{}{FHIR_BASE}",
            public_base_url.unwrap_or_default()
        )),
        "ipfs" => FileUrls::Ipfs,
        _ => {
            v.problem(
                "EXPORT_FILE_URLS",
                "cannot be read: api or ipfs is expected",
            );
            FileUrls::Ipfs
        }
    }
}

/// Shortest key for sessions, in bytes: as strong as the cipher that it feeds.
const SHORTEST_COOKIE_KEY: usize = 32;

fn operator_cookie_key(v: &mut Variables) -> Option<SecretString> {
    const NAME: &str = "OPERATOR_COOKIE_KEY";
    let key = v.secret(NAME)?;
    if key.expose_secret().len() < SHORTEST_COOKIE_KEY {
        v.problem(
            NAME,
            format!("is too short: at least {SHORTEST_COOKIE_KEY} bytes are required"),
        );
    }
    Some(key)
}

/// Without a key of the operator's, pseudonyms hold within one process only.
fn pseudonyms(v: &mut Variables) -> Pseudonyms {
    let key = v.secret("LOG_HASH_KEY");
    Pseudonyms::new(
        key.unwrap_or_else(|| SecretString::from(format!("{}{}", Uuid::new_v4(), Uuid::new_v4()))),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(values: &[(&str, &str)]) -> Result<Config, Vec<String>> {
        let variables = Variables::new(
            values
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        );
        Config::read(variables).map_err(|problems| {
            problems
                .0
                .into_iter()
                .map(|problem| problem.variable)
                .collect()
        })
    }

    #[test]
    fn a_development_configuration_is_short() {
        let config = read(&[
            ("DATABASE_URL", "postgres://h/d"),
            ("PUBLIC_BASE_URL", "http://localhost:8080/"),
            ("IPFS_GATEWAY_URL", "http://127.0.0.1:8080"),
            ("AUTH_DEV_SECRET", "0123456789abcdef0123456789abcdef"),
            ("AUTH_ISSUER", "dev"),
            ("AUTH_AUDIENCE", "dev"),
        ])
        .unwrap();
        assert_eq!(config.public_base_url, "http://localhost:8080");
        assert_eq!(
            config.file_urls,
            FileUrls::Api("http://localhost:8080/fhir/r4".to_owned())
        );
    }

    #[test]
    fn every_problem_is_named_at_once() {
        let named = read(&[
            ("API_LISTEN", "here"),
            ("EXPORT_FILE_URLS", "s3"),
            ("REDIS_PORT", "x"),
            ("OPERATOR_COOKIE_KEY", "short"),
        ])
        .unwrap_err();
        for name in [
            "DATABASE_URL",
            "REDIS_PORT",
            "IPFS_GATEWAY_URL",
            "PUBLIC_BASE_URL",
            "AUTH_ISSUER",
            "AUTH_AUDIENCE",
            "EXPORT_FILE_URLS",
            "API_LISTEN",
            "OPERATOR_COOKIE_KEY",
        ] {
            assert!(
                named.iter().any(|variable| variable == name),
                "{name} is not among {named:?}"
            );
        }
    }
}
