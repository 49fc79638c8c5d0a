//! Bundles: their resources, with the links between them.

use serde_json::{Value, json};

use super::world::{World, gzip};

/// A transaction as Synthea writes them: pretty-printed, ids equal to the `urn:uuid:` of the entries, links by them. The
/// encounter has no id of its own and a link to nowhere.
const TRANSACTION: &str = r#"{
  "resourceType": "Bundle",
  "type": "transaction",
  "entry": [ {
    "fullUrl": "urn:uuid:8c95253e-8ee8-9ae8-6d40-021d702dc78e",
    "resource": {
      "resourceType": "Patient",
      "id": "8c95253e-8ee8-9ae8-6d40-021d702dc78e",
      "text": {
        "status": "generated",
        "div": "<div xmlns=\"http://www.w3.org/1999/xhtml\">\"reference\": \"urn:uuid:8c95253e-8ee8-9ae8-6d40-021d702dc78e\"</div>"
      }
    },
    "request": {
      "method": "POST",
      "url": "Patient"
    }
  }, {
    "fullUrl": "urn:uuid:c088b7af-fc41-43cc-ab80-4a9ab8d47cd9",
    "resource": {
      "resourceType": "Encounter",
      "status": "finished",
      "subject": {
        "reference": "urn:uuid:8c95253e-8ee8-9ae8-6d40-021d702dc78e",
        "display": "Ms. A"
      },
      "participant": [ {
        "individual": {
          "reference": "Practitioner?identifier=http://hl7.org/fhir/sid/us-npi|9999999"
        }
      } ],
      "partOf": {
        "reference": "urn:uuid:11111111-1111-1111-1111-111111111111"
      }
    },
    "request": {
      "method": "POST",
      "url": "Encounter"
    }
  }, {
    "fullUrl": "urn:uuid:c2c5b4a7-4a9a-43cc-ab80-4a9ab8d47cd9",
    "resource": {
      "resourceType": "Observation",
      "id": "bmi",
      "subject": {
        "reference": "urn:uuid:8c95253e-8ee8-9ae8-6d40-021d702dc78e"
      },
      "encounter": {
        "reference": "urn:uuid:c088b7af-fc41-43cc-ab80-4a9ab8d47cd9"
      },
      "valueQuantity": {
        "value": 61.1000000000000000000000001,
        "unit": "kg"
      }
    },
    "request": {
      "method": "PUT",
      "url": "Observation/bmi"
    }
  } ]
}
"#;

fn transaction() -> Value {
    serde_json::from_str(TRANSACTION).unwrap()
}

