//! `make soak`: twice what this machine serves, for minutes. Whoever is refused is told when to come again, polls stay
//! quick, memory stays flat, and what was accepted is completed.
//!
//! The servers are real ones and so are the exports: patients' own records, each kicked off, polled at the pace that the
//! server asks for, read and deleted. It ends with 1 when a promise was not kept.

mod clients;
mod memory;
mod report;
mod settings;

use std::{process::ExitCode, sync::Arc, time::Duration};

use bulk_export_tests::{Stack, quantile, secs};
use tokio::time::Instant;

use crate::{
    clients::{Clients, Tally},
    memory::Memory,
    settings::Settings,
};

/// Jobs under way at once where the capacity is measured.
const AT_ONCE: usize = 16;

/// What was measured.
#[derive(Debug)]
struct Results {
    /// Milliseconds of a poll at rest: p50 and p99.
    idle: [f64; 2],
    /// Jobs a second that this machine serves.
    capacity: f64,
    /// Kick-offs a second that it was given.
    offered: f64,
    /// `EXPORT_MAX_JOBS` meanwhile.
    most_jobs: u64,
    tally: Tally,
    memory: Memory,
    /// Accepted jobs that were not completed in the end.
    lost: usize,
}

#[tokio::main]
async fn main() -> ExitCode {
    let settings = Settings::read();
    let results = run(&settings).await;
    if report::print(&settings, &results) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

async fn run(settings: &Settings) -> Results {
    let mut stack = Stack::builder()
        .sample(settings.patients)
        .own_kubo()
        // Until the overload: whoever measures does not wait for `Retry-After`.
        .api("RATE_LIMIT_STATUS", "1000000/1s")
        .api("RATE_LIMIT_KICK_OFF", "1000000/1s")
        .start()
        .await;
    let clients = Arc::new(Clients::of(&stack).await);
    say("polls at rest");
    let mut polls = clients.poll_one_job(settings.rest).await;
    let idle = [0.5, 0.99].map(|share| quantile(&mut polls, share));
    for _ in 0..settings.workers {
        stack.start_worker(&[]).await;
    }
    say("what the machine serves");
    let capacity = clients.closed_loop(AT_ONCE, settings.measure).await;
    let most_jobs = most_jobs(capacity);
    if let Some(mut api) = stack.api.take() {
        api.terminate(secs(30)).await;
    }
    // As it is by default, but for the jobs under way: half a minute's work on this machine.
    let most = most_jobs.to_string();
    stack
        .start_api_with(&[
            ("EXPORT_MAX_JOBS", &most),
            ("RATE_LIMIT_STATUS", "60/30s"),
            ("RATE_LIMIT_KICK_OFF", "60/1m"),
        ])
        .await;
    let clients = Arc::new(Clients::of(&stack).await);
    let offered = capacity * 2.0;
    say(&format!(
        "{offered:.1} kick-offs a second for {} s; {most_jobs} jobs may be under way",
        settings.overload.as_secs()
    ));
    let mut memory = Memory::default();
    let overload = clients.open_loop(offered, settings.overload);
    let watched = memory.watch(&stack, settings.overload);
    let (tally, ()) = tokio::join!(overload, watched);
    say("what was accepted is completed");
    let lost = tally.drained(Instant::now() + DRAIN).await;
    Results {
        idle,
        capacity,
        offered,
        most_jobs,
        tally,
        memory,
        lost,
    }
}

/// As many jobs as are served in half a minute: a client that is accepted waits no longer than that.
fn most_jobs(capacity: f64) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "some hundreds"
    )]
    let jobs = (capacity * 30.0).ceil() as u64;
    jobs.max(10)
}

/// How long the accepted jobs may take after the last kick-off.
const DRAIN: Duration = secs(120);

/// Tells what is going on; the report is for the standard output alone.
fn say(what: &str) {
    eprintln!("soak: {what}");
}
