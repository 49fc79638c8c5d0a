//! A whole system for one test: its own database and Redis database, a node, the API and as many workers as wanted.

use std::{
    net::TcpListener,
    sync::atomic::{AtomicI64, AtomicU32, Ordering},
};

use serde_json::Value;

use crate::{
    Client, Database, Kubo, Process, TestDir,
    binaries::Binary,
    poll,
    process::{Ended, Environment, run},
    redis::Redis,
    secs,
    services::{Private, shared},
    tokens,
};

/// The name by which the API is reached.
const HOST: &str = "127.0.0.1";

/// What a test wants.
#[derive(Debug, Default)]
pub struct Builder {
    patients: u32,
    workers: u32,
    own_kubo: bool,
    own_redis: bool,
    common: Environment,
    api: Environment,
    worker: Environment,
}

impl Builder {
    /// Wants that many sample patients.
    pub fn sample(mut self, patients: u32) -> Self {
        self.patients = patients;
        self
    }

    /// Wants that many workers at the start.
    pub fn workers(mut self, workers: u32) -> Self {
        self.workers = workers;
        self
    }

    /// Wants a node of its own: the test sweeps, counts pins, breaks blocks, or stops it.
    pub fn own_kubo(mut self) -> Self {
        self.own_kubo = true;
        self
    }

    /// Wants a Redis of its own: the test stops it.
    pub fn own_redis(mut self) -> Self {
        self.own_redis = true;
        self
    }

