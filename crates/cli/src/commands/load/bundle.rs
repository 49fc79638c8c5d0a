//! The entries of a FHIR Bundle as resources of their own: with the ids that their links mean, and the links with them.

use std::borrow::Cow;

use bulk_export_domain::{resource_type::ResourceType, stored::is_id};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    resource::{Head, Reason},
    rewrite::{Links, TEMPORARY, append},
};

/// Bundles whose entries are resources as they are now. Others tell of what was done, or of several versions.
const TYPES: [&str; 5] = [
    "transaction",
    "batch",
    "collection",
    "searchset",
    "document",
];

/// A Bundle in memory.
pub(super) struct Bundle<'a> {
    entries: Vec<Entry<'a>>,
    links: Links,
}

/// An entry that was looked at.
struct Entry<'a> {
    number: u64,
    resource: Option<&'a str>,
    outcome: Result<Known, Reason>,
}

struct Known {
    resource_type: ResourceType,
    id: String,
    /// Where the id has to be put that the resource lacks.
    lacks_id_at: Option<usize>,
}

/// A resource of a Bundle, or what is in its place.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Item {
    /// Which entry it is; the first is 0, as in paths of FHIR.
    pub(super) number: u64,
    /// The resource as one line, if there is one.
    pub(super) line: Option<String>,
    /// Its type and id, or why it is not loaded.
    pub(super) outcome: Result<(ResourceType, String), Reason>,
    /// References that name no entry of the Bundle.
    pub(super) unknown_references: u64,
}

#[derive(Deserialize)]
struct Top<'a> {
    #[serde(borrow, default, rename = "resourceType")]
    resource_type: Option<Cow<'a, str>>,
    #[serde(borrow, default, rename = "type")]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    entry: Option<Vec<&'a RawValue>>,
}

#[derive(Deserialize)]
struct Raw<'a> {
    #[serde(borrow, default, rename = "fullUrl")]
    full_url: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    resource: Option<&'a RawValue>,
    #[serde(borrow, default)]
    request: Option<Request<'a>>,
    #[serde(borrow, default)]
    search: Option<Search<'a>>,
}

#[derive(Deserialize)]
struct Request<'a> {
    #[serde(borrow, default)]
    method: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Search<'a> {
    #[serde(borrow, default)]
    mode: Option<Cow<'a, str>>,
}

impl<'a> Bundle<'a> {
    /// Reads a Bundle.
    ///
    /// # Errors
    /// It is none, or of a type that is not loaded. What is wrong with an entry is told by its item.
    pub(super) fn read(json: &'a str) -> Result<Self, Reason> {
        let none = |text: String| Reason::NotABundle(text);
        if !json.trim_start().starts_with('{') {
            return Err(none("not a JSON object".to_owned()));
        }
        let top: Top<'_> =
            serde_json::from_str(json).map_err(|error| none(format!("not JSON: {error}")))?;
        if top.resource_type.as_deref() != Some("Bundle") {
            return Err(none("its resourceType is another one".to_owned()));
        }
        let kind = top.kind.ok_or_else(|| none("no type".to_owned()))?;
        if !TYPES.contains(&kind.as_ref()) {
            return Err(Reason::BundleType(kind.into_owned()));
        }
        let mut bundle = Self {
            entries: Vec::new(),
            links: Links::new(),
        };
        for (number, entry) in (0..).zip(top.entry.unwrap_or_default()) {
            bundle.add(number, entry.get());
        }
        Ok(bundle)
    }

    fn add(&mut self, number: u64, entry: &'a str) {
        let raw: Raw<'_> = match serde_json::from_str(entry) {
            Ok(raw) => raw,
            Err(error) => {
                let outcome = Err(Reason::NotAnEntry(error.to_string()));
                return self.entries.push(Entry {
                    number,
                    resource: None,
                    outcome,
                });
            }
        };
        // What the server says about a search is not what was found.
        if raw
            .search
            .as_ref()
            .and_then(|search| search.mode.as_deref())
            == Some("outcome")
        {
            return;
        }
        let outcome = known(&raw);
        if let (Ok(known), Some(url)) = (&outcome, &raw.full_url)
            && url.starts_with(TEMPORARY)
        {
            let resource = format!("{}/{}", known.resource_type.as_str(), known.id);
            self.links.insert(url.clone().into_owned(), resource);
        }
        let resource = raw.resource.map(RawValue::get);
        self.entries.push(Entry {
            number,
            resource,
            outcome,
        });
    }

    /// Gives the resources, each written when it is asked for.
    pub(super) fn into_items(self) -> impl Iterator<Item = Item> {
        let Self { entries, links } = self;
        entries.into_iter().map(move |entry| item(entry, &links))
    }
}

/// Gives what is known of an entry's resource.
fn known(entry: &Raw<'_>) -> Result<Known, Reason> {
    let method = entry
        .request
        .as_ref()
        .and_then(|request| request.method.as_deref());
    if let Some(method) = method.filter(|method| !["POST", "PUT"].contains(method)) {
        return Err(Reason::Method(method.to_owned()));
    }
    let head = Head::read(entry.resource.ok_or(Reason::NoResource)?.get())?;
    if let Some(id) = head.id {
        return Ok(Known {
            resource_type: head.resource_type,
            id: id.into_owned(),
            lacks_id_at: None,
        });
    }
    let url = entry.full_url.as_deref().unwrap_or_default();
    let id = url
        .strip_prefix(TEMPORARY)
        .filter(|id| is_id(id))
        .ok_or(Reason::NoId)?;
    Ok(Known {
        resource_type: head.resource_type,
        id: id.to_owned(),
        lacks_id_at: Some(head.after_type),
    })
}

