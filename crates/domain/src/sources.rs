//! Where the resources of each type come from: `FHIR_SOURCE`. It decides which types a server exports; it reads nothing
//! from any of them.

use std::{fmt, str::FromStr};

use crate::{config::Variables, resource_type::ResourceType};

/// The types that are mapped from the platform's clinical tables, in the order of the default export.
const CLINICAL: [ResourceType; 4] = [
    ResourceType::Patient,
    ResourceType::DocumentReference,
    ResourceType::Consent,
    ResourceType::Provenance,
];

/// The longest name, in bytes: PostgreSQL keeps 63, and `_membership` must fit behind it.
const MOST_IDENTIFIER_BYTES: usize = 52;

/// The longest name of a type of the compartment, with that of its membership.
const LONGEST_OF_EACH: &str = "coverageeligibilityresponse_membership";

/// Where the resources of a type come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The platform's clinical tables, mapped to FHIR.
    Clinical,
    /// The resource store: FHIR as it was written, every version with its time.
    Store,
    /// A table or view of another server, with the columns of the contract (docs/sources.md).
    Relation(Relation),
}

/// The name of a table or view, with or without its schema: letters in lower case, digits and underscores, so that it
/// may stand in SQL as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relation(String);

/// A text that names no source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a source")]
pub struct UnknownOrigin;

impl Relation {
    /// Gives the name as SQL takes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Relation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Relation {
    type Err = UnknownOrigin;

    fn from_str(text: &str) -> Result<Self, UnknownOrigin> {
        let is_identifier = |part: &str| {
            (1..=MOST_IDENTIFIER_BYTES).contains(&part.len())
                && part
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
                && !part.as_bytes()[0].is_ascii_digit()
        };
        if text.split('.').count() <= 2 && text.split('.').all(is_identifier) {
            Ok(Self(text.to_owned()))
        } else {
            Err(UnknownOrigin)
        }
    }
}

impl FromStr for Origin {
    type Err = UnknownOrigin;

    fn from_str(text: &str) -> Result<Self, UnknownOrigin> {
        match text {
            "clinical" => Ok(Self::Clinical),
            "store" => Ok(Self::Store),
            other => other.parse().map(Self::Relation),
        }
    }
}

/// Where the resources of each exported type come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sources(Vec<(ResourceType, Origin)>);

impl Default for Sources {
    /// The four mapped types from the clinical tables.
    fn default() -> Self {
        Self::of(&[Entry::All(Origin::Clinical)])
    }
}

/// One entry of `FHIR_SOURCE`.
enum Entry {
    All(Origin),
    /// A relation for each type: this and the type's name in lower case.
    Each(String),
    One(ResourceType, Origin),
}

impl Sources {
    /// Reads `FHIR_SOURCE`; problems are noted there. `clinical,*=store,Task=public.tasks`: a source alone, or `*=`,
    /// gives all the types that it can have; a type's own entry beats those, and an earlier entry a later one. A relation
    /// that ends in `_*` is one for each type: `other.fhir_*` has tasks in `other.fhir_task`.
    pub fn read(variables: &mut Variables) -> Self {
        let Some(text) = variables.raw("FHIR_SOURCE").map(str::to_owned) else {
            return Self::default();
        };
        let read: Result<Vec<Entry>, String> = text
            .split(',')
            .map(|entry| read_entry(entry.trim()))
            .collect();
        match read {
            Ok(entries) => Self::of(&entries),
            Err(problem) => {
                variables.problem("FHIR_SOURCE", problem);
                Self::default()
            }
        }
    }

    fn of(entries: &[Entry]) -> Self {
        let first = CLINICAL.iter();
        let others = ResourceType::COMPARTMENT
            .iter()
            .filter(|known| !CLINICAL.contains(known));
        let of_type = |resource_type: &ResourceType| {
            let named = entries.iter().find_map(|entry| match entry {
                Entry::One(named, origin) if named == resource_type => Some(origin.clone()),
                Entry::One(..) | Entry::All(_) | Entry::Each(_) => None,
            });
            let origin = named.or_else(|| {
                entries.iter().find_map(|entry| match entry {
                    Entry::All(Origin::Clinical) if !CLINICAL.contains(resource_type) => None,
                    Entry::All(origin) => Some(origin.clone()),
                    Entry::Each(prefix) => Some(Origin::Relation(of_each(prefix, *resource_type))),
                    Entry::One(..) => None,
                })
            });
            origin.map(|origin| (*resource_type, origin))
        };
        Self(first.chain(others).filter_map(of_type).collect())
    }

    /// Gives the exported types: the mapped ones first, then by name.
    pub fn types(&self) -> impl Iterator<Item = ResourceType> {
        self.0.iter().map(|(resource_type, _)| *resource_type)
    }

    /// Gives where a type's resources come from; nothing for a type that is not exported.
    #[must_use]
    pub fn origin(&self, resource_type: ResourceType) -> Option<&Origin> {
        self.0
            .iter()
            .find(|(known, _)| *known == resource_type)
            .map(|(_, origin)| origin)
    }

