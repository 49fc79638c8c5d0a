//! The operator's commands as an operator types them: their words, their exit codes, and their lines in the audit.

use bulk_export_tests::{Stack, client::job_id, poll, process::Ended, secs};
use serde_json::Value;

use super::retry::{break_history, hasty, mend_history};

/// Runs a command that must succeed.
pub(super) async fn done(stack: &Stack, arguments: &[&str]) -> String {
    let ended = stack.cli(arguments).await;
    assert_eq!(
        code(&ended),
        0,
        "{arguments:?}: {}{}",
        ended.stdout,
        ended.stderr
    );
    ended.stdout
}

/// Runs a command that prints JSON.
pub(super) async fn json(stack: &Stack, arguments: &[&str]) -> Value {
    let arguments = [arguments, &["--json"]].concat();
    let text = done(stack, &arguments).await;
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {text}"))
}

pub(super) fn code(ended: &Ended) -> i32 {
    ended.status.code().expect("no signal ended it")
}

/// Checks that every line fits, and that nothing is coloured: the output is no terminal.
fn looks_right(text: &str) {
    for line in text.lines() {
        assert!(line.chars().count() <= 100, "{line}");
    }
    assert!(!text.contains('\u{1b}'), "{text}");
}

#[tokio::test]
async fn a_failed_job_is_found_explained_and_retried_with_three_commands() {
    let stack = hasty().await;
    let admin = stack.admin();
    break_history(&stack.database).await;
    let url = admin.start("_type=Patient,Provenance").await;
    admin.answers(&url, 500).await;
    let id = job_id(&url).to_string();
    let short = &id[..8];

    let list = done(&stack, &["jobs", "--state", "failed"]).await;
    looks_right(&list);
    assert!(list.contains(&format!("{short}  failed  admin")), "{list}");
    assert_eq!(
        done(&stack, &["jobs", "--state", "completed"]).await,
        "no jobs\n"
    );

    let job = done(&stack, &["job", short]).await;
    looks_right(&job);
    for fact in [
        id.as_str(),
        "reason            The export of Provenance resources failed repeatedly",
        "Provenance  failed      2",
        "Patient     done        1",
        "medical_history",
        "kick_off  accepted  admin",
        "fail      failed",
    ] {
        assert!(job.contains(fact), "{fact}: {job}");
    }
    assert!(
        job.find("Provenance  failed") < job.find("Patient     done"),
        "what is wrong comes first: {job}"
    );

    mend_history(&stack.database).await;
    let retried = done(&stack, &["retry", short]).await;
    assert_eq!(retried, format!("{id}: 1 part is due again\n"));
    admin.completed(&url).await;
    let job = json(&stack, &["job", &id]).await;
    assert_eq!(
        (&job["state"], &job["error"]),
        (&"completed".into(), &Value::Null)
    );
    let who = "SELECT requester_id FROM bulk_export_audit WHERE action = 'retry'";
    let who: String = stack.database.value(who, &[]).await;
    assert!(who.starts_with("cli:") && who.len() > 4, "{who}");

    let again = stack.cli(&["retry", short]).await;
    assert_eq!(code(&again), 1);
    assert!(
        again.stderr.contains("cannot be retried: it is completed"),
        "{}",
        again.stderr
    );
    assert_eq!(
        done(&stack, &["cancel", short]).await,
        format!("{id}: cancelled\n")
    );
    admin.get(&url).await.outcome(404, "not-found");
    let again = stack.cli(&["cancel", short]).await;
    assert_eq!(code(&again), 4, "{}", again.stderr);
}

