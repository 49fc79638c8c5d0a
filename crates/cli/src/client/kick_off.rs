//! What is asked for at kick-off, and its URL. It judges nothing: the server says which types it exports.

use url::Url;

/// An export to be started.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KickOff {
    /// The resource types; none means all that the server exports.
    pub types: Vec<String>,
    /// Only what changed after this FHIR instant.
    pub since: Option<String>,
    /// Whether the server may ignore what it does not support and say so in the error file.
    pub lenient: bool,
}

impl KickOff {
    /// Gives the URL of the patient level kick-off below a FHIR base.
    #[must_use]
    pub fn url(&self, base: &Url) -> Url {
        let mut url = base.clone();
        url.set_path(&format!(
            "{}/Patient/$export",
            base.path().trim_end_matches('/')
        ));
        if !self.types.is_empty() {
            url.query_pairs_mut()
                .append_pair("_type", &self.types.join(","));
        }
        if let Some(since) = &self.since {
            url.query_pairs_mut().append_pair("_since", since);
        }
        url
    }

    /// Gives the value of the `Prefer` header.
    #[must_use]
    pub const fn prefer(&self) -> &'static str {
        if self.lenient {
            "respond-async, handling=lenient"
        } else {
            "respond-async"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(base: &str, kick_off: &KickOff) -> String {
        kick_off.url(&base.parse().unwrap()).to_string()
    }

    #[test]
    fn the_url_stands_below_the_base_with_or_without_a_slash() {
        for base in ["http://h:8080/fhir/r4", "http://h:8080/fhir/r4/"] {
            assert_eq!(
                url(base, &KickOff::default()),
                "http://h:8080/fhir/r4/Patient/$export"
            );
        }
        assert_eq!(
            url("http://h", &KickOff::default()),
            "http://h/Patient/$export"
        );
    }

    #[test]
    fn parameters_are_escaped() {
        let kick_off = KickOff {
            types: vec!["Patient".into(), "Consent".into()],
            since: Some("2026-01-02T03:04:05+02:00".into()),
            lenient: true,
        };
        let query = "_type=Patient%2CConsent&_since=2026-01-02T03%3A04%3A05%2B02%3A00";
        assert_eq!(
            url("http://h/r4", &kick_off),
            format!("http://h/r4/Patient/$export?{query}")
        );
        assert_eq!(kick_off.prefer(), "respond-async, handling=lenient");
    }
}
