//! How much is taken on at once: by one requester, in all, and on the node.

use bulk_export_tests::{Client, Reply, Stack, data};
use futures::future::join_all;

/// Counts the answers to kick-offs that were all sent at once.
async fn at_once(clients: &[Client], each: usize) -> (usize, Vec<Reply>) {
    let all = clients
        .iter()
        .flat_map(|client| (0..each).map(|_| client.kick_off("_type=Patient")));
    let (accepted, refused): (Vec<_>, Vec<_>) = join_all(all)
        .await
        .into_iter()
        .partition(|reply| reply.status == 202);
    (accepted.len(), refused)
}

#[tokio::test]
async fn a_requesters_own_limit_is_exact_over_replicas_and_is_nobody_elses() {
    let mut stack = Stack::builder()
        .api("EXPORT_MAX_JOBS_PER_PATIENT", "3")
        .start()
        .await;
    let patient = data::patient_with_records(&stack.database, 1, 10).await;
    let other = data::patient_with_records(&stack.database, 1, 10).await;
    let first = stack.api.take();
    let clients = vec![stack.patient(patient)];
    stack.start_api().await;
    let clients = [clients, vec![stack.patient(patient)]].concat();

    let (accepted, refused) = at_once(&clients, 8).await;
    assert_eq!((accepted, refused.len()), (3, 13));
    for reply in &refused {
        let issue = reply.outcome(429, "throttled");
        let text = issue["details"]["text"].as_str().unwrap();
        assert!(text.contains("EXPORT_MAX_JOBS_PER_PATIENT is 3"), "{text}");
        let wait: u64 = reply.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=3600).contains(&wait), "{wait}");
    }
    assert_eq!(stack.database.count("bulk_export_jobs", &[]).await, 3);
    assert_eq!(stack.patient(other).kick_off("").await.status, 202);
    assert_eq!(stack.admin().kick_off("").await.status, 202);

    // Room is made by an end, whatever it is.
    let sql = "SELECT id::text FROM bulk_export_jobs WHERE requester_role = 'PATIENT' AND requester_id = $1 LIMIT 1";
    let id: Vec<String> = stack.database.column(sql, &[&patient.to_string()]).await;
    let cancelled = clients[1]
        .delete(&format!("$export-status/{}", id[0]))
        .await;
    assert_eq!(cancelled.status, 202);
    assert_eq!(at_once(&clients, 2).await.0, 1);
    drop(first);
}

#[tokio::test]
async fn the_limit_on_all_jobs_answers_503_at_the_pace_at_which_jobs_end() {
    let stack = Stack::builder()
        .api("EXPORT_MAX_JOBS", "5")
        .api("EXPORT_MAX_JOBS_PER_REQUESTER", "none")
        .start()
        .await;
    let (accepted, refused) = at_once(&[stack.admin()], 12).await;
    assert_eq!(accepted, 5);
    let issue = refused[0].outcome(503, "transient");
    let text = issue["details"]["text"].as_str().unwrap();
    assert!(text.contains("EXPORT_MAX_JOBS is 5"), "{text}");
    assert_eq!(
        refused[0].header("retry-after"),
        Some("300"),
        "nothing has ended yet"
    );

    // Thirty ends in five minutes: the next is ten seconds away.
    let sql = "INSERT INTO bulk_export_jobs (id, level, requester_id, requester_role, resource_types, request_url, transaction_time,
                   status, error, expires_at, ended_at)
               SELECT gen_random_uuid(), 'patient', 'x', 'ADMIN', '{}', 'x', now(), 'failed', 'x', now() + interval '1 day', now()
               FROM generate_series(1, 30)";
    stack.database.run(sql).await;
    let refused = stack.admin().kick_off("").await;
    assert_eq!(
        (refused.status.as_u16(), refused.header("retry-after")),
        (503, Some("10"))
    );
}

#[tokio::test]
async fn a_node_that_holds_its_most_refuses_kick_offs() {
    let stack = Stack::builder()
        .api("EXPORT_MAX_NODE_BYTES", "1000000")
        .start()
        .await;
    assert_eq!(
        stack.admin().kick_off("").await.status,
        202,
        "not measured yet"
    );
    let measured = |bytes: u32| {
        format!("UPDATE bulk_export_node SET repo_bytes = {bytes}, measured_at = now()")
    };
    stack.database.run(&measured(1_000_000)).await;
    let refused = stack.admin().kick_off("").await;
    let issue = refused.outcome(503, "transient");
    let text = issue["details"]["text"].as_str().unwrap();
    assert!(text.contains("EXPORT_MAX_NODE_BYTES is 1000000"), "{text}");
    assert_eq!(
        refused.header("retry-after"),
        Some("3600"),
        "nothing expires"
    );
    stack.database.run(&measured(999_999)).await;
    assert_eq!(stack.admin().kick_off("").await.status, 202);
}
