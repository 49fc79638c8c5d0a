//! What `/metrics` tells of real programs, and what it never tells.

use bulk_export_service::METRICS;
use bulk_export_tests::{Scrape, Stack, http, poll, secs, tokens};
use reqwest::Method;

/// The most series that one program may have. Types add at most 146 times 3 to a worker's.
const MOST_SERIES: usize = 1500;

/// A word that stands in every place that a client, a patient or a row can fill.
const CANARY: &str = "Kanarienvogel";

async fn api(stack: &mut Stack) -> Scrape {
    Scrape::of(&stack.api.as_mut().unwrap().private_address().await).await
}

async fn worker(stack: &mut Stack) -> Scrape {
    Scrape::of(&stack.workers[0].address().await).await
}

/// Scrapes until the gauges of the whole service have been looked up anew and fit.
async fn until(stack: &mut Stack, what: &str, fits: impl Fn(&Scrape) -> bool) -> (Scrape, Scrape) {
    poll(what, secs(20), async || {
        let both = (api(stack).await, worker(stack).await);
        (fits(&both.0) && fits(&both.1)).then_some(both)
    })
    .await
}

#[tokio::test]
async fn an_export_is_seen_in_the_metrics_of_api_and_worker() {
    let mut stack = Stack::with_sample(20).await;
    let admin = stack.admin();
    let manifest = admin.export("").await;
    let files = admin.output(&manifest).await;
    let patients = files
        .iter()
        .find(|(kind, _)| kind == "Patient")
        .unwrap()
        .1
        .len();
    let completed = r#"bulk_export_jobs{state="completed"}"#;
    let (api, worker) = until(&mut stack, "the job is told", |scrape| {
        scrape.value(completed) == 1.0
    })
    .await;

    assert_eq!(
        api.value(r#"bulk_export_kick_offs_total{role="ADMIN"}"#),
        1.0
    );
    let accepted = r#"bulk_export_http_requests_total{route="/fhir/r4/Patient/$export",method="GET",status="202"}"#;
    assert_eq!(api.value(accepted), 1.0);
    let took = r#"bulk_export_http_request_duration_seconds_count{route="/fhir/r4/Patient/$export",method="GET"}"#;
    assert_eq!(api.value(took), 1.0);
    let inserted = r#"bulk_export_database_calls_total{operation="kick_off",outcome="ok"}"#;
    assert_eq!(api.value(inserted), 1.0);
    assert!(api.sum("bulk_export_queue_calls_total", r#"operation="push""#) >= 1.0);
    let bytes: f64 = manifest["output"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| {
            item["extension"][bulk_export_tests::client::FILE_EXTENSION]["size"]
                .as_f64()
                .unwrap()
        })
        .sum();
    assert_eq!(api.value("bulk_export_download_bytes_total"), bytes);

    assert_eq!(
        worker.value(r#"bulk_export_resources_total{type="Patient"}"#),
        patients as f64
    );
    assert_eq!(
        worker.value(r#"bulk_export_jobs_ended_total{outcome="completed"}"#),
        1.0
    );
    assert_eq!(
        worker.value(r#"bulk_export_job_duration_seconds_count{outcome="completed"}"#),
        1.0
    );
    assert_eq!(
        worker.value(r#"bulk_export_part_attempts_ended_total{kind="plan",outcome="done"}"#),
        1.0
    );
    let pinned = r#"bulk_export_ipfs_calls_total{operation="pin/add",outcome="ok"}"#;
    assert_eq!(worker.value(pinned) as usize, files.len());
    for operation in [
        "claim",
        "heartbeat",
        "finish_plan",
        "finish_part",
        "read",
        "plan",
    ] {
        let label = format!(r#"operation="{operation}""#);
        let calls = worker.sum("bulk_export_database_calls_total", &label);
        assert!(
            operation == "heartbeat" || calls >= 1.0,
            "{operation}: {calls}"
        );
    }
    assert_eq!(worker.value("bulk_export_worker_claiming"), 1.0);
    assert_eq!(worker.value("bulk_export_worker_slots_busy"), 0.0);
    assert_eq!(
        worker.value(r#"bulk_export_pool_max_connections{pool="control"}"#),
        6.0
    );
}

/// Sends what no client of ours would: every place that a client can fill holds something new each time.
async fn odd_requests(stack: &Stack, times: usize) {
    let admin = stack.admin();
    for number in 0..times {
        let word = format!("{CANARY}{number}");
        let id = uuid::Uuid::new_v4();
        for path in [
            format!("{word}/$export"),
            format!("Patient/$export?_type={word}&{word}={word}"),
            format!("$export-status/{id}"),
            format!("$export-status/{word}"),
            format!("$export-file/{id}/{word}"),
            format!("{}/{word}/{id}", stack.root()),
        ] {
            admin.get(&path).await;
        }
        let method = Method::from_bytes(word.as_bytes()).unwrap();
        drop(admin.request(method, "metadata").send().await.unwrap());
        stack
            .client(Some(word.clone()))
            .get("Patient/$export")
            .await;
        http::raw(
            stack.address(),
            &format!("GET /{word}?{word} HTTP/1.1"),
            &[("X-Request-Id", &word)],
        )
        .await;
    }
}

#[tokio::test]
async fn no_request_and_no_row_makes_a_series_of_its_own_or_is_named_in_one() {
    let mut stack = Stack::builder().sample(5).workers(1).start().await;
    stack
        .database
        .run(&format!(
            "UPDATE patients SET last_name = '{CANARY}', mrn = '{CANARY}' || id"
        ))
        .await;
    let patient: uuid::Uuid = stack
        .database
        .value("SELECT id FROM patients LIMIT 1", &[])
        .await;
    let hers = stack.patient(patient);
    let manifest = hers.export("").await;
    hers.output(&manifest).await;
    stack.admin().export("").await;
    odd_requests(&stack, 3).await;
    let few = (api(&mut stack).await.len(), worker(&mut stack).await.len());
    odd_requests(&stack, 40).await;
    stack.admin().export("_type=Patient").await;
    let (api, worker) = (api(&mut stack).await, worker(&mut stack).await);
    // A sweep or a heartbeat may come in between for the first time; 320 odd requests must not show.
    let (api_more, worker_more) = (
        api.len().saturating_sub(few.0),
        worker.len().saturating_sub(few.1),
    );
    assert!(
        api_more <= 30 && worker_more <= 60,
        "more of the same makes no new series: {few:?}, {api_more} and {worker_more} more"
    );
    for (scrape, program) in [(&api, "api"), (&worker, "worker")] {
        println!(
            "{program}: {} series, {} bytes",
            scrape.len(),
            scrape.text.len()
        );
        assert!(
            scrape.len() <= MOST_SERIES,
            "{program}: {} series",
            scrape.len()
        );
    }
    let cids: Vec<String> = stack
        .database
        .column("SELECT cid FROM bulk_export_files", &[])
        .await;
    let jobs: Vec<String> = stack
        .database
        .column("SELECT id::text FROM bulk_export_jobs", &[])
        .await;
    assert!(!cids.is_empty() && !jobs.is_empty());
    let patient = patient.to_string();
    let words = cids.iter().chain(&jobs).map(String::as_str);
    for word in words.chain([CANARY, &patient, tokens::ISSUER, "admin\""]) {
        assert!(
            !api.text.contains(word) && !worker.text.contains(word),
            "{word}"
        );
    }
}

#[tokio::test]
async fn every_series_is_of_the_list_and_described() {
    let mut stack = Stack::with_sample(2).await;
    stack.admin().export("").await;
    for scrape in [api(&mut stack).await, worker(&mut stack).await] {
        let types = scrape.types();
        for (name, kind) in &types {
            let metric = METRICS.iter().find(|metric| metric.name == *name);
            let metric = metric.unwrap_or_else(|| panic!("{name} is not on the list"));
            assert!(
                scrape
                    .text
                    .contains(&format!("# HELP {name} {}\n", metric.help)),
                "{name}"
            );
            assert!(
                ["counter", "gauge", "histogram"].contains(kind),
                "{name} is a {kind}"
            );
        }
        for name in scrape.names() {
            let base = ["_bucket", "_sum", "_count"].iter().find_map(|end| {
                let base = name.strip_suffix(end)?;
                (types.get(base) == Some(&"histogram")).then_some(base)
            });
            assert!(
                types.contains_key(base.unwrap_or(name)),
                "{name} has no type"
            );
        }
    }
}

/// A worker that waits for a node that is not there: it claims nothing and sweeps nothing.
const WITHOUT_NODE: (&str, &str) = ("IPFS_API_URL", "http://127.0.0.1:9");

#[tokio::test]
async fn gauges_of_the_whole_service_are_the_same_on_every_replica() {
    let mut stack = Stack::builder().sample(2).start().await;
    for _ in 0..3 {
        stack.admin().start("").await;
    }
    stack
        .database
        .run(
            "UPDATE bulk_export_parts SET next_at = next_at - interval '1 hour' WHERE job_id = (SELECT id FROM bulk_export_jobs LIMIT 1);
             UPDATE bulk_export_parts SET next_at = next_at + interval '1 hour' WHERE job_id = (SELECT id FROM bulk_export_jobs OFFSET 2 LIMIT 1);
             INSERT INTO bulk_export_parts (job_id, ordinal, kind, resource_type, state, lease_until)
             SELECT (SELECT id FROM bulk_export_jobs LIMIT 1), n, 'export', 'Patient', state,
                    CASE state WHEN 'running' THEN clock_timestamp() + n * interval '1 minute' END
             FROM (VALUES (1, 'running'), (-1, 'running'), (2, 'running'), (3, 'failed'), (4, 'done')) AS parts (n, state);
             UPDATE bulk_export_node SET repo_bytes = 7, capacity_bytes = 9, private = false, measured_at = clock_timestamp() - interval '1 minute',
                    pins = 5, unowned_pins = 2, swept_at = clock_timestamp() - interval '2 hours';
             INSERT INTO bulk_export_webhooks (id, requester_id, url, events, secrets)
             VALUES ('00000000-0000-0000-0000-000000000001', 'x', 'https://x', '{completed}', '{x}');
             INSERT INTO bulk_export_deliveries (id, webhook_id, job_id, event, payload, state, created_at, next_at)
             SELECT gen_random_uuid(), '00000000-0000-0000-0000-000000000001', gen_random_uuid(), 'completed', '', state, clock_timestamp() - interval '3 hours',
                    clock_timestamp() + interval '1 day'
             FROM unnest(ARRAY['due', 'due', 'parked']) AS state",
        )
        .await;
    let told = api(&mut stack).await;
    let mut worker = stack.spawn_worker(&[WITHOUT_NODE]);
    let worker = Scrape::of(&worker.address().await).await;
    let expected = [
        ("bulk_export_database_up", 1.0, 0.0),
        (r#"bulk_export_jobs{state="pending"}"#, 3.0, 0.0),
        (r#"bulk_export_jobs{state="completed"}"#, 0.0, 0.0),
        // Of three plans one rests; a lease has run out.
        (r#"bulk_export_parts{state="due"}"#, 3.0, 0.0),
        (r#"bulk_export_parts{state="resting"}"#, 1.0, 0.0),
        (r#"bulk_export_parts{state="running"}"#, 2.0, 0.0),
        (r#"bulk_export_parts{state="failed"}"#, 1.0, 0.0),
        ("bulk_export_oldest_due_part_age_seconds", 3600.0, 60.0),
        ("bulk_export_node_bytes", 7.0, 0.0),
        ("bulk_export_node_capacity_bytes", 9.0, 0.0),
        ("bulk_export_node_private", 0.0, 0.0),
        ("bulk_export_node_measurement_age_seconds", 60.0, 60.0),
        ("bulk_export_pins", 5.0, 0.0),
        ("bulk_export_unowned_pins", 2.0, 0.0),
        ("bulk_export_last_sweep_age_seconds", 7200.0, 60.0),
        (r#"bulk_export_webhook_backlog{state="due"}"#, 2.0, 0.0),
        (r#"bulk_export_webhook_backlog{state="parked"}"#, 1.0, 0.0),
        ("bulk_export_webhook_oldest_due_age_seconds", 10800.0, 60.0),
        ("bulk_export_paused", 0.0, 0.0),
    ];
    for (series, value, later) in expected {
        for scrape in [&told, &worker] {
            let found = scrape.value(series);
            assert!(
                (value..=value + later).contains(&found),
                "{series}: {found}, and {value} was expected"
            );
        }
    }
}

#[tokio::test]
async fn a_scrape_answers_while_the_database_is_away_and_says_so() {
    let mut stack = Stack::with_sample(2).await;
    until(&mut stack, "the database is up", |scrape| {
        scrape.value("bulk_export_database_up") == 1.0
    })
    .await;
    let name: String = stack
        .database
        .value("SELECT current_database()::text", &[])
        .await;
    let server = bulk_export_tests::database::server().await;
    let end =
        format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
    server
        .batch_execute(&format!(
            "ALTER DATABASE {name} ALLOW_CONNECTIONS false; {end}"
        ))
        .await
        .unwrap();
    let away = until(&mut stack, "the outage is told", |scrape| {
        scrape.value("bulk_export_database_up") == 0.0
    })
    .await;
    for scrape in [away.0, away.1] {
        assert!(scrape.value("bulk_export_workers_alive").is_nan());
        assert!(scrape.value(r#"bulk_export_parts{state="due"}"#).is_nan());
        assert_eq!(
            scrape.sum("bulk_export_build_info", "version"),
            1.0,
            "what needs no database is told"
        );
    }
    server
        .batch_execute(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true"))
        .await
        .unwrap();
    until(&mut stack, "the database is back", |scrape| {
        scrape.value("bulk_export_database_up") == 1.0
            && scrape.value(r#"bulk_export_parts{state="due"}"#) == 0.0
    })
    .await;
}
