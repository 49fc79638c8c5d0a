//! The services: those that the run was given (`TEST_*`), shared by all tests, and private instances for tests that
//! kill or break one, started by `deploy/dev/services`. Without services every test fails loudly.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use rustix::process::{Pid, Signal, kill_process};

use crate::{binaries::workspace, kubo::Kubo, redis::Redis};

/// The services that all tests share.
#[derive(Debug, Clone)]
pub struct Shared {
    /// A superuser's URL of a PostgreSQL on which databases may be made.
    pub database_url: String,
    /// Redis with many logical databases; each test takes one.
    pub redis: Redis,
    /// The node that ordinary tests write to. Nobody sweeps it or breaks it.
    pub kubo: Kubo,
}

/// Gives the services of this run.
///
/// # Panics
/// When one was not given: a test that cannot run has failed.
pub fn shared() -> &'static Shared {
    static SHARED: OnceLock<Shared> = OnceLock::new();
    SHARED.get_or_init(|| {
        let variable = |name: &str| {
            std::env::var(name).unwrap_or_else(|_| {
                panic!("{name} is not set. The integration tests need real services: run `make test`, or see README.md.")
            })
        };
        let port = variable("TEST_REDIS_PORT").parse().expect("TEST_REDIS_PORT is a port");
        Shared {
            database_url: variable("TEST_DATABASE_URL"),
            redis: Redis {
                host: variable("TEST_REDIS_HOST"),
                port,
                password: std::env::var("TEST_REDIS_PASSWORD").ok(),
                database: 0,
            },
            kubo: Kubo {
                api_url: variable("TEST_IPFS_API_URL"),
                gateway_url: variable("TEST_IPFS_GATEWAY_URL"),
                repository: None,
            },
        }
    })
}

/// A private instance of one service. Dropped, it is stopped and its data removed.
#[derive(Debug)]
pub struct Private {
    name: &'static str,
    folder: PathBuf,
    environment: BTreeMap<String, String>,
}

/// A frozen service. Dropped, it goes on.
#[derive(Debug)]
pub struct Frozen(Pid);

impl Drop for Frozen {
    fn drop(&mut self) {
        let _ = kill_process(self.0, Signal::CONT);
    }
}

impl Private {
    /// Starts a private instance (`redis` or `kubo`) under a folder.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start(name: &'static str, folder: &Path) -> Self {
        let mut private = Self {
            name,
            folder: folder.join("services"),
            environment: BTreeMap::new(),
        };
        private.call(&["start"]);
        private.read();
        private
    }

    /// Stops the service and keeps its data and its ports.
    pub fn halt(&self) {
        self.call(&["stop", "--keep"]);
    }

    /// Starts it again after a halt or a kill.
    pub fn resume(&mut self) {
        self.call(&["start"]);
        self.read();
    }

    /// Gives the process id of the service.
    pub fn id(&self) -> i32 {
        let name = format!("{}_PID", self.name.to_uppercase());
        self.value(&name).parse().expect("a process id is a number")
    }

    /// Freezes the service (SIGSTOP) until the guard is dropped.
    ///
    /// # Panics
    /// When it has ended.
    pub fn freeze(&self) -> Frozen {
        let process = Pid::from_raw(self.id()).expect("a service has a process id");
        kill_process(process, Signal::STOP).expect("a service can be frozen");
        Frozen(process)
    }

    /// Gives what the service wrote into its env file under that name.
    pub fn value(&self, name: &str) -> &str {
        self.environment
            .get(name)
            .unwrap_or_else(|| panic!("deploy/dev/services writes no {name}"))
    }

    /// Gives a private Redis.
    pub fn redis(&self) -> Redis {
        Redis {
            host: self.value("REDIS_HOST").to_owned(),
            port: self
                .value("REDIS_PORT")
                .parse()
                .expect("a port is a number"),
            password: self.environment.get("REDIS_PASSWORD").cloned(),
            database: 0,
        }
    }

    /// Gives a private node.
    pub fn kubo(&self) -> Kubo {
        Kubo {
            api_url: self.value("IPFS_API_URL").to_owned(),
            gateway_url: self.value("IPFS_GATEWAY_URL").to_owned(),
            repository: Some(PathBuf::from(self.value("IPFS_REPO"))),
        }
    }

    fn call(&self, verb: &[&str]) {
        let script = workspace().join("deploy/dev/services");
        let output = Command::new(script)
            .args(verb)
            .arg(&self.folder)
            .arg(self.name)
            .output()
            .expect("bash runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "deploy/dev/services {verb:?} {}: {said}",
            self.name
        );
    }

    fn read(&mut self) {
        let text = fs::read_to_string(self.folder.join("env"))
            .expect("deploy/dev/services writes DIR/env");
        let pairs = text.lines().filter_map(|line| line.split_once('='));
        self.environment = pairs
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        let script = workspace().join("deploy/dev/services");
        let _ = Command::new(script).arg("stop").arg(&self.folder).output();
    }
}
