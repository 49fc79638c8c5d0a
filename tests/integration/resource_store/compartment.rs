//! In whose record a resource is: by its version, by the definition, and by relative references only.

use bulk_export_tests::Database;
use serde_json::{Value, json};

use super::{patients, put, versions};

async fn patients_of(database: &Database, resource: Value) -> Vec<String> {
    let (kind, id) = (
        resource["resourceType"].as_str().unwrap(),
        resource["id"].as_str().unwrap(),
    );
    let version = put(database, &resource.to_string()).await;
    let found = patients(database, kind, id, version).await;
    let stored = versions(database, kind, id).await.pop().unwrap();
    assert_eq!(
        stored.in_patient_compartment,
        !found.is_empty(),
        "{resource}"
    );
    found
}

fn to(reference: &str) -> Value {
    json!({ "reference": reference })
}

#[tokio::test]
async fn membership_follows_the_definition_for_every_shape_of_path() {
    let database = Database::migrated().await;
    let (ada, eve) = (to("Patient/ada"), to("Patient/eve"));
    for (resource, expected) in [
        (json!({"resourceType": "Patient", "id": "ada"}), vec!["ada"]),
        (
            json!({"resourceType": "Patient", "id": "bob", "link": [{"other": eve}]}),
            vec!["bob", "eve"],
        ),
        (
            json!({"resourceType": "Observation", "id": "1", "subject": ada, "performer": [eve, ada]}),
            vec!["ada", "eve"],
        ),
        (
            json!({"resourceType": "Group", "id": "1", "member": [{"entity": ada}, {"entity": eve}]}),
            vec!["ada", "eve"],
        ),
        (
            json!({"resourceType": "Appointment", "id": "1", "participant": [{"actor": to("Practitioner/p")}, {"actor": eve}]}),
            vec!["eve"],
        ),
        (
            json!({"resourceType": "AuditEvent", "id": "1", "agent": [{"who": ada}], "entity": [{"what": eve}]}),
            vec!["ada", "eve"],
        ),
        (
            json!({"resourceType": "Claim", "id": "1", "patient": ada, "payee": {"party": eve}}),
            vec!["ada", "eve"],
        ),
        (
            json!({"resourceType": "Coverage", "id": "1", "policyHolder": ada, "payor": [to("Organization/o"), eve]}),
            vec!["ada", "eve"],
        ),
        (
            json!({"resourceType": "CarePlan", "id": "1", "activity": [{"detail": {"performer": [eve]}}]}),
            vec!["eve"],
        ),
        (
            json!({"resourceType": "Provenance", "id": "1", "target": [to("Observation/1"), ada]}),
            vec!["ada"],
        ),
        (
            json!({"resourceType": "Task", "id": "1", "for": ada, "focus": eve}),
            vec!["ada", "eve"],
        ),
        (
            json!({"resourceType": "SupplyRequest", "id": "1", "deliverTo": ada}),
            vec!["ada"],
        ),
        (
            json!({"resourceType": "EnrollmentRequest", "id": "1", "candidate": ada}),
            vec!["ada"],
        ),
        (
            json!({"resourceType": "Person", "id": "1", "link": [{"target": ada}]}),
            vec!["ada"],
        ),
        // Not among the parameters of its type, or of a type that the definition leaves out.
        (
            json!({"resourceType": "MedicationRequest", "id": "1", "requester": ada}),
            vec![],
        ),
        (
            json!({"resourceType": "Device", "id": "1", "patient": ada}),
            vec![],
        ),
        (json!({"resourceType": "Practitioner", "id": "ada"}), vec![]),
        (
            json!({"resourceType": "Organization", "id": "1", "subject": ada}),
            vec![],
        ),
        // What a resource contains is no resource of its own.
        (
            json!({"resourceType": "Condition", "id": "1", "contained": [{"resourceType": "Condition", "id": "c", "subject": ada}]}),
            vec![],
        ),
    ] {
        assert_eq!(
            patients_of(&database, resource.clone()).await,
            expected,
            "{resource}"
        );
    }
}

#[tokio::test]
async fn only_a_relative_reference_to_a_patient_opens_her_record() {
    let database = Database::migrated().await;
    let long = format!("Patient/{}", "a".repeat(65));
    for (reference, expected) in [
        (json!("Patient/ada"), vec!["ada"]),
        (json!("Patient/ada/_history/2"), vec!["ada"]),
        (
            json!("http://elsewhere.example.org/fhir/Patient/ada"),
            vec![],
        ),
        (
            json!("https://here.example.org/fhir/r4/Patient/ada"),
            vec![],
        ),
        (
            json!("urn:uuid:2f6b0f0e-5d0e-4f64-8c80-2f3b5c1d8a11"),
            vec![],
        ),
        (json!("#ada"), vec![]),
        (json!("ada"), vec![]),
        (json!("/Patient/ada"), vec![]),
        (json!("patient/ada"), vec![]),
        (json!("Patient/"), vec![]),
        (json!("Patient/ada/"), vec![]),
        (json!("Patient/ada/x"), vec![]),
        (json!("Patient/ada?x"), vec![]),
        (json!("Patient/ada\n"), vec![]),
        (json!("Patient/ada eve"), vec![]),
        (json!("PatientX/ada"), vec![]),
        (json!("RelatedPerson/ada"), vec![]),
        (json!("RelatedPerson/x/Patient/ada"), vec![]),
        (json!(long), vec![]),
        (json!(["Patient/ada"]), vec![]),
        (json!({"value": "Patient/ada"}), vec![]),
        (json!(7), vec![]),
        (json!(null), vec![]),
    ] {
        let resource =
            json!({"resourceType": "Encounter", "id": "e", "subject": {"reference": reference}});
        assert_eq!(
            patients_of(&database, resource).await,
            expected,
            "{reference}"
        );
    }
    let by_identifier = json!({"resourceType": "Encounter", "id": "e", "subject": {"type": "Patient", "identifier": {"value": "ada"}}});
    assert_eq!(
        patients_of(&database, by_identifier).await,
        Vec::<String>::new()
    );
}

#[tokio::test]
async fn membership_is_that_of_the_version() {
    let database = Database::migrated().await;
    let of =
        |patient: &str| json!({"resourceType": "Encounter", "id": "e", "subject": to(patient)});
    assert_eq!(patients_of(&database, of("Patient/ada")).await, ["ada"]);
    assert_eq!(patients_of(&database, of("Patient/eve")).await, ["eve"]);
    assert_eq!(
        patients_of(&database, of("Group/all")).await,
        Vec::<String>::new()
    );
    assert_eq!(
        patients(&database, "Encounter", "e", 1).await,
        ["ada"],
        "as it was"
    );
}
