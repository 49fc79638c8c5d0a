use super::*;

fn read_with(
    accept: Option<&str>,
    prefer: Option<&str>,
    query: &str,
) -> Result<KickOff, Box<OperationOutcome>> {
    KickOff::read(
        &Request {
            accept,
            prefer,
            query,
        },
        &Sources::default(),
    )
}

fn read(query: &str) -> Result<KickOff, Box<OperationOutcome>> {
    read_with(Some("application/fhir+json"), Some("respond-async"), query)
}

fn lenient(query: &str) -> Result<KickOff, Box<OperationOutcome>> {
    read_with(Some("*/*"), Some("respond-async, handling=lenient"), query)
}

fn refusal(result: Result<KickOff, Box<OperationOutcome>>) -> String {
    result.unwrap_err().issue[0].details.text.clone()
}

#[test]
fn all_types_are_the_default() {
    assert_eq!(
        read("").unwrap(),
        KickOff {
            types: Sources::default().types().collect(),
            since: None,
            file_rows: None,
            notes: vec![]
        }
    );
}

#[test]
fn types_are_a_comma_list_or_repeated_and_each_is_exported_once() {
    for query in [
        "_type=Consent,Patient",
        "_type=Consent&_type=Patient",
        "_type=Patient%2CConsent,Patient",
        "_type=Patient,%20Consent",
    ] {
        assert_eq!(
            read(query).unwrap().types,
            [ResourceType::Patient, ResourceType::Consent],
            "{query}"
        );
    }
}

#[test]
fn an_unknown_type_is_refused_by_name_or_ignored_with_a_note() {
    for (query, name) in [
        ("_type=Patient,Foo", "Foo"),
        ("_type=patient", "patient"),
        ("_type=", "''"),
        ("_type=Observation", "Observation"),
    ] {
        assert!(refusal(read(query)).contains(name), "{query}");
    }
    let kick_off = lenient("_type=Patient,Foo").unwrap();
    assert_eq!(kick_off.types, [ResourceType::Patient]);
    assert_eq!(kick_off.notes.len(), 1);
    assert!(kick_off.notes[0].issue[0].details.text.contains("Foo"));
    assert_eq!(lenient("_type=Foo").unwrap().types, []);
}

#[test]
fn an_unsupported_parameter_is_refused_by_name_or_ignored_with_a_note() {
    for name in UNSUPPORTED.into_iter().chain(["_foo"]) {
        let query = format!("{name}=x");
        assert!(refusal(read(&query)).contains(name));
        assert_eq!(lenient(&query).unwrap().notes.len(), 1);
    }
}

#[test]
fn since_is_an_instant_of_the_past() {
    for good in [
        "2026-01-31T08:30:00Z",
        "2026-01-31T09:30:00+01:00",
        "2026-01-31T09:30:00%2B01:00",
        "2026-01-31T09:30:00.000%2001:00",
    ] {
        assert_eq!(
            read(&format!("_since={good}")).unwrap().since,
            instant("2026-01-31T08:30:00Z"),
            "{good}"
        );
    }
    for bad in [
        "",
        "yesterday",
        "2026-01-31",
        "2026-01-31T08:30:00",
        "2026-02-31T08:30:00Z",
        "1",
        "é",
        "2026-01-31t08:30:00Z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00%2B01:00",
    ] {
        assert!(
            refusal(read(&format!("_since={bad}"))).contains("_since"),
            "{bad}"
        );
        assert!(lenient(&format!("_since={bad}")).is_err(), "{bad}");
    }
    let kick_off = read("_since=2026-06-01T12:00:01Z").unwrap();
    assert!(
        kick_off
            .check_since(instant("2026-06-01T12:00:01Z").unwrap())
            .is_ok()
    );
    let early = kick_off
        .check_since(instant("2026-06-01T12:00:00Z").unwrap())
        .unwrap_err();
    assert!(early.issue[0].details.text.contains("future"));
    assert!(
        refusal(read(
            "_since=2026-01-31T08:30:00Z&_since=2026-01-31T08:30:00Z"
        ))
        .contains("more than once")
    );
}

#[test]
fn the_three_names_of_ndjson_are_accepted() {
    for good in [
        "application/fhir+ndjson",
        "application/fhir%2Bndjson",
        "application/fhir%20ndjson",
        "application/ndjson",
        "ndjson",
    ] {
        assert!(read(&format!("_outputFormat={good}")).is_ok(), "{good}");
    }
    for bad in ["", "json", "text/csv", "application/fhir+parquet"] {
        assert!(
            refusal(read(&format!("_outputFormat={bad}"))).contains("_outputFormat"),
            "{bad}"
        );
    }
}

#[test]
fn both_headers_are_required() {
    assert!(refusal(read_with(None, Some("respond-async"), "")).contains("Accept"));
    assert!(refusal(read_with(Some("text/html"), Some("respond-async"), "")).contains("Accept"));
    for prefer in [
        None,
        Some(""),
        Some("handling=lenient"),
        Some("respond-sync"),
    ] {
        assert!(
            refusal(read_with(Some("application/fhir+json"), prefer, "")).contains("Prefer"),
            "{prefer:?}"
        );
    }
    for prefer in [
        "respond-async",
        "Respond-Async",
        "respond-async;handling=lenient",
        "handling=lenient, respond-async",
    ] {
        assert!(
            read_with(Some("application/fhir+json, */*; q=0.1"), Some(prefer), "").is_ok(),
            "{prefer}"
        );
    }
}

#[test]
fn a_query_that_cannot_be_read_is_refused() {
    assert!(refusal(read("_type=%ff")).contains("UTF-8"));
    assert!(refusal(read(&"a".repeat(MAX_QUERY_BYTES + 1))).contains("too long"));
}

#[test]
fn control_characters_of_the_client_are_not_repeated() {
    let text = refusal(read("_type=%00%0aFoo%1b"));
    assert!(text.contains("'Foo'"), "{text}");
}

#[test]
fn count_is_a_hint_between_bounds() {
    for (query, rows) in [
        ("_count=5000", 5000),
        ("_count=1", 100),
        ("_count=99999999999999999999999", 100_000_000),
    ] {
        assert_eq!(read(query).unwrap().file_rows, Some(rows), "{query}");
    }
    for value in ["0", "-1", "many", "", "1.5", "%2B5"] {
        let query = format!("_count={value}");
        let text = refusal(read(&query));
        assert!(text.starts_with("_count"), "{text}");
        let ignored = lenient(&query).unwrap();
        assert_eq!(ignored.file_rows, None, "{query}");
        assert!(
            ignored.notes[0].issue[0].details.text.contains("_count"),
            "{query}"
        );
    }
    assert!(refusal(read("_count=200&_count=300")).contains("more than once"));
}