fn item(entry: Entry<'_>, links: &Links) -> Item {
    let mut unknown_references = 0;
    let lacks_id_at = entry.outcome.as_ref().ok().and_then(|k| k.lacks_id_at);
    let line = entry.resource.map(|json| {
        let mut line = String::with_capacity(json.len());
        let (head, tail) = json.split_at(lacks_id_at.unwrap_or(0));
        unknown_references += append(head, links, &mut line);
        if let (Some(_), Ok(known)) = (lacks_id_at, &entry.outcome) {
            line.push_str(",\"id\":\"");
            line.push_str(&known.id);
            line.push('"');
        }
        unknown_references += append(tail, links, &mut line);
        line
    });
    Item {
        number: entry.number,
        line,
        outcome: entry.outcome.map(|known| (known.resource_type, known.id)),
        unknown_references,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(json: &str) -> Vec<Item> {
        Bundle::read(json).unwrap().into_items().collect()
    }

    fn lines(json: &str) -> Vec<String> {
        items(json).into_iter().filter_map(|i| i.line).collect()
    }

    #[test]
    fn links_between_entries_are_kept_whatever_their_order() {
        let json = r#"{"resourceType": "Bundle", "type": "transaction", "entry": [
          {"fullUrl": "urn:uuid:0c1", "resource": {"resourceType": "Consent", "patient": {"reference": "urn:uuid:0a1"}}, "request": {"method": "POST", "url": "Consent"}},
          {"fullUrl": "urn:uuid:0a1", "resource": {"resourceType": "Patient", "id": "p-1", "x": 1.50}, "request": {"method": "PUT", "url": "Patient/p-1"}},
          {"fullUrl": "http://h/Patient/2", "resource": {"id": "2", "resourceType": "Patient"}}]}"#;
        assert_eq!(
            lines(json),
            [
                r#"{"resourceType":"Consent","id":"0c1","patient":{"reference":"Patient/p-1"}}"#,
                r#"{"resourceType":"Patient","id":"p-1","x":1.50}"#,
                r#"{"id":"2","resourceType":"Patient"}"#,
            ]
        );
        let outcomes: Vec<_> = items(json)
            .into_iter()
            .map(|i| i.outcome.unwrap())
            .collect();
        assert_eq!(outcomes[0], (ResourceType::Consent, "0c1".to_owned()));
    }

    #[test]
    fn what_is_no_resource_to_keep_is_rejected_alone() {
        let json = r#"{"resourceType":"Bundle","type":"batch","entry":[
          {"request":{"method":"DELETE","url":"Patient/1"}},
          {"request":{"method":"GET","url":"Patient/1"}},
          {"response":{"status":"201"}},
          {"resource":{"resourceType":"Patient"}},
          {"fullUrl":"urn:uuid:a b","resource":{"resourceType":"Patient"}},
          {"resource":{"resourceType":"Patiens","id":"1"}},
          {"resource":[1]},
          {"fullUrl":5},
          {"resource":{"resourceType":"OperationOutcome"},"search":{"mode":"outcome"}},
          {"resource":{"resourceType":"Patient","id":"1"},"search":{"mode":"match"}}]}"#;
        let method = |name: &str| Err(Reason::Method(name.to_owned()));
        let outcomes: Vec<_> = items(json)
            .into_iter()
            .map(|i| (i.number, i.outcome))
            .collect();
        let expected = [
            (0, method("DELETE")),
            (1, method("GET")),
            (2, Err(Reason::NoResource)),
            (3, Err(Reason::NoId)),
            (4, Err(Reason::NoId)),
            (5, Err(Reason::UnknownType)),
            (6, Err(Reason::NotAnObject)),
        ];
        assert_eq!(outcomes[..7], expected);
        assert!(matches!(outcomes[7], (7, Err(Reason::NotAnEntry(_)))));
        assert_eq!(
            outcomes[8],
            (9, Ok((ResourceType::Patient, "1".to_owned())))
        );
        assert_eq!(outcomes.len(), 9);
    }

    #[test]
    fn only_bundles_of_resources_as_they_are_now_are_read() {
        let reason = |json: &str| Bundle::read(json).err().unwrap();
        let kind = |kind: &str| format!(r#"{{"resourceType":"Bundle","type":"{kind}"}}"#);
        for known in TYPES {
            assert_eq!(items(&kind(known)), []);
        }
        assert_eq!(
            reason(&kind("history")),
            Reason::BundleType("history".to_owned())
        );
        for json in [
            "",
            "[]",
            "{",
            "{}",
            r#"{"resourceType":"Bundle"}"#,
            r#"{"resourceType":"Patient","type":"batch"}"#,
            r#"{"resourceType":"Bundle","type":"batch","entry":{}}"#,
        ] {
            assert!(matches!(reason(json), Reason::NotABundle(_)), "{json}");
        }
    }
}
