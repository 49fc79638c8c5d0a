//! The invariants of the specification that apply to what the records hold, by their keys there.

use chrono::DateTime;
use serde_json::{Map, Value};

/// Says which invariant a resource breaks, if it breaks one.
pub(super) fn check(resource: &Value) -> Result<(), String> {
    let broken = match resource["resourceType"].as_str().unwrap_or_default() {
        "AllergyIntolerance" => allergy(resource),
        "Condition" => condition(resource),
        "Consent" => {
            let policy = has(resource, "policy") || has(resource, "policyRule");
            (!policy).then_some("ppc-1: a consent without a policy")
        }
        "Group" => (has(resource, "member") && resource["actual"] != true)
            .then_some("grp-1: members of a group that is none"),
        "Observation" => observation(resource),
        "Organization" => organization(resource),
        "Patient" => items(&resource["contact"])
            .iter()
            .any(|contact| {
                !["name", "telecom", "address", "organization"]
                    .iter()
                    .any(|name| has(contact, name))
            })
            .then_some("pat-1: a contact that nobody can reach"),
        _ => None,
    };
    match broken {
        Some(broken) => Err(broken.to_owned()),
        None => walk("", resource),
    }
}

fn allergy(resource: &Value) -> Option<&'static str> {
    let in_error = status(resource, "verificationStatus") == "entered-in-error";
    (has(resource, "clinicalStatus") == in_error)
        .then_some("ait-1, ait-2: a clinical status if and only if it is not an error")
}

fn condition(resource: &Value) -> Option<&'static str> {
    let in_error = status(resource, "verificationStatus") == "entered-in-error";
    let clinical = status(resource, "clinicalStatus");
    if in_error && has(resource, "clinicalStatus") {
        return Some("con-5: an error has no clinical status");
    }
    if !in_error && clinical.is_empty() {
        return Some("con-3: a clinical status is missing");
    }
    let over = ["inactive", "resolved", "remission"].contains(&clinical);
    (has(resource, "abatementDateTime") && !over).then_some("con-4: it is over and active")
}

fn observation(resource: &Value) -> Option<&'static str> {
    let value = resource
        .as_object()?
        .keys()
        .any(|name| name.starts_with("value"));
    if value && has(resource, "dataAbsentReason") {
        return Some("obs-6: a value, and a reason for having none");
    }
    let same = items(&resource["component"])
        .iter()
        .any(|component| component["code"] == resource["code"]);
    if value && same {
        return Some("obs-7: a value beside that of its component");
    }
    items(&resource["referenceRange"])
        .iter()
        .any(|range| !["low", "high", "text"].iter().any(|name| has(range, name)))
        .then_some("obs-3: a range without bounds")
}

fn organization(resource: &Value) -> Option<&'static str> {
    let home = |name: &str| items(&resource[name]).iter().any(|at| at["use"] == "home");
    if !has(resource, "identifier") && !has(resource, "name") {
        return Some("org-1: an organization without a name");
    }
    (home("address") || home("telecom")).then_some("org-2, org-3: an organization at home")
}

fn walk(name: &str, value: &Value) -> Result<(), String> {
    match value {
        Value::Array(items) => items.iter().try_for_each(|item| walk(name, item)),
        Value::Object(members) => {
            if let Some(broken) = element(name, members) {
                return Err(format!("{name}: {broken}"));
            }
            members
                .iter()
                .try_for_each(|(name, member)| walk(name, member))
        }
        _ => Ok(()),
    }
}

/// What a data type says of itself, told by its name and members.
fn element(name: &str, members: &Map<String, Value>) -> Option<&'static str> {
    let has = |name: &str| members.contains_key(name);
    let is_quantity = has("value") && has("unit");
    if is_quantity && has("code") && !has("system") {
        return Some("qty-3: a coded unit without a system");
    }
    if name.ends_with("eriod") && !in_order(members) {
        return Some("per-1: a period that ends before it starts");
    }
    if name == "telecom" && has("value") && !has("system") {
        return Some("cpt-2: a contact point without a system");
    }
    if has("data") && !has("contentType") {
        return Some("att-1: data without a content type");
    }
    if name == "repeat" && has("period") && !has("periodUnit") {
        return Some("tim-2: a period without a unit");
    }
    let values = members.keys().filter(|name| name.starts_with("value"));
    if name == "extension" && values.count() + usize::from(has("extension")) != 1 {
        return Some("ext-1: an extension has a value or extensions");
    }
    None
}

/// A date begins with its day: a period of dates is in order as text.
fn in_order(period: &Map<String, Value>) -> bool {
    let at = |name: &str| period.get(name).and_then(Value::as_str);
    match (at("start"), at("end")) {
        (Some(start), Some(end)) => {
            match (
                DateTime::parse_from_rfc3339(start),
                DateTime::parse_from_rfc3339(end),
            ) {
                (Ok(start), Ok(end)) => start <= end,
                _ => start <= end,
            }
        }
        _ => true,
    }
}

fn has(value: &Value, name: &str) -> bool {
    value.get(name).is_some()
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn status<'a>(resource: &'a Value, name: &str) -> &'a str {
    resource[name]["coding"][0]["code"]
        .as_str()
        .unwrap_or_default()
}
