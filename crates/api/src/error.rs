//! Errors as clients see them: one status and one OperationOutcome each. A 5xx says what the client can do and nothing
//! of what happened inside; the cause goes to the log once, here.

use std::{borrow::Cow, time::Duration};

use actix_web::{
    HttpResponse, HttpResponseBuilder, ResponseError,
    http::{StatusCode, header},
};
use bulk_export_domain::{
    limits,
    outcome::{Code, OperationOutcome},
};

use crate::{auth::Refusal, watch::Full};

/// The media type of FHIR JSON.
pub(crate) const FHIR_JSON: &str = "application/fhir+json";

/// An answer that is an error.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    /// 400: the request is wrong; the outcome names what and the fix.
    #[error("the request is wrong")]
    Invalid(Box<OperationOutcome>),
    /// 401, 403 or 503: see [`Refusal`].
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// 403: a patient's token that names no patient.
    #[error("the token names no patient")]
    NoPatient,
    /// 404: no such thing, or somebody else's. One body for all.
    #[error("not found")]
    NotFound,
    /// 405: the path knows other methods.
    #[error("the method is not allowed")]
    MethodNotAllowed(&'static str),
    /// 416: the file has no such range.
    #[error("the range cannot be satisfied")]
    NoSuchRange(u64),
    /// 503: so many watch by events already; polls are answered.
    #[error("too many status streams")]
    TooManyStreams(usize),
    /// 500: the job failed; the reason is written for the client.
    #[error("the job failed")]
    JobFailed(String),
    /// 429 or 503: the kick-off is right, and cannot be served now.
    #[error("the kick-off cannot be served now")]
    NotNow(limits::Refusal),
    /// 429: too many requests of one client.
    #[error("too many requests")]
    TooOften {
        /// Of which class.
        class: limits::Class,
        /// What is allowed.
        quota: limits::Quota,
        /// When the next one is.
        wait: Duration,
    },
    /// 503: something we need is away.
    #[error("something is away")]
    Unavailable(#[source] anyhow::Error),
    /// 500: an error of ours.
    #[error("internal error")]
    Internal(#[source] anyhow::Error),
}

impl From<Box<OperationOutcome>> for ApiError {
    fn from(outcome: Box<OperationOutcome>) -> Self {
        Self::Invalid(outcome)
    }
}

impl From<Full> for ApiError {
    fn from(Full(most): Full) -> Self {
        Self::TooManyStreams(most)
    }
}

impl From<bulk_export_store::Error> for ApiError {
    fn from(error: bulk_export_store::Error) -> Self {
        if error.is_outage() {
            Self::Unavailable(error.into())
        } else {
            Self::Internal(error.into())
        }
    }
}

impl From<bulk_export_ipfs::Error> for ApiError {
    fn from(error: bulk_export_ipfs::Error) -> Self {
        if error.is_outage() {
            Self::Unavailable(error.into())
        } else {
            Self::Internal(error.into())
        }
    }
}

impl ApiError {
    fn outcome(&self) -> OperationOutcome {
        let error = |code, text: &str| OperationOutcome::error(code, text);
        match self {
            Self::Invalid(outcome) => outcome.as_ref().clone(),
            Self::Refused(Refusal::Missing) => error(Code::Login, "a bearer token is required")
                .with_diagnostics("send 'Authorization: Bearer …'"),
            Self::Refused(Refusal::Invalid(reason)) => {
                error(Code::Login, &format!("the token is not accepted: {reason}"))
                    .with_diagnostics("obtain a new token")
            }
            Self::Refused(Refusal::Forbidden) => {
                error(Code::Forbidden, &Refusal::Forbidden.to_string())
                    .with_diagnostics("the roles are PATIENT and ADMIN")
            }
            Self::Refused(Refusal::Unavailable) => {
                error(Code::Transient, &Refusal::Unavailable.to_string())
                    .with_diagnostics("try again later")
            }
            Self::NoPatient => error(
                Code::Forbidden,
                "the token names no patient, so there is nothing that it may export",
            ),
            Self::NotFound => error(
                Code::NotFound,
                "there is nothing at this URL, or it is no longer there",
            ),
            Self::MethodNotAllowed(allowed) => error(
                Code::NotSupported,
                "the method is not supported at this URL",
            )
            .with_diagnostics(format!("supported: {allowed}")),
            Self::NoSuchRange(size) => error(Code::Invalid, "the file has no such range")
                .with_diagnostics(format!("the file has {size} bytes")),
            Self::TooManyStreams(most) => error(
                Code::Throttled,
                &format!("{most} status streams are open, which is the limit STATUS_STREAMS"),
            )
            .with_diagnostics(
                "poll the status without 'Accept: text/event-stream', or try again later",
            ),
            Self::JobFailed(reason) => error(Code::Processing, reason.as_str()),
            Self::NotNow(refusal) => refusal.outcome(),
            Self::TooOften { class, quota, wait } => error(
                Code::Throttled,
                &format!(
                    "too many requests: the limit {} is {quota}",
                    class.variable()
                ),
            )
            .with_diagnostics(format!(
                "try again after {} seconds",
                limits::whole_seconds(*wait)
            )),
            Self::Unavailable(_) => {
                error(Code::Transient, "the service cannot answer at the moment")
                    .with_diagnostics("try again later")
            }
            Self::Internal(_) => error(Code::Exception, "an internal error occurred")
                .with_diagnostics("tell the operator the header X-Request-Id of this answer"),
        }
    }

    fn add_headers(&self, response: &mut HttpResponseBuilder) {
        match self {
            Self::Refused(refusal) => {
                if let Some(challenge) = refusal.www_authenticate() {
                    response.insert_header((header::WWW_AUTHENTICATE, Cow::into_owned(challenge)));
                }
                if *refusal == Refusal::Unavailable {
                    response.insert_header((header::RETRY_AFTER, "5"));
                }
            }
            Self::MethodNotAllowed(allowed) => {
                response.insert_header((header::ALLOW, *allowed));
            }
            Self::NoSuchRange(size) => {
                response.insert_header((header::CONTENT_RANGE, format!("bytes */{size}")));
            }
            Self::NotNow(refusal) => {
                let seconds = limits::whole_seconds(refusal.retry_after()).to_string();
                response.insert_header((header::RETRY_AFTER, seconds));
            }
            Self::TooOften { wait, .. } => {
                let seconds = limits::whole_seconds(*wait).to_string();
                response.insert_header((header::RETRY_AFTER, seconds));
            }
            Self::Unavailable(_) | Self::TooManyStreams(_) => {
                response.insert_header((header::RETRY_AFTER, "5"));
            }
            Self::Invalid(_)
            | Self::NoPatient
            | Self::NotFound
            | Self::JobFailed(_)
            | Self::Internal(_) => {}
        }
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Invalid(_) => StatusCode::BAD_REQUEST,
            Self::Refused(Refusal::Missing | Refusal::Invalid(_)) => StatusCode::UNAUTHORIZED,
            Self::Refused(Refusal::Forbidden) | Self::NoPatient => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooOften { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::NotNow(refusal) if refusal.is_the_requesters() => StatusCode::TOO_MANY_REQUESTS,
            Self::NoSuchRange(_) => StatusCode::RANGE_NOT_SATISFIABLE,
            Self::Refused(Refusal::Unavailable)
            | Self::NotNow(_)
            | Self::TooManyStreams(_)
            | Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::JobFailed(_) | Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        if let Self::Unavailable(cause) | Self::Internal(cause) = self {
            tracing::error!(cause = format!("{cause:#}"), "{self}");
        }
        let mut response = HttpResponse::build(self.status_code());
        self.add_headers(&mut response);
        outcome(&mut response, &self.outcome())
    }
}

/// Ends an answer with an OperationOutcome.
pub(crate) fn outcome(
    response: &mut HttpResponseBuilder,
    outcome: &OperationOutcome,
) -> HttpResponse {
    // `json` keeps a content type that is set already.
    response
        .insert_header((header::CONTENT_TYPE, FHIR_JSON))
        .json(outcome)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(error: &ApiError) -> u16 {
        let response = error.error_response();
        assert_eq!(
            response.headers().get(header::CONTENT_TYPE).unwrap(),
            FHIR_JSON
        );
        response.status().as_u16()
    }

    #[test]
    fn each_error_has_its_status() {
        let cause = || anyhow::anyhow!("secret internals");
        assert_eq!(
            status(&ApiError::Invalid(Box::new(OperationOutcome::error(
                Code::Invalid,
                "x"
            )))),
            400
        );
        assert_eq!(status(&ApiError::Refused(Refusal::Missing)), 401);
        assert_eq!(status(&ApiError::Refused(Refusal::Invalid("x"))), 401);
        assert_eq!(status(&ApiError::Refused(Refusal::Forbidden)), 403);
        assert_eq!(status(&ApiError::NoPatient), 403);
        assert_eq!(status(&ApiError::NotFound), 404);
        assert_eq!(status(&ApiError::MethodNotAllowed("GET")), 405);
        assert_eq!(status(&ApiError::NoSuchRange(1)), 416);
        assert_eq!(status(&ApiError::JobFailed("x".to_owned())), 500);
        assert_eq!(status(&ApiError::Internal(cause())), 500);
        assert_eq!(status(&ApiError::NotNow(limits::Refusal::Paused)), 503);
        assert_eq!(status(&ApiError::Unavailable(cause())), 503);
        assert_eq!(status(&ApiError::TooManyStreams(1)), 503);
        assert_eq!(status(&ApiError::Refused(Refusal::Unavailable)), 503);
    }

    #[test]
    fn a_5xx_tells_nothing_of_its_cause() {
        for error in [
            ApiError::Internal(anyhow::anyhow!("canary")),
            ApiError::Unavailable(anyhow::anyhow!("canary")),
        ] {
            assert!(
                !serde_json::to_string(&error.outcome())
                    .unwrap()
                    .contains("canary")
            );
        }
    }
}
