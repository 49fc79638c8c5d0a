//! Attachment: what a record's `metadata` says of the document itself.
//!
//! `metadata` may hold anything. A member that is not what it should be is left out, never repaired. The document's
//! SHA-256 is an extension: `hash` is defined as SHA-1.

use base64::{display::Base64Display, engine::general_purpose::STANDARD};
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::text::Text;

/// The extension that holds the SHA-256 of a document, as 64 hexadecimal digits.
const SHA256_EXTENSION: &str = "https://fhir-bulk-export.org/extension/sha256";
/// A title is a label: a longer description does not serve as one.
const LONGEST_TITLE: usize = 200;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Attachment<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    extension: Option<[Sha256Extension<'a>; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Base64<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<IpfsUrl<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<i32>,
    title: Text<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Sha256Extension<'a> {
    url: &'static str,
    value_string: &'a str,
}

struct Base64<'a>(&'a str);

impl Serialize for Base64<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&Base64Display::new(self.0.as_bytes(), &STANDARD))
    }
}

struct IpfsUrl<'a>(&'a str);

impl Serialize for IpfsUrl<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("ipfs://{}", self.0))
    }
}

impl<'a> Attachment<'a> {
    /// What `metadata` says of the document. It has a title whatever the row holds: an attachment may not be empty.
    pub(super) fn of_document(
        metadata: Option<&'a Value>,
        description: Option<&Text<'a>>,
        name: &Text<'a>,
    ) -> Self {
        let member = |key| metadata.and_then(|metadata| metadata.get(key));
        let string = |key| member(key).and_then(Value::as_str);
        let title = string("title").and_then(Text::if_it_fits);
        let description = description
            .filter(|text| text.as_str().len() <= LONGEST_TITLE && !text.as_str().contains('\n'));
        Self {
            extension: string("sha256")
                .filter(|digits| is_sha256(digits))
                .map(|value_string| {
                    [Sha256Extension {
                        url: SHA256_EXTENSION,
                        value_string,
                    }]
                }),
            content_type: string("contentType").filter(|name| is_media_type(name)),
            data: None,
            url: string("cid").filter(|cid| is_cid(cid)).map(IpfsUrl),
            // FHIR's unsignedInt ends where a signed integer of 32 bits does.
            size: member("size")
                .and_then(Value::as_u64)
                .and_then(|size| i32::try_from(size).ok()),
            title: title
                .or_else(|| description.cloned())
                .unwrap_or_else(|| name.clone()),
        }
    }

    /// A text as a document of its own.
    pub(super) fn of_text(text: &'a str) -> Self {
        Self {
            extension: None,
            content_type: Some("text/plain; charset=utf-8"),
            data: Some(Base64(text)),
            url: None,
            size: None,
            title: Text::fixed("Description"),
        }
    }
}

fn is_sha256(digits: &str) -> bool {
    digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// `type/subtype`, and parameters if they keep to what a FHIR code may hold: no space at the end, and none doubled.
fn is_media_type(name: &str) -> bool {
    let (essence, parameters) = name.split_once(';').unwrap_or((name, "charset=utf-8"));
    let is_token = |token: &str| {
        token.len() <= 127
            && token.starts_with(|c: char| c.is_ascii_alphanumeric())
            && token
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte))
    };
    essence
        .split_once('/')
        .is_some_and(|(kind, subtype)| is_token(kind) && is_token(subtype))
        && parameters.contains('=')
        && parameters.len() <= 255
        && parameters
            .bytes()
            .all(|byte| byte == b' ' || byte.is_ascii_graphic())
        && !parameters.contains("  ")
        && !parameters.ends_with(' ')
}

/// Says whether a text has the form of a CID: version 0, or version 1 in one of the usual bases.
fn is_cid(text: &str) -> bool {
    let bytes = text.as_bytes();
    let all = |rest: &[u8], is: fn(u8) -> bool| rest.iter().all(|byte| is(*byte));
    match bytes {
        [b'Q', b'm', rest @ ..] => rest.len() == 44 && all(rest, is_base58),
        _ if !(12..=128).contains(&bytes.len()) => false,
        [b'b', b'a', rest @ ..] => all(rest, |byte| matches!(byte, b'a'..=b'z' | b'2'..=b'7')),
        [b'f', b'0', b'1', rest @ ..] => {
            all(rest, |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        }
        [b'k', rest @ ..] => all(rest, |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'z')),
        [b'z', rest @ ..] => all(rest, is_base58),
        _ => false,
    }
}

fn is_base58(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() && !b"0OIl".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_types_are_told_from_other_text() {
        for name in [
            "application/pdf",
            "image/svg+xml",
            "text/plain; charset=utf-8",
            "application/vnd.api+json;v=\"1 2\"",
        ] {
            assert!(is_media_type(name), "{name}");
        }
        for name in [
            "",
            "pdf",
            "/",
            "a/",
            "/b",
            "a/b/c",
            "a b/c",
            " text/plain",
            "text/plain ",
            "text/plain;",
            "text/plain; x",
            "text/plain; a=b ",
            "text/plain;  a=b",
            "text/plain\n",
            "text/plain; a=b\nc",
            "tëxt/plain",
            "text/html; a=é",
            "../etc",
            "text/*",
        ] {
            assert!(!is_media_type(name), "{name}");
        }
    }

    #[test]
    fn cids_are_told_from_other_text() {
        for cid in [
            "QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG",
            "bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi",
            "zb2rhe5P4gXftAwvA4eXQ5HJwsER2owDyS9sKaQRRVQPn93bA",
            "f01551220e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        ] {
            assert!(is_cid(cid), "{cid}");
        }
        for cid in [
            "",
            "Qm",
            "QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbd0",
            "bafybeigdyrzt 5sfp7udm7hu76uh7y26nf3efuy",
            "ba",
            "bafy../../../etc/passwd",
            "BAFYBEIGDYRZT5SFP7UDM7HU76UH7Y26NF3EFUYLQABF3OCLGTQY55FBZDI",
            "https://example.org/x",
            "ipfs://bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi",
        ] {
            assert!(!is_cid(cid), "{cid}");
        }
        assert!(!is_cid(&format!("ba{}", "a".repeat(127))));
    }
}