    /// Gives the origins that these types come from, each once.
    #[must_use]
    pub fn origins(&self, types: impl IntoIterator<Item = ResourceType>) -> Vec<&Origin> {
        let mut origins = Vec::new();
        for origin in types
            .into_iter()
            .filter_map(|resource_type| self.origin(resource_type))
        {
            if !origins.contains(&origin) {
                origins.push(origin);
            }
        }
        origins
    }
}

/// Names a type's relation among those of all types.
fn of_each(prefix: &str, resource_type: ResourceType) -> Relation {
    Relation(prefix.to_owned() + &resource_type.as_str().to_ascii_lowercase())
}

fn read_entry(entry: &str) -> Result<Entry, String> {
    const EXPECTED: &str = "clinical, store or the name of a relation in lower case is expected";
    let (name, origin) = entry.split_once('=').unwrap_or(("*", entry));
    if let ("*", Some(prefix)) = (name.trim(), origin.trim().strip_suffix('*')) {
        let longest = format!("{prefix}{LONGEST_OF_EACH}");
        if prefix.ends_with('_') && longest.parse::<Relation>().is_ok() {
            return Ok(Entry::Each(prefix.to_owned()));
        }
    }
    let origin: Origin = origin
        .trim()
        .parse()
        .map_err(|UnknownOrigin| format!("names a source that cannot be one: {EXPECTED}"))?;
    if name.trim() == "*" {
        return Ok(Entry::All(origin));
    }
    let resource_type: ResourceType = name
        .trim()
        .parse()
        .map_err(|_| "names a type that FHIR R4 does not have".to_owned())?;
    if !resource_type.in_patient_compartment() {
        return Err(format!(
            "names {resource_type}, which is in no patient's compartment: no export would hold it"
        ));
    }
    if origin == Origin::Clinical && !CLINICAL.contains(&resource_type) {
        return Err(format!(
            "takes {resource_type} from the clinical tables, which have none"
        ));
    }
    Ok(Entry::One(resource_type, origin))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Sources, String> {
        let mut variables = Variables::new([("FHIR_SOURCE".to_owned(), text.to_owned())]);
        let sources = Sources::read(&mut variables);
        variables
            .finish()
            .map(|()| sources)
            .map_err(|problems| problems.to_string())
    }

    #[test]
    fn the_clinical_tables_are_the_default() {
        assert_eq!(read("").unwrap(), Sources::default());
        assert_eq!(read("clinical").unwrap(), Sources::default());
        assert_eq!(Sources::default().types().collect::<Vec<_>>(), CLINICAL);
        assert_eq!(Sources::default().origin(ResourceType::Observation), None);
    }

    #[test]
    fn a_types_own_entry_beats_the_rest() {
        let sources = read("clinical, *=store, Task=other.tasks, Consent=store").unwrap();
        let origin = |resource_type| sources.origin(resource_type).unwrap().clone();
        assert_eq!(origin(ResourceType::Patient), Origin::Clinical);
        assert_eq!(origin(ResourceType::Consent), Origin::Store);
        assert_eq!(origin(ResourceType::Observation), Origin::Store);
        assert_eq!(
            origin(ResourceType::Task),
            Origin::Relation(Relation("other.tasks".to_owned()))
        );
        assert_eq!(sources.types().count(), ResourceType::COMPARTMENT.len());
        assert_eq!(sources.types().next(), Some(ResourceType::Patient));
        assert_eq!(sources.origin(ResourceType::Organization), None);
        assert_eq!(sources.origins(sources.types()).len(), 3);
        assert_eq!(
            sources.origins([ResourceType::Consent, ResourceType::Flag]),
            [&Origin::Store]
        );
    }

    #[test]
    fn each_type_can_have_a_relation_of_its_own() {
        let sources = read("clinical,*=other.fhir_*").unwrap();
        let relation = |resource_type| sources.origin(resource_type).unwrap().clone();
        let named = |name: &str| Origin::Relation(Relation(name.to_owned()));
        assert_eq!(relation(ResourceType::Patient), Origin::Clinical);
        assert_eq!(relation(ResourceType::Task), named("other.fhir_task"));
        let sources = read("fhir_*").unwrap();
        for resource_type in ResourceType::COMPARTMENT {
            let name = format!("fhir_{resource_type}_membership").to_lowercase();
            assert_eq!(name.parse::<Relation>().unwrap().as_str(), name);
            assert!(name.len() <= "fhir_".len() + LONGEST_OF_EACH.len());
            assert!(sources.origin(*resource_type).is_some());
        }
    }

    #[test]
    fn what_cannot_be_is_refused_by_name() {
        for (text, part) in [
            ("fhir store", "names a source"),
            ("store;drop", "names a source"),
            ("Patient=a.b.c", "names a source"),
            ("Patient=1a", "names a source"),
            ("Patient=", "names a source"),
            ("fhir*", "names a source"),
            ("a.b.fhir_*", "names a source"),
            ("a_name_that_is_too_long_*", "names a source"),
            ("Task=fhir_*", "names a source"),
            ("Foo=store", "names a type"),
            ("Organization=store", "Organization"),
            ("Observation=clinical", "Observation"),
        ] {
            let problem = read(text).unwrap_err();
            assert!(
                problem.contains("FHIR_SOURCE") && problem.contains(part),
                "{text}: {problem}"
            );
        }
    }
}
