//! Access: who is let in, who is not, and that a refusal tells nothing.

use bulk_export_tests::{Reply, Stack, client::job_id, tokens};
use reqwest::Method;
use serde_json::{Value, json};

const UNKNOWN: &str = "5f0c3a53-7f6e-4be5-8a31-5c9e5a1c2b11";

/// Every endpoint that needs a token: method and path.
fn guarded(job: &str, file: &str) -> Vec<(Method, String)> {
    vec![
        (Method::GET, "Patient/$export".to_owned()),
        (Method::GET, format!("$export-status/{job}")),
        (Method::DELETE, format!("$export-status/{job}")),
        (Method::GET, format!("$export-file/{job}/{file}")),
        (Method::HEAD, format!("$export-file/{job}/{file}")),
    ]
}

async fn ask(stack: &Stack, token: Option<String>, method: Method, path: &str) -> Reply {
    let request = stack.client(token).request(method, path);
    bulk_export_tests::Client::send(
        request
            .header("Accept", "application/fhir+json")
            .header("Prefer", "respond-async"),
    )
    .await
}

fn changed(claims: &Value, name: &str, value: Value) -> Value {
    let mut claims = claims.clone();
    match value {
        Value::Null => claims.as_object_mut().unwrap().remove(name),
        value => claims
            .as_object_mut()
            .unwrap()
            .insert(name.to_owned(), value),
    };
    claims
}

#[tokio::test]
async fn without_a_valid_token_every_endpoint_answers_401() {
    let stack = Stack::with_sample(2).await;
    let admin = stack.admin();
    let url = admin.start("_type=Patient").await;
    let manifest = admin.completed(&url).await;
    let file = manifest["output"][0]["url"]
        .as_str()
        .unwrap()
        .rsplit('/')
        .next()
        .unwrap()
        .to_owned();
    let good = tokens::claims("admin", "ADMIN");
    let now = chrono::Utc::now().timestamp();
    let sign = |claims: &Value| Some(tokens::sign(claims, tokens::SECRET));
    let unsigned = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.eyJzdWIiOiJhZG1pbiIsInJvbGUiOiJBRE1JTiJ9.";
    let refused = [
        ("no token", None),
        ("no JWT", Some("nonsense".to_owned())),
        ("no signature", Some(unsigned.to_owned())),
        (
            "another secret",
            Some(tokens::sign(&good, "another-secret-of-at-least-32-bytes!")),
        ),
        ("expired", sign(&changed(&good, "exp", json!(now - 300)))),
        ("without expiry", sign(&changed(&good, "exp", Value::Null))),
        (
            "not yet valid",
            sign(&changed(&good, "nbf", json!(now + 300))),
        ),
        (
            "another issuer",
            sign(&changed(&good, "iss", json!("https://other.test"))),
        ),
        ("no issuer", sign(&changed(&good, "iss", Value::Null))),
        (
            "another audience",
            sign(&changed(&good, "aud", json!("other"))),
        ),
        ("no audience", sign(&changed(&good, "aud", Value::Null))),
    ];
    for (case, token) in refused {
        for (method, path) in guarded(&job_id(&url).to_string(), &file) {
            let reply = ask(&stack, token.clone(), method.clone(), &path).await;
            assert_eq!(reply.status, 401, "{case}: {method} {path}");
            let challenge = reply.header("www-authenticate").unwrap_or_default();
            assert!(
                challenge.starts_with("Bearer"),
                "{case}: {method} {path}: {challenge:?}"
            );
            if method != Method::HEAD {
                reply.outcome(401, "login");
            }
        }
    }
    assert_eq!(
        admin.get(&url).await.status,
        200,
        "nothing was cancelled by those requests"
    );
}

#[tokio::test]
async fn another_role_or_none_is_403_everywhere() {
    let stack = Stack::builder().start().await;
    let job = job_id(&stack.admin().start("").await).to_string();
    let role = |value: Value| {
        tokens::sign(
            &changed(&tokens::claims("u", "x"), "role", value),
            tokens::SECRET,
        )
    };
    for value in [
        json!("PRACTITIONER"),
        json!("admin"),
        json!("patient"),
        json!(""),
        Value::Null,
    ] {
        for (method, path) in guarded(&job, UNKNOWN) {
            let reply = ask(&stack, Some(role(value.clone())), method.clone(), &path).await;
            assert_eq!(
                reply.status,
                403,
                "{value}: {method} {path}: {}",
                reply.text()
            );
            if method != Method::HEAD {
                reply.outcome(403, "forbidden");
            }
        }
    }
    assert_eq!(
        stack
            .database
            .count("bulk_export_jobs WHERE status = 'pending'", &[])
            .await,
        1
    );
}

#[tokio::test]
async fn a_patient_token_without_a_patient_is_403_at_kick_off() {
    let stack = Stack::builder()
        .api("AUTH_PATIENT_CLAIM", "patient")
        .start()
        .await;
    let claims = tokens::claims("user-1", "PATIENT");
    for claim in [Value::Null, json!("")] {
        let token = tokens::sign(&changed(&claims, "patient", claim), tokens::SECRET);
        stack
            .client(Some(token))
            .kick_off("")
            .await
            .outcome(403, "forbidden");
    }
    assert_eq!(stack.database.count("bulk_export_jobs", &[]).await, 0);
    let token = tokens::sign(
        &changed(&claims, "patient", json!(format!("Patient/{UNKNOWN}"))),
        tokens::SECRET,
    );
    assert_eq!(stack.client(Some(token)).kick_off("").await.status, 202);
    let row: Value = stack
        .database
        .value("SELECT to_jsonb(j) FROM bulk_export_jobs j", &[])
        .await;
    assert_eq!(
        (&row["requester_id"], &row["subject_patient"]),
        (&json!("user-1"), &json!(UNKNOWN))
    );
}

#[tokio::test]
async fn health_and_metadata_need_no_token() {
    let stack = Stack::builder().start().await;
    let nobody = stack.client(None);
    for path in ["/healthz", "/readyz", "/fhir/r4/metadata"] {
        assert_eq!(
            nobody.get(&format!("{}{path}", stack.root())).await.status,
            200,
            "{path}"
        );
    }
}
