//! The `CapabilityStatement` (FHIR R4; IG 3.0.0, "Server Capability Documentation"): what is really served, and
//! nothing that is only planned.

use serde_json::{Value, json};

use crate::{resource_type::ResourceType, sources::Sources};

const IG: &str = "http://hl7.org/fhir/uv/bulkdata";

/// When what is served last changed: the statement's `date`.
const CHANGED: &str = "2026-11-23";

/// Makes the statement for a server at this FHIR base that exports from these sources.
#[must_use]
pub fn capability_statement(base: &str, version: &str, sources: &Sources) -> Value {
    // The operation is Patient's, whatever types it exports.
    let others = sources
        .types()
        .filter(|known| *known != ResourceType::Patient);
    let resources: Vec<Value> = std::iter::once(ResourceType::Patient)
        .chain(others)
        .map(resource)
        .collect();
    json!({
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": CHANGED,
        "kind": "instance",
        "instantiates": [format!("{IG}/CapabilityStatement/bulk-data")],
        "software": {"name": "fhir-bulk-export", "version": version},
        "implementation": {"description": "FHIR R4 Bulk Data Access: patient-level export", "url": base},
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json", "application/fhir+ndjson"],
        "rest": [{
            "mode": "server",
            "documentation": "GET Patient/$export with _type, _since, _count and _outputFormat (application/fhir+ndjson). \
                A patient exports her own data, an administrator everyone's. Files are NDJSON of one type, closed at a configured size; \
                they are kept for a configured time after the end (see Expires) and read with the same token.",
            "security": {"description": "A bearer token (JWT) is required on every request but this one."},
            "resource": resources,
        }],
    })
}

fn resource(resource_type: ResourceType) -> Value {
    let mut resource = json!({"type": resource_type.as_str()});
    if resource_type == ResourceType::Patient {
        resource["operation"] = json!([{"name": "export", "definition": format!("{IG}/OperationDefinition/patient-export")}]);
    }
    resource
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_names_the_one_operation_and_every_type() {
        let statement = capability_statement("https://x/fhir/r4", "1.2.3", &Sources::default());
        let rest = statement["rest"].as_array().unwrap();
        assert_eq!(rest.len(), 1);
        assert!(
            rest[0].get("operation").is_none(),
            "system level is not served"
        );
        let types: Vec<_> = rest[0]["resource"]
            .as_array()
            .unwrap()
            .iter()
            .map(|r| r["type"].as_str().unwrap())
            .collect();
        let expected = Sources::default();
        let expected: Vec<_> = expected.types().map(ResourceType::as_str).collect();
        assert_eq!(types, expected);
        assert_eq!(rest[0]["resource"][0]["operation"][0]["name"], "export");
        assert_eq!(statement["software"]["version"], "1.2.3");
    }
}
