//! HAPI FHIR's tables.

use bulk_export_tests::{Database, data::exported};
use serde_json::{Value, json};

use super::{Source, are_fhir, ids, reader_exists, texts, with_reader};

/// The default partition of a server in UTC that keeps tags in their tables: HAPI's own defaults.
const DEFAULTS: [(&str, &str); 3] = [("zone", "UTC"), ("partition", "none"), ("tags", "tables")];

async fn hapi() -> Source {
    Source::exported("hapi", &[], &DEFAULTS).await
}

fn owned<const N: usize>(names: [&str; N]) -> Vec<String> {
    names.map(str::to_owned).to_vec()
}

#[tokio::test]
async fn everything_of_one_partition_is_exported_as_fhir() {
    let source = hapi().await;
    let stack = source.stack().workers(1).start().await;
    let admin = stack.admin();
    let manifest = admin.export("").await;
    let output = admin.output(&manifest).await;
    assert!(are_fhir(&output).is_empty());
    let expected = ids([
        ("Patient", owned(["1010", "ann", "ben", "dee"])),
        (
            "Observation",
            owned(["ann-changed", "ann-one", "ben-one", "cid-one", "of-both"]),
        ),
        (
            "Condition",
            owned(["sourced", "tagged", "tagged-and-extended"]),
        ),
        ("Flag", owned(["flag"])),
        ("Group", owned(["group"])),
    ]);
    assert_eq!(exported(&output), expected);

    let told = texts(&admin.outcomes(&manifest).await);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("Observation/ben-lost"), "{told:?}");
}

#[tokio::test]
async fn what_hapi_keeps_beside_the_body_is_put_into_it() {
    let source = hapi().await;
    let stack = source.stack().workers(1).start().await;
    let admin = stack.admin();
    let manifest = admin.export("_type=Patient,Condition").await;
    let output = admin.output(&manifest).await;
    let meta = |id: &str| {
        let line = output.iter().flat_map(|(_, lines)| lines);
        let mut meta = line.clone().find(|line| line["id"] == id).unwrap()["meta"].clone();
        meta.as_object_mut().unwrap().remove("lastUpdated").unwrap();
        meta
    };
    let profile = json!(["http://hl7.org/fhir/us/core/StructureDefinition/us-core-body-weight"]);
    let security = json!([{
        "system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R", "display": "restricted",
    }]);
    let tag = json!([{"system": "http://example.org/tags", "version": "2", "code": "a\"b", "userSelected": true}]);
    assert_eq!(meta("ann"), json!({"versionId": "3"}));
    let mut tagged = meta("tagged");
    let of = tagged.as_object_mut().unwrap().remove("source").unwrap();
    assert!(
        of.as_str()
            .unwrap()
            .starts_with("http://example.org/source#"),
        "{of}"
    );
    assert_eq!(
        tagged,
        json!({"versionId": "1", "profile": profile, "security": security, "tag": tag})
    );
    let extension = json!([{"url": "http://example.org/x", "valueBoolean": true}]);
    assert_eq!(
        meta("tagged-and-extended"),
        json!({"versionId": "1", "extension": extension, "profile": profile, "security": security, "tag": tag})
    );
}

#[tokio::test]
async fn a_patient_gets_her_compartment_and_no_more() {
    let source = hapi().await;
    let stack = source.stack().workers(1).start().await;
    let of = async |patient: &str| {
        let client = stack.patient(patient);
        let manifest = client.export("").await;
        client.ids(&manifest).await
    };
    let expected = ids([
        ("Patient", owned(["ann", "dee"])),
        ("Observation", owned(["ann-changed", "ann-one", "of-both"])),
        (
            "Condition",
            owned(["sourced", "tagged", "tagged-and-extended"]),
        ),
        ("Group", owned(["group"])),
    ]);
    assert_eq!(of("ann").await, expected);
    let expected = ids([
        ("Patient", owned(["ben"])),
        ("Observation", owned(["ben-one", "of-both"])),
        ("Flag", owned(["flag"])),
    ]);
    assert_eq!(of("ben").await, expected);
    let expected = ids([("Observation", owned(["cid-one"]))]);
    assert_eq!(of("cid").await, expected, "a deleted patient's");
    assert_eq!(of("1010").await, ids([("Patient", owned(["1010"]))]));
    assert_eq!(of("zoe").await, ids([]), "another partition's");
    assert_eq!(of("nobody").await, ids([]));
}

#[tokio::test]
async fn a_partition_is_exported_by_its_number() {
    let relation = [("zone", "UTC"), ("partition", "7"), ("tags", "tables")];
    let source = Source::exported("hapi", &[], &relation).await;
    let stack = source.stack().workers(1).start().await;
    let admin = stack.admin();
    let manifest = admin.export("").await;
    let expected = ids([
        ("Patient", owned(["zoe"])),
        ("Observation", owned(["zoe-one"])),
    ]);
    assert_eq!(admin.ids(&manifest).await, expected);
}

