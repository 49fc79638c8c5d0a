//! Small jobs: exports of one patient each, many at once and one at a time.

use std::time::{Duration, Instant};

use bulk_export_tests::{quantile, tokens};
use futures::{StreamExt, stream};
use reqwest::{Client, StatusCode};

use crate::{
    cpu::{Meter, Usage},
    system::{System, Workers},
};

/// Jobs that wait at once where the rate is measured.
const AT_ONCE: usize = 16;

/// The pause between two polls of a client.
const PAUSE: Duration = Duration::from_millis(20);

/// What small jobs took.
#[derive(Debug, Clone)]
pub(crate) struct Small {
    /// Jobs.
    pub(crate) jobs: usize,
    /// The whole.
    pub(crate) usage: Usage,
    /// Milliseconds from kick-off to completed, of many at once: p50 and p99.
    pub(crate) crowded: [f64; 2],
    /// The same with one job at a time.
    pub(crate) alone: [f64; 2],
}

/// Exports the records of so many patients, one job each.
pub(crate) async fn measure(system: &mut System, jobs: usize) -> Small {
    system.renew(Workers::DEFAULT).await;
    let tokens = tokens_of(system, jobs).await;
    let http = client();
    let base = system.stack.base.clone();
    // The first of all opens connections.
    one(&http, &base, &tokens[0]).await;
    let mut alone = Vec::new();
    for token in tokens.iter().take(jobs / 5) {
        alone.push(one(&http, &base, token).await);
    }
    let meter = Meter::start(system.targets());
    let crowd = stream::iter(&tokens).map(|token| one(&http, &base, token));
    let mut crowded: Vec<f64> = crowd.buffer_unordered(AT_ONCE).collect().await;
    let usage = meter.stop();
    let both = |times: &mut [f64]| [0.5, 0.99].map(|share| quantile(times, share));
    Small {
        jobs,
        usage,
        crowded: both(&mut crowded),
        alone: both(&mut alone),
    }
}

/// Gives tokens of patients.
pub(crate) async fn tokens_of(system: &System, patients: usize) -> Vec<String> {
    let sql = format!(
        "SELECT id FROM resource_version WHERE resource_type = 'Patient' AND valid_to IS NULL AND NOT deleted ORDER BY md5(id) LIMIT {patients}"
    );
    let ids: Vec<String> = system.stack.database.column(&sql, &[]).await;
    assert!(!ids.is_empty(), "the store has patients");
    ids.iter().map(|id| tokens::token(id, "PATIENT")).collect()
}

/// Runs one job, and gives its milliseconds.
async fn one(http: &Client, base: &str, token: &str) -> f64 {
    let started = Instant::now();
    let url = kick_off(http, base, token).await;
    loop {
        let reply = http
            .get(&url)
            .bearer_auth(token)
            .send()
            .await
            .expect("the server answers");
        let status = reply.status();
        reply.bytes().await.expect("the answer is whole");
        match status {
            StatusCode::OK => return started.elapsed().as_secs_f64() * 1000.0,
            StatusCode::ACCEPTED => tokio::time::sleep(PAUSE).await,
            other => panic!("a poll was answered by {other}"),
        }
    }
}

/// Kicks an export off and gives its status URL.
pub(crate) async fn kick_off(http: &Client, base: &str, token: &str) -> String {
    let request = http
        .get(format!("{base}/Patient/$export"))
        .bearer_auth(token);
    let request = request
        .header("Accept", "application/fhir+json")
        .header("Prefer", "respond-async");
    let reply = request.send().await.expect("the server answers");
    assert_eq!(reply.status(), StatusCode::ACCEPTED);
    let location = reply.headers()["content-location"].to_str();
    location.expect("a URL is ASCII").to_owned()
}

/// Makes a client that keeps its connections.
pub(crate) fn client() -> Client {
    Client::builder()
        .no_proxy()
        .build()
        .expect("a client can be made")
}
