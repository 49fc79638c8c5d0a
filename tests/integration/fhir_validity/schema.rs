//! The published JSON schema, compiled for the types that are written.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::OnceLock,
};

use bulk_export_cli::records::RecordType;
use jsonschema::Validator;
use serde_json::{Map, Value, json};

use super::published;

/// What the specification says of the regular expression of `string`: it is informative, it trips over Unicode's white
/// space, and this one is the better expression of the rule (datatypes.html, "Issues with the specified regexes"; there
/// it ends at U+FFFF, for engines that count in UTF-16).
const STRING_BY_THE_TEXT: &str = "^[\r\n\t\u{20}-\u{10FFFF}]+$";

/// A validator for each type.
pub(super) struct Schema(BTreeMap<&'static str, Validator>);

impl Schema {
    /// The schema as it is published, only stricter.
    pub(super) fn as_published() -> &'static Self {
        static SCHEMA: OnceLock<Schema> = OnceLock::new();
        SCHEMA.get_or_init(|| Self::compile(None))
    }

    /// The schema with the specification's own correction of `string`, for text with Unicode's white space.
    pub(super) fn by_the_text() -> &'static Self {
        static SCHEMA: OnceLock<Schema> = OnceLock::new();
        SCHEMA.get_or_init(|| Self::compile(Some(STRING_BY_THE_TEXT)))
    }

    /// Lists what is wrong with a resource, if anything is.
    pub(super) fn check(&self, resource: &Value) -> Result<(), String> {
        let kind = resource["resourceType"].as_str().unwrap_or_default();
        let validator = self
            .0
            .get(kind)
            .ok_or_else(|| format!("not one of our types: {kind:?}"))?;
        if validator.is_valid(resource) {
            return Ok(());
        }
        Err(validator
            .iter_errors(resource)
            .map(|e| format!("{}: {e}\n", e.instance_path()))
            .collect())
    }

    fn compile(string: Option<&str>) -> Self {
        let published = published::read("fhir.schema.json");
        let definitions = published["definitions"]
            .as_object()
            .expect("the schema has definitions");
        let of = |kind| {
            (
                kind,
                jsonschema::draft6::new(&schema_of(kind, definitions, string))
                    .expect("a valid schema"),
            )
        };
        // The mapper's four types are among them.
        Self(
            RecordType::ALL
                .map(RecordType::as_str)
                .map(of)
                .into_iter()
                .collect(),
        )
    }
}

/// The schema of one type with the definitions it leads to. Resources inside of resources are refused: nobody here
/// writes any, and they lead to all 148 types.
fn schema_of(kind: &str, definitions: &Map<String, Value>, string: Option<&str>) -> Value {
    let mut reached = BTreeSet::new();
    let mut left = vec![kind.to_owned()];
    while let Some(name) = left.pop() {
        if name != "ResourceList" && reached.insert(name.clone()) {
            references(&definitions[&name], &mut left);
        }
    }
    let mut kept: Map<String, Value> = reached
        .iter()
        .map(|name| (name.clone(), definitions[name].clone()))
        .collect();
    // The published schema forgets to say that what has members is an object: a text would pass for any of them.
    for definition in kept
        .values_mut()
        .filter(|definition| definition.get("properties").is_some())
    {
        definition["type"] = "object".into();
    }
    kept.insert("ResourceList".into(), Value::Bool(false));
    if let Some(pattern) = string {
        kept["string"]["pattern"] = pattern.into();
    }
    json!({
        "$schema": "http://json-schema.org/draft-06/schema#",
        "$ref": format!("#/definitions/{kind}"),
        "definitions": kept,
    })
}

fn references(schema: &Value, found: &mut Vec<String>) {
    match schema {
        Value::Object(members) => {
            let name = members
                .get("$ref")
                .and_then(Value::as_str)
                .and_then(|r| r.strip_prefix("#/definitions/"));
            found.extend(name.map(str::to_owned));
            members
                .values()
                .for_each(|member| references(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}
