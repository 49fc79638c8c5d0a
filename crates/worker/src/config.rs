//! The worker's configuration: read whole before any socket opens, all problems at once. docs/configuration.md lists
//! every variable.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use bulk_export_domain::{
    config::{Logging, Problems, Variables},
    file::Coding,
    limits::JobLimits,
    webhook::Reach,
};
use bulk_export_service::Traces;
use url::Url;

/// The words by which an operator accepts a node that is not private.
pub(crate) const ACCEPT_PUBLIC: &str = "yes, anyone may read the files";

/// The configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// Our own tables.
    pub store: bulk_export_store::Config,
    /// The clinical tables.
    pub source: bulk_export_store::SourceConfig,
    /// The queue.
    pub queue: bulk_export_queue::Config,
    /// The node's RPC API.
    pub ipfs_api_url: Url,
    /// Whether a node that is not private is accepted.
    pub accept_public_node: bool,
    /// Where health is served.
    pub listen: SocketAddr,
    /// The file to write the bound address to.
    pub listen_addr_file: Option<PathBuf>,
    /// How parts are run.
    pub parts: Parts,
    /// From how many percent of what the node may hold on no part is claimed; absent, always.
    pub node_full_at: Option<u64>,
    /// How often what is due is announced again.
    pub reconcile_interval: Duration,
    /// How often what has expired is swept.
    pub sweep_interval: Duration,
    /// How long after its expiry a job's files stay, so that a running download is not cut.
    pub grace: Duration,
    /// How long a shutdown may take.
    pub shutdown_grace: Duration,
    /// How webhooks are delivered.
    pub webhooks: Webhooks,
    /// How logs are written.
    pub logging: Logging,
    /// Where traces go.
    pub traces: Option<Traces>,
}

/// How webhooks are delivered.
#[derive(Debug, Clone, Default)]
pub struct Webhooks {
    /// Where they may go.
    pub reach: Reach,
    /// Certificates of authorities that are trusted beside the system's.
    pub authorities: Vec<reqwest::Certificate>,
}

/// How parts are run.
#[derive(Debug, Clone, Copy)]
pub struct Parts {
    /// How many at once.
    pub slots: usize,
    /// How long a claim stands without a heartbeat.
    pub lease: Duration,
    /// How often a part is tried.
    pub attempts: i32,
    /// How many resources a part is planned to hold.
    pub rows: u64,
    /// From how many bytes on a file is closed and the next one begun.
    pub file_bytes: u64,
    /// The largest resource, in bytes; a larger one becomes a line of the error file.
    pub max_resource_bytes: usize,
    /// How files are stored; error files are never coded.
    pub coding: Coding,
    /// The most that a job may hold.
    pub job: JobLimits,
}

impl Config {
    /// Reads the configuration.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn read(mut variables: Variables) -> Result<Self, Problems> {
        let v = &mut variables;
        let parts = Parts::read(v);
        let (hour, second) = (Duration::from_hours(1), Duration::from_secs(1));
        let control = u64::try_from(parts.slots).unwrap_or(64) + 4;
        let store = bulk_export_store::Config::read(v, control);
        // A part that is pinned holds a connection meanwhile; heartbeats must never wait for one.
        if store
            .as_ref()
            .is_some_and(|store| u64::from(store.connections) < control)
        {
            v.problem(
                "DB_CONNECTIONS",
                format!("is too small: WORKER_PARTS + 4 = {control} are needed"),
            );
        }
        // Each part holds a connection of its own for its whole upload; the others plan, and cancel reads.
        let source = bulk_export_store::SourceConfig::read(
            v,
            u32::try_from(parts.slots).unwrap_or(u32::MAX) + 2,
        );
        let queue = bulk_export_queue::Config::read(v);
        let ipfs_api_url = v.http_url("IPFS_API_URL");
        let accept_public_node = accept_public_node(v);
        let listen = v.or(
            "WORKER_LISTEN",
            "an address such as 0.0.0.0:8081",
            SocketAddr::from(([0, 0, 0, 0], 8081)),
        );
        let listen_addr_file = v.optional("LISTEN_ADDR_FILE", "a path");
        let node_full_at = node_full_at(v);
        let reconcile_interval =
            v.duration("RECONCILE_INTERVAL", Duration::from_secs(15), second, hour);
        let sweep_interval = v.duration("SWEEP_INTERVAL", hour, second, hour * 24);
        let grace = v.duration("EXPORT_GRACE", hour, Duration::ZERO, hour * 24 * 7);
        let shutdown_grace = v.duration("SHUTDOWN_GRACE", Duration::from_secs(25), second, hour);
        let webhooks = Webhooks::read(v);
        let logging = Logging::read(v, bulk_export_service::understood);
        let traces = Traces::read(v);
        variables.finish()?;
        let (Some(store), Some(source), Some(ipfs_api_url)) = (store, source, ipfs_api_url) else {
            unreachable!("what is missing was noted as a problem")
        };
        Ok(Self {
            store,
            source,
            queue,
            ipfs_api_url,
            accept_public_node,
            listen,
            listen_addr_file,
            parts,
            node_full_at,
            reconcile_interval,
            sweep_interval,
            grace,
            shutdown_grace,
            webhooks,
            logging,
            traces,
        })
    }
}

