//! Every code the mapper writes means what it should: it is in the value set that FHIR binds to its element, or, where
//! the binding allows another one, in its published code system under the same display.

pub(super) mod terminology;

use std::collections::BTreeSet;

use bulk_export_cli::sample::Sample;
use serde_json::Value;

use self::terminology::Terminology;
use super::{generated::rows, mapped};

/// A code as it was met: the element's path, and the Coding's members; a plain code has no system.
type Met = (String, Option<String>, String, Option<String>);

/// What an element may hold. The source of each is the element's binding in its R4 StructureDefinition.
enum Allowed {
    /// A code of this value set, whose code systems are published with it.
    Of(&'static str),
    /// A code of this value set, or (extensible binding, and no code of the set fits) one of this code system.
    OrElse(&'static str, &'static str),
    /// A LOINC code that one of these value sets lists.
    Loinc(&'static [&'static str]),
    /// One of the product's own codes.
    Own(&'static str),
    /// A media type.
    MediaType,
}

use Allowed::{Loinc, MediaType, Of, OrElse, Own};

/// Every element that holds a code.
const BINDINGS: [(&str, Allowed); 17] = [
    ("Patient.gender", Of("administrative-gender")),
    ("Patient.telecom.system", Of("contact-point-system")),
    ("Patient.identifier.type.coding", Of("identifier-type")),
    ("DocumentReference.status", Of("document-reference-status")),
    (
        "DocumentReference.type.coding",
        Loinc(&["c80-doc-typecodes", "document-classcodes"]),
    ),
    (
        "DocumentReference.category.coding",
        Own("https://fhir-bulk-export.org/CodeSystem/record-type"),
    ),
    (
        "DocumentReference.content.attachment.contentType",
        MediaType,
    ),
    ("Consent.status", Of("consent-state-codes")),
    ("Consent.scope.coding", Of("consent-scope")),
    ("Consent.category.coding", Of("consent-category")),
    // The value set lists forms and laws of some countries, and none of them is the platform's.
    (
        "Consent.policyRule.coding",
        OrElse(
            "consent-policy",
            "http://terminology.hl7.org/CodeSystem/v3-ActCode",
        ),
    ),
    ("Consent.provision.type", Of("consent-provision-type")),
    ("Consent.provision.data.meaning", Of("consent-data-meaning")),
    (
        "Consent.provision.actor.role.coding",
        Of("security-role-type"),
    ),
    // The value set has create, revise and delete, but neither reading nor passing on nor putting away.
    (
        "Provenance.activity.coding",
        OrElse(
            "provenance-activity-type",
            "http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle",
        ),
    ),
    ("Provenance.agent.type.coding", Of("provenance-agent-type")),
    ("Provenance.agent.who.type", Of("resource-types")),
];

#[test]
fn every_code_is_in_its_value_set() {
    let terminology = Terminology::published();
    let met = codes_met();
    for (path, allowed) in &BINDINGS {
        assert!(
            met.iter().any(|(at, ..)| at == path),
            "the sample has no {path}"
        );
        for (_, system, code, display) in met.iter().filter(|(at, ..)| at == path) {
            let (system, display) = (system.as_deref(), display.as_deref());
            let fits = match allowed {
                Of(set) => terminology.value_set_has(set, system, code),
                OrElse(set, other) => {
                    terminology.value_set_has(set, system, code) || system == Some(other)
                }
                Loinc(sets) => {
                    system == Some("http://loinc.org")
                        && sets
                            .iter()
                            .any(|set| terminology.value_set_has(set, system, code))
                }
                Own(own) => system == Some(own) && display.is_some(),
                MediaType => code.contains('/'),
            };
            assert!(fits, "{path}: {system:?} {code}");
            if let Some(system) =
                system.filter(|system| system.starts_with("http://terminology.hl7.org/"))
            {
                assert_eq!(
                    display,
                    terminology.display(system, code),
                    "{path}: {system} {code}"
                );
            }
        }
    }
    for (path, _, code, _) in &met {
        assert!(
            BINDINGS.iter().any(|(known, _)| known == path),
            "{path} ({code}) is bound to nothing here"
        );
    }
}

#[test]
fn every_word_of_the_database_has_its_code() {
    let met = codes_met();
    let codes = |path: &str| {
        met.iter()
            .filter(|(at, ..)| at == path)
            .map(|(_, _, code, _)| code.as_str())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        codes("Patient.gender"),
        ["female", "male", "other", "unknown"]
    );
    assert_eq!(
        codes("DocumentReference.status"),
        ["current", "entered-in-error", "superseded"]
    );
    assert_eq!(codes("DocumentReference.category.coding").len(), 11);
    assert_eq!(codes("DocumentReference.type.coding").len(), 8);
    assert_eq!(codes("Consent.status"), ["active", "inactive", "proposed"]);
    assert_eq!(codes("Provenance.activity.coding").len(), 7);
}

#[test]
fn a_wrong_code_would_be_seen() {
    let terminology = Terminology::published();
    for (set, system, code) in [
        ("administrative-gender", None, "Female"),
        ("document-reference-status", None, "active"),
        (
            "identifier-type",
            Some("http://terminology.hl7.org/CodeSystem/v2-0203"),
            "MRN",
        ),
        (
            "identifier-type",
            Some("http://terminology.hl7.org/CodeSystem/v3-ActCode"),
            "MR",
        ),
        ("consent-category", Some("http://loinc.org"), "59284-1"),
        (
            "consent-category",
            Some("http://terminology.hl7.org/CodeSystem/v3-ActCode"),
            "OPTIN",
        ),
        (
            "security-role-type",
            Some("http://terminology.hl7.org/CodeSystem/v3-ParticipationType"),
            "PRF",
        ),
        ("c80-doc-typecodes", Some("http://loinc.org"), "11502-1"),
    ] {
        assert!(
            !terminology.value_set_has(set, system, code),
            "{set} {code}"
        );
    }
    assert!(terminology.value_set_has(
        "consent-category",
        Some("http://terminology.hl7.org/CodeSystem/v3-ActCode"),
        "IDSCL"
    ));
}

fn codes_met() -> BTreeSet<Met> {
    let mut met = BTreeSet::new();
    for rows in [
        rows(|sample: Sample| sample.patients()),
        rows(|sample| sample.records()),
        rows(|sample| sample.consents()),
        rows(|sample| sample.history()),
    ] {
        for row in &rows {
            let resource = mapped(row);
            collect(
                resource["resourceType"].as_str().unwrap_or_default(),
                &resource,
                &mut met,
            );
        }
    }
    met
}

/// Collects Codings, and the plain codes: those elements whose type is `code`, and Reference.type.
fn collect(path: &str, value: &Value, met: &mut BTreeSet<Met>) {
    let plain = ["gender", "status", "contentType", "meaning"];
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(path, item, met)),
        Value::Object(members) => {
            let text = |name: &str| members.get(name).and_then(Value::as_str).map(str::to_owned);
            if let Some(code) = text("code") {
                met.insert((path.to_owned(), text("system"), code, text("display")));
                return;
            }
            for (name, member) in members {
                let at = format!("{path}.{name}");
                let is_code = plain.contains(&name.as_str())
                    || name == "type" && member.is_string()
                    || at == "Patient.telecom.system";
                match member.as_str().filter(|_| is_code) {
                    Some(code) => _ = met.insert((at, None, code.to_owned(), None)),
                    None => collect(&at, member, met),
                }
            }
        }
        _ => {}
    }
}
