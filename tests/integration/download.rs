//! Download: the whole file and whose it is.

use bulk_export_tests::{
    Client, Stack,
    client::{FILE_EXTENSION, job_id, sha256},
    http::{open, parse},
    one_file::OneFile,
};
use reqwest::Method;
use tokio::io::AsyncReadExt;

#[tokio::test]
async fn a_whole_file_says_its_type_length_and_validator() {
    let file = OneFile::on(Stack::builder().workers(1).start().await).await;
    let reply = file.client.get(file.url()).await;
    assert_eq!(reply.status, 200);
    assert_eq!(
        reply.header("content-type"),
        Some("application/fhir+ndjson")
    );
    assert_eq!(
        reply.header("content-length"),
        Some(file.bytes.len().to_string().as_str())
    );
    assert_eq!(reply.header("accept-ranges"), Some("bytes"));
    let tag = reply.header("etag").expect("stored bytes have a validator");
    assert!(
        tag.starts_with('"') && tag.ends_with('"') && tag.len() > 10,
        "a strong ETag: {tag}"
    );
    let facts = &file.item["extension"][FILE_EXTENSION];
    assert_eq!(sha256(&reply.body), facts["sha256"].as_str().unwrap());

    let head = Client::send(file.client.request(Method::HEAD, file.url())).await;
    assert_eq!(head.status, 200);
    for name in ["content-type", "content-length", "accept-ranges", "etag"] {
        assert_eq!(
            head.header(name),
            reply.header(name),
            "HEAD says what GET says: {name}"
        );
    }
    assert!(head.body.is_empty());
}

#[tokio::test]
async fn a_file_belongs_to_its_own_job() {
    let stack = Stack::with_sample(3).await;
    let admin = stack.admin();
    let (one, other) = (
        admin.start("_type=Patient").await,
        admin.start("_type=Consent").await,
    );
    let file = admin.completed(&one).await["output"][0]["url"]
        .as_str()
        .unwrap()
        .to_owned();
    admin.completed(&other).await;
    let mixed = file.replace(&job_id(&one).to_string(), &job_id(&other).to_string());
    assert_ne!(mixed, file);
    admin.get(&mixed).await.outcome(404, "not-found");
    admin
        .get(&format!("$export-file/{}/{}", job_id(&one), job_id(&one)))
        .await
        .outcome(404, "not-found");
    admin
        .get(&format!("$export-file/{}/nonsense", job_id(&one)))
        .await
        .outcome(404, "not-found");
    assert_eq!(admin.get(&file).await.status, 200);
}

#[tokio::test]
async fn a_download_that_runs_is_not_cut_by_expiry() {
    let file = OneFile::on(Stack::builder().workers(1).start().await).await;
    let token = file.authorization();
    let mut stream = open(
        file.stack.address(),
        &format!("GET {}", file.path()),
        &[("Authorization", &token)],
    )
    .await;
    let mut bytes = vec![0; 100_000];
    stream.read_exact(&mut bytes).await.unwrap();
    file.stack
        .database
        .run("UPDATE bulk_export_jobs SET expires_at = now()")
        .await;
    file.client.get(file.url()).await.outcome(404, "not-found");
    stream.read_to_end(&mut bytes).await.unwrap();
    let reply = parse(&bytes);
    assert!(reply.is_whole() && reply.body == file.bytes);
}
