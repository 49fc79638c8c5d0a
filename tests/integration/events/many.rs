//! Many who watch: their cost, their number, and their places when they leave.

use bulk_export_tests::{
    Client, Stack, client::job_id, database, events::Events, poll, poll::holds, secs,
};
use futures::future::join_all;

const WATCHERS: usize = 200;

/// How many transactions the server has counted in a database. A session tells the server of its own within ten seconds,
/// and what it has not told yet at its end.
async fn transactions(server: &tokio_postgres::Client, name: &str) -> i64 {
    let sql = "SELECT xact_commit FROM pg_stat_database WHERE datname = $1";
    server.query_one(sql, &[&name]).await.unwrap().get(0)
}

/// How often the API has looked at watched jobs, by its own count.
async fn looks(client: &Client, private: &str) -> i64 {
    let text = client
        .get(&format!("http://{private}/metrics"))
        .await
        .text();
    let counts = text.lines().filter(|line| {
        line.starts_with("bulk_export_database_calls_total") && line.contains("watched")
    });
    counts
        .map(|line| line.rsplit(' ').next().unwrap().parse::<i64>().unwrap())
        .sum()
}

async fn alive(client: &Client, root: &str) -> bool {
    client.get(&format!("{root}/healthz")).await.status == 200
}

#[tokio::test]
async fn two_hundred_who_watch_three_jobs_cost_one_query_a_second() {
    let mut stack = Stack::builder()
        .api("STATUS_STREAMS", &WATCHERS.to_string())
        .start()
        .await;
    let admin = stack.admin();
    let mut urls = vec![];
    for _ in 0..3 {
        urls.push(admin.start("").await);
    }
    let open = |number: usize| {
        let (admin, url) = (&admin, &urls[number % 3]);
        async move {
            let mut events = Events::open(admin, url).await;
            assert_eq!(events.next().await.unwrap().data["status"], "pending");
            events
        }
    };
    let mut streams = join_all((0..WATCHERS).map(open)).await;
    let full = Client::send(
        admin
            .request(reqwest::Method::GET, &urls[0])
            .header("Accept", "text/event-stream"),
    )
    .await;
    full.outcome(503, "throttled");
    assert!(full.header("retry-after").is_some() && full.text().contains("STATUS_STREAMS"));
    assert_eq!(admin.get(&urls[0]).await.status, 202, "polls go on");

    let server = database::server().await;
    let name: String = stack
        .database
        .value("SELECT current_database()::text", &[])
        .await;
    let nobody = stack.client(None);
    // What the sessions have not told yet is told before the first count.
    let root = stack.root().to_owned();
    let quiet = async || alive(&nobody, &root).await;
    holds("the API is there", secs(11), quiet).await;
    let private = stack.api.as_mut().unwrap().private_address().await;
    let looks = async || looks(&nobody, &private).await;
    let (before, looked) = (transactions(&server, &name).await, looks().await);
    holds("the API is there", secs(20), quiet).await;
    let queries = transactions(&server, &name).await - before;
    println!("{queries} transactions in 20 seconds, with {WATCHERS} watching");
    // Two a second: the one query, and the pool's own look whether its connection still stands.
    assert!((20..=55).contains(&queries), "{queries} in 20 seconds");
    let looked = looks().await - looked;
    assert!((15..=21).contains(&looked), "{looked} looks in 20 seconds");

    // All who watch a job are told its end, and nobody else is.
    assert_eq!(admin.delete(&urls[0]).await.status, 202);
    for (number, events) in streams.iter_mut().enumerate() {
        if number % 3 == 0 {
            let last = events.next().await.unwrap();
            assert_eq!(last.name, "cancelled", "{number}");
            assert_eq!(events.next().await, None, "{number}");
        }
    }
    let moved =
        "UPDATE bulk_export_jobs SET status = 'in_progress', progress = 50, total_resources = 100,
                 updated_at = clock_timestamp() WHERE id = $1";
    stack.database.execute(moved, &[&job_id(&urls[1])]).await;
    for events in streams.iter_mut().skip(1).step_by(3) {
        assert_eq!(events.next().await.unwrap().data["progress"], 50);
    }
}

#[tokio::test]
async fn a_client_that_leaves_frees_its_place() {
    let stack = Stack::builder().api("STATUS_STREAMS", "2").start().await;
    let admin = stack.admin();
    let url = admin.start("").await;
    let mut first = Events::open(&admin, &url).await;
    let second = Events::open(&admin, &url).await;
    first.next().await.unwrap();
    assert_eq!(Events::ask(&admin, &url, None).await.status(), 503);
    drop(second);
    let mut third = poll("its place is free", secs(40), async || {
        let answer = Events::ask(&admin, &url, None).await;
        (answer.status() == 200).then(|| Events::of(answer))
    })
    .await;
    assert_eq!(third.next().await.unwrap().name, "progress");
    assert_eq!(Events::ask(&admin, &url, None).await.status(), 503);
}
