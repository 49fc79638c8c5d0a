//! Resources that already are FHIR JSON, as lines of an export: checked, and spliced where something is missing. On the
//! way that most rows take nothing is parsed and nothing is encoded again: decimals and the order of members stay as they
//! were written.

use std::{borrow::Cow, fmt};

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;

use crate::resource_type::ResourceType;

/// A row of another server's relation: what is known of the resource beside its body.
#[derive(Clone, Copy)]
pub struct Foreign<'a> {
    /// The resource's id.
    pub id: &'a str,
    /// The version, for a body without `meta.versionId`; none where such a body has none.
    pub version: Option<&'a str>,
    /// The time of the version, for a body without `meta.lastUpdated`.
    pub last_updated: DateTime<Utc>,
    /// The JSON.
    pub body: &'a str,
}

/// Why a stored body cannot be a resource. Names no value of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// Not JSON, or not an object.
    #[error("its body is not a JSON object")]
    NotJson,
    /// The body's type is missing or another one.
    #[error("its body has another resourceType")]
    OtherType,
    /// The body's id is missing or another one.
    #[error("its body has another id")]
    OtherId,
    /// The body's meta is no object.
    #[error("its meta is not a JSON object")]
    Meta,
    /// An id that FHIR does not allow (R4, "id": letters, digits, `-` and `.`, at most 64).
    #[error("its id is none that FHIR allows")]
    Id,
}

/// Appends a body of the resource store as a line. The store's own functions wrote it: it is one line of JSON with its id
/// and its meta, and begins, as nearly every FHIR JSON does, with its type and its id. One that begins otherwise is parsed.
///
/// # Errors
/// The body is another resource's, or no JSON; nothing was appended.
pub fn write(
    resource_type: ResourceType,
    id: &str,
    body: &str,
    out: &mut Vec<u8>,
) -> Result<(), Broken> {
    if !begins_with(resource_type, id, body) {
        let top = Top::read(body)?;
        top.check_type(resource_type)?;
        if !top.id.is_some_and(|found| is_text(found, id)) {
            return Err(Broken::OtherId);
        }
    }
    append_line(&[body], out);
    Ok(())
}

