//! How often one client may ask: the same over all replicas, told in every answer, and never against who heeds it.

use std::time::{Duration, Instant};

use bulk_export_tests::{
    Client, Reply, Stack, client::accepted, data, poll, secs, stack::Builder, tokens,
};
use uuid::Uuid;

const KEY: &str = "the same for all replicas";

/// Two replicas of one API: the stack's, and the base URL of another one.
async fn two_replicas(builder: Builder) -> (Stack, [String; 2], bulk_export_tests::Process) {
    let mut stack = builder.common("LOG_HASH_KEY", KEY).start().await;
    let (first, process) = (stack.base.clone(), stack.api.take().unwrap());
    stack.start_api().await;
    let bases = [first, stack.base.clone()];
    (stack, bases, process)
}

fn of(base: &str, subject: &str) -> Client {
    Client::new(base, Some(tokens::token(subject, "ADMIN")))
}

/// Checks a refusal by a rate, and gives the seconds of its `Retry-After`.
#[track_caller]
fn refused(reply: &Reply, variable: &str) -> u64 {
    let issue = reply.outcome(429, "throttled");
    let text = issue["details"]["text"].as_str().unwrap();
    assert!(text.contains(variable), "{text}");
    reply.header("retry-after").unwrap().parse().unwrap()
}

#[tokio::test]
async fn kick_offs_are_counted_over_replicas_by_requester() {
    let builder = Stack::builder().api("RATE_LIMIT_KICK_OFF", "3/1h");
    let (mut stack, bases, _process) = two_replicas(builder).await;
    let mut left = vec![];
    for base in [&bases[0], &bases[1], &bases[0]] {
        let reply = of(base, "ada-the-first").kick_off("").await;
        assert_eq!(reply.status, 202);
        let policy = reply.header("ratelimit-policy");
        assert_eq!(policy, Some("\"kick-off\";q=3;w=3600"));
        left.push(reply.header("ratelimit").unwrap().to_owned());
    }
    let expected = [2, 1, 0].map(|left| format!("\"kick-off\";r={left};t=1200"));
    assert_eq!(left, expected);
    for base in &bases {
        let reply = of(base, "ada-the-first").kick_off("").await;
        let wait = refused(&reply, "RATE_LIMIT_KICK_OFF is 3/1h");
        assert!((1100..=1200).contains(&wait), "{wait}");
        let fields = format!("\"kick-off\";r=0;t={wait}");
        assert_eq!(reply.header("ratelimit"), Some(fields.as_str()));
    }
    assert_eq!(of(&bases[0], "bob").kick_off("").await.status, 202);
    let dump = stack.redis.dump().await;
    assert!(dump.contains("fhir-bulk-export:rate:kick-off:"), "{dump}");
    assert!(!dump.contains("ada") && !dump.contains("bob"), "{dump}");
    let address = stack.api.as_mut().unwrap().private_address().await;
    let metrics = reqwest::get(format!("http://{address}/metrics")).await;
    let metrics = metrics.unwrap().text().await.unwrap();
    assert!(
        metrics.contains("bulk_export_refusals_total{limit=\"rate_kick_off\"} 1"),
        "{metrics}"
    );
}

#[tokio::test]
async fn a_poll_that_heeds_retry_after_is_never_refused_whatever_else_the_client_does() {
    // The smallest quota that is allowed, and two replicas that each keep tokens in hand.
    let builder = Stack::builder().api("RATE_LIMIT_STATUS", "8/8s");
    let (_stack, bases, _process) = two_replicas(builder).await;
    let client = of(&bases[0], "ada");
    let (heeded, hammered) = (client.start("").await, client.start("").await);
    let id = |url: &str| format!("$export-status/{}", url.rsplit('/').next().unwrap());
    let (heeded, hammered) = (id(&heeded), id(&hammered));

    let end = Instant::now() + Duration::from_secs(14);
    let heeding = async {
        let mut polls = 0;
        while Instant::now() < end {
            let reply = of(&bases[polls % 2], "ada").get(&heeded).await;
            assert_eq!(reply.status, 202, "poll {polls}: {}", reply.text());
            let wait: u64 = reply.header("retry-after").unwrap().parse().unwrap();
            // To wait as told is what is tested.
            tokio::time::sleep(Duration::from_secs(wait)).await;
            polls += 1;
        }
        polls
    };
    let hammering = async {
        let mut refusals = 0;
        let mut ticks = tokio::time::interval(Duration::from_millis(100));
        while Instant::now() < end {
            ticks.tick().await;
            let reply = client.get(&hammered).await;
            if reply.status == 429 {
                refused(&reply, "RATE_LIMIT_STATUS is 8/8s");
                refusals += 1;
            }
        }
        refusals
    };
    let (polls, refusals) = tokio::join!(heeding, hammering);
    assert!(polls >= 5, "{polls}");
    assert!(refusals >= 20, "{refusals}");
}

