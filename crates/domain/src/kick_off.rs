//! Reads a kick-off request: headers and parameters of `Patient/$export` (Bulk Data Access IG 3.0.0, "Bulk Data
//! Kick-off Request"). It refuses what it does not support by name, or, under `Prefer: handling=lenient`, ignores it
//! and keeps a note that becomes a line of the error file.

use chrono::{DateTime, Datelike, Utc};
use percent_encoding::percent_decode_str;

use crate::{
    outcome::{Code, OperationOutcome},
    resource_type::ResourceType,
    sources::Sources,
};

/// The forms of `_outputFormat` that mean NDJSON (IG: all three must be accepted).
const NDJSON: [&str; 3] = ["application/fhir+ndjson", "application/ndjson", "ndjson"];

/// Parameters that the IG knows and this server does not support yet.
const UNSUPPORTED: [&str; 7] = [
    "_elements",
    "_typeFilter",
    "_until",
    "allowPartialManifests",
    "includeAssociatedData",
    "organizeOutputBy",
    "patient",
];

/// What a file may be made to hold: smaller files would only be many, and larger ones are closed by their size.
const FILE_ROWS: (u64, u64) = (100, 100_000_000);

/// The longest query that is read, in bytes.
const MAX_QUERY_BYTES: usize = 8 * 1024;

/// What a kick-off asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KickOff {
    /// The types to export, each once, in the order of [`Sources::types`].
    pub types: Vec<ResourceType>,
    /// Only resources changed after this instant (UTC).
    pub since: Option<DateTime<Utc>>,
    /// The most resources that a file may hold: `_count`, put between bounds.
    pub file_rows: Option<u64>,
    /// What was ignored under lenient handling: one outcome each.
    pub notes: Vec<OperationOutcome>,
}

/// The headers and the query of a kick-off request.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// All values of `Accept`, joined by commas; `None` without the header.
    pub accept: Option<&'a str>,
    /// All values of `Prefer`, joined by commas; `None` without the header.
    pub prefer: Option<&'a str>,
    /// The raw query.
    pub query: &'a str,
}

impl KickOff {
    /// Reads a kick-off request to a server that exports from these sources.
    ///
    /// # Errors
    /// An outcome that names the header or parameter and the fix, for a 400.
    pub fn read(request: &Request<'_>, sources: &Sources) -> Result<Self, Box<OperationOutcome>> {
        check_accept(request.accept)?;
        let lenient = check_prefer(request.prefer)?;
        let mut reading = Reading {
            sources,
            lenient,
            types: None,
            since: None,
            file_rows: None,
            format: false,
            notes: vec![],
        };
        for (name, value) in parameters(request.query)? {
            reading.parameter(&name, &value)?;
        }
        Ok(reading.finish())
    }
}

impl KickOff {
    /// Refuses a `_since` that lies after `now`, the source's own time.
    ///
    /// # Errors
    /// An outcome for a 400.
    pub fn check_since(&self, now: DateTime<Utc>) -> Result<(), Box<OperationOutcome>> {
        if self.since.is_none_or(|since| since <= now) {
            return Ok(());
        }
        // Only a clock that was set back makes a transactionTime of ours lie in the future (docs/sources.md).
        let fix = "send an instant of the past, such as the transactionTime of the last export; if it is that, the source's clock \
             was set back: leave _since out once";
        refuse(Code::Invalid, "_since lies in the future", fix)
    }
}

struct Reading<'a> {
    sources: &'a Sources,
    lenient: bool,
    types: Option<Vec<ResourceType>>,
    since: Option<DateTime<Utc>>,
    file_rows: Option<u64>,
    format: bool,
    notes: Vec<OperationOutcome>,
}

type Checked<T> = Result<T, Box<OperationOutcome>>;

