//! No health data and no secret leaves Postgres and the files: not to logs, Redis, error bodies or pin names.

use bulk_export_tests::{Gate, Stack, tokens};
use uuid::Uuid;

/// A word that stands in every text column of the source.
const CANARY: &str = "Kanarienvogel";

#[tokio::test]
async fn logs_redis_and_pin_names_hold_no_health_data_no_patient_and_no_token() {
    let mut stack = Stack::builder()
        .sample(5)
        .own_kubo()
        .common("RUST_LOG", "debug")
        .worker("PART_LEASE", "3s")
        .worker("PART_ATTEMPTS", "2")
        .worker("EXPORT_MAX_RESOURCE_BYTES", "65536")
        .start()
        .await;
    let patient: Uuid = stack
        .database
        .value("SELECT patient_id FROM medical_records GROUP BY patient_id ORDER BY count(*) DESC LIMIT 1", &[])
        .await;
    stack
        .database
        .run(&format!(
            "UPDATE patients SET mrn = '{CANARY}' || id, first_name = '{CANARY}', last_name = '{CANARY}', middle_name = '{CANARY}',
                    phone = '{CANARY}', email = '{CANARY}@example.org', address = '{CANARY}';
             UPDATE medical_records SET description = '{CANARY}', metadata = '{{\"title\": \"{CANARY}\"}}';
             UPDATE medical_records SET description = repeat('{CANARY}', 10000) WHERE id = (SELECT id FROM medical_records LIMIT 1);
             UPDATE medical_history SET event_description = '{CANARY}'"
        ))
        .await;
    stack.start_worker(&[]).await;
    let token = tokens::token(&patient.to_string(), "PATIENT");
    let client = stack.client(Some(token.clone()));
    // A good run, a refused one, a cancelled one, one with a resource left out, a crash, and one that fails.
    let url = client.start("").await;
    let manifest = client.completed(&url).await;
    client.output(&manifest).await;
    client
        .kick_off("_type=Nothing")
        .await
        .outcome(400, "not-supported");
    stack.admin().export("").await;
    stack
        .client(Some(format!("{token}x")))
        .get(&url)
        .await
        .outcome(401, "login");
    assert_eq!(client.delete(&url).await.status, 202);
    let gate = Gate::close(&stack.database, "medical_records", 2).await;
    let url = client.start("").await;
    gate.reached().await;
    stack.workers[0].crash();
    gate.open().await;
    stack.start_worker(&[]).await;
    client.completed(&url).await;
    stack
        .database
        .run("ALTER TABLE patients ALTER COLUMN date_of_birth TYPE text USING last_name")
        .await;
    let url = stack.admin().start("_type=Patient").await;
    let failed = stack.admin().answers(&url, 500).await;

    let (logs, redis) = (stack.logs(), stack.redis.dump().await);
    let pins = format!("{:?}", stack.kubo.pins().await);
    assert!(
        logs.len() > 2000 && !pins.is_empty(),
        "there is something to look at"
    );
    let ids: Vec<String> = stack
        .database
        .column("SELECT id::text FROM patients UNION SELECT id::text FROM medical_records_rows UNION SELECT id::text FROM medical_history", &[])
        .await;
    let secrets = [
        token.as_str(),
        tokens::SECRET,
        token.rsplit('.').next().unwrap(),
        stack.redis.password.as_deref().unwrap_or(CANARY),
    ];
    let words = ids
        .iter()
        .map(String::as_str)
        .chain(secrets)
        .chain([CANARY]);
    for word in words {
        for (place, text) in [
            ("the logs", &logs),
            ("Redis", &redis),
            ("the pins' names", &pins),
            ("an error", &failed.text()),
        ] {
            let at = text
                .find(word)
                .map(|at| &text[at.saturating_sub(200)..(at + 100).min(text.len())]);
            assert!(
                at.is_none(),
                "{place} tell {word}: …{}…",
                at.unwrap_or_default()
            );
        }
    }
    let password = stack
        .database
        .url
        .split(':')
        .nth(2)
        .and_then(|rest| rest.split('@').next())
        .unwrap();
    assert!(
        !logs.contains(password),
        "the logs tell the database's password"
    );
}

#[tokio::test]
async fn logs_join_a_requester_by_a_keyed_hash_and_a_job_by_its_id() {
    let mut stack = Stack::builder()
        .sample(2)
        .common(
            "LOG_HASH_KEY",
            "a key that all processes of this system share",
        )
        .start()
        .await;
    stack.start_worker(&[]).await;
    let admin = stack.admin();
    let url = admin.start("").await;
    admin.completed(&url).await;
    let job = bulk_export_tests::client::job_id(&url).to_string();
    for log in [stack.api.as_ref().unwrap().log(), stack.workers[0].log()] {
        let lines: Vec<serde_json::Value> = log
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON logs are JSON, line by line"))
            .collect();
        assert!(
            lines.iter().any(|line| line.to_string().contains(&job)),
            "the job's id stands in the log: {log}"
        );
        assert!(!log.contains("\"admin\""), "a clear requester id: {log}");
    }
}

#[tokio::test]
async fn a_failing_statement_tells_no_value_of_a_row() {
    let mut stack = Stack::builder()
        .sample(3)
        .worker("PART_ATTEMPTS", "1")
        .start()
        .await;
    stack
        .database
        .run(&format!(
            "ALTER TABLE patients RENAME TO patients_rows;
             CREATE VIEW patients AS SELECT id, mrn, first_name, middle_name, last_name, sex, ('{CANARY}' || last_name)::date AS date_of_birth,
                    phone, email, address, created_at, updated_at FROM patients_rows"
        ))
        .await;
    stack.start_worker(&[]).await;
    let admin = stack.admin();
    let url = admin.start("_type=Patient").await;
    let failed = admin.answers(&url, 500).await;
    assert!(!failed.text().contains(CANARY));
    let log = stack.workers[0].log();
    assert!(log.contains("the exported data failed"), "{log}");
    assert!(!log.contains(CANARY), "{log}");
    let told = format!("bulk_export_parts WHERE error LIKE '%{CANARY}%'");
    assert_eq!(stack.database.count(&told, &[]).await, 0);
}
