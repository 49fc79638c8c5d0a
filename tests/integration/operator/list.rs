//! Jobs in lists: every page follows the one before, and no page costs more because there are many jobs.

use std::collections::BTreeSet;

use bulk_export_domain::{ids::JobId, job::Status};
use bulk_export_store::{
    Store,
    operator::{Cursor, Filter, JobLine, Person},
};
use bulk_export_tests::{Database, poll, secs};
use uuid::Uuid;

use super::store;

/// Makes so many jobs, one a second, several of them in each second: every tenth of one client failed, every hundredth
/// is under way, the others are completed.
const JOBS: &str = "
    INSERT INTO bulk_export_jobs (id, requester_id, requester_role, resource_types, status, progress, total_resources,
        output_files, error, expires_at, created_at, ended_at, level, request_url, transaction_time)
    SELECT gen_random_uuid(), 'client_' || n % 50, 'ADMIN',
        CASE WHEN n % 7 = 0 THEN ARRAY['Patient', 'Observation'] ELSE ARRAY['Patient'] END,
        state, CASE state WHEN 'completed' THEN 100 ELSE 40 END, 1000,
        CASE state WHEN 'completed' THEN '[]'::jsonb END, CASE state WHEN 'failed' THEN 'it failed' END,
        CASE WHEN state <> 'in_progress' THEN now() + interval '1 day' END,
        now() - n / 3 * interval '1 second', CASE WHEN state <> 'in_progress' THEN now() END, 'patient', 'x', now()
    FROM (SELECT n, CASE WHEN n % 10 = 3 THEN 'failed' WHEN n % 100 = 7 THEN 'in_progress' ELSE 'completed' END AS state
          FROM generate_series(1, $1::integer) n) numbered";

async fn all(store: &Store, filter: &Filter, page: i64) -> Vec<JobLine> {
    let (mut lines, mut after): (Vec<JobLine>, Option<Cursor>) = (vec![], None);
    loop {
        let next = store.job_list(filter.clone(), after, page).await.unwrap();
        let Some(last) = next.last() else {
            return lines;
        };
        after = Some(last.cursor());
        lines.extend(next);
    }
}

fn ids(lines: &[JobLine]) -> Vec<Uuid> {
    lines.iter().map(|line| line.id.uuid()).collect()
}

#[tokio::test]
async fn pages_hold_every_job_once_newest_first_also_where_several_have_one_time() {
    let (database, jobs) = (Database::migrated().await, 1000);
    database.execute(JOBS, &[&jobs]).await;
    let store = store(&database);
    let expected: Vec<Uuid> = database
        .column(
            "SELECT id FROM bulk_export_jobs ORDER BY created_at DESC, id DESC",
            &[],
        )
        .await;
    for page in [1000, 7] {
        assert_eq!(
            ids(&all(&store, &Filter::default(), page).await),
            expected,
            "{page}"
        );
    }
    let counts = store.job_counts().await.unwrap();
    let number = |state| usize::try_from(counts.of(state)).unwrap();
    assert_eq!(
        (number(Status::Failed), number(Status::InProgress)),
        (100, 10)
    );
    assert_eq!(number(Status::Completed), 890);
}