impl Reading<'_> {
    fn parameter(&mut self, name: &str, value: &str) -> Checked<()> {
        match name {
            "_type" => value
                .split(',')
                .map(str::trim)
                .try_for_each(|name| self.resource_type(name)),
            "_since" => self.since(value),
            "_count" => self.count(value),
            "_outputFormat" => self.output_format(value),
            _ => {
                let known = if UNSUPPORTED.contains(&name) {
                    "is not supported"
                } else {
                    "is not known"
                };
                self.ignore_or_refuse(
                    &format!("the parameter {} {known} by this server", quote(name)),
                    "remove it, or send 'Prefer: respond-async, handling=lenient' to have it ignored",
                )
            }
        }
    }

    fn resource_type(&mut self, name: &str) -> Checked<()> {
        let types = self.types.get_or_insert_with(Vec::new);
        let known: Option<ResourceType> = name.parse().ok();
        if let Some(known) = known.filter(|known| self.sources.origin(*known).is_some()) {
            types.push(known);
            return Ok(());
        }
        let why = match known {
            Some(known) if !known.in_patient_compartment() => {
                "which is in no patient's compartment, and this is a patient-level export"
            }
            Some(_) | None => "which this server does not export",
        };
        let all: Vec<_> = self.sources.types().map(ResourceType::as_str).collect();
        self.ignore_or_refuse(
            &format!("_type names {}, {why}", quote(name)),
            &format!("the types that can be exported are {}", all.join(", ")),
        )
    }

    fn since(&mut self, value: &str) -> Checked<()> {
        if self.since.is_some() {
            return refuse(
                Code::Invalid,
                "_since is given more than once",
                "send it once",
            );
        }
        let since = instant(value).ok_or_else(|| {
            let fix = "send a FHIR instant such as 2026-01-31T08:30:00Z or 2026-01-31T09:30:00.123%2B01:00";
            Box::new(outcome(Code::Invalid, format!("_since is not an instant: {}", quote(value)), fix))
        })?;
        self.since = Some(since);
        Ok(())
    }

    /// Reads the hint. It may be ignored, but not misread: a number that is none is refused, or told.
    fn count(&mut self, value: &str) -> Checked<()> {
        if self.file_rows.is_some() {
            return refuse(
                Code::Invalid,
                "_count is given more than once",
                "send it once",
            );
        }
        let digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
        if !digits || value.bytes().all(|byte| byte == b'0') {
            let text = format!("_count is not a whole number above 0: {}", quote(value));
            return self.ignore_or_refuse_as(
                Code::Invalid,
                &text,
                "send the most resources that a file may hold, such as 10000, or leave it out",
            );
        }
        // Digits that are too many are a number that is too large.
        let (least, most) = FILE_ROWS;
        self.file_rows = Some(value.parse().unwrap_or(most).clamp(least, most));
        Ok(())
    }

    fn output_format(&mut self, value: &str) -> Checked<()> {
        if self.format {
            return refuse(
                Code::Invalid,
                "_outputFormat is given more than once",
                "send it once",
            );
        }
        self.format = true;
        // Some gateways decode the plus sign of an unescaped `fhir+ndjson` to a space.
        if NDJSON.contains(&value.replace(' ', "+").as_str()) {
            return Ok(());
        }
        let fix = format!("send one of {}, or leave it out", NDJSON.join(", "));
        refuse(
            Code::NotSupported,
            &format!("_outputFormat {} is not supported", quote(value)),
            &fix,
        )
    }

    fn ignore_or_refuse(&mut self, text: &str, fix: &str) -> Checked<()> {
        self.ignore_or_refuse_as(Code::NotSupported, text, fix)
    }

    fn ignore_or_refuse_as(&mut self, code: Code, text: &str, fix: &str) -> Checked<()> {
        if !self.lenient {
            return refuse(code, text, fix);
        }
        self.notes
            .push(OperationOutcome::warning(code, format!("ignored: {text}")));
        Ok(())
    }

    /// Types that were all ignored leave an empty list: nothing was asked that can be exported, so nothing is.
    fn finish(self) -> KickOff {
        let wanted = self.types;
        let types = self
            .sources
            .types()
            .filter(|known| wanted.as_ref().is_none_or(|wanted| wanted.contains(known)))
            .collect();
        KickOff {
            types,
            since: self.since,
            file_rows: self.file_rows,
            notes: self.notes,
        }
    }
}