#[tokio::test]
async fn without_redis_each_replica_counts_by_itself_and_nobody_waits() {
    let mut stack = Stack::builder()
        .own_redis()
        .api("RATE_LIMIT_KICK_OFF", "2/1h")
        .start()
        .await;
    let admin = stack.admin();
    assert_eq!(admin.kick_off("").await.status, 202);
    stack.private_redis.as_ref().unwrap().halt();
    let started = Instant::now();
    let statuses = [
        admin.kick_off("").await.status.as_u16(),
        admin.kick_off("").await.status.as_u16(),
        admin.kick_off("").await.status.as_u16(),
    ];
    assert_eq!(statuses, [202, 202, 429], "counted from the start again");
    assert!(started.elapsed() < secs(3), "{:?}", started.elapsed());
    stack.private_redis.as_mut().unwrap().resume();
    poll("it is counted in Redis again", secs(15), async || {
        stack.admin().kick_off("").await;
        let dump = stack.redis.dump().await;
        dump.contains("rate:kick-off:").then_some(())
    })
    .await;
}

#[tokio::test]
async fn who_has_no_token_is_counted_by_address_and_guessing_is_limited_too() {
    let stack = Stack::builder()
        .api("RATE_LIMIT_UNAUTHENTICATED", "4/1h")
        .api("TRUSTED_PROXIES", "1")
        .start()
        .await;
    let nobody = stack.client(Some("not.a.token".to_owned()));
    let from = |address: &str, path: &str| {
        let request = nobody.request(reqwest::Method::GET, path);
        Client::send(request.header("X-Forwarded-For", format!("9.9.9.9, {address}")))
    };
    assert_eq!(from("192.0.2.1", "metadata").await.status, 200);
    for path in ["Patient/$export", "$export-status/x", "nothing"] {
        assert_eq!(from("192.0.2.1", path).await.status, 401, "{path}");
    }
    for path in ["metadata", "Patient/$export"] {
        refused(&from("192.0.2.1", path).await, "RATE_LIMIT_UNAUTHENTICATED");
    }
    assert_eq!(from("192.0.2.2", "Patient/$export").await.status, 401);

    let admin = stack.admin();
    let url = accepted(&admin.kick_off("").await);
    for _ in 0..4 {
        let guess = format!("$export-status/{}", Uuid::new_v4());
        admin.get(&guess).await.outcome(404, "not-found");
    }
    let guess = format!("$export-file/{}/{}", Uuid::new_v4(), Uuid::new_v4());
    refused(&admin.get(&guess).await, "RATE_LIMIT_UNAUTHENTICATED");
    assert_eq!(
        admin.get(&url).await.status,
        202,
        "what is there is not guessed"
    );
    let ready = reqwest::get(format!("{}/readyz", stack.root()))
        .await
        .unwrap();
    assert_eq!(ready.status(), 200, "probes are not counted");
}

#[tokio::test]
async fn downloads_are_limited_and_a_class_without_limit_says_nothing() {
    let mut stack = Stack::builder()
        .api("RATE_LIMIT_DOWNLOAD", "4/1h")
        .start()
        .await;
    let patient = data::patient_with_records(&stack.database, 2, 10).await;
    stack.start_worker(&[]).await;
    let client = stack.patient(patient);
    let manifest = client.export("_type=Patient").await;
    let file = manifest["output"][0]["url"].as_str().unwrap();
    for left in [3, 2, 1, 0] {
        let reply = client.get(file).await;
        assert_eq!(reply.status, 200);
        let expected = format!("\"download\";r={left};t=900");
        assert_eq!(reply.header("ratelimit"), Some(expected.as_str()));
    }
    refused(&client.get(file).await, "RATE_LIMIT_DOWNLOAD is 4/1h");
    let kick_off = client.kick_off("").await;
    assert_eq!(
        (kick_off.status.as_u16(), kick_off.header("ratelimit")),
        (202, None)
    );
}
