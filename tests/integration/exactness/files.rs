//! The files of jobs that were kicked off in the midst of the storm: exported by real workers when it is over.

use bulk_export_tests::{
    Client, Stack,
    client::{FILE_EXTENSION, job_id, sha256},
};
use serde_json::Value;
use uuid::Uuid;

use super::{
    http::Job,
    model::{self, Difference},
};

/// Of so many jobs that asked for everything, and of so many that asked for what was new, the files are looked at.
const LOOKED_AT: usize = 4;

/// Exports some of the jobs, and for each another one of the same T; holds their files against each other and the model.
pub(super) async fn compare(
    stack: &mut Stack,
    session: &tokio_postgres::Client,
    jobs: &[Job],
) -> Difference {
    let client = stack.admin();
    let (whole, new): (Vec<&Job>, Vec<&Job>) = jobs.iter().partition(|job| job.since.is_none());
    let mut pairs = vec![];
    for job in spread(&whole).chain(spread(&new)) {
        pairs.push((job, twin(stack, &client, job).await));
    }
    let wanted = pairs.iter().flat_map(|(job, twin)| [&job.url, twin]);
    let wanted: Vec<Uuid> = wanted.map(|url| job_id(url)).collect();
    let others = "DELETE FROM bulk_export_jobs WHERE id <> ALL ($1)";
    stack.database.execute(others, &[&wanted]).await;
    stack.start_worker(&[]).await;
    stack.start_worker(&[]).await;
    let mut sum = Difference::default();
    for (job, twin) in &pairs {
        let (one, other) = (
            client.completed(&job.url).await,
            client.completed(twin).await,
        );
        assert_eq!(facts(&one), facts(&other), "two jobs of {}", job.at);
        sum = sum + model::compare_lines(session, job, &lines(&client, &one).await).await;
    }
    sum
}

/// Kicks off another job with the T and the question of one.
async fn twin(stack: &Stack, client: &Client, job: &Job) -> String {
    let twin = client.start(&job.query).await;
    let same = "UPDATE bulk_export_jobs SET transaction_time = $1 WHERE id = $2";
    let parameters: &[&(dyn tokio_postgres::types::ToSql + Sync)] = &[&job.at, &job_id(&twin)];
    assert_eq!(stack.database.execute(same, parameters).await, 1);
    twin
}

/// Takes some of many, from the first on.
fn spread<'a>(jobs: &[&'a Job]) -> impl Iterator<Item = &'a Job> {
    let step = jobs.len().div_ceil(LOOKED_AT).max(1);
    jobs.iter().copied().step_by(step)
}

/// What the manifest says of each file: its size, its sum, its CID.
fn facts(manifest: &Value) -> Vec<&Value> {
    let output = manifest["output"].as_array().expect("output is an array");
    output
        .iter()
        .map(|item| &item["extension"][FILE_EXTENSION])
        .collect()
}

/// Downloads every file of a manifest, and gives its lines as they are.
async fn lines(client: &Client, manifest: &Value) -> Vec<String> {
    let mut lines = vec![];
    for item in manifest["output"].as_array().expect("output is an array") {
        let url = item["url"].as_str().expect("an item has a url");
        let reply = client.get(url).await;
        let facts = &item["extension"][FILE_EXTENSION];
        assert_eq!(facts["sha256"], sha256(&reply.body), "{item}");
        lines.extend(reply.text().lines().map(str::to_owned));
    }
    lines
}
