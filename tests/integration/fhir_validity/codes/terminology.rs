//! The published value sets and code systems, as far as the codes that are written need them.

use std::{collections::HashMap, sync::OnceLock};

use serde_json::Value;

use crate::fhir_validity::published;

/// Value sets and code systems by their URL.
pub(in crate::fhir_validity) struct Terminology {
    resources: HashMap<String, Value>,
}

impl Terminology {
    pub(in crate::fhir_validity) fn published() -> &'static Self {
        static PUBLISHED: OnceLock<Terminology> = OnceLock::new();
        PUBLISHED.get_or_init(|| {
            let mut resources = HashMap::new();
            for file in ["valuesets.json", "v3-codesystems.json", "v2-tables.json"] {
                let mut bundle = published::read(file);
                for entry in bundle["entry"]
                    .as_array_mut()
                    .expect("a bundle has entries")
                {
                    let resource = entry["resource"].take();
                    if let Some(url) = resource["url"].as_str() {
                        resources.insert(url.to_owned(), resource);
                    }
                }
            }
            Self { resources }
        })
    }

    /// Says whether a value set has a code; the set is named by its URL or the last part of it.
    pub(in crate::fhir_validity) fn value_set_has(
        &self,
        set: &str,
        system: Option<&str>,
        code: &str,
    ) -> bool {
        let short = format!("http://hl7.org/fhir/ValueSet/{set}");
        let set = self
            .resources
            .get(set)
            .or_else(|| self.resources.get(&short))
            .unwrap_or_else(|| panic!("no {set}"));
        items(&set["compose"]["include"])
            .iter()
            .any(|include| self.includes(include, system, code))
    }

    /// The display of a code in its code system; none if it is not in there.
    pub(in crate::fhir_validity) fn display(&self, system: &str, code: &str) -> Option<&str> {
        self.concept(system, code)?["display"].as_str()
    }

    fn includes(&self, include: &Value, system: Option<&str>, code: &str) -> bool {
        let sets = items(&include["valueSet"]);
        if !sets.is_empty() {
            return sets
                .iter()
                .filter_map(Value::as_str)
                .all(|set| self.value_set_has(set, system, code));
        }
        let of = include["system"].as_str().unwrap_or_default();
        if system.is_some_and(|system| system != of) {
            return false;
        }
        let listed = items(&include["concept"]);
        let filters = items(&include["filter"]);
        if !listed.is_empty() {
            return listed.iter().any(|concept| concept["code"] == code);
        }
        if filters.is_empty() {
            return self.concept(of, code).is_some();
        }
        filters.iter().all(|filter| {
            let value = filter["value"].as_str().unwrap_or_default();
            assert_eq!(filter["property"], "concept", "an unknown filter: {filter}");
            match filter["op"].as_str() {
                Some("is-a") => self.is_a(of, code, value),
                Some("is-not-a") => self.concept(of, code).is_some() && !self.is_a(of, code, value),
                _ => panic!("an unknown filter: {filter}"),
            }
        })
    }

    /// A concept lies below another in the tree, or names it, directly or by way of others, as what it is a kind of.
    fn is_a(&self, system: &str, code: &str, ancestor: &str) -> bool {
        code == ancestor
            || self
                .concept(system, ancestor)
                .is_some_and(|above| find(&above["concept"], code).is_some())
            || self.concept(system, code).is_some_and(|concept| {
                items(&concept["property"])
                    .iter()
                    .filter(|property| property["code"] == "subsumedBy")
                    .filter_map(|property| property["valueCode"].as_str())
                    .any(|parent| self.is_a(system, parent, ancestor))
            })
    }

    fn concept(&self, system: &str, code: &str) -> Option<&Value> {
        find(&self.resources.get(system)?["concept"], code)
    }
}

fn find<'a>(concepts: &'a Value, code: &str) -> Option<&'a Value> {
    items(concepts).iter().find_map(|concept| {
        if concept["code"] == code {
            Some(concept)
        } else {
            find(&concept["concept"], code)
        }
    })
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}
