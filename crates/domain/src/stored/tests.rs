use super::*;

const PATIENT: ResourceType = ResourceType::Patient;

fn stored(id: &str, body: &str) -> Result<String, Broken> {
    let mut out = b"before\n".to_vec();
    let written = write(PATIENT, id, body, &mut out);
    let text = String::from_utf8(out).unwrap();
    let line = text.strip_prefix("before\n").unwrap().to_owned();
    assert!(
        written.is_ok() || line.is_empty(),
        "nothing is appended for what is broken"
    );
    written.map(|()| line)
}

fn foreign(body: &str) -> Result<String, Broken> {
    let mut out = Vec::new();
    let row = Foreign {
        id: "p.1",
        version: Some("7"),
        last_updated: DateTime::from_timestamp_millis(1_780_000_000_123).unwrap(),
        body,
    };
    let written = write_foreign(PATIENT, row, &mut out);
    assert!(written.is_ok() || out.is_empty());
    written.map(|()| String::from_utf8(out).unwrap())
}

#[test]
fn a_stored_body_goes_out_as_it_is() {
    for body in [
        r#"{"resourceType":"Patient","id":"p1","meta":{"versionId":"1"},"x":1.10}"#,
        r#"{"id":"p1","x":1.10,"resourceType":"Patient"}"#,
        r#"{ "resourceType" : "Patient", "id" : "p1" }"#,
    ] {
        assert_eq!(stored("p1", body).unwrap(), format!("{body}\n"));
    }
    assert_eq!(
        stored("p1", "{\"resourceType\":\"Patient\",\r\n\"id\":\"p1\"}").unwrap(),
        "{\"resourceType\":\"Patient\",  \"id\":\"p1\"}\n"
    );
}

#[test]
fn a_stored_body_of_another_resource_is_broken() {
    for (body, broken) in [
        (r#"{"resourceType":"Patient","id":"p2"}"#, Broken::OtherId),
        (r#"{"resourceType":"Patient","id":"p11"}"#, Broken::OtherId),
        (r#"{"resourceType":"Patient"}"#, Broken::OtherId),
        (r#"{"resourceType":"Person","id":"p1"}"#, Broken::OtherType),
        (r#"{"id":"p1"}"#, Broken::OtherType),
        (r#"{"id":"p1""#, Broken::NotJson),
        ("", Broken::NotJson),
        ("[]", Broken::NotJson),
        ("null", Broken::NotJson),
    ] {
        assert_eq!(stored("p1", body), Err(broken), "{body}");
    }
}

#[test]
fn what_a_foreign_body_lacks_is_spliced_in_and_the_rest_stays() {
    let meta = r#""meta":{"versionId":"7","lastUpdated":"2026-05-28T20:26:40.123Z"}"#;
    for (body, line) in [
        (r#"{"resourceType":"Patient","x":1.10}"#, format!(r#"{{"resourceType":"Patient","id":"p.1",{meta},"x":1.10}}"#)),
        (r#"{"x":1.10,"resourceType":"Patient"}"#, format!(r#"{{"x":1.10,"resourceType":"Patient","id":"p.1",{meta}}}"#)),
        (r#"{"resourceType":"Patient","id":"p.1"}"#, format!(r#"{{"resourceType":"Patient",{meta},"id":"p.1"}}"#)),
        (r#"{"resourceType":"Patient","meta":{}}"#, format!(r#"{{"resourceType":"Patient","id":"p.1",{meta}}}"#)),
        (
            r#"{"meta":{"tag":[{"code":"a"}]},"resourceType":"Patient"}"#,
            r#"{"meta":{"versionId":"7","lastUpdated":"2026-05-28T20:26:40.123Z","tag":[{"code":"a"}]},"resourceType":"Patient","id":"p.1"}"#.to_owned(),
        ),
        (
            r#"{"resourceType":"Patient","id":"p.1","meta":{"versionId":"2"}}"#,
            r#"{"resourceType":"Patient","id":"p.1","meta":{"lastUpdated":"2026-05-28T20:26:40.123Z","versionId":"2"}}"#.to_owned(),
        ),
        (
            r#"{"resourceType":"Patient","id":"p.1","meta":{"versionId":"2","lastUpdated":"2020-01-01T00:00:00Z"}}"#,
            r#"{"resourceType":"Patient","id":"p.1","meta":{"versionId":"2","lastUpdated":"2020-01-01T00:00:00Z"}}"#.to_owned(),
        ),
    ] {
        let got = foreign(body).unwrap();
        assert_eq!(got, format!("{line}\n"), "{body}");
        serde_json::from_str::<serde_json::Value>(&got).unwrap();
    }
}

#[test]
fn members_of_meta_that_r4_does_not_have_are_left_out() {
    let body = r#"{"resourceType":"Patient","id":"p.1","meta":{"versionId":"2","project":"x","lastUpdated":"2020-01-01T00:00:00Z","_source":{"id":"s"},"tag":[]}}"#;
    let line = foreign(body).unwrap();
    assert_eq!(line, format!("{}\n", body.replace(r#""project":"x","#, "")));
}

#[test]
fn a_body_whose_server_has_no_version_beside_it_is_given_none() {
    let mut out = Vec::new();
    let row = Foreign {
        id: "p1",
        version: None,
        last_updated: DateTime::from_timestamp_millis(0).unwrap(),
        body: r#"{"resourceType":"Patient","id":"p1","meta":{"lastUpdated":"2020-01-01T00:00:00Z"}}"#,
    };
    write_foreign(PATIENT, row, &mut out).unwrap();
    assert_eq!(out, format!("{}\n", row.body).as_bytes());
}

#[test]
fn a_foreign_body_that_is_no_resource_is_broken() {
    for (body, broken) in [
        (r#"{"resourceType":"Patient","id":"p.2"}"#, Broken::OtherId),
        (r#"{"resourceType":"Person"}"#, Broken::OtherType),
        (r#"{"resourceType":"Patient","meta":[]}"#, Broken::Meta),
        (r#"{"resourceType":"Patient","meta":null}"#, Broken::Meta),
        (r#"{"resourceType":"Patient","id":null}"#, Broken::OtherId),
        (r#"{"resourceType":"Patient","x":}"#, Broken::NotJson),
        (r#"{"resourceType":"Patient"} {}"#, Broken::NotJson),
    ] {
        assert_eq!(foreign(body), Err(broken), "{body}");
    }
}

#[test]
fn a_pretty_body_becomes_one_line() {
    let body = "{\n  \"resourceType\": \"Patient\",\r\n  \"meta\": {\n  }\n}\n";
    let line = foreign(body).unwrap();
    assert_eq!(line.matches('\n').count(), 1);
    let value: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(
        (&value["id"], &value["meta"]["versionId"]),
        (&"p.1".into(), &"7".into())
    );
}
