//! 100,000 jobs: each page is there at once, and paging passes each job exactly once.

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use bulk_export_tests::{Reply, Stack};

use super::{page, visitor::Visitor};

/// How long a page may take. Measured: a few milliseconds; a busy machine may be slow.
const AT_ONCE: Duration = Duration::from_millis(200);

/// Loads a page, the quickest of a few times: what is measured is the page and not the machine's other work.
async fn at_once(visitor: &Visitor, path: &str) -> Reply {
    let mut quickest = Duration::MAX;
    for _ in 0..5 {
        let start = Instant::now();
        let reply = visitor.get(path).await;
        quickest = quickest.min(start.elapsed());
        assert_eq!(reply.status, 200, "{path}: {}", reply.text());
        if quickest < AT_ONCE {
            println!("{path}: {quickest:?}, {} bytes", reply.body.len());
            return reply;
        }
    }
    panic!("{path} took {quickest:?}");
}

/// Gives the jobs that a page lists, and the path of its link to older ones.
fn listed(reply: &Reply) -> (Vec<String>, Option<String>) {
    let text = reply.text();
    let (_, table) = text.split_once("id=\"jobs-table\"").unwrap_or_default();
    let ids = table
        .split("href=\"/operator/jobs/")
        .skip(1)
        .map(|rest| rest.chars().take(36).collect())
        .collect();
    let older = table
        .split("rel=\"next\"")
        .next()
        .filter(|_| table.contains("rel=\"next\""));
    let older = older
        .and_then(|before| before.rsplit_once("href=\"/operator"))
        .map(|(_, rest)| {
            rest.split('"')
                .next()
                .unwrap_or_default()
                .replace("&#38;", "&")
        });
    (ids, older)
}

async fn furnish(stack: &Stack) {
    stack.database.run(
        "INSERT INTO bulk_export_jobs (id, requester_id, requester_role, resource_types, status, progress, output_files, error, expires_at,
             created_at, ended_at, level, request_url, transaction_time)
         SELECT gen_random_uuid(), 'client-' || n % 500, 'ADMIN', ARRAY['Patient', 'Observation', 'Condition'], s.status,
                CASE WHEN s.status = 'completed' THEN 100 ELSE 50 END, '[]', CASE WHEN s.status = 'failed' THEN 'The export failed.' END,
                clock_timestamp() + interval '1 day', t.at, t.at + interval '1 minute', 'patient', 'https://fhir.example/Patient/$export', t.at
         FROM generate_series(1, 100000) n,
              LATERAL (SELECT CASE WHEN n % 100 = 0 THEN 'failed' WHEN n % 10 = 1 THEN 'cancelled' ELSE 'completed' END AS status) s,
              LATERAL (SELECT clock_timestamp() - interval '1 second' * (n / 3) AS at) t;
         INSERT INTO bulk_export_parts (job_id, ordinal, kind, resource_type, state, attempts, rows, bytes, started_at, ended_at)
         SELECT j.id, o, 'export', 'Patient', 'done', 1, 1000, 1000000, j.created_at, j.ended_at
         FROM bulk_export_jobs j, generate_series(1, 3) o;
         INSERT INTO bulk_export_files (id, job_id, ordinal, number, kind, resource_type, rows, stored_bytes, decoded_bytes, sha256, cid)
         SELECT gen_random_uuid(), p.job_id, p.ordinal, 1, 'output', 'Patient', 1000, 1000000, 1000000, '', p.job_id || ':' || p.ordinal
         FROM bulk_export_parts p;
         ANALYZE bulk_export_jobs, bulk_export_parts, bulk_export_files",
    ).await;
}

#[tokio::test]
async fn a_hundred_thousand_jobs_are_shown_at_once_and_paged_without_a_gap() {
    let mut stack = Stack::builder().start().await;
    furnish(&stack).await;
    let visitor = Visitor::signed_in(&page(&mut stack).await).await;
    let first = at_once(&visitor, "/jobs").await;
    assert!(first.text().contains("All 100,000"), "{}", first.text());
    let (ids, older) = listed(&first);
    assert_eq!(ids.len(), 50);
    let (next, _) = listed(&at_once(&visitor, &older.unwrap()).await);
    assert!(next.iter().all(|id| !ids.contains(id)));
    // Far down the list it is as near.
    let middle: String = stack
        .database
        .value("SELECT (extract(epoch FROM created_at) * 1000000)::bigint || '.' || id FROM bulk_export_jobs ORDER BY created_at LIMIT 1 OFFSET 20", &[])
        .await;
    let (last, none) = listed(&at_once(&visitor, &format!("/jobs?after={middle}")).await);
    assert_eq!((last.len(), none), (20, None));

    let mut failed = Vec::new();
    let mut path = Some("/jobs?state=failed".to_owned());
    while let Some(at) = path {
        let (ids, older) = listed(&at_once(&visitor, &at).await);
        failed.extend(ids);
        path = older;
    }
    assert_eq!(failed.len(), 1_000);
    assert_eq!(failed.iter().collect::<HashSet<_>>().len(), 1_000);

    let (of_one, _) = listed(&at_once(&visitor, "/jobs?q=client-77&state=completed").await);
    assert_eq!(of_one.len(), 50);
    let by_id = listed(&at_once(&visitor, &format!("/jobs?q={}", &failed[500][..13])).await).0;
    assert!(by_id.contains(&failed[500]), "{by_id:?}");
    let none = at_once(&visitor, "/jobs?q=nobody").await;
    assert!(none.text().contains("No job is like that."));
    at_once(&visitor, "/jobs?type=Encounter").await;
    at_once(&visitor, &format!("/jobs/{}", failed[0])).await;
    at_once(&visitor, "").await;
    at_once(&visitor, "/live").await;
    at_once(&visitor, "/webhooks").await;
    // What is owned is counted file by file, once for all who ask within some seconds.
    visitor.get("/node").await;
    at_once(&visitor, "/node").await;
}