/// Appends a body of another server's relation as a line. It is parsed: nobody vouches for it. An id, `meta.versionId` or
/// `meta.lastUpdated` that it lacks is spliced in, and members of `meta` that R4 does not have are left out; the rest stays
/// as it is.
///
/// # Errors
/// The body is another resource's, or no JSON; nothing was appended.
pub fn write_foreign(
    resource_type: ResourceType,
    row: Foreign<'_>,
    out: &mut Vec<u8>,
) -> Result<(), Broken> {
    let top = Top::read(row.body)?;
    top.check_type(resource_type)?;
    if !is_id(row.id) {
        return Err(Broken::Id);
    }
    if top.id.is_some_and(|found| !is_text(found, row.id)) {
        return Err(Broken::OtherId);
    }
    let id = top.id.is_none().then(|| format!(r#","id":"{}""#, row.id));
    let id = id.unwrap_or_default();
    // The pieces are slices of the body, so their places follow from their addresses.
    let place = |piece: &RawValue| {
        let start = piece.get().as_ptr().addr() - row.body.as_ptr().addr();
        (start, start + piece.get().len())
    };
    let (_, after_type) = place(top.resource_type);
    let Some(meta) = top.meta else {
        let meta = format!(r#","meta":{}"#, Meta::default().written(&row));
        let (head, tail) = row.body.split_at(after_type);
        append_line(&[head, &id, &meta, tail], out);
        return Ok(());
    };
    let known = Meta::read(meta)?;
    let (start, end) = place(meta);
    let written = if known.is_whole(&row) {
        Cow::Borrowed(meta.get())
    } else {
        Cow::Owned(known.written(&row))
    };
    let (before, after) = (&row.body[..start], &row.body[end..]);
    if start > after_type {
        let (head, between) = before.split_at(after_type);
        append_line(&[head, &id, between, &written, after], out);
    } else {
        let (between, tail) = after.split_at(after_type - end);
        append_line(&[before, &written, between, &id, tail], out);
    }
    Ok(())
}

/// Says whether a body begins as this resource's nearly always does.
fn begins_with(resource_type: ResourceType, id: &str, body: &str) -> bool {
    let rest = [
        r#"{"resourceType":""#,
        resource_type.as_str(),
        r#"","id":""#,
        id,
        "\"",
    ];
    let mut body = body;
    rest.iter().all(|piece| match body.strip_prefix(piece) {
        Some(after) => {
            body = after;
            true
        }
        None => false,
    })
}

/// Says whether FHIR allows this id (R4, datatype "id").
#[must_use]
pub fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.')
}

/// Says whether a JSON value is this string, however it is escaped.
fn is_text(value: &RawValue, text: &str) -> bool {
    serde_json::from_str::<Cow<'_, str>>(value.get()).is_ok_and(|found| found == text)
}

/// Appends the pieces as one line. A line feed outside of strings is white space to JSON and none may stand in them, so
/// a pretty-printed body becomes one line.
fn append_line(pieces: &[&str], out: &mut Vec<u8>) {
    let start = out.len();
    for piece in pieces {
        out.extend_from_slice(piece.as_bytes());
    }
    let line = &mut out[start..];
    let mut at = 0;
    while let Some(found) = memchr::memchr2(b'\n', b'\r', &line[at..]) {
        line[at + found] = b' ';
        at += found + 1;
    }
    out.push(b'\n');
}

/// The members that are looked at. The rest is read over, so that a body that is no JSON is seen.
#[derive(Deserialize)]
struct Top<'a> {
    #[serde(borrow, rename = "resourceType")]
    resource_type: &'a RawValue,
    #[serde(borrow, default, deserialize_with = "present")]
    id: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    meta: Option<&'a RawValue>,
}

/// Reads a member that is there, be it null: one that is spliced in beside it would be there twice.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

/// The members of a `meta`, in their order.
#[derive(Default)]
struct Meta<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

/// The members that R4 gives `meta` (datatype "Meta"). Some servers keep more in it, for themselves.
const META: [&str; 8] = [
    "id",
    "extension",
    VERSION,
    UPDATED,
    "source",
    "profile",
    "security",
    "tag",
];
const VERSION: &str = "versionId";
const UPDATED: &str = "lastUpdated";

impl<'a> Meta<'a> {
    fn read(meta: &'a RawValue) -> Result<Self, Broken> {
        serde_json::from_str(meta.get()).map_err(|_| Broken::Meta)
    }

    fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| known == name)
    }

    /// Says whether it may go out as it is.
    fn is_whole(&self, row: &Foreign<'_>) -> bool {
        let versioned = row.version.is_none() || self.has(VERSION);
        versioned && self.has(UPDATED) && self.0.iter().all(|(name, _)| is_meta(name))
    }

    /// Writes what R4 knows of it, and what it lacked.
    fn written(&self, row: &Foreign<'_>) -> String {
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        let version = row.version.filter(|_| !self.has(VERSION));
        let version = version.map(|version| format!(r#""{VERSION}":{}"#, quoted(version)));
        let updated = (!self.has(UPDATED)).then(|| {
            let at = row
                .last_updated
                .to_rfc3339_opts(SecondsFormat::Millis, true);
            format!(r#""{UPDATED}":"{at}""#)
        });
        let kept = self.0.iter().filter(|(name, _)| is_meta(name));
        let kept = kept.map(|(name, value)| format!("{}:{}", quoted(name), value.get()));
        let members: Vec<String> = version.into_iter().chain(updated).chain(kept).collect();
        format!("{{{}}}", members.join(","))
    }
}

/// Says whether R4 has this member; a leading underscore stands for a primitive's extensions.
fn is_meta(name: &str) -> bool {
    META.contains(&name.strip_prefix('_').unwrap_or(name))
}

impl<'de: 'a, 'a> Deserialize<'de> for Meta<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Meta<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Meta<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Meta(members))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

impl<'a> Top<'a> {
    fn read(body: &'a str) -> Result<Self, Broken> {
        // serde would take an array for the members in their order.
        if !body.trim_start().starts_with('{') {
            return Err(Broken::NotJson);
        }
        serde_json::from_str(body).map_err(|error| match error.classify() {
            // What is missing is the type: the others may be.
            serde_json::error::Category::Data => Broken::OtherType,
            _ => Broken::NotJson,
        })
    }

    fn check_type(&self, resource_type: ResourceType) -> Result<(), Broken> {
        let name = self.resource_type.get().trim_matches('"');
        if name == resource_type.as_str() {
            Ok(())
        } else {
            Err(Broken::OtherType)
        }
    }
}

#[cfg(test)]
mod tests;
