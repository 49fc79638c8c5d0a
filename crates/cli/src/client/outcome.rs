//! What a server says when it refuses or fails: an `OperationOutcome`, read leniently. It keeps what a person needs
//! and nothing that could play tricks on a terminal.

use std::fmt;

use serde::Deserialize;

use crate::text;

/// One issue of an outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// The code as the server spelt it (FHIR R4 value set issue-type).
    pub code: String,
    /// What happened, for people.
    pub text: String,
    /// What to do about it, where the server says so.
    pub diagnostics: Option<String>,
}

/// A server's account of an error: at least one issue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The issues, in the server's order.
    pub issues: Vec<Issue>,
    told: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    resource_type: String,
    #[serde(default)]
    issue: Vec<WireIssue>,
}

#[derive(Deserialize)]
struct WireIssue {
    #[serde(default)]
    code: String,
    details: Option<WireDetails>,
    diagnostics: Option<String>,
}

#[derive(Deserialize)]
struct WireDetails {
    text: Option<String>,
}

impl Outcome {
    /// Reads the body of an error. Without an `OperationOutcome` in it, the outcome says only that there was none.
    #[must_use]
    pub fn read(body: &[u8]) -> Self {
        let wire = serde_json::from_slice::<Wire>(body).ok();
        let wire = wire.filter(|w| w.resource_type == "OperationOutcome" && !w.issue.is_empty());
        match wire {
            Some(wire) => Self {
                issues: wire.issue.into_iter().map(Issue::from).collect(),
                told: true,
            },
            None => Self::none(),
        }
    }

    fn none() -> Self {
        let issue = Issue {
            code: String::new(),
            text: "no reason given".to_owned(),
            diagnostics: None,
        };
        Self {
            issues: vec![issue],
            told: false,
        }
    }

    /// Tells whether the server gave an `OperationOutcome` at all.
    #[must_use]
    pub const fn is_told(&self) -> bool {
        self.told
    }

    /// Tells whether every issue says: ask again later.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        let transient = ["transient", "throttled", "lock-error", "timeout"];
        self.told
            && self
                .issues
                .iter()
                .all(|i| transient.contains(&i.code.as_str()))
    }
}

impl From<WireIssue> for Issue {
    fn from(wire: WireIssue) -> Self {
        let clean = |text: String| text::clean(&text);
        let diagnostics = wire.diagnostics.map(clean);
        let text = wire.details.and_then(|d| d.text).map(clean);
        // Clients show the text first and the diagnostics where there is no text.
        let (text, diagnostics) = match (text, diagnostics) {
            (Some(text), diagnostics) => (text, diagnostics),
            (None, Some(diagnostics)) => (diagnostics, None),
            (None, None) => (
                format!("an issue of the kind {:?}", text::clean(&wire.code)),
                None,
            ),
        };
        Self {
            code: clean(wire.code),
            text,
            diagnostics,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, issue) in self.issues.iter().enumerate() {
            let separator = if at == 0 { "" } else { "; " };
            write!(f, "{separator}{}", issue.text)?;
            if let Some(diagnostics) = &issue.diagnostics {
                write!(f, " ({diagnostics})")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(issues: &str) -> Outcome {
        Outcome::read(
            format!(r#"{{"resourceType":"OperationOutcome","issue":[{issues}]}}"#).as_bytes(),
        )
    }

    #[test]
    fn text_comes_first_and_diagnostics_after_it() {
        let both = r#"{"severity":"error","code":"invalid","details":{"text":"no such type"},"diagnostics":"use Patient"}"#;
        assert_eq!(outcome(both).to_string(), "no such type (use Patient)");
        let only = r#"{"severity":"error","code":"exception","diagnostics":"later"}"#;
        assert_eq!(
            outcome(&format!("{both},{only}")).to_string(),
            "no such type (use Patient); later"
        );
    }

    #[test]
    fn a_body_that_is_no_outcome_gives_no_reason() {
        for body in [
            "",
            "<html>",
            "{}",
            r#"{"resourceType":"Patient"}"#,
            r#"{"resourceType":"OperationOutcome"}"#,
        ] {
            let outcome = Outcome::read(body.as_bytes());
            assert!(!outcome.is_told() && !outcome.is_transient());
            assert_eq!(outcome.to_string(), "no reason given");
        }
    }

    #[test]
    fn only_transient_issues_make_an_outcome_transient() {
        let (transient, failed) = (r#"{"code":"transient"}"#, r#"{"code":"exception"}"#);
        assert!(outcome(transient).is_transient());
        assert!(!outcome(failed).is_transient());
        assert!(!outcome(&format!("{transient},{failed}")).is_transient());
    }

    #[test]
    fn nothing_that_moves_a_terminals_cursor_comes_through() {
        let text = outcome(r#"{"code":"x","details":{"text":"a\u001b[2Jb\nc"}}"#).to_string();
        assert_eq!(text, "a [2Jb c");
    }
}
