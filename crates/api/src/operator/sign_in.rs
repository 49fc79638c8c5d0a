//! Signing in with a token that somebody else issued, and out. The token is checked as the API checks it, and not
//! kept. A token that may not operate is refused, and the audit says whose it was.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header::HeaderMap},
    web,
};
use bulk_export_store::{Action, Entry};
use serde::Deserialize;
use url::form_urlencoded;

use super::{
    BASE,
    access::Operator,
    error::PageError,
    page::{Frame, Section, go_to, html, ok},
    protect::is_secure,
    session::Sessions,
};
use crate::{
    auth::{Granted, Refusal},
    state::State,
};

/// Where to go on after signing in.
#[derive(Deserialize)]
pub(super) struct Query {
    then: Option<String>,
}

/// The form.
#[derive(Deserialize)]
pub(super) struct Form {
    token: String,
    then: Option<String>,
}

#[derive(askama::Template)]
#[template(path = "operator/sign_in.html")]
struct SignIn {
    frame: Frame,
    then: String,
    refused: Option<String>,
}

impl SignIn {
    fn new(then: Option<&str>, refused: Option<String>) -> Self {
        Self {
            frame: Frame::without_session("Sign in", Section::None),
            then: within(then).to_owned(),
            refused,
        }
    }
}

/// Shows the form.
pub(super) async fn form(
    query: web::Query<Query>,
    operator: Option<Operator>,
) -> Result<HttpResponse, PageError> {
    if operator.is_some() {
        return Ok(go_to(within(query.then.as_deref())));
    }
    ok(&SignIn::new(query.then.as_deref(), None))
}

/// Begins a session.
pub(super) async fn sign_in(
    request: HttpRequest,
    form: web::Form<Form>,
    state: web::Data<State>,
) -> Result<HttpResponse, PageError> {
    let refuse = |status, why: String| {
        let page = SignIn::new(form.then.as_deref(), Some(why));
        html(&mut HttpResponse::build(status), &page)
    };
    let granted = match state
        .authenticator
        .grant(authorization(&form.token).as_deref())
        .await
    {
        Ok(granted) => granted,
        Err(refusal) => return Ok(refuse(status(refusal), words(refusal))),
    };
    if !granted.requester.may_operate() {
        let entry = Entry::new(Action::Deny, "the operator's page is for ADMIN");
        state.store.audit(entry.by(&granted.requester)).await?;
        tracing::warn!(
            requester = state.pseudonyms.of(&granted.requester.id),
            "a sign-in was refused: not an ADMIN"
        );
        return Ok(refuse(StatusCode::FORBIDDEN, NOT_AN_ADMIN.to_owned()));
    }
    begin(
        &state,
        &granted,
        request.headers(),
        within(form.then.as_deref()),
    )
    .await
}

async fn begin(
    state: &State,
    granted: &Granted,
    headers: &HeaderMap,
    then: &str,
) -> Result<HttpResponse, PageError> {
    let now = state.authenticator.unix_seconds();
    let requester = &granted.requester;
    let cookie = state
        .operator
        .sessions
        .begin(&requester.id, granted.expires, now, is_secure(headers))
        .map_err(|error| PageError::Internal(error.into()))?;
    let entry = Entry::new(Action::SignIn, "signed in").by(requester);
    state.store.audit(entry).await?;
    tracing::info!(
        requester = state.pseudonyms.of(&requester.id),
        "an operator signed in"
    );
    let mut response = go_to(then);
    response
        .add_cookie(&cookie)
        .map_err(|error| PageError::Internal(error.into()))?;
    Ok(response)
}

/// Ends the session in this browser.
pub(super) async fn sign_out(request: HttpRequest) -> Result<HttpResponse, PageError> {
    let mut response = go_to(&address(BASE));
    response
        .add_cookie(&Sessions::end(is_secure(request.headers())))
        .map_err(|error| PageError::Internal(error.into()))?;
    Ok(response)
}

/// Gives the address of the sign-in that leads on to a page.
pub(super) fn address(then: &str) -> String {
    let address = format!("{BASE}/sign-in");
    match within(Some(then)) {
        BASE => address,
        then => {
            let query = form_urlencoded::Serializer::new(String::new())
                .append_pair("then", then)
                .finish();
            format!("{address}?{query}")
        }
    }
}

const NOT_AN_ADMIN: &str = "This page is for operators, whose tokens have the role ADMIN. This token is a PATIENT's. The refusal was recorded.";

/// Gives the page to go on to: one of ours, whatever was asked for.
fn within(then: Option<&str>) -> &str {
    let ours = |then: &&str| {
        let rest = then.strip_prefix(BASE);
        // A browser reads a backslash as a slash, and two slashes as another host: neither is in our addresses.
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']))
            && !then.contains(['\\', '\r', '\n'])
            && !then.contains("//")
            && !then.contains("/live")
    };
    then.filter(ours).unwrap_or(BASE)
}

/// Makes the `Authorization` that the token would have come with. What people paste has spaces and line ends around it,
/// and sometimes the scheme before it.
fn authorization(pasted: &str) -> Option<String> {
    let token = pasted.trim();
    let token = token.strip_prefix("Bearer ").unwrap_or(token).trim();
    (!token.is_empty()).then(|| format!("Bearer {token}"))
}

const fn status(refusal: Refusal) -> StatusCode {
    match refusal {
        Refusal::Missing => StatusCode::BAD_REQUEST,
        Refusal::Invalid(_) => StatusCode::UNAUTHORIZED,
        Refusal::Forbidden => StatusCode::FORBIDDEN,
        Refusal::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
    }
}

fn words(refusal: Refusal) -> String {
    match refusal {
        Refusal::Missing => "Paste a token.".to_owned(),
        Refusal::Invalid(reason) => format!("The token is not accepted: {reason}. Get a new one."),
        Refusal::Forbidden => format!("{}: ADMIN is needed.", capital(&refusal.to_string())),
        Refusal::Unavailable => format!(
            "{}. Try again in a few seconds.",
            capital(&refusal.to_string())
        ),
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_pasted_is_a_token_with_or_without_its_scheme() {
        for pasted in ["a.b.c", "  a.b.c\r\n", "Bearer a.b.c", " Bearer  a.b.c "] {
            assert_eq!(authorization(pasted).as_deref(), Some("Bearer a.b.c"));
        }
        assert_eq!(authorization(" \n"), None);
    }

    #[test]
    fn signing_in_leads_to_pages_of_ours_only() {
        for ours in [BASE, "/operator/jobs?state=failed", "/operator?x=1"] {
            assert_eq!(within(Some(ours)), ours);
        }
        let others = [
            "https://evil.example/operator",
            "//evil.example/operator",
            "/operators",
            "/operator/..//evil.example",
            "/operator/\\evil.example",
            "/operator\r\nSet-Cookie: x=y",
            "/metrics",
            "/operator/live",
            "",
        ];
        for other in others {
            assert_eq!(within(Some(other)), BASE, "{other}");
        }
        assert_eq!(
            address("/operator/jobs?state=failed"),
            "/operator/sign-in?then=%2Foperator%2Fjobs%3Fstate%3Dfailed"
        );
        assert_eq!(address("//evil"), "/operator/sign-in");
    }

    #[test]
    fn a_refusal_says_what_to_do() {
        assert_eq!(
            words(Refusal::Invalid("the token has expired")),
            "The token is not accepted: the token has expired. Get a new one."
        );
        assert_eq!(status(Refusal::Forbidden), StatusCode::FORBIDDEN);
    }
}