#[tokio::test]
async fn what_cannot_be_read_keeps_a_worker_from_starting() {
    for (refused, reason) in [
        ("lob", "is stored in a large object (RES_TEXT)"),
        ("compressed", "is stored in a large object (RES_TEXT)"),
        ("esr", "is stored outside of the database (ESR)"),
        ("dstu3", "is not FHIR R4"),
    ] {
        let source = Source::exported("hapi", &[("refused", refused)], &DEFAULTS).await;
        let log = source.refused().await;
        assert!(log.contains(reason), "{refused}: {log}");
        assert!(log.contains("Observation, RES_ID "), "{refused}: {log}");
    }
}

#[tokio::test]
async fn all_partitions_are_one_relation_only_where_ids_are_unique() {
    let all = with_reader(&[("zone", "UTC"), ("partition", "all"), ("tags", "tables")]);
    let source = Source::with_rows("hapi", &[]).await;
    reader_exists().await;
    source.runs("relation.sql", &all);
    let seen = "bulk_export.hapi WHERE resource_type = 'Patient' AND in_patient_compartment";
    assert_eq!(source.database.count(seen, &[]).await, 5);

    // As HAPI 8 makes it in database partition mode.
    source
        .database
        .run(
            "ALTER TABLE hfj_resource DROP CONSTRAINT idx_res_type_fhir_id,
             ADD CONSTRAINT idx_res_type_fhir_id UNIQUE (partition_id, res_type, fhir_id)",
        )
        .await;
    let told = source.fails("relation.sql", &all);
    assert!(told.contains("name one partition"), "{told}");
}

#[tokio::test]
async fn what_the_operator_gets_wrong_is_refused() {
    let source = Source::with_rows("hapi", &[]).await;
    reader_exists().await;
    for (name, value, reason) in [
        ("zone", "Europe/Helsinkki", "time zone"),
        ("partition", "seven", "integer"),
        ("tags", "none", "tags must be tables or inline"),
    ] {
        let relation = DEFAULTS.map(|known| {
            if known.0 == name {
                (name, value)
            } else {
                known
            }
        });
        let told = source.fails("relation.sql", &with_reader(&relation));
        assert!(told.contains(reason), "{name}: {told}");
    }
    source
        .database
        .run("ALTER TABLE hfj_res_ver ALTER res_text_vc TYPE varchar(4000)")
        .await;
    let told = source.fails("relation.sql", &with_reader(&DEFAULTS));
    assert!(told.contains("not the tables of HAPI FHIR 7"), "{told}");
}

#[tokio::test]
async fn times_are_read_in_the_servers_zone() {
    let relation = [
        ("zone", "Asia/Tokyo"),
        ("partition", "none"),
        ("tags", "tables"),
    ];
    let source = Source::exported("hapi", &[], &relation).await;
    let behind =
        "SELECT bool_and(r.last_updated AT TIME ZONE 'UTC' = h.res_updated - interval '9 hours')
                  FROM bulk_export.hapi AS r JOIN hfj_resource AS h ON h.res_id = r.key";
    assert!(source.database.value::<bool>(behind, &[]).await);
}

#[tokio::test]
async fn tags_of_a_server_that_keeps_them_inline_are_its_bodies_own() {
    let relation = [("zone", "UTC"), ("partition", "none"), ("tags", "inline")];
    let source = Source::exported("hapi", &[], &relation).await;
    let body = "SELECT body FROM bulk_export.hapi WHERE resource_type = 'Condition' AND id = 'tagged-and-extended'";
    let body: String = source.database.value(body, &[]).await;
    let body: Value = serde_json::from_str(&body).unwrap();
    let members = body["meta"].as_object().unwrap();
    assert_eq!(members.keys().collect::<Vec<_>>(), ["extension"]);
}

#[tokio::test]
async fn many_parts_hold_each_resource_once() {
    let source = Source::exported("hapi", &[("patients", "40")], &DEFAULTS).await;
    source.exports_each_observation_once().await;
}

#[tokio::test]
async fn one_patients_rows_are_found_by_indexes() {
    let source = Source::exported("hapi", &[("patients", "300")], &DEFAULTS).await;
    let plan = source.plan_of_hers("100532").await;
    for table in ["hfj_resource", "hfj_res_ver", "hfj_res_link"] {
        assert!(!plan.contains(&format!("Seq Scan on {table}")), "{plan}");
    }
    assert!(plan.contains("idx_rl_tgt_v2"), "{plan}");
    refusal_reads_nothing_but_its_index(&source.database).await;
}

async fn refusal_reads_nothing_but_its_index(database: &Database) {
    let explain = "EXPLAIN (COSTS OFF) SELECT * FROM bulk_export.hapi_refusal";
    let plan: Vec<String> = database.column(explain, &[]).await;
    assert!(
        plan.iter()
            .any(|line| line.contains("bulk_export_hapi_refusal")),
        "{plan:?}"
    );
}

#[tokio::test]
async fn the_checks_of_the_documentation_run() {
    let source = hapi().await;
    let told = source.runs("check.sql", &[]);
    assert!(
        told.contains("Observation|6|1|11"),
        "exported, lost, all: {told}"
    );
    assert!(told.contains("Observation|Observation.focus|1"), "{told}");
}