    /// Sets a variable of both programs.
    pub fn common(mut self, name: &str, value: &str) -> Self {
        self.common.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Sets a variable of the API.
    pub fn api(mut self, name: &str, value: &str) -> Self {
        self.api.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Sets a variable of the workers.
    pub fn worker(mut self, name: &str, value: &str) -> Self {
        self.worker.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Starts it all, and waits until it is ready.
    pub async fn start(self) -> Stack {
        let folder = TestDir::new();
        let private_kubo = self.own_kubo.then(|| Private::start("kubo", folder.path()));
        let private_redis = self
            .own_redis
            .then(|| Private::start("redis", folder.path()));
        let kubo = private_kubo
            .as_ref()
            .map_or_else(|| shared().kubo.clone(), Private::kubo);
        let redis = private_redis
            .as_ref()
            .map_or_else(free_redis, Private::redis);
        redis.flush().await;
        let database = Database::migrated().await;
        let mut stack = Stack {
            api: None,
            workers: vec![],
            base: String::new(),
            database,
            redis,
            kubo,
            private_kubo,
            private_redis,
            builder: Self::default(),
            folder,
        };
        if self.patients > 0 {
            stack.load(self.patients).await;
        }
        let workers = self.workers;
        stack.builder = self;
        stack.start_api().await;
        for _ in 0..workers {
            stack.start_worker(&[]).await;
        }
        stack
    }
}

/// A running system. Dropped, it is stopped and everything of it removed.
#[derive(Debug)]
pub struct Stack {
    /// The API, while it runs.
    pub api: Option<Process>,
    /// The workers, in the order of their starts.
    pub workers: Vec<Process>,
    /// The FHIR base URL.
    pub base: String,
    /// The database.
    pub database: Database,
    /// The Redis.
    pub redis: Redis,
    /// The node.
    pub kubo: Kubo,
    /// The private node, for tests that asked for one.
    pub private_kubo: Option<Private>,
    /// The private Redis, for tests that asked for one.
    pub private_redis: Option<Private>,
    builder: Builder,
    /// The logs.
    pub folder: TestDir,
}

impl Stack {
    /// Starts to say what a test wants. Without more: an API, no worker, no data, the shared services.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Starts an API and one worker over some sample patients.
    pub async fn with_sample(patients: u32) -> Self {
        Self::builder().sample(patients).workers(1).start().await
    }

    /// Loads sample patients, other ones than any other test's.
    pub async fn load(&self, patients: u32) {
        let seed = rand::random::<u32>().to_string();
        let environment =
            Environment::from([("DATABASE_URL".to_owned(), self.database.url.clone())]);
        let arguments = ["load", "--sample", &patients.to_string(), "--seed", &seed];
        let load = run(Binary::Cli, &arguments, &environment, secs(60)).await;
        assert!(
            load.status.success(),
            "bulk-export {arguments:?}: {}{}",
            load.stdout,
            load.stderr
        );
    }

    /// Starts the API on a free port; again on another one when somebody was quicker.
    pub async fn start_api(&mut self) {
        self.start_api_with(&[]).await;
    }

    /// Starts the API with more variables.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start_api_with(&mut self, more: &[(&str, &str)]) {
        for attempt in 0..5 {
            let port = TcpListener::bind((HOST, 0))
                .and_then(|socket| socket.local_addr())
                .expect("a free port")
                .port();
            let mut environment = self.api_environment(port);
            environment.extend(self.builder.api.clone());
            environment.extend(owned(more));
            let mut api = Process::start(
                Binary::Api,
                &environment,
                self.folder.path(),
                &format!("api-{attempt}"),
            );
            let root = format!("http://{HOST}:{port}");
            if poll("the API is ready", secs(30), async || {
                is_ready(&mut api, &root).await
            })
            .await
            {
                self.base = format!("{root}/fhir/r4");
                self.api = Some(api);
                return;
            }
            assert!(
                api.log().to_lowercase().contains("in use"),
                "the API ended at its start:\n{}",
                api.log()
            );
        }
        panic!("no port is free");
    }

    /// Starts one more worker, with more variables, and gives its place in `workers`.
    pub async fn start_worker(&mut self, more: &[(&str, &str)]) -> usize {
        let number = self.workers.len();
        let mut worker = self.spawn_worker(more);
        let url = format!("http://{}/readyz", worker.address().await);
        // Ready means that Postgres answers; `claiming`, that the source and the node have passed their checks too.
        poll("the worker claims", secs(30), async || {
            assert!(worker.ended().is_none(), "the worker ended at its start");
            let body: Value = reqwest::get(&url).await.ok()?.json().await.ok()?;
            (body["claiming"] == true).then_some(())
        })
        .await;
        self.workers.push(worker);
        number
    }

    /// Starts a worker without waiting until it is ready, and without keeping it.
    pub fn spawn_worker(&self, more: &[(&str, &str)]) -> Process {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let environment = self.worker_environment(more);
        let name = format!("worker-{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        Process::start(Binary::Worker, &environment, self.folder.path(), &name)
    }

    /// Runs the command line against this system.
    pub async fn cli(&self, arguments: &[&str]) -> Ended {
        let mut environment = self.common_environment();
        environment.insert("BULK_EXPORT_URL".to_owned(), self.base.clone());
        run(Binary::Cli, arguments, &environment, secs(60)).await
    }

    /// Gives a client that is an administrator.
    pub fn admin(&self) -> Client {
        self.client(Some(tokens::token("admin", "ADMIN")))
    }

    /// Gives a client that is this patient.
    pub fn patient(&self, id: impl ToString) -> Client {
        self.client(Some(tokens::token(&id.to_string(), "PATIENT")))
    }

    /// Gives a client with any token, or none.
    pub fn client(&self, token: Option<String>) -> Client {
        Client::new(&self.base, token)
    }

    /// Gives the host and port of the API.
    pub fn address(&self) -> &str {
        self.base
            .trim_start_matches("http://")
            .trim_end_matches("/fhir/r4")
    }

    /// Gives the root URL of the API, without the FHIR path.
    pub fn root(&self) -> &str {
        self.base.trim_end_matches("/fhir/r4")
    }

    /// Gives all that the programs of this system have logged.
    pub fn logs(&self) -> String {
        self.api
            .iter()
            .chain(&self.workers)
            .map(Process::log)
            .collect()
    }

    /// Gives the variables of a worker of this system.
    pub fn worker_environment(&self, more: &[(&str, &str)]) -> Environment {
        let mut environment = self.common_environment();
        let ours = [
            ("IPFS_API_URL", self.kubo.api_url.as_str()),
            ("WORKER_LISTEN", "127.0.0.1:0"),
            ("RECONCILE_INTERVAL", "1s"),
        ];
        environment.extend(ours.map(|(name, value)| (name.to_owned(), value.to_owned())));
        environment.extend(self.builder.worker.clone());
        environment.extend(owned(more));
        environment
    }

    /// Gives the variables of an API of this system that listens on this port.
    pub fn api_environment(&self, port: u16) -> Environment {
        let mut environment = self.common_environment();
        let ours = [
            ("API_LISTEN", format!("{HOST}:{port}")),
            ("API_PRIVATE_LISTEN", format!("{HOST}:0")),
            ("PUBLIC_BASE_URL", format!("http://{HOST}:{port}")),
            ("IPFS_GATEWAY_URL", self.kubo.gateway_url.clone()),
            ("AUTH_DEV_SECRET", tokens::SECRET.to_owned()),
            ("AUTH_ISSUER", tokens::ISSUER.to_owned()),
            ("AUTH_AUDIENCE", tokens::AUDIENCE.to_owned()),
            // Tests ask as often as they like, unless they are about that.
            ("RATE_LIMIT_KICK_OFF", "none".to_owned()),
            ("RATE_LIMIT_STATUS", "none".to_owned()),
            ("RATE_LIMIT_DOWNLOAD", "none".to_owned()),
            ("RATE_LIMIT_UNAUTHENTICATED", "none".to_owned()),
            // One client of a test asks for as much as a hundred do elsewhere.
            ("EXPORT_MAX_JOBS_PER_REQUESTER", "none".to_owned()),
            ("EXPORT_MAX_JOBS", "none".to_owned()),
        ];
        environment.extend(ours.map(|(name, value)| (name.to_owned(), value)));
        environment
    }

    fn common_environment(&self) -> Environment {
        let mut environment = Environment::from([
            ("DATABASE_URL".to_owned(), self.database.url.clone()),
            ("REDIS_HOST".to_owned(), self.redis.host.clone()),
            ("REDIS_PORT".to_owned(), self.redis.port.to_string()),
            ("REDIS_DB".to_owned(), self.redis.database.to_string()),
        ]);
        environment.extend(
            self.redis
                .password
                .clone()
                .map(|password| ("REDIS_PASSWORD".to_owned(), password)),
        );
        environment.extend(self.builder.common.clone());
        environment
    }
}

/// Makes variables of borrowed pairs.
fn owned(pairs: &[(&str, &str)]) -> Environment {
    let pairs = pairs.iter();
    pairs
        .map(|(name, value)| ((*name).into(), (*value).into()))
        .collect()
}

/// Says whether a program is ready; gives `false` when it ended instead.
async fn is_ready(process: &mut Process, root: &str) -> Option<bool> {
    if process.ended().is_some() {
        return Some(false);
    }
    let reply = reqwest::get(format!("{root}/readyz")).await.ok()?;
    reply.status().is_success().then_some(true)
}

/// Gives a logical database of the shared Redis that no other test of this run has.
fn free_redis() -> Redis {
    static NUMBER: AtomicI64 = AtomicI64::new(0);
    let first = i64::from(std::process::id()) * 61;
    let database = (first + NUMBER.fetch_add(1, Ordering::Relaxed)) % 1024;
    Redis {
        database,
        ..shared().redis.clone()
    }
}
