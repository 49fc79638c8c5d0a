//! The system under measurement: the three programs on one database, and a node that is new for every measurement, so
//! that it has none of the bytes (it skips what it has).

use bulk_export_domain::config::Variables;
use bulk_export_store::{SourceConfig, source::Source};
use bulk_export_tests::{Stack, secs, services::Private};

use crate::cpu::{Target, Targets};

/// How the workers of a measurement are set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Workers {
    /// How many there are.
    pub(crate) count: usize,
    /// `WORKER_PARTS`; none is the product's default.
    pub(crate) parts: Option<usize>,
    /// `EXPORT_COMPRESSION`.
    pub(crate) compression: &'static str,
}

impl Workers {
    /// One worker as the product has it by default.
    pub(crate) const DEFAULT: Self = Self {
        count: 1,
        parts: None,
        compression: "none",
    };
    /// No worker: jobs stay where the API put them.
    pub(crate) const NONE: Self = Self {
        count: 0,
        ..Self::DEFAULT
    };

    /// The parts that run at once in a worker.
    pub(crate) fn parts(self) -> usize {
        // docs/configuration.md: the default of WORKER_PARTS.
        self.parts.unwrap_or(2)
    }
}

/// The system.
#[derive(Debug)]
pub(crate) struct System {
    pub(crate) stack: Stack,
}

impl System {
    /// Starts it with an empty resource store.
    pub(crate) async fn start() -> Self {
        let stack = Stack::builder()
            .common("FHIR_SOURCE", "store")
            // One client kicks off as fast as it can, and nothing is exported meanwhile.
            .api("EXPORT_MAX_JOBS_PER_REQUESTER", "none")
            .api("EXPORT_MAX_JOBS", "none")
            .api("EXPORT_MAX_JOBS_PER_PATIENT", "none")
            // Counted all the same: what a poll costs includes it.
            .api("RATE_LIMIT_KICK_OFF", "1000000/1s")
            .api("RATE_LIMIT_STATUS", "1000000/1s")
            .api("RATE_LIMIT_DOWNLOAD", "1000000/1s")
            .start()
            .await;
        Self { stack }
    }

    /// Forgets every job, takes a new node, and starts the programs anew.
    pub(crate) async fn renew(&mut self, workers: Workers) {
        let stack = &mut self.stack;
        for worker in &mut stack.workers {
            worker.terminate(secs(30)).await;
        }
        stack.workers.clear();
        if let Some(api) = &mut stack.api {
            api.terminate(secs(30)).await;
        }
        stack.api = None;
        // Before the next one starts: it lives in the same folder.
        stack.private_kubo = None;
        let node = Private::start("kubo", &stack.folder.path().join("node"));
        stack.kubo = node.kubo();
        stack.private_kubo = Some(node);
        let forget = "DELETE FROM bulk_export_files; DELETE FROM bulk_export_jobs; \
                      UPDATE bulk_export_node SET garbage = 0; CHECKPOINT";
        stack.database.run(forget).await;
        stack.redis.flush().await;
        stack.start_api().await;
        let parts = workers.parts().to_string();
        let settings = [
            ("WORKER_PARTS", parts.as_str()),
            ("EXPORT_COMPRESSION", workers.compression),
        ];
        for _ in 0..workers.count {
            stack.start_worker(&settings).await;
        }
    }

    /// Gives the programs that take part, this one as the client.
    pub(crate) fn targets(&self) -> Targets {
        let stack = &self.stack;
        let workers = stack
            .workers
            .iter()
            .map(|worker| ("worker", Target::Process(worker.id())));
        let api = stack
            .api
            .iter()
            .map(|api| ("api", Target::Process(api.id())));
        let redis = ("redis", Target::Process(server("TEST_REDIS_PID")));
        let servers = [
            self.kubo(),
            postgres(),
            redis,
            ("client", Target::Ourselves),
        ];
        workers.chain(api).chain(servers).collect()
    }

    /// Gives the node.
    pub(crate) fn kubo(&self) -> (&'static str, Target) {
        let node = self
            .stack
            .private_kubo
            .as_ref()
            .expect("a measurement begins with `renew`");
        ("kubo", Target::Process(node.id().unsigned_abs()))
    }

    /// Opens the resource store as a worker does.
    pub(crate) fn source(&self) -> Source {
        source(&self.stack.database.url)
    }
}

/// Opens the resource store of a database as a worker does.
pub(crate) fn source(url: &str) -> Source {
    let values = [("DATABASE_URL", url), ("FHIR_SOURCE", "store")];
    let values = values.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let config = SourceConfig::read(&mut Variables::new(values), 4);
    Source::new(&config.expect("these variables are enough"))
}

/// Gives the database server with its sessions.
pub(crate) fn postgres() -> (&'static str, Target) {
    ("postgres", Target::Family(server("TEST_POSTGRES_PID")))
}

/// Gives the process id of a server that the run was given.
fn server(name: &str) -> u32 {
    let id = std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run `make bench`"));
    id.parse().expect("a process id is a number")
}
