//! Bulk clients that heed what they are told: they poll when `Retry-After` says, and go away when they are refused.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bulk_export_tests::{Stack, secs, tokens};
use reqwest::{Client, Response, StatusCode};
use tokio::time::{Instant, interval, sleep};

/// The pause between two polls where the capacity is measured.
const PAUSE: Duration = Duration::from_millis(50);

/// Requests that a client makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Request {
    KickOff,
    Poll,
    Download,
    Delete,
}

/// Everything that was answered.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    /// Answers by request, status, and whether a refusal said when to come again.
    answers: Mutex<BTreeMap<(Request, u16, bool), u64>>,
    /// Milliseconds of the polls that were answered with 202.
    polls: Mutex<Vec<f64>>,
    /// Accepted jobs that have not been seen completed.
    open: AtomicUsize,
}

/// Patients who ask for their records.
#[derive(Debug)]
pub(crate) struct Clients {
    http: Client,
    base: String,
    patients: Vec<String>,
    next: AtomicUsize,
}

impl Clients {
    /// Makes clients of every patient of a system.
    pub(crate) async fn of(stack: &Stack) -> Self {
        let http = Client::builder().no_proxy().timeout(secs(60)).build();
        Self {
            http: http.expect("a client can be made"),
            base: stack.base.clone(),
            patients: stack
                .database
                .column("SELECT id::text FROM patients", &[])
                .await,
            next: AtomicUsize::new(0),
        }
    }

    /// Gives the next patient's token; every tenth is the same greedy one's.
    fn token(&self) -> String {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let place = if number % 10 == 9 {
            0
        } else {
            number % self.patients.len()
        };
        tokens::token(&self.patients[place], "PATIENT")
    }

    async fn kick_off(&self, token: &str) -> Response {
        let request = self
            .http
            .get(format!("{}/Patient/$export", self.base))
            .bearer_auth(token)
            .header("Accept", "application/fhir+json")
            .header("Prefer", "respond-async");
        request.send().await.expect("the server answers")
    }

    async fn get(&self, url: &str, token: &str) -> Response {
        let request = self.http.get(url).bearer_auth(token);
        request.send().await.expect("the server answers")
    }

    /// Polls one job that nobody works on, twenty times a second, and gives the milliseconds.
    pub(crate) async fn poll_one_job(&self, time: Duration) -> Vec<f64> {
        let token = self.token();
        let url = location(&self.kick_off(&token).await);
        let (mut ticks, end) = (interval(Duration::from_millis(50)), Instant::now() + time);
        let mut times = Vec::new();
        while Instant::now() < end {
            ticks.tick().await;
            let started = Instant::now();
            let reply = self.get(&url, &token).await;
            assert_eq!(reply.status(), StatusCode::ACCEPTED);
            reply.bytes().await.expect("the answer is whole");
            times.push(milliseconds(started));
        }
        times
    }

