//! The table of paths, held against the published CompartmentDefinition and search parameters of FHIR R4.

use std::collections::BTreeSet;

use bulk_export_domain::resource_type::ResourceType;
use bulk_export_tests::Database;

use crate::fhir_validity::published;

/// Gives the elements that a search parameter of a type looks at, as its FHIRPath names them.
fn elements(parameters: &serde_json::Value, kind: &str, code: &str) -> Vec<String> {
    let all = parameters["entry"].as_array().unwrap().iter();
    let found = all
        .map(|entry| &entry["resource"])
        .find(|known| {
            let bases = known["base"].as_array().unwrap();
            known["code"] == code && bases.iter().any(|base| base == kind)
        })
        .unwrap_or_else(|| panic!("{kind}.{code} is a search parameter"));
    let expression = found["expression"].as_str().unwrap();
    let parts = expression.split('|').map(str::trim);
    parts
        .filter_map(|part| part.strip_prefix(&format!("{kind}.")))
        .map(|part| part.replace(".where(resolve() is Patient)", ""))
        .collect()
}

#[tokio::test]
async fn the_paths_are_those_of_the_published_definition() {
    let database = Database::migrated().await;
    let definition = published::read("compartmentdefinition-patient.json");
    let parameters = published::read("search-parameters.json");
    let mut expected = BTreeSet::new();
    for resource in definition["resource"].as_array().unwrap() {
        let kind = resource["code"].as_str().unwrap();
        for code in resource["param"].as_array().into_iter().flatten() {
            let code = code.as_str().unwrap();
            let found = elements(&parameters, kind, code);
            assert!(!found.is_empty(), "{kind}.{code} names an element");
            for element in found {
                let path = element.split('.').map(|step| format!(".\"{step}\""));
                expected.insert(format!(
                    "{kind} {code} ${}.\"reference\"",
                    path.collect::<String>()
                ));
            }
        }
    }
    let ours: Vec<String> = database
        .column(
            "SELECT format('%s %s %s', resource_type, param, path) FROM resource_compartment_path",
            &[],
        )
        .await;
    assert_eq!(ours.into_iter().collect::<BTreeSet<_>>(), expected);
}

#[tokio::test]
async fn the_types_are_those_that_a_kick_off_lets_through() {
    let database = Database::migrated().await;
    let ours: BTreeSet<String> = database
        .column(
            "SELECT DISTINCT resource_type FROM resource_compartment_path",
            &[],
        )
        .await
        .into_iter()
        .collect();
    let expected = ResourceType::ALL
        .iter()
        .filter(|known| known.in_patient_compartment())
        .map(|known| known.as_str().to_owned());
    assert_eq!(ours, expected.collect());
}