#[tokio::test]
async fn what_names_no_job_or_several_changes_nothing() {
    let stack = Stack::builder().start().await;
    let admin = stack.admin();
    for _ in 0..2 {
        admin.start("_type=Patient").await;
    }
    // Two whose ids begin alike.
    stack
        .database
        .run("INSERT INTO bulk_export_jobs (id, requester_id, requester_role, resource_types, level, request_url, transaction_time)
              SELECT ('abcdef01-0000-4000-8000-00000000000' || n)::uuid, 'x', 'ADMIN', '{Patient}', 'patient', 'x', now() FROM generate_series(1, 2) n")
        .await;
    for (arguments, expected, words) in [
        (["cancel", "abcdef01"], 1, "begins the ids of several jobs"),
        (["retry", "abcdef01"], 1, "begins the ids of several jobs"),
        (["cancel", "abcdef0"], 1, "too short to name a job"),
        (["cancel", "00000000"], 4, "there is no job 00000000"),
        (["job", "not-an-id"], 4, "there is no job not-an-id"),
        (["status", "abcdef01"], 1, "bulk-export job JOB"),
        (
            ["cancel", "/fhir/r4/-status/abcdef01"],
            2,
            "whole status URL",
        ),
    ] {
        let ended = stack.cli(&arguments).await;
        assert_eq!(code(&ended), expected, "{arguments:?}: {}", ended.stderr);
        assert!(
            ended.stderr.contains(words),
            "{arguments:?}: {}",
            ended.stderr
        );
    }
    let whole = "abcdef01-0000-4000-8000-000000000001";
    assert_eq!(
        done(&stack, &["cancel", whole]).await,
        format!("{whole}: cancelled\n")
    );
    let cancelled = stack
        .database
        .count("bulk_export_jobs WHERE status = 'cancelled'", &[])
        .await;
    assert_eq!(cancelled, 1);
}

#[tokio::test]
async fn the_list_goes_on_where_a_page_ended_and_has_an_end() {
    let stack = Stack::builder().start().await;
    stack
        .database
        .run("INSERT INTO bulk_export_jobs (id, requester_id, requester_role, resource_types, level, request_url, transaction_time, created_at)
              SELECT gen_random_uuid(), 'x' || n, 'ADMIN', '{Patient}', 'patient', 'x', now(), now() - n * interval '1 minute' FROM generate_series(1, 2345) n")
        .await;
    let page = stack.cli(&["jobs", "--limit", "3"]).await;
    assert_eq!(page.stdout.lines().count(), 4);
    let word = page
        .stderr
        .split_whitespace()
        .skip_while(|word| *word != "--after")
        .nth(1);
    let word = word.expect("it says how to go on").trim_end_matches(',');
    let next = json(&stack, &["jobs", "--limit", "2", "--after", word]).await;
    let clients: Vec<_> = next
        .as_array()
        .unwrap()
        .iter()
        .map(|job| &job["client"])
        .collect();
    assert_eq!(clients, ["x4", "x5"]);
    let all = json(&stack, &["jobs", "--all"]).await;
    assert_eq!(all.as_array().map(Vec::len), Some(2345));
    let one = json(&stack, &["jobs", "--search", "x234"]).await;
    assert_eq!(
        one.as_array().map(Vec::len),
        Some(7),
        "x234 and x2340 to x2345"
    );
    let last = stack.cli(&["jobs", "--client", "x7"]).await;
    assert!(last.stderr.is_empty(), "there is no more: {}", last.stderr);
    looks_right(&last.stdout);
}

#[tokio::test]
async fn the_screen_tells_how_the_service_is_and_check_says_it_to_scripts() {
    let mut stack = Stack::builder().sample(5).start().await;
    let alone = stack.cli(&["status", "--check"]).await;
    assert_eq!(code(&alone), 3, "{}{}", alone.stdout, alone.stderr);
    assert!(
        alone.stderr.contains("No worker is alive"),
        "{}",
        alone.stderr
    );
    assert!(
        alone.stdout.starts_with("WRONG  No worker is alive"),
        "{}",
        alone.stdout
    );
    assert_eq!(
        done(&stack, &["status"]).await,
        alone.stdout,
        "without --check it is a screen only"
    );

    stack.start_worker(&[]).await;
    stack.admin().export("").await;
    poll("the worker has told of itself", secs(30), async || {
        (stack.cli(&["status", "--check"]).await.status.success()).then_some(())
    })
    .await;
    let screen = done(&stack, &["status"]).await;
    looks_right(&screen);
    for fact in [
        "Everything is as it should be.",
        "accepted",
        "Redis up",
        "1 alive, 1 claiming",
        "1 completed",
        "0 failed",
    ] {
        assert!(screen.contains(fact), "{fact}: {screen}");
    }

    assert!(
        done(&stack, &["pause", "--reason", "a\nnew disk"])
            .await
            .contains("refused now")
    );
    stack.admin().kick_off("").await.outcome(503, "transient");
    let screen = done(&stack, &["status"]).await;
    assert!(
        screen.contains("by cli:") && screen.contains(": a new disk"),
        "{screen}"
    );
    assert!(
        done(&stack, &["pause"])
            .await
            .starts_with("nothing to do: paused since")
    );
    assert_eq!(
        json(&stack, &["status"]).await["paused"]["reason"],
        "a new disk"
    );
    done(&stack, &["resume"]).await;
    assert!(done(&stack, &["resume"]).await.starts_with("nothing to do"));
    stack.admin().export("_type=Patient").await;
    let long = "x".repeat(201);
    assert_eq!(code(&stack.cli(&["pause", "--reason", &long]).await), 1);
}

#[tokio::test]
async fn a_sweep_is_waited_for_and_its_numbers_are_told() {
    let mut stack = Stack::builder()
        .sample(5)
        .own_kubo()
        .worker("EXPORT_GRACE", "0s")
        .start()
        .await;
    let nobody = stack.cli(&["sweep", "--now"]).await;
    assert!(
        nobody.stderr.contains("no worker is alive"),
        "{}",
        nobody.stderr
    );
    assert_eq!(code(&nobody), 1);
    stack.start_worker(&[]).await;
    let admin = stack.admin();
    let url = admin.start("_type=Patient").await;
    admin.completed(&url).await;
    let pins = json(&stack, &["pins"]).await;
    assert_eq!(
        (&pins["ownedPins"], &pins["endingFiles"]),
        (&1.into(), &0.into())
    );
    stack
        .database
        .run("UPDATE bulk_export_jobs SET expires_at = clock_timestamp()")
        .await;
    poll("the worker has told of itself", secs(30), async || {
        (stack.database.count("bulk_export_workers", &[]).await > 0).then_some(())
    })
    .await;
    let swept = done(&stack, &["sweep", "--now"]).await;
    assert!(
        swept.contains("released 1 file and 0 unowned pins, removed 1 job, 0 failed"),
        "{swept}"
    );
    assert!(stack.kubo.pins().await.is_empty());
    assert_eq!(done(&stack, &["sweep"]).await, swept);
    let screen = done(&stack, &["pins"]).await;
    assert!(
        screen.starts_with("owned        0 pins of 0 files"),
        "{screen}"
    );
    // A worker that cannot reach the node does not sweep.
    stack.private_kubo.as_ref().unwrap().halt();
    let worker: Value = poll(
        "the worker sees that the node is away",
        secs(60),
        async || {
            let _ = admin.kick_off("_type=Patient").await;
            let status = json(&stack, &["status"]).await;
            (status["workers"][0]["claiming"] == false).then_some(status["workers"][0].clone())
        },
    )
    .await;
    assert!(worker["note"].is_string(), "{worker}");
    let late = stack.cli(&["sweep", "--now", "--timeout", "1s"]).await;
    assert_eq!(code(&late), 1);
    assert!(
        late.stderr.contains("no sweep has ended within 1s"),
        "{}",
        late.stderr
    );
}
