//! What is stored and recorded of a compressed export.

use bulk_export_tests::{Gate, Stack, client::FILE_EXTENSION, client::sha256, data};
use serde_json::{Value, json};

use super::{CODED, compress, decoded, stored_bytes};

fn facts(item: &Value) -> &Value {
    &item["extension"][FILE_EXTENSION]
}

/// Sees that the row of a file says what the manifest says.
async fn is_recorded(stack: &Stack, item: &Value) {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let number = |value: &Value| value.as_i64().unwrap();
    let facts = facts(item);
    let sql = "bulk_export_files WHERE cid = $1 AND sha256 = $2 AND coding = $3 AND stored_bytes = $4 AND decoded_bytes = $5 AND rows = $6";
    let count = stack
        .database
        .count(
            sql,
            &[
                &text(&facts["ipfs"]).trim_start_matches("ipfs://"),
                &text(&facts["sha256"]),
                &text(&facts["coding"]),
                &number(&facts["size"]),
                &number(&facts["decodedSize"]),
                &number(&item["count"]),
            ],
        )
        .await;
    assert_eq!(count, 1, "{item}");
}

#[tokio::test]
async fn compressed_files_decode_to_exactly_the_lines_of_an_uncompressed_export() {
    let mut stack = Stack::with_sample(40).await;
    let admin = stack.admin();
    let plain = admin.export("").await;
    let plain = plain["output"].as_array().unwrap();
    assert_eq!(plain.len(), 4);
    for coding in CODED {
        compress(&mut stack, coding).await;
        let manifest = admin.export("").await;
        assert_eq!(manifest["error"], json!([]));
        let output = manifest["output"].as_array().unwrap();
        assert_eq!(output.len(), plain.len());
        for (item, plain) in output.iter().zip(plain) {
            let (stored, lines) = (
                stored_bytes(&admin, item).await,
                stored_bytes(&admin, plain).await,
            );
            assert!(decoded(coding, &stored) == lines, "{coding} {item}");
            let cid = stack.kubo.cid_of(&stored).await;
            let expected = json!({
                "ipfs": format!("ipfs://{cid}"),
                "sha256": sha256(&stored),
                "size": stored.len(),
                "coding": coding.as_str(),
                "decodedSize": lines.len(),
            });
            assert_eq!(facts(item), &expected);
            assert_eq!(
                (&item["type"], &item["count"]),
                (&plain["type"], &plain["count"])
            );
            assert_eq!(stack.kubo.file(&cid).await.as_ref(), Some(&stored));
            is_recorded(&stack, item).await;
        }
        let source = data::source(&stack.database, None).await;
        assert_eq!(admin.ids(&manifest).await, source, "decoded by the server");
    }
}

#[tokio::test]
async fn files_are_closed_by_their_decoded_size_and_parts_count_decoded_bytes() {
    for coding in CODED {
        let stack = Stack::builder()
            .workers(1)
            .worker("EXPORT_FILE_BYTES", "1048576")
            .worker("EXPORT_COMPRESSION", coding.as_str())
            .start()
            .await;
        data::patient_with_records(&stack.database, 600, 10_000).await;
        let admin = stack.admin();
        let manifest = admin.export("_type=DocumentReference").await;
        let output = manifest["output"].as_array().unwrap();
        assert!((5..=8).contains(&output.len()), "{}", output.len());
        let size = |item: &Value| facts(item)["decodedSize"].as_i64().unwrap();
        for item in &output[..output.len() - 1] {
            assert!(
                (1 << 20..(1 << 20) + 20_000).contains(&size(item)),
                "{item}"
            );
            assert!(facts(item)["size"].as_i64().unwrap() < size(item) / 10);
        }
        let decoded: i64 = output.iter().map(size).sum();
        let sql = "bulk_export_parts WHERE kind = 'export' AND rows = 600 AND bytes = $1";
        assert_eq!(stack.database.count(sql, &[&decoded]).await, 1);
        let mut source = data::source(&stack.database, None).await;
        source.remove("Patient");
        assert_eq!(admin.ids(&manifest).await, source);
    }
}

#[tokio::test]
async fn an_error_file_is_never_compressed() {
    let stack = Stack::builder()
        .sample(3)
        .workers(1)
        .worker("EXPORT_COMPRESSION", "gzip")
        .start()
        .await;
    let admin = stack.admin();
    let query = "_type=Patient,Observation";
    let reply = admin
        .kick_off_preferring(query, "respond-async, handling=lenient")
        .await;
    let manifest = admin
        .completed(&bulk_export_tests::client::accepted(&reply))
        .await;
    assert_eq!(facts(&manifest["output"][0])["coding"], "gzip");
    assert_eq!(facts(&manifest["error"][0])["coding"], "identity");
    assert_eq!(admin.outcomes(&manifest).await.len(), 1);
}

#[tokio::test]
async fn a_part_that_is_done_again_has_the_same_cid() {
    for coding in CODED {
        let variables = [("EXPORT_COMPRESSION", coding.as_str())];
        let mut stack = Stack::builder().worker("PART_LEASE", "3s").start().await;
        let patient = data::patient_with_records(&stack.database, 1000, 10_000).await;
        let client = stack.patient(patient);
        stack.start_worker(&variables).await;
        let first = client.export("_type=DocumentReference").await;
        let gate = Gate::close(&stack.database, "medical_records", 900).await;
        let url = client.start("_type=DocumentReference").await;
        gate.reached().await;
        stack.workers[0].crash();
        gate.open().await;
        stack.start_worker(&variables).await;
        let again = client.completed(&url).await;
        let sql = "SELECT attempts FROM bulk_export_parts WHERE kind = 'export' ORDER BY attempts";
        let attempts: Vec<i32> = stack.database.column(sql, &[]).await;
        assert_eq!(attempts, [1, 2], "{coding}");
        assert_eq!(
            facts(&first["output"][0]),
            facts(&again["output"][0]),
            "{coding}"
        );
    }
}
