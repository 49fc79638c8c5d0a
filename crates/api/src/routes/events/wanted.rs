//! Whether a request for a status wants events (RFC 9110, section 12.5.1). Only who names `text/event-stream` gets them:
//! to `*/*`, and to who rather has JSON, a poll is answered.

use actix_web::{guard::GuardContext, http::header};

/// Says whether events are wanted.
pub(in crate::routes) fn wanted(context: &GuardContext<'_>) -> bool {
    let values = context.head().headers().get_all(header::ACCEPT);
    let values: Vec<&str> = values.filter_map(|value| value.to_str().ok()).collect();
    named(&values.join(","))
}

/// Reads an `Accept`. A tie between events and JSON, both named, is JSON's.
fn named(accept: &str) -> bool {
    let (mut events, mut json) = (0.0_f32, 0.0_f32);
    for range in accept.split(',') {
        let mut parts = range.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default().to_ascii_lowercase();
        let weight = parts
            .filter_map(|part| part.split_once('='))
            .find(|(name, _)| name.trim().eq_ignore_ascii_case("q"))
            .map_or(1.0, |(_, q)| q.trim().parse().unwrap_or(0.0));
        match name.as_str() {
            "text/event-stream" => events = events.max(weight),
            "application/json" | "application/fhir+json" => json = json.max(weight),
            _ => {}
        }
    }
    events > json
}

#[cfg(test)]
mod tests {
    use super::named;

    #[test]
    fn events_are_for_those_who_name_them() {
        for accept in [
            "text/event-stream",
            "Text/Event-Stream; charset=utf-8",
            "text/event-stream, */*",
            "*/*;q=0.8, text/event-stream;q=0.5",
            "application/json;q=0.5, text/event-stream",
        ] {
            assert!(named(accept), "{accept}");
        }
        for accept in [
            "",
            "*/*",
            "text/*",
            "application/fhir+json",
            "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
            "application/json, text/event-stream",
            "text/event-stream;q=0",
            "text/event-stream;q=x",
            "text/event-stream;q=0.5, application/json",
        ] {
            assert!(!named(accept), "{accept}");
        }
    }
}