#[tokio::test]
async fn a_filter_gives_what_is_asked_for_and_nothing_else() {
    let (database, jobs) = (Database::migrated().await, 1000);
    database.execute(JOBS, &[&jobs]).await;
    let store = store(&database);
    let some: Uuid = database
        .value("SELECT id FROM bulk_export_jobs LIMIT 1", &[])
        .await;
    let middle = database
        .value(
            "SELECT created_at FROM bulk_export_jobs ORDER BY created_at OFFSET 500 LIMIT 1",
            &[],
        )
        .await;
    let id = some.to_string();
    let cases = [
        (
            Filter {
                states: vec![Status::Failed, Status::InProgress],
                ..Filter::default()
            },
            "status IN ('failed', 'in_progress')".to_owned(),
        ),
        (
            Filter {
                requester: Some(Person::new("client_7")),
                ..Filter::default()
            },
            "requester_id = 'client_7'".to_owned(),
        ),
        (
            Filter {
                resource_type: Some("Observation".parse().unwrap()),
                ..Filter::default()
            },
            "'Observation' = ANY (resource_types)".to_owned(),
        ),
        // An underscore means itself, and a prefix is not a whole name.
        (
            Filter {
                search: Some(Person::new("client_4")),
                ..Filter::default()
            },
            "requester_id ~ '^client_4'".to_owned(),
        ),
        (
            Filter {
                search: Some(Person::new("client.4")),
                ..Filter::default()
            },
            "false".to_owned(),
        ),
        (
            Filter {
                search: Some(Person::new(&id[..9])),
                ..Filter::default()
            },
            format!("id::text ~ '^{}'", &id[..9]),
        ),
        (
            Filter {
                since: Some(middle),
                ..Filter::default()
            },
            format!("created_at >= '{middle}'"),
        ),
        (
            Filter {
                until: Some(middle),
                states: vec![Status::Failed],
                ..Filter::default()
            },
            format!("created_at < '{middle}' AND status = 'failed'"),
        ),
    ];
    for (filter, sql) in cases {
        let sql = format!(
            "SELECT id FROM bulk_export_jobs WHERE {sql} ORDER BY created_at DESC, id DESC"
        );
        let expected: Vec<Uuid> = database.column(&sql, &[]).await;
        assert_eq!(ids(&all(&store, &filter, 60).await), expected, "{sql}");
        assert!(expected.len() < 1000);
    }
}

#[tokio::test]
async fn no_page_of_100_000_jobs_reads_more_than_itself() {
    let (database, jobs) = (Database::migrated().await, 100_000);
    database.execute(JOBS, &[&jobs]).await;
    database.run("VACUUM ANALYZE bulk_export_jobs").await;
    let store = store(&database);
    let read = "SELECT (SELECT seq_tup_read FROM pg_stat_user_tables WHERE relname = 'bulk_export_jobs')
        + (SELECT sum(idx_tup_read) FROM pg_stat_user_indexes WHERE relname = 'bulk_export_jobs')::bigint";
    // The statistics of other sessions come late: they have come when they no longer change.
    let before: i64 = settled(&database, read).await;
    let all_pages: Vec<Uuid> = database
        .column(
            "SELECT id FROM bulk_export_jobs ORDER BY created_at DESC, id DESC",
            &[],
        )
        .await;
    let asked = settled(&database, read).await - before;
    assert!(asked >= 100_000, "the statistics count: {asked}");

    let (pages, size) = (20, 50);
    let mut after = Some(deep(&store, all_pages[60_000]).await);
    let mut seen = BTreeSet::new();
    let begun = settled(&database, read).await;
    for _ in 0..pages {
        let page = store
            .job_list(Filter::default(), after, size)
            .await
            .unwrap();
        seen.extend(ids(&page));
        after = page.last().map(JobLine::cursor);
    }
    assert_eq!(seen, all_pages[60_001..=61_000].iter().copied().collect());
    let cost = poll("the pages are counted", secs(20), async || {
        let cost = settled(&database, read).await - begun;
        (cost > 0).then_some(cost)
    })
    .await;
    assert!(
        cost <= pages * size + pages,
        "{pages} pages of {size} jobs read {cost} rows"
    );
}

/// Makes the cursor of a job far down in the list.
async fn deep(store: &Store, id: Uuid) -> Cursor {
    let job = store
        .job_view(JobId::from_uuid(id))
        .await
        .unwrap()
        .expect("the job is there");
    let text = format!("{}.{id}", job.created_at.timestamp_micros());
    text.parse().unwrap()
}

async fn settled(database: &Database, sql: &str) -> i64 {
    let mut last: i64 = -1;
    let mut same = 0;
    poll("the statistics settle", secs(30), async || {
        database.run("SELECT pg_stat_clear_snapshot()").await;
        let now = database.value(sql, &[]).await;
        same = if now == last { same + 1 } else { 0 };
        last = now;
        // Sessions tell theirs at most a second late.
        (same > 100).then_some(now)
    })
    .await
}
