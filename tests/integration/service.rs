//! What the servers say about themselves: health, readiness, the CapabilityStatement; and the sample data.

use bulk_export_tests::{
    Database, Stack,
    binaries::Binary,
    poll,
    process::{Environment, run},
    secs,
};
use serde_json::json;

#[tokio::test]
async fn the_capability_statement_says_what_is_served_and_no_more() {
    let stack = Stack::builder().start().await;
    let reply = stack.client(None).get("metadata").await;
    assert_eq!(reply.status, 200);
    assert!(
        reply
            .header("content-type")
            .unwrap()
            .starts_with("application/fhir+json")
    );
    let statement = reply.json();
    assert_eq!(statement["resourceType"], "CapabilityStatement");
    assert_eq!(statement["fhirVersion"], "4.0.1");
    assert_eq!(statement["kind"], "instance");
    assert_eq!(statement["implementation"]["url"], stack.base);
    assert!(
        statement["instantiates"][0]
            .as_str()
            .unwrap()
            .ends_with("/uv/bulkdata/CapabilityStatement/bulk-data")
    );
    let rest = statement["rest"].as_array().unwrap();
    assert_eq!(rest.len(), 1);
    assert_eq!(rest[0]["mode"], "server");
    assert!(
        rest[0].get("operation").is_none(),
        "no system level export yet"
    );
    let resources: Vec<_> = rest[0]["resource"]
        .as_array()
        .unwrap()
        .iter()
        .map(|resource| resource["type"].as_str().unwrap())
        .collect();
    assert_eq!(
        resources,
        ["Patient", "DocumentReference", "Consent", "Provenance"]
    );
    assert_eq!(
        rest[0]["resource"][0]["operation"],
        json!([{"name": "export", "definition": "http://hl7.org/fhir/uv/bulkdata/OperationDefinition/patient-export"}])
    );
}

#[tokio::test]
async fn readiness_needs_postgres_only() {
    let mut stack = Stack::builder()
        .workers(1)
        .own_kubo()
        .own_redis()
        .start()
        .await;
    let nobody = stack.client(None);
    let url = format!("{}/readyz", stack.root());
    let ready = nobody.get(&url).await;
    assert_eq!(ready.status, 200);
    let members: Vec<String> = ready.json().as_object().unwrap().keys().cloned().collect();
    assert_eq!(members, ["ipfs", "postgres", "redis", "status"]);
    let all = ready.json();
    assert!(
        all["postgres"] == all["redis"] && all["redis"] == all["ipfs"],
        "all is well: {all}"
    );
    stack.private_redis.as_ref().unwrap().halt();
    stack.private_kubo.as_ref().unwrap().halt();
    let reported = poll("Redis and IPFS are reported", secs(20), async || {
        let reply = nobody.get(&url).await;
        assert_eq!(reply.status, 200);
        let body = reply.json();
        (body["redis"] != all["redis"] && body["ipfs"] != all["ipfs"]).then_some(body)
    })
    .await;
    assert_eq!(reported["postgres"], all["postgres"]);
    let address = stack.workers[0].address().await;
    assert_eq!(
        nobody.get(&format!("http://{address}/readyz")).await.status,
        200
    );
    assert_eq!(
        nobody
            .get(&format!("http://{address}/healthz"))
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn without_postgres_the_programs_are_alive_and_not_ready() {
    let mut stack = Stack::builder().workers(1).start().await;
    let nobody = stack.client(None);
    let address = stack.workers[0].address().await;
    let name: String = stack
        .database
        .value("SELECT current_database()::text", &[])
        .await;
    let server = bulk_export_tests::database::server().await;
    server
        .batch_execute(&format!(
            "ALTER DATABASE {name} ALLOW_CONNECTIONS false;
             SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
        ))
        .await
        .unwrap();
    for root in [stack.root().to_owned(), format!("http://{address}")] {
        poll("readiness is lost", secs(20), async || {
            (nobody.get(&format!("{root}/readyz")).await.status == 503).then_some(())
        })
        .await;
        assert_eq!(nobody.get(&format!("{root}/healthz")).await.status, 200);
    }
    let reply = stack.admin().kick_off("").await;
    assert_eq!(reply.status, 503, "{}", reply.text());
    reply.outcome(503, "transient");
    server
        .batch_execute(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true"))
        .await
        .unwrap();
    for root in [stack.root().to_owned(), format!("http://{address}")] {
        poll("readiness is back", secs(20), async || {
            (nobody.get(&format!("{root}/readyz")).await.status == 200).then_some(())
        })
        .await;
    }
    assert!(stack.workers[0].ended().is_none());
    stack.admin().export("").await;
}

#[tokio::test]
async fn the_same_sample_is_the_same_bytes() {
    let sums = async |seed: &str| {
        let database = Database::migrated().await;
        let environment = Environment::from([("DATABASE_URL".to_owned(), database.url.clone())]);
        let ended = run(
            Binary::Cli,
            &["load", "--sample", "50", "--seed", seed],
            &environment,
            secs(60),
        )
        .await;
        assert!(ended.status.success(), "{}", ended.stderr);
        let mut sums = vec![];
        for (_, table) in bulk_export_tests::data::TABLES {
            let sql = format!("SELECT md5(string_agg(t::text, '' ORDER BY id)) FROM {table} t");
            sums.push(database.value::<String>(&sql, &[]).await);
        }
        sums
    };
    let first = sums("1").await;
    assert_eq!(first, sums("1").await);
    assert_ne!(first, sums("2").await);
}