    /// Keeps so many jobs under way, polled without a pause worth mentioning, and gives how many a second ended.
    pub(crate) async fn closed_loop(self: &Arc<Self>, at_once: usize, time: Duration) -> f64 {
        let (done, end) = (Arc::new(AtomicUsize::new(0)), Instant::now() + time);
        let mut loops = tokio::task::JoinSet::new();
        for _ in 0..at_once {
            let (clients, done) = (Arc::clone(self), Arc::clone(&done));
            loops.spawn(async move {
                while Instant::now() < end {
                    let token = clients.token();
                    let url = location(&clients.kick_off(&token).await);
                    while clients.get(&url, &token).await.status() != StatusCode::OK {
                        sleep(PAUSE).await;
                    }
                    clients.delete(&url, &token).await;
                    done.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        loops.join_all().await;
        #[expect(clippy::cast_precision_loss, reason = "some thousands")]
        let jobs = done.load(Ordering::Relaxed) as f64;
        jobs / time.as_secs_f64()
    }

    /// Kicks exports off at this rate, whatever becomes of them.
    pub(crate) async fn open_loop(self: &Arc<Self>, a_second: f64, time: Duration) -> Tally {
        let tally = Tally::default();
        let end = Instant::now() + time;
        let mut ticks = interval(Duration::from_secs_f64(1.0 / a_second));
        while Instant::now() < end {
            ticks.tick().await;
            tokio::spawn(Arc::clone(self).one(tally.clone()));
        }
        tally
    }

    /// One client: kick-off, polls, one file, and the end.
    async fn one(self: Arc<Self>, tally: Tally) {
        let token = self.token();
        let reply = self.kick_off(&token).await;
        tally.note(Request::KickOff, &reply);
        if reply.status() != StatusCode::ACCEPTED {
            return;
        }
        let url = location(&reply);
        tally.0.open.fetch_add(1, Ordering::Relaxed);
        let Some(manifest) = self.wait(&url, &token, &tally).await else {
            return;
        };
        tally.0.open.fetch_sub(1, Ordering::Relaxed);
        if let Some(file) = manifest["output"][0]["url"].as_str() {
            let reply = self.get(file, &token).await;
            tally.note(Request::Download, &reply);
            let _ = reply.bytes().await;
        }
        let reply = self.delete(&url, &token).await;
        tally.note(Request::Delete, &reply);
    }

    /// Polls as the server asks, and gives the manifest; nothing where the answer is neither 202 nor 200.
    async fn wait(&self, url: &str, token: &str, tally: &Tally) -> Option<serde_json::Value> {
        loop {
            let started = Instant::now();
            let reply = self.get(url, token).await;
            tally.note(Request::Poll, &reply);
            let pause = retry_after(&reply);
            match reply.status() {
                StatusCode::ACCEPTED => {
                    reply.bytes().await.expect("the answer is whole");
                    tally.polled(milliseconds(started));
                    sleep(pause.unwrap_or(secs(1))).await;
                }
                StatusCode::OK => return reply.json().await.ok(),
                _ => return None,
            }
        }
    }

    async fn delete(&self, url: &str, token: &str) -> Response {
        let request = self.http.delete(url).bearer_auth(token);
        request.send().await.expect("the server answers")
    }
}

impl Tally {
    fn note(&self, request: Request, reply: &Response) {
        let told = retry_after(reply).is_some();
        let key = (request, reply.status().as_u16(), told);
        let mut answers = lock(&self.0.answers);
        *answers.entry(key).or_default() += 1;
    }

    fn polled(&self, milliseconds: f64) {
        lock(&self.0.polls).push(milliseconds);
    }

    /// Gives the answers: request, status, whether `Retry-After` was there, and how many.
    pub(crate) fn answers(&self) -> Vec<(Request, u16, bool, u64)> {
        let answers = lock(&self.0.answers);
        let rows = answers
            .iter()
            .map(|((request, status, told), count)| (*request, *status, *told, *count));
        rows.collect()
    }

    /// Gives the milliseconds of the polls that were answered with 202.
    pub(crate) fn polls(&self) -> Vec<f64> {
        lock(&self.0.polls).clone()
    }

    /// Waits until every accepted job was seen completed, and gives how many were not.
    pub(crate) async fn drained(&self, deadline: Instant) -> usize {
        loop {
            let open = self.0.open.load(Ordering::Relaxed);
            if open == 0 || Instant::now() > deadline {
                return open;
            }
            sleep(Duration::from_millis(200)).await;
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn milliseconds(started: Instant) -> f64 {
    started.elapsed().as_secs_f64() * 1000.0
}

fn retry_after(reply: &Response) -> Option<Duration> {
    let value = reply.headers().get("retry-after")?.to_str().ok()?;
    value.parse().ok().map(Duration::from_secs)
}

/// Gives the status URL of an accepted kick-off.
fn location(reply: &Response) -> String {
    assert_eq!(reply.status(), StatusCode::ACCEPTED);
    let location = reply.headers()["content-location"].to_str();
    location.expect("a URL is ASCII").to_owned()
}
