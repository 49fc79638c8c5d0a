//! Refusals: what is not supported is named, and told as FHIR tells it; or ignored and reported, if the client is lenient.

use bulk_export_tests::{Client, Stack, client::accepted, http::raw, tokens};
use reqwest::Method;
use serde_json::{Value, json};

/// The parameters of the IG (STU2, STU3) that are not supported yet, with values that the IG allows.
const UNSUPPORTED: [(&str, &str); 8] = [
    ("_elements", "id"),
    ("_typeFilter", "Patient%3Fgender%3Dfemale"),
    ("_until", "2026-01-01T00:00:00Z"),
    ("patient", "Patient/1"),
    ("includeAssociatedData", "LatestProvenanceResources"),
    ("organizeOutputBy", "Patient"),
    ("allowPartialManifests", "true"),
    ("_unheardOf", "1"),
];

#[tokio::test]
async fn an_unknown_type_is_refused_by_name() {
    let stack = Stack::builder().start().await;
    for (query, name) in [
        ("_type=Observation", "Observation"),
        ("_type=Patient,Medication", "Medication"),
        ("_type=Patient&_type=patient", "patient"),
        ("_type=Binary,Patient", "Binary"),
    ] {
        let issue = stack
            .admin()
            .kick_off(query)
            .await
            .outcome(400, "not-supported");
        assert!(
            issue["details"]["text"].as_str().unwrap().contains(name),
            "{issue}"
        );
        assert!(
            issue["diagnostics"].is_string(),
            "a 400 says what to do: {issue}"
        );
    }
    assert_eq!(stack.database.count("bulk_export_jobs", &[]).await, 0);
}

#[tokio::test]
async fn every_unsupported_parameter_is_refused_by_name() {
    let stack = Stack::builder().start().await;
    for (name, value) in UNSUPPORTED {
        let issue = stack
            .admin()
            .kick_off(&format!("_type=Patient&{name}={value}"))
            .await
            .outcome(400, "not-supported");
        assert!(
            issue["details"]["text"].as_str().unwrap().contains(name),
            "{issue}"
        );
    }
}

#[tokio::test]
async fn under_lenient_handling_what_is_not_supported_is_ignored_and_reported() {
    let stack = Stack::with_sample(3).await;
    let admin = stack.admin();
    let query: Vec<String> = UNSUPPORTED
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let query = format!("_type=Patient,Observation&{}", query.join("&"));
    for prefer in [
        "respond-async, handling=lenient",
        "respond-async; handling=lenient",
        "handling=lenient,respond-async",
    ] {
        let url = accepted(&admin.kick_off_preferring(&query, prefer).await);
        let manifest = admin.completed(&url).await;
        assert_eq!(
            admin.ids(&manifest).await.into_keys().collect::<Vec<_>>(),
            ["Patient"],
            "{prefer}"
        );
        let outcomes = admin.outcomes(&manifest).await;
        let texts: Vec<String> = outcomes
            .iter()
            .map(|outcome| outcome["issue"][0]["details"]["text"].to_string())
            .collect();
        for name in UNSUPPORTED
            .iter()
            .map(|(name, _)| *name)
            .chain(["Observation"])
        {
            assert_eq!(
                texts.iter().filter(|text| text.contains(name)).count(),
                1,
                "{name}: {texts:?}"
            );
        }
        assert_eq!(outcomes.len(), UNSUPPORTED.len() + 1);
        assert!(
            outcomes
                .iter()
                .all(|outcome| outcome["issue"][0]["severity"] == "warning"),
            "{outcomes:?}"
        );
    }
}

#[tokio::test]
async fn lenient_handling_of_unknown_types_only_exports_nothing_rather_than_everything() {
    let stack = Stack::with_sample(3).await;
    let admin = stack.admin();
    let reply = admin
        .kick_off_preferring("_type=Observation", "respond-async, handling=lenient")
        .await;
    let manifest = admin.completed(&accepted(&reply)).await;
    assert_eq!(manifest["output"], json!([]));
    assert_eq!(admin.outcomes(&manifest).await.len(), 1);
}

#[tokio::test]
async fn accept_and_prefer_are_required() {
    let stack = Stack::builder().start().await;
    let authorization = format!("Bearer {}", tokens::token("admin", "ADMIN"));
    let (accept, prefer) = (
        ("Accept", "application/fhir+json"),
        ("Prefer", "respond-async"),
    );
    type Headers<'a> = &'a [(&'a str, &'a str)];
    let cases: [(Headers<'_>, &str, Option<&str>); 7] = [
        (&[prefer], "required", Some("Accept")),
        (&[accept], "required", Some("Prefer")),
        (
            &[accept, ("Prefer", "handling=lenient")],
            "required",
            Some("Prefer"),
        ),
        (
            &[("Accept", "text/html"), prefer],
            "not-supported",
            Some("Accept"),
        ),
        (&[accept, prefer], "", None),
        (
            &[("Accept", "application/fhir+json, */*; q=0.1"), prefer],
            "",
            None,
        ),
        (&[accept, ("Prefer", "respond-async, wait=10")], "", None),
    ];
    for (headers, code, name) in cases {
        let headers: Vec<_> = headers
            .iter()
            .copied()
            .chain([("Authorization", authorization.as_str())])
            .collect();
        let reply = raw(stack.address(), "GET /fhir/r4/Patient/$export", &headers).await;
        let Some(name) = name else {
            assert_eq!(reply.status, 202, "{headers:?}");
            continue;
        };
        assert_eq!(reply.status, 400, "{headers:?}");
        assert_eq!(reply.header("content-type"), Some("application/fhir+json"));
        let body: Value = serde_json::from_slice(&reply.body).unwrap();
        assert_eq!(body["resourceType"], "OperationOutcome");
        assert_eq!(body["issue"][0]["code"], code, "{body}");
        assert!(
            body["issue"][0]["details"]["text"]
                .as_str()
                .unwrap()
                .contains(name),
            "{body}"
        );
    }
}

#[tokio::test]
async fn other_methods_and_paths_are_refused_as_fhir_refuses() {
    let stack = Stack::builder().start().await;
    let admin = stack.admin();
    for (method, path, status) in [
        (Method::POST, "Patient/$export", 405),
        (Method::DELETE, "Patient/$export", 405),
        (
            Method::PUT,
            "$export-status/5f0c3a53-7f6e-4be5-8a31-5c9e5a1c2b11",
            405,
        ),
        (Method::GET, "$export", 404),
        (Method::GET, "Group/1/$export", 404),
        (Method::GET, "Patient/1", 404),
        (Method::GET, "Patient", 404),
        (Method::GET, "", 404),
    ] {
        let reply = Client::send(admin.request(method.clone(), path)).await;
        let body = reply.json();
        assert_eq!(reply.status, status, "{method} {path}: {body}");
        assert_eq!(body["resourceType"], "OperationOutcome", "{method} {path}");
        if status == 405 {
            let allow = reply.header("allow").unwrap_or_default();
            assert!(
                allow.contains("GET"),
                "{method} {path}: a 405 says what is allowed (RFC 9110, 15.5.6), got {allow:?}"
            );
        }
    }
}
