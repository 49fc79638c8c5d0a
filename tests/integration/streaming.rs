//! Streaming: constant memory, several files, nothing lost by an error in the middle.

use bulk_export_tests::{Stack, client::job_id, data, secs};
use serde_json::{Value, json};

const MEGABYTE: u64 = 1 << 20;

#[tokio::test]
async fn a_gigabyte_is_exported_in_constant_memory() {
    let mut stack = Stack::builder().own_kubo().start().await;
    // 260,000 rows of 4 KB.
    data::patient_with_records(&stack.database, 260_000, 3_600).await;
    let settings = [("WORKER_PARTS", "2"), ("EXPORT_FILE_BYTES", "134217728")];
    let worker = stack.start_worker(&settings).await;
    let idle = stack.workers[worker].peak_memory();
    let admin = stack.admin();
    let start = std::time::Instant::now();
    let manifest = admin
        .completed_within(&admin.start("_type=DocumentReference").await, secs(240))
        .await;
    let seconds = start.elapsed().as_secs_f64();
    let peak = stack.workers[worker].peak_memory();
    let output = manifest["output"].as_array().unwrap();
    let size = |item: &Value| {
        item["extension"][bulk_export_tests::client::FILE_EXTENSION]["size"]
            .as_u64()
            .unwrap()
    };
    let bytes: u64 = output.iter().map(size).sum();
    println!(
        "{} MB in {} files in {seconds:.1} s: {:.0} MB/s; the worker's peak RSS was {:.1} MB ({:.1} MB before), two parts at once",
        bytes / 1_000_000,
        output.len(),
        bytes as f64 / 1e6 / seconds,
        peak as f64 / 1e6,
        idle as f64 / 1e6,
    );
    assert!(bytes >= 1_000_000_000, "{bytes}");
    assert_eq!(
        output
            .iter()
            .map(|item| item["count"].as_u64().unwrap())
            .sum::<u64>(),
        260_000
    );
    assert!(output.len() >= 8, "128 MiB a file: {}", output.len());
    assert!(
        output.iter().all(|item| size(item) < 129 * MEGABYTE),
        "{output:?}"
    );
    assert!(
        peak < (64 + 2 * 16) * MEGABYTE,
        "64 MB and 16 MB a part, got {peak}"
    );
}

#[tokio::test]
async fn the_download_of_a_large_file_needs_little_memory_too() {
    let stack = Stack::builder().workers(1).start().await;
    data::patient_with_records(&stack.database, 15_000, 6_000).await;
    let admin = stack.admin();
    let manifest = admin.export("_type=DocumentReference").await;
    let api = stack.api.as_ref().unwrap();
    let before = api.peak_memory();
    let bytes = admin
        .get(manifest["output"][0]["url"].as_str().unwrap())
        .await
        .body
        .len() as u64;
    let grown = api.peak_memory() - before;
    println!("{bytes} bytes downloaded, the API's peak RSS grew by {grown}");
    assert!(bytes > 80_000_000);
    assert!(grown < 16 * MEGABYTE, "{grown}");
}

#[tokio::test]
async fn a_type_is_cut_into_files_at_the_configured_size() {
    let stack = Stack::builder()
        .workers(1)
        .worker("EXPORT_FILE_BYTES", "1048576")
        .start()
        .await;
    data::patient_with_records(&stack.database, 600, 10_000).await;
    let admin = stack.admin();
    let manifest = admin.export("_type=DocumentReference").await;
    let output = manifest["output"].as_array().unwrap();
    assert!((5..=8).contains(&output.len()), "{}", output.len());
    for item in output {
        let size = item["extension"][bulk_export_tests::client::FILE_EXTENSION]["size"]
            .as_u64()
            .unwrap();
        assert!(
            size < MEGABYTE + 20_000,
            "closed at the first resource that reaches it: {size}"
        );
    }
    assert_eq!(admin.ids(&manifest).await, {
        let mut source = data::source(&stack.database, None).await;
        source.remove("Patient");
        source
    });
}

