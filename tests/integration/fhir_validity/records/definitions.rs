//! The published definitions of types and data types: how often an element may stand, what codes a binding lets in, and
//! to what a reference may lead. The JSON schema has none of these but the upper limits.

use std::{
    collections::{BTreeSet, HashMap},
    sync::OnceLock,
};

use serde_json::{Map, Value};

use crate::fhir_validity::{codes::terminology::Terminology, published};

/// Value sets of systems that are not published with FHIR: media types and languages.
const UNPUBLISHED: [&str; 2] = ["mimetypes", "all-languages"];

/// Extensible sets that list laws and forms of some countries, none of which fits here.
const WITHOUT_A_FIT: [&str; 1] = ["consent-policy"];

/// The elements of each type, by the path of what they stand in.
pub(super) struct Definitions {
    elements: HashMap<String, Vec<Element>>,
    types: BTreeSet<String>,
}

struct Element {
    path: String,
    min: usize,
    max: usize,
    types: Vec<Type>,
    binding: Option<Binding>,
    /// The path of the element that this one is like.
    like: Option<String>,
}

struct Type {
    code: String,
    targets: Vec<String>,
}

struct Binding {
    set: String,
}

impl Definitions {
    pub(super) fn published() -> &'static Self {
        static PUBLISHED: OnceLock<Definitions> = OnceLock::new();
        PUBLISHED.get_or_init(Self::read)
    }

    /// Says what is wrong with a resource, if anything is.
    pub(super) fn check(&self, resource: &Value) -> Result<(), String> {
        let kind = resource["resourceType"].as_str().unwrap_or_default();
        let members = resource.as_object().ok_or("not an object")?;
        displays(kind, resource)?;
        self.members(kind, members)
    }

    fn read() -> Self {
        let mut definitions = Self {
            elements: HashMap::new(),
            types: BTreeSet::new(),
        };
        for file in ["profiles-types.json", "profiles-resources.json"] {
            let bundle = published::read(file);
            for entry in items(&bundle["entry"]) {
                let resource = &entry["resource"];
                if resource["resourceType"] == "StructureDefinition" {
                    definitions.add(resource);
                }
            }
        }
        definitions
    }

    fn add(&mut self, definition: &Value) {
        // A profile of a data type, such as SimpleQuantity, has the elements of its type once more.
        if definition["derivation"] == "constraint" {
            return;
        }
        self.types.insert(text(definition, "type"));
        for element in items(&definition["snapshot"]["element"]) {
            let element = Element::of(element);
            if let Some((parent, _)) = element.path.rsplit_once('.') {
                self.elements
                    .entry(parent.to_owned())
                    .or_default()
                    .push(element);
            }
        }
    }

    /// Checks what stands in an element: its own members, and what they hold.
    fn members(&self, path: &str, members: &Map<String, Value>) -> Result<(), String> {
        let elements = self
            .elements
            .get(path)
            .ok_or_else(|| format!("no definition of {path}"))?;
        for element in elements {
            let found = element.values(members);
            if !(element.min..=element.max).contains(&found.len()) {
                return Err(format!("{} stands {} times", element.path, found.len()));
            }
            for (of, value) in found {
                self.value(element, of, value)?;
            }
        }
        Ok(())
    }

    fn value(&self, element: &Element, of: Option<&Type>, value: &Value) -> Result<(), String> {
        if let Some(binding) = &element.binding {
            binding
                .check(value)
                .map_err(|e| format!("{}: {e}", element.path))?;
        }
        let Some(members) = value.as_object() else {
            let fits = match of.map_or("", |of| &of.code) {
                "positiveInt" => value.as_u64().is_some_and(|number| number > 0),
                "unsignedInt" => value.is_u64(),
                _ => true,
            };
            return if fits {
                Ok(())
            } else {
                Err(format!("{}: {value}", element.path))
            };
        };
        if let Some(path) = &element.like {
            return self.members(path, members);
        }
        let of = of.ok_or_else(|| format!("{} has no type", element.path))?;
        if of.code == "Reference" {
            of.leads_to(value)
                .map_err(|e| format!("{}: {e}", element.path))?;
        }
        let inline = ["BackboneElement", "Element"].contains(&of.code.as_str());
        if inline && self.elements.contains_key(&element.path) {
            self.members(&element.path, members)
        } else if self.types.contains(&of.code) {
            self.members(&of.code, members)
        } else {
            Err(format!("{}: no definition of {}", element.path, of.code))
        }
    }
}

