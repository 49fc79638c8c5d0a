//! Who is at the page: a handler that takes an [`Operator`] is reached within a session of an ADMIN only.

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header::HeaderMap, web};
use bulk_export_domain::policy::{Requester, Role};
use bulk_export_store::operator::Person;
use chrono::{DateTime, Utc};

use super::{error::PageError, session};
use crate::state::State;

/// An operator whose session holds.
#[derive(Debug)]
pub(super) struct Operator {
    /// The subject of the token that the session began with.
    pub(super) person: Person,
    /// The server's time at this request.
    pub(super) now: DateTime<Utc>,
    /// When the session ends.
    pub(super) ends: DateTime<Utc>,
}

impl FromRequest for Operator {
    type Error = PageError;
    type Future = Ready<Result<Self, PageError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(find(request).ok_or_else(|| PageError::SignedOut {
            then: path(request),
            by_link: from_elsewhere(request.headers()),
        }))
    }
}

fn find(request: &HttpRequest) -> Option<Operator> {
    let state = request.app_data::<web::Data<State>>()?;
    let now = state.authenticator.unix_seconds();
    let session = state
        .operator
        .sessions
        .open(&session::value(request)?, now)?;
    // Only what may operate gets a session; the rule is asked again in case it changes while one lasts.
    let requester = Requester {
        id: session.subject,
        role: Role::Admin,
        patient: None,
    };
    if !requester.may_operate() {
        return None;
    }
    Some(Operator {
        person: Person::new(requester.id),
        now: DateTime::from_timestamp(now, 0)?,
        ends: DateTime::from_timestamp(session.ends, 0)?,
    })
}

/// Tells whether another site's link led here: then the browser keeps the session's cookie back, though it has one.
fn from_elsewhere(headers: &HeaderMap) -> bool {
    headers
        .get("sec-fetch-site")
        .is_some_and(|site| site == "cross-site")
}

fn path(request: &HttpRequest) -> String {
    let path = request.uri().path_and_query();
    path.map_or_else(String::new, |path| path.as_str().to_owned())
}
