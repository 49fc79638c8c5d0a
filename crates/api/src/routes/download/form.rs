//! The two forms in which a file is sent: as it is stored, or decoded while it is sent. Which one a client gets, by
//! what each is known (RFC 9110, sections 8.8 and 13), and which ranges there are of it.

use actix_web::{
    HttpResponse, HttpResponseBuilder,
    http::{
        StatusCode,
        header::{self, HeaderMap, HeaderName},
    },
};
use bulk_export_domain::{
    file::{Coding, StoredFile},
    range::{ByteRange, Wanted, wanted},
};

use crate::error::ApiError;

/// A form of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// The stored bytes: they have a strong tag, ranges, and a length.
    Stored,
    /// The NDJSON that they are decoded. It is made anew each time, so it has a weak tag and no ranges.
    Decoded,
}

impl Form {
    /// Chooses by what the client accepts. There is always one: a client that refuses every coding, identity
    /// included, is still better served with NDJSON than with an error.
    pub(super) fn wanted(headers: &HeaderMap, stored: &StoredFile) -> Self {
        let accepted = text(headers, &header::ACCEPT_ENCODING);
        if stored.coding.is_welcome(accepted.as_deref()) {
            Self::Stored
        } else {
            Self::Decoded
        }
    }

    /// Begins an answer that sends the form, or (304) says that the client has it.
    pub(super) fn head(self, status: StatusCode, stored: &StoredFile) -> HttpResponseBuilder {
        let mut response = HttpResponse::build(status);
        response.insert_header((header::ETAG, self.tag(stored)));
        if stored.coding != Coding::Identity {
            response.insert_header((header::VARY, "Accept-Encoding"));
        }
        if status == StatusCode::NOT_MODIFIED {
            return response;
        }
        response.insert_header((header::CONTENT_TYPE, "application/fhir+ndjson"));
        let ranges = match self {
            Self::Stored => "bytes",
            Self::Decoded => "none",
        };
        response.insert_header((header::ACCEPT_RANGES, ranges));
        if let (Self::Stored, Some(coding)) = (self, stored.coding.content_encoding()) {
            response.insert_header((header::CONTENT_ENCODING, coding));
        }
        response
    }

    /// Reads which range is asked for. `If-Range` with another file's tag, or with any tag of a form that has no
    /// strong one, asks for the whole (RFC 9110, section 13.1.5).
    ///
    /// # Errors
    /// A range outside the file.
    pub(super) fn range(
        self,
        headers: &HeaderMap,
        stored: &StoredFile,
    ) -> Result<Option<ByteRange>, ApiError> {
        let size = stored.digest.bytes;
        let other =
            text(headers, &header::IF_RANGE).is_some_and(|tag| tag.trim() != strong(stored));
        if self == Self::Decoded || other {
            return Ok(None);
        }
        match wanted(text(headers, &header::RANGE).as_deref(), size) {
            Wanted::Whole => Ok(None),
            Wanted::Part(range) => Ok(Some(range)),
            Wanted::Unsatisfiable => Err(ApiError::NoSuchRange(size)),
        }
    }

    fn tag(self, stored: &StoredFile) -> String {
        match self {
            Self::Stored => strong(stored),
            Self::Decoded => format!("W/{}", strong(stored)),
        }
    }
}

/// Says whether the client has the file already, in either form: `If-None-Match` compares weakly.
pub(super) fn is_known(headers: &HeaderMap, stored: &StoredFile) -> bool {
    let tag = strong(stored);
    text(headers, &header::IF_NONE_MATCH).is_some_and(|tags| {
        tags.split(',')
            .map(str::trim)
            .any(|known| known == "*" || known.trim_start_matches("W/") == tag)
    })
}

/// The tag of the stored bytes.
fn strong(stored: &StoredFile) -> String {
    format!("\"{}\"", stored.digest.sha256)
}

/// Gives a header, repeated ones as one list.
fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let values: Vec<&str> = headers
        .get_all(name)
        .filter_map(|value| value.to_str().ok())
        .collect();
    (!values.is_empty()).then(|| values.join(","))
}

#[cfg(test)]
mod tests {
    use bulk_export_domain::file::{FileDigest, Sha256};

    use super::*;

