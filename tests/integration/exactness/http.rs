//! Kick-offs over HTTP in the midst of the storm, at a modest rate, as a bulk client sends them: what each takes, and what a
//! poll of its status takes, which goes the same way and writes nothing.

use std::time::{Duration, Instant};

use bulk_export_tests::{
    Client, Stack,
    client::{accepted, job_id},
};
use chrono::{DateTime, SecondsFormat, Utc};
use tokio::{
    sync::watch,
    time::{MissedTickBehavior, interval},
};

/// From one kick-off to the next, if that one is answered in time.
const PACE: Duration = Duration::from_millis(70);

/// One kick-off of so many asks for everything, the others for what is new since the one before.
const WHOLE: usize = 4;

/// A job that was kicked off.
pub(super) struct Job {
    /// Its status URL.
    pub(super) url: String,
    /// What was asked for.
    pub(super) query: String,
    pub(super) at: DateTime<Utc>,
    pub(super) since: Option<DateTime<Utc>>,
}

/// A bulk client, and what it met.
pub(super) struct KickOffs {
    client: Client,
    session: tokio_postgres::Client,
    pub(super) jobs: Vec<Job>,
    /// From the request to the whole answer.
    pub(super) latencies: Vec<Duration>,
    /// Of a status poll, at the same moments.
    pub(super) polls: Vec<Duration>,
}

impl KickOffs {
    /// Makes a client, and lets the server open its connections before anything is measured.
    pub(super) async fn new(stack: &Stack) -> Self {
        let mut client = Self {
            client: stack.admin(),
            session: stack.database.session().await,
            jobs: vec![],
            latencies: vec![],
            polls: vec![],
        };
        client.kick_off().await;
        client.latencies.clear();
        client.polls.clear();
        client
    }

    /// Kicks off until the writers are done.
    pub(super) async fn run(mut self, mut done: watch::Receiver<bool>) -> Self {
        let mut pace = interval(PACE);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while !*done.borrow_and_update() {
            pace.tick().await;
            self.kick_off().await;
        }
        self
    }

    async fn kick_off(&mut self) {
        let since = match self.jobs.len() % WHOLE {
            0 => None,
            _ => self.jobs.last().map(|job| job.at),
        };
        let query = since.map_or_else(String::new, |since| {
            format!(
                "_since={}",
                since.to_rfc3339_opts(SecondsFormat::Millis, true)
            )
        });
        let start = Instant::now();
        let reply = self.client.kick_off(&query).await;
        self.latencies.push(start.elapsed());
        let url = accepted(&reply);
        let start = Instant::now();
        let poll = self.client.get(&url).await;
        self.polls.push(start.elapsed());
        assert_eq!(poll.status, 202, "{}", poll.text());
        let time = "SELECT transaction_time FROM bulk_export_jobs WHERE id = $1";
        let row = self.session.query_one(time, &[&job_id(&url)]).await;
        let at: DateTime<Utc> = row.expect("the job was accepted").get(0);
        assert!(since.is_none_or(|since| since <= at), "T never goes back");
        self.jobs.push(Job {
            url,
            query,
            at,
            since,
        });
    }
}