impl Element {
    fn of(element: &Value) -> Self {
        let max = text(element, "max");
        let binding = &element["binding"];
        let strict = ["required", "extensible"].contains(&text(binding, "strength").as_str());
        Self {
            path: text(element, "path"),
            min: usize::try_from(element["min"].as_u64().unwrap_or_default()).unwrap_or_default(),
            max: max.parse().unwrap_or(usize::MAX),
            types: items(&element["type"]).iter().map(Type::of).collect(),
            binding: strict.then(|| Binding::of(binding)).flatten(),
            like: element["contentReference"]
                .as_str()
                .map(|path| path.trim_start_matches('#').to_owned()),
        }
    }

    /// What of the members is this element: each value with its type.
    fn values<'a>(&'a self, members: &'a Map<String, Value>) -> Vec<(Option<&'a Type>, &'a Value)> {
        let name = self.path.rsplit('.').next().unwrap_or_default();
        let Some(stem) = name.strip_suffix("[x]") else {
            let values = members.get(name).into_iter().flat_map(each);
            return values.map(|value| (self.types.first(), value)).collect();
        };
        self.types
            .iter()
            .filter_map(|of| {
                let mut kind = of.code.clone();
                kind[..1].make_ascii_uppercase();
                Some((Some(of), members.get(&format!("{stem}{kind}"))?))
            })
            .collect()
    }
}

impl Type {
    fn of(of: &Value) -> Self {
        let last = |url: &str| url.rsplit('/').next().unwrap_or_default().to_owned();
        Self {
            code: last(&text(of, "code")),
            targets: items(&of["targetProfile"])
                .iter()
                .filter_map(Value::as_str)
                .map(last)
                .collect(),
        }
    }

    fn leads_to(&self, reference: &Value) -> Result<(), String> {
        let Some(to) = reference["reference"].as_str() else {
            return if reference["display"].is_string() {
                Ok(())
            } else {
                Err("a reference to nothing".into())
            };
        };
        let kind = to.split('/').next().unwrap_or_default();
        let fits = |target: &String| target == kind || target == "Resource";
        if self.targets.is_empty() || self.targets.iter().any(fits) {
            Ok(())
        } else {
            Err(format!("a reference to {to}"))
        }
    }
}

impl Binding {
    fn of(binding: &Value) -> Option<Self> {
        let url = text(binding, "valueSet");
        let set = url.split('|').next().unwrap_or_default();
        let set = set
            .strip_prefix("http://hl7.org/fhir/ValueSet/")
            .unwrap_or(set);
        let unknown = UNPUBLISHED.contains(&set) || WITHOUT_A_FIT.contains(&set);
        (!unknown).then(|| Self {
            set: set.to_owned(),
        })
    }

    /// A code, a Coding, or a concept of which one coding at least is in the set.
    fn check(&self, value: &Value) -> Result<(), String> {
        let within = |coding: &Value| {
            coding["code"].as_str().is_some_and(|code| {
                Terminology::published().value_set_has(&self.set, coding["system"].as_str(), code)
            })
        };
        let fits = match value {
            Value::String(code) => Terminology::published().value_set_has(&self.set, None, code),
            Value::Object(members) if members.contains_key("coding") => {
                items(&value["coding"]).iter().any(within)
            }
            Value::Object(members) if members.contains_key("code") => within(value),
            // A quantity's bound unit, or a concept in words alone, where the binding lets it pass.
            _ => true,
        };
        if fits {
            Ok(())
        } else {
            Err(format!("{value} is not in {}", self.set))
        }
    }
}

/// Every code of HL7's own systems stands under its published name.
fn displays(path: &str, value: &Value) -> Result<(), String> {
    match value {
        Value::Array(items) => items.iter().try_for_each(|item| displays(path, item)),
        Value::Object(members) => {
            if let (Some(system), Some(code)) = (value["system"].as_str(), value["code"].as_str())
                && system.starts_with("http://terminology.hl7.org/")
                && Terminology::published().display(system, code) != value["display"].as_str()
            {
                return Err(format!("{path}: {value} has another name"));
            }
            members
                .iter()
                .try_for_each(|(name, member)| displays(&format!("{path}.{name}"), member))
        }
        _ => Ok(()),
    }
}

fn each(value: &Value) -> &[Value] {
    match value {
        Value::Array(items) => items,
        one => std::slice::from_ref(one),
    }
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}
