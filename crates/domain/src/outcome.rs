//! `OperationOutcome`: the one form in which errors and notes are told, in a body or as a line of an error file.
//! Texts are written for the client and name no internals.

use serde::{Deserialize, Serialize};

/// How bad it is (FHIR R4 value set issue-severity).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The request failed.
    Error,
    /// Something was ignored or left out.
    Warning,
    /// A note.
    Information,
}

/// What kind of thing it is (FHIR R4 value set issue-type; the codes that this server uses).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Code {
    /// A value is wrong.
    Invalid,
    /// Something that is needed is missing.
    Required,
    /// Not supported by this server.
    NotSupported,
    /// There is no such thing.
    NotFound,
    /// Not allowed.
    Forbidden,
    /// A valid token is needed.
    Login,
    /// Try again later.
    Transient,
    /// An error of ours.
    Exception,
    /// Data could not be processed.
    Processing,
    /// A limit was passed.
    TooLong,
    /// Too many requests.
    Throttled,
}

/// A text for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Details {
    /// The text.
    pub text: String,
}

/// One issue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issue {
    /// How bad it is.
    pub severity: Severity,
    /// What kind of thing it is.
    pub code: Code,
    /// What happened.
    pub details: Details,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub diagnostics: Option<String>,
}

/// The resource that carries issues.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperationOutcome {
    #[serde(rename = "resourceType")]
    resource_type: String,
    /// At least one issue.
    pub issue: Vec<Issue>,
}

impl OperationOutcome {
    /// Makes an outcome with one issue.
    pub fn new(severity: Severity, code: Code, text: impl Into<String>) -> Self {
        Self::of(vec![Issue {
            severity,
            code,
            details: Details { text: text.into() },
            diagnostics: None,
        }])
    }

    /// Makes an outcome of several issues.
    #[must_use]
    pub fn of(issue: Vec<Issue>) -> Self {
        Self {
            resource_type: "OperationOutcome".to_owned(),
            issue,
        }
    }

    /// Makes an error.
    pub fn error(code: Code, text: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, text)
    }

    /// Makes a warning: something was ignored or left out.
    pub fn warning(code: Code, text: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, text)
    }

    /// Adds what to do about the last issue.
    #[must_use]
    pub fn with_diagnostics(mut self, text: impl Into<String>) -> Self {
        if let Some(issue) = self.issue.last_mut() {
            issue.diagnostics = Some(text.into());
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_spelt_as_fhir_spells_them() {
        let outcome = OperationOutcome::error(Code::NotSupported, "no").with_diagnostics("do");
        let json = serde_json::to_string(&outcome).unwrap();
        assert_eq!(
            json,
            r#"{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"not-supported","details":{"text":"no"},"diagnostics":"do"}]}"#
        );
    }
}
