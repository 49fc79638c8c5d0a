//! Requests under load: kick-offs and polls, by `wrk` from Debian's packages.

use std::process::Command;

use bulk_export_tests::{binaries::workspace, tokens};

use crate::{
    cpu::{Meter, Usage},
    small,
    system::{System, Workers},
};

/// What a route does under load.
#[derive(Debug, Clone)]
pub(crate) struct Load {
    /// What was asked.
    pub(crate) what: &'static str,
    /// Answers.
    pub(crate) requests: f64,
    /// Milliseconds: p50 and p99.
    pub(crate) latency: [f64; 2],
    /// What it cost.
    pub(crate) usage: Usage,
}

impl Load {
    /// Microseconds of a program's time that a request cost.
    pub(crate) fn micros(&self, name: &str) -> f64 {
        self.usage.of(name) * 1e6 / self.requests
    }
}

/// Puts each route under load, with no worker beside it.
pub(crate) async fn measure(system: &mut System, seconds: u64) -> Vec<Load> {
    system.renew(Workers::NONE).await;
    let base = system.stack.base.clone();
    let admin = tokens::token("admin", "ADMIN");
    let patients = small::tokens_of(system, 1).await;
    let http = small::client();
    let pending = small::kick_off(&http, &base, &admin).await;
    let running = small::kick_off(&http, &base, &admin).await;
    let run = "UPDATE bulk_export_jobs SET status = 'in_progress', progress = 42, total_resources = 1000000 WHERE id::text = ";
    let (_, id) = running
        .rsplit_once('/')
        .expect("a status URL ends in the job");
    system.stack.database.run(&format!("{run}'{id}'")).await;
    let kick_off = format!("{base}/Patient/$export");
    let mut loads = Vec::new();
    for (what, url, token) in [
        ("status, pending", &pending, &admin),
        ("status, in progress", &running, &admin),
        ("kick-off of everyone", &kick_off, &admin),
        ("kick-off of a patient", &kick_off, &patients[0]),
    ] {
        loads.push(wrk(system, what, url, token, seconds).await);
    }
    loads
}

/// Runs `wrk` with 16 connections.
async fn wrk(system: &System, what: &'static str, url: &str, token: &str, seconds: u64) -> Load {
    let script = workspace().join("tests/benches/export/wrk.lua");
    let mut wrk = Command::new("wrk");
    wrk.args([
        "--threads",
        "1",
        "--connections",
        "16",
        "--duration",
        &format!("{seconds}s"),
        "--script",
    ]);
    wrk.arg(script).arg(url).env("TOKEN", token);
    let meter = Meter::start(system.targets());
    let output = tokio::task::spawn_blocking(move || wrk.output())
        .await
        .expect("the wait does not panic");
    let usage = meter.stop();
    let output = output.expect("wrk runs: deploy/dev/services packages wrk");
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("requests errors p50 p99: "));
    let numbers: Vec<f64> = line
        .unwrap_or_default()
        .split(' ')
        .filter_map(|word| word.parse().ok())
        .collect();
    let [requests, errors, p50, p99] = numbers[..] else {
        panic!("wrk said: {text}")
    };
    assert!(
        errors == 0.0,
        "{what}: {errors} requests were not answered as they should be"
    );
    Load {
        what,
        requests,
        latency: [p50 / 1000.0, p99 / 1000.0],
        usage,
    }
}