#[tokio::test]
async fn a_resource_that_is_too_large_becomes_a_line_of_the_error_file() {
    let stack = Stack::builder()
        .sample(5)
        .workers(1)
        .worker("EXPORT_MAX_RESOURCE_BYTES", "65536")
        .start()
        .await;
    let patient = data::patient_with_records(&stack.database, 2, 100_000).await;
    data::records_of(&stack.database, patient, 3, 60).await;
    let large: Vec<String> = stack
        .database
        .column(
            "SELECT id::text FROM medical_records WHERE length(description) > 65536 ORDER BY 1",
            &[],
        )
        .await;
    assert_eq!(large.len(), 2);
    let admin = stack.admin();
    let manifest = admin.export("").await;
    let mut source = data::source(&stack.database, None).await;
    source
        .get_mut("DocumentReference")
        .unwrap()
        .retain(|id| !large.contains(id));
    assert_eq!(admin.ids(&manifest).await, source, "all others are there");
    let outcomes = admin.outcomes(&manifest).await;
    assert_eq!(outcomes.len(), 2, "{outcomes:?}");
    for id in large {
        let naming = outcomes.iter().filter(|outcome| {
            outcome
                .to_string()
                .contains(&format!("DocumentReference/{id}"))
        });
        assert_eq!(naming.count(), 1, "{id}: {outcomes:?}");
    }
}

#[tokio::test]
async fn an_error_in_the_middle_never_completes_a_job_with_fewer_rows() {
    let stack = Stack::builder()
        .workers(1)
        .worker("PART_ATTEMPTS", "2")
        .own_kubo()
        .start()
        .await;
    let patient = data::patient_with_records(&stack.database, 10_000, 500).await;
    stack
        .database
        .run(
            "ALTER TABLE medical_records RENAME TO medical_records_rows;
             CREATE VIEW medical_records AS
             SELECT s.id, patient_id, provider_id, record_type, description, status, record_date,
                    CASE WHEN n = 5000 THEN 1 / (n - 5000)::integer ELSE version END AS version, metadata, created_at, updated_at
             FROM (SELECT *, row_number() OVER (ORDER BY id) AS n FROM medical_records_rows) s",
        )
        .await;
    let client = stack.patient(patient);
    let url = client.start("_type=Patient,DocumentReference").await;
    let reply = client.answers(&url, 500).await;
    reply.outcome(500, "processing");
    let text = reply.text().to_lowercase();
    assert!(
        !text.contains("division") && !text.contains("zero") && !text.contains("medical_records"),
        "{text}"
    );
    let attempts: Vec<i32> = stack
        .database
        .column(
            "SELECT attempts FROM bulk_export_parts WHERE resource_type = 'DocumentReference'",
            &[],
        )
        .await;
    assert_eq!(attempts, [2], "tried as often as configured");
    let files = "bulk_export_files WHERE job_id = $1 AND resource_type = 'DocumentReference'";
    assert_eq!(
        stack.database.count(files, &[&job_id(&url)]).await,
        0,
        "no short file was recorded"
    );
}

#[tokio::test]
async fn a_type_without_rows_has_no_file() {
    let stack = Stack::with_sample(3).await;
    stack
        .database
        .run("DELETE FROM medical_history; DELETE FROM medical_record_consents")
        .await;
    let admin = stack.admin();
    let manifest = admin.export("").await;
    assert_eq!(
        admin.ids(&manifest).await.into_keys().collect::<Vec<_>>(),
        ["DocumentReference", "Patient"]
    );
    assert_eq!(manifest["output"].as_array().unwrap().len(), 2);
    let manifest = admin.export("_type=Consent").await;
    assert_eq!(
        (&manifest["output"], &manifest["error"]),
        (&json!([]), &json!([]))
    );
}

#[tokio::test]
async fn text_with_newlines_quotes_and_unicode_stays_on_one_line() {
    let stack = Stack::with_sample(5).await;
    let text = "line one\nline \"two\"\r\n\ttab \\ back 患者 🩺 \u{2028}\u{1}end";
    stack
        .database
        .execute("UPDATE medical_records SET description = $1", &[&text])
        .await;
    let admin = stack.admin();
    let manifest = admin.export("_type=DocumentReference").await;
    let lines = admin.lines(&manifest["output"][0]).await;
    assert!(!lines.is_empty());
    let mapped = lines[0]["description"].as_str().unwrap();
    assert!(
        mapped.contains("line \"two\"") && mapped.contains("患者 🩺"),
        "{mapped}"
    );
}