#[tokio::test]
async fn a_transaction_of_syntheas_form_is_loaded_with_its_links() {
    let world = World::new().await;
    let file = world.file("synthea.json", TRANSACTION);
    let ended = world.load(&["--bundle", &file]).await.with(0);
    assert_eq!(ended.figures("synthea.json"), [3, 0, 0, 0]);
    assert!(
        ended.stderr.contains("1 reference to urn:uuid:"),
        "{}",
        ended.stderr
    );
    let patient = "8c95253e-8ee8-9ae8-6d40-021d702dc78e";
    let encounter = "c088b7af-fc41-43cc-ab80-4a9ab8d47cd9";
    let expected = [
        format!("Encounter/{encounter}/1"),
        "Observation/bmi/1".to_owned(),
        format!("Patient/{patient}/1"),
    ];
    assert_eq!(world.current().await, expected);
    let body = world.body("Encounter", encounter).await;
    assert_eq!(body["id"], encounter);
    assert_eq!(
        body["subject"],
        json!({"reference": format!("Patient/{patient}"), "display": "Ms. A"})
    );
    let individual = &body["participant"][0]["individual"]["reference"];
    assert_eq!(
        individual,
        "Practitioner?identifier=http://hl7.org/fhir/sid/us-npi|9999999"
    );
    assert_eq!(
        body["partOf"]["reference"],
        "urn:uuid:11111111-1111-1111-1111-111111111111"
    );
    let body = world.body("Observation", "bmi").await;
    assert_eq!(
        body["encounter"]["reference"],
        format!("Encounter/{encounter}")
    );
    let body = world.body("Patient", patient).await;
    assert_eq!(body["text"], transaction()["entry"][0]["resource"]["text"]);
    let stored: String = world
        .database
        .value("SELECT body FROM resource_version WHERE id = 'bmi'", &[])
        .await;
    assert!(
        stored.contains(r#"{"value":61.1000000000000000000000001,"unit":"kg"}"#),
        "{stored}"
    );
    let lines = "resource_version WHERE body ~ E'[\\n\\r]'";
    assert_eq!(world.database.count(lines, &[]).await, 0);
    let hers = "resource_compartment WHERE patient_id = $1";
    assert_eq!(
        world.database.count(hers, &[&patient]).await,
        3,
        "links make the compartment"
    );

    let again = world.load(&["--bundle", &file]).await.with(0);
    assert_eq!(again.figures("total"), [0, 0, 3, 0]);
}

#[tokio::test]
async fn every_type_of_bundle_with_resources_is_loaded_from_several_files() {
    let world = World::new().await;
    let mut names = Vec::new();
    for kind in ["batch", "collection", "searchset", "document"] {
        let resource = json!({"resourceType": "Device", "id": kind});
        let bundle = json!({"resourceType": "Bundle", "type": kind, "total": 1, "entry": [
            {"fullUrl": format!("http://example.org/Device/{kind}"), "resource": resource, "search": {"mode": "match"}}]});
        let content = bundle.to_string().into_bytes();
        let packed = gzip(world.folder.path(), &content);
        names.push(world.file(kind, if kind == "batch" { packed } else { content }));
    }
    let mut arguments: Vec<_> = names.iter().map(String::as_str).collect();
    arguments.extend(["--bundle", "-"]);
    let input = json!({"resourceType": "Bundle", "type": "collection"}).to_string();
    let ended = world.load_from(&arguments, input.into()).await.with(0);
    assert_eq!(ended.figures("total"), [4, 0, 0, 0]);
    assert_eq!(ended.figures("-"), [0, 0, 0, 0]);
}

#[tokio::test]
async fn bad_entries_are_rejected_and_the_rest_is_loaded() {
    let world = World::new().await;
    let mut bundle = transaction();
    let entries = bundle["entry"].as_array_mut().unwrap();
    entries.insert(
        0,
        json!({"request": {"method": "DELETE", "url": "Patient/1"}}),
    );
    entries[1]["resource"]["deceasedString"] = json!("\u{0}");
    entries.push(json!({"resource": {"resourceType": "Patient", "subject": {"reference": "urn:uuid:c088b7af-fc41-43cc-ab80-4a9ab8d47cd9"}}}));
    let good = world.file("good.json", bundle.to_string());
    let cut = world.file("cut.json", &TRANSACTION[..500]);
    let history = json!({"resourceType": "Bundle", "type": "history"});
    let history = world.file("history.json", history.to_string());
    let ended = world
        .load(&["--bundle", &good, &cut, &history])
        .await
        .with(1);
    assert_eq!(ended.figures("good.json"), [2, 0, 0, 3]);
    assert_eq!(ended.figures("cut.json"), [0, 0, 0, 1]);
    assert_eq!(ended.figures("history.json"), [0, 0, 0, 1]);
    let rejects = world.rejects("rejects.ndjson");
    let entries: Vec<_> = rejects.iter().map(|r| r["entry"].clone()).collect();
    assert_eq!(
        entries,
        [json!(0), json!(1), json!(4), Value::Null, Value::Null]
    );
    let reasons: Vec<_> = rejects
        .iter()
        .map(|r| r["reason"].as_str().unwrap())
        .collect();
    assert_eq!(
        reasons[0],
        "the entry is a DELETE; only POST and PUT are loaded"
    );
    assert!(
        reasons[1].starts_with("refused by the database: "),
        "{}",
        reasons[1]
    );
    assert_eq!(reasons[2], "no id");
    assert!(
        reasons[3].starts_with("not a FHIR Bundle: not JSON: "),
        "{}",
        reasons[3]
    );
    assert!(
        reasons[4].starts_with("a Bundle of type history is not loaded"),
        "{}",
        reasons[4]
    );
    let mended = r#"{"resourceType":"Patient","subject":{"reference":"Encounter/c088b7af-fc41-43cc-ab80-4a9ab8d47cd9"}}"#;
    assert_eq!(rejects[2]["text"], mended, "with its links, as a line");
}