fn check_accept(accept: Option<&str>) -> Checked<()> {
    let fix = "send 'Accept: application/fhir+json'";
    let Some(accept) = accept else {
        return refuse(Code::Required, "the header Accept is missing", fix);
    };
    let fits = |range: &str| {
        let media = range
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase();
        matches!(
            media.as_str(),
            "application/fhir+json" | "application/json" | "application/*" | "*/*"
        )
    };
    if accept.split(',').any(fits) {
        Ok(())
    } else {
        refuse(
            Code::NotSupported,
            "the header Accept admits no FHIR JSON",
            fix,
        )
    }
}

/// Checks that the asynchronous pattern is asked for; says whether handling is lenient.
fn check_prefer(prefer: Option<&str>) -> Checked<bool> {
    let preferences: Vec<String> = prefer
        .unwrap_or_default()
        .split([',', ';'])
        .map(|token| token.trim().to_ascii_lowercase().replace(' ', ""))
        .collect();
    if preferences.iter().any(|token| token == "respond-async") {
        return Ok(preferences
            .iter()
            .any(|token| token == "handling=lenient" || token == "handling=\"lenient\""));
    }
    let text = if prefer.is_none() {
        "the header Prefer is missing"
    } else {
        "the header Prefer does not ask for respond-async"
    };
    refuse(
        Code::Required,
        text,
        "send 'Prefer: respond-async': an export is always asynchronous",
    )
}

/// Splits a query into decoded names and values. A plus sign stays a plus sign (RFC 3986): clients send
/// `application/fhir+ndjson` and `+01:00` unescaped.
fn parameters(query: &str) -> Checked<Vec<(String, String)>> {
    if query.len() > MAX_QUERY_BYTES {
        return refuse(
            Code::TooLong,
            "the query is too long",
            &format!("send at most {MAX_QUERY_BYTES} bytes"),
        );
    }
    let decode = |text: &str| {
        percent_decode_str(text)
            .decode_utf8()
            .map(std::borrow::Cow::into_owned)
            .map_err(|_| {
                Box::new(outcome(
                    Code::Invalid,
                    "the query is not UTF-8".to_owned(),
                    "percent-encode its bytes as UTF-8",
                ))
            })
    };
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decode(name)?, decode(value)?))
        })
        .collect()
}

/// Reads a FHIR instant: a date, a time to the second or finer, and a zone. A space stands for the plus sign that a
/// gateway decoded.
fn instant(text: &str) -> Option<DateTime<Utc>> {
    let text = text.replace(' ', "+");
    let shaped = text.len() >= 20 && text.as_bytes()[10] == b'T' && text.is_ascii();
    if !shaped {
        return None;
    }
    let instant = DateTime::parse_from_rfc3339(&text)
        .ok()?
        .with_timezone(&Utc);
    // The zone may move the year out of what FHIR and PostgreSQL have in common.
    (1..=9999).contains(&instant.year()).then_some(instant)
}

/// Repeats a client's text in an answer: short, and without control characters.
fn quote(text: &str) -> String {
    let clean: String = text.chars().filter(|c| !c.is_control()).take(64).collect();
    format!("'{clean}'")
}

fn outcome(code: Code, text: String, fix: &str) -> OperationOutcome {
    OperationOutcome::error(code, text).with_diagnostics(fix)
}

fn refuse<T>(code: Code, text: &str, fix: &str) -> Checked<T> {
    Err(Box::new(outcome(code, text.to_owned(), fix)))
}

#[cfg(test)]
mod tests;