    fn file(coding: Coding) -> StoredFile {
        let cid = "bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy"
            .parse()
            .unwrap();
        StoredFile {
            digest: FileDigest {
                cid,
                sha256: Sha256::from_bytes([0xab; 32]),
                bytes: 100,
                lines: 7,
            },
            coding,
            decoded_bytes: 900,
        }
    }

    fn headers(values: &[(HeaderName, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in values {
            headers.append(name.clone(), header::HeaderValue::from_static(value));
        }
        headers
    }

    fn form(coding: Coding, accepted: &[&'static str]) -> Form {
        let accepted: Vec<_> = accepted
            .iter()
            .map(|value| (header::ACCEPT_ENCODING, *value))
            .collect();
        Form::wanted(&headers(&accepted), &file(coding))
    }

    #[test]
    fn a_client_gets_the_form_that_it_accepts() {
        assert_eq!(form(Coding::Gzip, &["deflate", "gzip"]), Form::Stored);
        assert_eq!(form(Coding::Gzip, &["zstd"]), Form::Decoded);
        assert_eq!(form(Coding::Zstd, &[]), Form::Decoded);
        assert_eq!(form(Coding::Zstd, &["identity;q=0"]), Form::Decoded);
        assert_eq!(
            form(Coding::Identity, &["gzip, identity;q=0"]),
            Form::Stored
        );
    }

    #[test]
    fn each_form_says_what_it_is() {
        let said = |form: Form, coding| {
            let response = form.head(StatusCode::OK, &file(coding)).finish();
            let names = [
                header::CONTENT_ENCODING,
                header::ACCEPT_RANGES,
                header::VARY,
            ];
            names.map(|name| {
                let value = response.headers().get(name)?;
                Some(value.to_str().unwrap().to_owned())
            })
        };
        let words =
            |words: [&str; 3]| words.map(|word| (!word.is_empty()).then(|| word.to_owned()));
        let vary = "Accept-Encoding";
        assert_eq!(
            said(Form::Stored, Coding::Gzip),
            words(["gzip", "bytes", vary])
        );
        assert_eq!(said(Form::Decoded, Coding::Gzip), words(["", "none", vary]));
        assert_eq!(
            said(Form::Stored, Coding::Identity),
            words(["", "bytes", ""])
        );
    }

    #[test]
    fn a_decoded_form_has_a_weak_tag_and_no_range() {
        let (strong, weak) = (
            format!("\"{}\"", "ab".repeat(32)),
            format!("W/\"{}\"", "ab".repeat(32)),
        );
        let file = file(Coding::Gzip);
        assert_eq!(Form::Stored.tag(&file), strong);
        assert_eq!(Form::Decoded.tag(&file), weak);
        let asked = headers(&[(header::RANGE, "bytes=0-9")]);
        assert!(matches!(Form::Stored.range(&asked, &file), Ok(Some(_))));
        assert!(matches!(Form::Decoded.range(&asked, &file), Ok(None)));
        let beyond = headers(&[(header::RANGE, "bytes=100-")]);
        assert!(matches!(
            Form::Stored.range(&beyond, &file),
            Err(ApiError::NoSuchRange(100))
        ));
        assert!(matches!(Form::Decoded.range(&beyond, &file), Ok(None)));
    }

    #[test]
    fn if_range_takes_the_strong_tag_of_this_file_only() {
        let file = file(Coding::Gzip);
        let part = |tag: &str| {
            let mut headers = headers(&[(header::RANGE, "bytes=0-9")]);
            headers.insert(header::IF_RANGE, tag.parse().unwrap());
            Form::Stored.range(&headers, &file).unwrap().is_some()
        };
        assert!(part(&strong(&file)));
        assert!(!part(&Form::Decoded.tag(&file)));
        assert!(!part("\"another\""));
    }

    #[test]
    fn whoever_has_either_form_has_the_file() {
        let file = file(Coding::Gzip);
        for known in [&strong(&file), &Form::Decoded.tag(&file), "*"] {
            let mut headers = HeaderMap::new();
            headers.insert(
                header::IF_NONE_MATCH,
                format!("\"x\", {known}").parse().unwrap(),
            );
            assert!(is_known(&headers, &file), "{known}");
        }
        let other = headers(&[(header::IF_NONE_MATCH, "\"x\", W/\"y\"")]);
        assert!(!is_known(&other, &file));
        assert!(!is_known(&HeaderMap::new(), &file));
    }
}
