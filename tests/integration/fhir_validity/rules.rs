//! Rules of the specification that the JSON schema does not hold: what is required of primitive elements, invariants,
//! and the forms of ids, instants and references.

use chrono::DateTime;
use serde_json::{Map, Value};
use uuid::Uuid;

/// Says what is wrong with a resource, if anything is.
pub(super) fn check(resource: &Value) -> Result<(), String> {
    let kind = resource["resourceType"].as_str().unwrap_or_default();
    walk(kind, resource, element)?;
    is_uuid(&resource["id"])
        .then_some(())
        .ok_or("id is not a lower-case UUID")?;
    is_instant(&resource["meta"]["lastUpdated"])
        .then_some(())
        .ok_or("meta.lastUpdated is not an instant in UTC")?;
    let required: &[&str] = match kind {
        "Patient" => &[],
        "DocumentReference" => &[
            "/status",
            "/subject/reference",
            "/content/0/attachment/title",
            "/date",
        ],
        "Consent" => &[
            "/status",
            "/scope",
            "/category/0",
            "/patient/reference",
            "/policyRule/coding/0/code",
            "/dateTime",
        ],
        "Provenance" => &[
            "/target/0/reference",
            "/recorded",
            "/agent/0/who",
            "/agent/0/type",
        ],
        other => return Err(format!("not one of our types: {other:?}")),
    };
    for pointer in required {
        resource
            .pointer(pointer)
            .ok_or_else(|| format!("{pointer} is missing"))?;
    }
    if kind == "Consent" {
        provision(&resource["provision"])?;
    }
    Ok(())
}

/// A permit says for whom: without an actor it would be for everybody.
fn provision(provision: &Value) -> Result<(), String> {
    if (provision.get("type").is_some() || provision.get("data").is_some())
        != provision.get("actor").is_some()
    {
        return Err(
            "a provision with a type or data has an actor, and one with an actor a type".into(),
        );
    }
    Ok(())
}

/// Says what of the JSON is none of FHIR's: null, what is empty, and what a string may not hold.
pub(super) fn shape(resource: &Value) -> Result<(), String> {
    let kind = resource["resourceType"].as_str().unwrap_or_default();
    walk(kind, resource, |_, _| Ok(()))
}

fn walk(
    path: &str,
    value: &Value,
    element: fn(&str, &Map<String, Value>) -> Result<(), String>,
) -> Result<(), String> {
    match value {
        Value::Null => Err(format!("{path} is null")),
        Value::Bool(_) | Value::Number(_) => Ok(()),
        Value::String(text) => string(text).map_err(|e| format!("{path}: {e}")),
        Value::Array(items) if items.is_empty() => Err(format!("{path} is an empty array")),
        Value::Array(items) => items.iter().try_for_each(|item| walk(path, item, element)),
        Value::Object(members) if members.is_empty() => Err(format!("{path} is an empty object")),
        Value::Object(members) => {
            element(path, members).map_err(|e| format!("{path}: {e}"))?;
            members
                .iter()
                .try_for_each(|(name, member)| walk(&format!("{path}.{name}"), member, element))
        }
    }
}

/// string and everything derived from it; base64 too, which has no limit but its resource's.
fn string(text: &str) -> Result<(), &'static str> {
    if text.trim().is_empty() {
        return Err("a string without content");
    }
    if text.trim() != text {
        return Err("white space around a string");
    }
    if text.chars().any(|c| c < ' ' && !"\t\n\r".contains(c)) {
        return Err("a control character that FHIR forbids");
    }
    let base64 = text
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte));
    if !base64 && text.chars().count() > 1024 * 1024 {
        return Err("longer than a string may be");
    }
    Ok(())
}

/// What a type says of itself, told by its members.
fn element(path: &str, members: &Map<String, Value>) -> Result<(), String> {
    if let Some(reference) = members.get("reference").filter(|it| it.is_string()) {
        let (kind, id) = reference
            .as_str()
            .and_then(|it| it.split_once('/'))
            .ok_or("not a relative reference")?;
        if ![
            "Patient",
            "Practitioner",
            "Organization",
            "DocumentReference",
        ]
        .contains(&kind)
            || !is_uuid(&id.into())
        {
            return Err(format!("a reference to {reference}"));
        }
    }
    if path.ends_with(".who")
        && !members.contains_key("reference")
        && !members.contains_key("display")
    {
        return Err("nobody".into());
    }
    if path.ends_with(".period") {
        // per-1; the fixed width makes the order of the text the order of the times.
        let at = |name: &str| {
            members
                .get(name)
                .map(|time| time.as_str().unwrap_or_default())
        };
        if let (Some(start), Some(end)) = (at("start"), at("end"))
            && start > end
        {
            return Err("per-1: a period that ends before it starts".into());
        }
    }
    if path.ends_with(".telecom")
        && members.contains_key("value")
        && !members.contains_key("system")
    {
        return Err("cpt-2: a contact point without a system".into());
    }
    if path.ends_with(".attachment") {
        attachment(members)?;
    }
    if path.ends_with(".extension") && members.len() != 2 {
        return Err("ext-1: an extension has a url and one value".into());
    }
    for (name, time) in members {
        let is_time = [
            "lastUpdated",
            "start",
            "end",
            "date",
            "dateTime",
            "recorded",
        ]
        .contains(&name.as_str());
        if is_time && !is_instant(time) {
            return Err(format!("{name} is not an instant in UTC"));
        }
    }
    Ok(())
}

fn attachment(members: &Map<String, Value>) -> Result<(), String> {
    if members.contains_key("data") && !members.contains_key("contentType") {
        return Err("att-1: data without a content type".into());
    }
    if members.contains_key("hash") {
        return Err("hash is SHA-1, which nobody has".into());
    }
    if members
        .get("size")
        .is_some_and(|size| size.as_u64().is_none_or(|size| size > 2_147_483_647))
    {
        return Err("size is not an unsignedInt".into());
    }
    if members.get("url").is_some_and(|url| {
        !url.as_str()
            .is_some_and(|url| url.starts_with("ipfs://") && url.len() > 20)
    }) {
        return Err("url is not that of a file on IPFS".into());
    }
    Ok(())
}

fn is_uuid(id: &Value) -> bool {
    id.as_str().is_some_and(|id| {
        id.parse::<Uuid>()
            .is_ok_and(|uuid| uuid.hyphenated().to_string() == id)
    })
}

/// UTC, to the millisecond, always 24 characters.
fn is_instant(time: &Value) -> bool {
    time.as_str().is_some_and(|time| {
        time.len() == 24
            && time.ends_with('Z')
            && DateTime::parse_from_rfc3339(time)
                .is_ok_and(|read| read.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string() == time)
    })
}