impl Webhooks {
    fn read(v: &mut Variables) -> Self {
        let reach = Reach::read(v);
        let path: Option<PathBuf> = v.optional("WEBHOOK_CA_FILE", "a path");
        let read = |path: &PathBuf| {
            let text = std::fs::read(path).ok()?;
            let found = reqwest::Certificate::from_pem_bundle(&text).ok()?;
            (!found.is_empty()).then_some(found)
        };
        let authorities = path.as_ref().map_or(Some(vec![]), read);
        if authorities.is_none() {
            v.problem(
                "WEBHOOK_CA_FILE",
                "names a file that cannot be read, or that holds no certificates in PEM",
            );
        }
        Self {
            reach,
            authorities: authorities.unwrap_or_default(),
        }
    }
}

impl Parts {
    fn read(v: &mut Variables) -> Self {
        let small = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        Self {
            slots: small(v.number("WORKER_PARTS", 2, 1, 64)),
            lease: v.duration(
                "PART_LEASE",
                Duration::from_secs(30),
                Duration::from_secs(2),
                Duration::from_mins(10),
            ),
            attempts: i32::try_from(v.number("PART_ATTEMPTS", 5, 1, 100)).unwrap_or(100),
            rows: v.number("EXPORT_PART_ROWS", 200_000, 1, 100_000_000),
            file_bytes: v.number("EXPORT_FILE_BYTES", 256 << 20, 1 << 16, 1 << 40),
            max_resource_bytes: small(v.number(
                "EXPORT_MAX_RESOURCE_BYTES",
                16 << 20,
                1 << 10,
                1 << 30,
            )),
            coding: coding(v),
            job: JobLimits::read(v),
        }
    }
}

fn node_full_at(v: &mut Variables) -> Option<u64> {
    match v.raw("NODE_FULL_AT") {
        Some("none") => None,
        _ => Some(v.number("NODE_FULL_AT", 90, 3, 100)),
    }
}

/// Reads how files are compressed.
fn coding(v: &mut Variables) -> Coding {
    match v.raw("EXPORT_COMPRESSION").unwrap_or("none") {
        "none" => Coding::Identity,
        "gzip" => Coding::Gzip,
        "zstd" => Coding::Zstd,
        _ => {
            v.problem(
                "EXPORT_COMPRESSION",
                "cannot be read: none, gzip or zstd is expected",
            );
            Coding::Identity
        }
    }
}

fn accept_public_node(v: &mut Variables) -> bool {
    let words = v.raw("IPFS_ALLOW_PUBLIC_NODE").map(str::to_owned);
    match words.as_deref() {
        None => false,
        Some(ACCEPT_PUBLIC) => true,
        Some(_) => {
            v.problem("IPFS_ALLOW_PUBLIC_NODE", format!("is not understood: only the exact words '{ACCEPT_PUBLIC}' accept a node that is not private"));
            false
        }
    }
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

    const NEEDED: [(&str, &str); 2] = [
        ("DATABASE_URL", "postgres://h/d"),
        ("IPFS_API_URL", "http://127.0.0.1:5001"),
    ];

    #[test]
    fn two_variables_are_enough() {
        let config = read(&NEEDED).unwrap();
        assert_eq!(config.parts.slots, 2);
        assert_eq!(config.source.connections, 4);
        assert!(!config.accept_public_node);
    }

    #[test]
    fn every_problem_is_named_at_once() {
        let wrong = [
            ("PART_LEASE", "1s"),
            ("WORKER_LISTEN", "x"),
            ("LOG_FORMAT", "xml"),
            ("IPFS_ALLOW_PUBLIC_NODE", "yes"),
        ];
        let mut named = read(&wrong).unwrap_err();
        named.sort_unstable();
        assert_eq!(
            named,
            [
                "DATABASE_URL",
                "IPFS_ALLOW_PUBLIC_NODE",
                "IPFS_API_URL",
                "LOG_FORMAT",
                "PART_LEASE",
                "WORKER_LISTEN"
            ]
        );
    }

    #[test]
    fn files_are_compressed_when_it_is_said_how() {
        let with = |value| read(&[NEEDED[0], NEEDED[1], ("EXPORT_COMPRESSION", value)]);
        for (value, coding) in [
            ("", Coding::Identity),
            ("none", Coding::Identity),
            ("gzip", Coding::Gzip),
            ("zstd", Coding::Zstd),
        ] {
            assert_eq!(with(value).unwrap().parts.coding, coding, "{value}");
        }
        assert_eq!(with("brotli").unwrap_err(), ["EXPORT_COMPRESSION"]);
    }

    #[test]
    fn webhooks_go_to_public_addresses_unless_it_is_said_in_so_many_words() {
        assert_eq!(read(&NEEDED).unwrap().webhooks.reach, Reach::Public);
        let with = |name, value| read(&[NEEDED[0], NEEDED[1], (name, value)]);
        let words = "yes, this is for development";
        let allowed = with("WEBHOOK_ALLOW_PRIVATE", words).unwrap();
        assert_eq!(allowed.webhooks.reach, Reach::Anywhere);
        assert_eq!(
            with("WEBHOOK_ALLOW_PRIVATE", "yes").unwrap_err(),
            ["WEBHOOK_ALLOW_PRIVATE"]
        );
        for file in ["/nowhere", "/dev/null"] {
            let problems = with("WEBHOOK_CA_FILE", file).unwrap_err();
            assert_eq!(problems, ["WEBHOOK_CA_FILE"]);
        }
    }

    #[test]
    fn a_public_node_is_accepted_in_so_many_words() {
        let words = [
            NEEDED[0],
            NEEDED[1],
            ("IPFS_ALLOW_PUBLIC_NODE", ACCEPT_PUBLIC),
        ];
        assert!(read(&words).unwrap().accept_public_node);
    }
}
