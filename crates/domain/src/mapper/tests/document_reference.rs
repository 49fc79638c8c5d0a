//! `DocumentReference`.

use serde_json::json;

use super::*;

const CID: &str = "bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi";
const SHA256: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

fn attachment(metadata: serde_json::Value) -> serde_json::Value {
    let resource = json(MedicalRecordRow {
        metadata: Some(metadata),
        ..bare_record()
    });
    assert_eq!(resource["content"].as_array().unwrap().len(), 1);
    resource["content"][0]["attachment"].clone()
}

#[test]
fn a_full_row() {
    let row = MedicalRecordRow {
        provider_id: Some(id(9)),
        record_type: "lab_result".into(),
        description: Some("Full blood count".into()),
        version: 3,
        metadata: Some(json!({
            "title": "FBC 2022-03-04", "contentType": "application/pdf", "size": 48_211, "cid": CID, "sha256": SHA256,
            "department": "Haematology",
        })),
        ..bare_record()
    };
    assert_eq!(
        line(row),
        [
            r#"{"resourceType":"DocumentReference","id":"01234567-89ab-4cde-8f01-000000000002","#,
            r#""meta":{"lastUpdated":"2024-05-06T07:08:09.123Z"},"#,
            r#""masterIdentifier":{"system":"https://fhir-bulk-export.org/identifier/record-version","#,
            r#""value":"01234567-89ab-4cde-8f01-000000000002/3"},"status":"current","#,
            r#""type":{"coding":[{"system":"http://loinc.org","code":"11502-2"}],"text":"Laboratory result"},"#,
            r#""category":[{"coding":[{"system":"https://fhir-bulk-export.org/CodeSystem/record-type","#,
            r#""code":"lab_result","display":"Laboratory result"}]}],"#,
            r#""subject":{"reference":"Patient/01234567-89ab-4cde-8f01-000000000001"},"#,
            r#""date":"2023-05-06T07:08:09.000Z","#,
            r#""author":[{"reference":"Practitioner/01234567-89ab-4cde-8f01-000000000009"}],"#,
            r#""description":"Full blood count","#,
            r#""content":[{"attachment":{"extension":[{"url":"https://fhir-bulk-export.org/extension/sha256","#,
            &format!(r#""valueString":"{SHA256}"}}],"contentType":"application/pdf","url":"ipfs://{CID}","#),
            r#""size":48211,"title":"FBC 2022-03-04"}}],"#,
            r#""context":{"period":{"start":"2022-03-04T05:06:07.000Z","end":"2022-03-04T05:06:07.000Z"}}}"#,
        ]
        .concat()
    );
}

#[test]
fn a_row_of_nulls() {
    assert_eq!(
        line(bare_record()),
        concat!(
            r#"{"resourceType":"DocumentReference","id":"01234567-89ab-4cde-8f01-000000000002","#,
            r#""meta":{"lastUpdated":"2024-05-06T07:08:09.123Z"},"#,
            r#""masterIdentifier":{"system":"https://fhir-bulk-export.org/identifier/record-version","#,
            r#""value":"01234567-89ab-4cde-8f01-000000000002/1"},"status":"current","type":{"text":"Other"},"#,
            r#""category":[{"coding":[{"system":"https://fhir-bulk-export.org/CodeSystem/record-type","#,
            r#""code":"other","display":"Other"}]}],"#,
            r#""subject":{"reference":"Patient/01234567-89ab-4cde-8f01-000000000001"},"#,
            r#""date":"2023-05-06T07:08:09.000Z","content":[{"attachment":{"title":"Other"}}],"#,
            r#""context":{"period":{"start":"2022-03-04T05:06:07.000Z","end":"2022-03-04T05:06:07.000Z"}}}"#,
        )
    );
}

#[test]
fn a_status_that_is_not_known_is_refused() {
    for (status, expected) in [
        ("active", "current"),
        ("archived", "superseded"),
        ("deleted", "entered-in-error"),
    ] {
        assert_eq!(
            json(MedicalRecordRow {
                status: status.into(),
                ..bare_record()
            })["status"],
            expected
        );
    }
    let row = MedicalRecordRow {
        status: "Active".into(),
        ..bare_record()
    };
    assert_eq!(refusal(row), Reason::UnknownCode { column: "status" });
}

#[test]
fn a_record_type_that_is_not_known_is_told_in_its_own_words() {
    let row = MedicalRecordRow {
        record_type: "tele visit".into(),
        ..bare_record()
    };
    let resource = json(row);
    assert_eq!(resource["type"], json!({"text": "tele visit"}));
    assert!(resource.get("category").is_none());
    let nameless = json(MedicalRecordRow {
        record_type: " ".into(),
        ..bare_record()
    });
    assert_eq!(nameless["type"], json!({"text": "Medical record"}));
}

#[test]
fn an_attachment_has_a_title_whatever_the_row_holds() {
    let titled = |description: &str| {
        let row = MedicalRecordRow {
            description: Some(description.into()),
            ..bare_record()
        };
        json(row)["content"][0]["attachment"].clone()
    };
    assert_eq!(titled("Short."), json!({"title": "Short."}));
    assert_eq!(titled("One line\nand another"), json!({"title": "Other"}));
    assert_eq!(titled(&"x".repeat(201)), json!({"title": "Other"}));
    for metadata in [
        json!(null),
        json!([]),
        json!(["title"]),
        json!("title"),
        json!(7),
        json!({}),
        json!({"title": " "}),
    ] {
        assert_eq!(attachment(metadata), json!({"title": "Other"}));
    }
}

#[test]
fn members_of_the_wrong_kind_are_left_out() {
    for wrong in [
        json!({"title": 1, "contentType": {}, "size": "12", "cid": [CID], "sha256": null}),
        json!({"contentType": "pdf", "size": -1, "cid": "not a cid", "sha256": "abc"}),
        json!({"contentType": "", "size": 2_147_483_648_u64, "cid": "", "sha256": ""}),
        json!({"contentType": "text/plain\n", "size": 1.5, "cid": format!("ipfs://{CID}"), "sha256": SHA256[1..]}),
        json!({"contentType": "../x", "size": u64::MAX, "cid": format!("{CID} "), "sha256": "z".repeat(64)}),
        json!({"title": "\u{2028}", "size": true, "cid": "bafy/../../etc/passwd"}),
    ] {
        assert_eq!(
            attachment(wrong.clone()),
            json!({"title": "Other"}),
            "{wrong}"
        );
    }
    assert_eq!(
        attachment(json!({"size": 2_147_483_647_u64}))["size"],
        2_147_483_647_u64
    );
    assert_eq!(attachment(json!({"size": 0}))["size"], 0);
}

#[test]
fn a_description_beyond_a_fhir_string_is_kept_as_a_document() {
    let description = "ab\u{1}\u{e9}".repeat(300_000);
    let resource = json(MedicalRecordRow {
        description: Some(description.clone()),
        ..bare_record()
    });
    assert!(resource.get("description").is_none());
    assert_eq!(
        resource["content"][0]["attachment"],
        json!({"title": "Other"})
    );
    let text = &resource["content"][1]["attachment"];
    assert_eq!(text["contentType"], "text/plain; charset=utf-8");
    assert_eq!(text["title"], "Description");
    let bytes = base64::Engine::decode(
        &base64::engine::general_purpose::STANDARD,
        text["data"].as_str().unwrap(),
    )
    .unwrap();
    assert_eq!(bytes, description.as_bytes());
}

#[test]
fn years_that_fhir_cannot_write_are_refused() {
    let late = time("+12345-01-01T00:00:00Z");
    let year = |column| Reason::YearOutOfRange { column };
    assert_eq!(
        refusal(MedicalRecordRow {
            record_date: late,
            ..bare_record()
        }),
        year("record_date")
    );
    assert_eq!(
        refusal(MedicalRecordRow {
            created_at: late,
            ..bare_record()
        }),
        year("created_at")
    );
    assert_eq!(
        refusal(MedicalRecordRow {
            updated_at: late,
            ..bare_record()
        }),
        year("updated_at")
    );
}
