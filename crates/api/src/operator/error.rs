//! Everything that an operator can be answered with instead of what was asked for, as a page. What is ours to fix is
//! logged here and not told.

use actix_web::{HttpResponse, ResponseError, http::StatusCode, http::header};

use super::{
    page::{Frame, Section, html},
    sign_in,
};

/// Why an operator does not get what was asked for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PageError {
    /// 303 to the sign-in.
    #[error("signed out")]
    SignedOut {
        /// Where to go on after it.
        then: String,
        /// Whether another site's link led here, without a cookie that the browser may well have.
        by_link: bool,
    },
    /// 400: a form that is not ours.
    #[error("the form cannot be read")]
    Form,
    /// 400: the part of the address behind the question mark.
    #[error("the address cannot be read")]
    Query,
    /// 400: a value of the address; says which, and what is expected.
    #[error("a value cannot be used")]
    Value(String),
    /// 403: another site's page sent the form.
    #[error("the form came from another site")]
    OtherSite,
    /// 404.
    #[error("not found")]
    NotFound,
    /// 409: it is too late for that, or it was done before; says why.
    #[error("the state does not allow it")]
    Conflict(String),
    /// 503: something we need is away.
    #[error("something is away")]
    Unavailable(#[source] anyhow::Error),
    /// 500: an error of ours.
    #[error("internal error")]
    Internal(#[source] anyhow::Error),
}

impl From<bulk_export_store::Error> for PageError {
    fn from(error: bulk_export_store::Error) -> Self {
        if error.is_outage() {
            Self::Unavailable(error.into())
        } else {
            Self::Internal(error.into())
        }
    }
}

impl From<askama::Error> for PageError {
    fn from(error: askama::Error) -> Self {
        Self::Internal(error.into())
    }
}

#[derive(askama::Template)]
#[template(path = "operator/error.html")]
struct ErrorPage<'a> {
    frame: Frame,
    what: &'a str,
    fix: &'a str,
}

/// A page that only loads another one: the browser sends its cookies to that, because the request comes from us.
#[derive(askama::Template)]
#[template(path = "operator/arrived.html")]
struct Arrived<'a> {
    then: &'a str,
}

impl PageError {
    fn words(&self) -> (&str, &str) {
        match self {
            Self::SignedOut { .. } => ("You are signed out.", "Sign in again."),
            Self::Form => (
                "The form could not be read.",
                "Go back, load the page again, and send it once more.",
            ),
            Self::Query => (
                "The address could not be read.",
                "Take off what stands behind the question mark, and choose again on the page.",
            ),
            Self::Value(fix) => ("A value in the address cannot be used.", fix),
            Self::OtherSite => (
                "The form did not come from this page, so nothing was done.",
                "Open the page itself and do it there. A proxy in between must leave the headers Origin, Host and \
                 Sec-Fetch-Site as they are.",
            ),
            Self::NotFound => (
                "There is nothing here.",
                "A job's rows are removed some time after it expires.",
            ),
            Self::Conflict(why) => ("Nothing was done.", why),
            Self::Unavailable(_) => (
                "The database does not answer at the moment.",
                "Try again in a few seconds. Exports go on by themselves when it is back.",
            ),
            Self::Internal(_) => (
                "An internal error occurred.",
                "The log has the cause, under the X-Request-Id of this answer.",
            ),
        }
    }
}

impl ResponseError for PageError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::SignedOut { by_link: true, .. } => StatusCode::OK,
            Self::SignedOut { .. } => StatusCode::SEE_OTHER,
            Self::Form | Self::Query | Self::Value(_) => StatusCode::BAD_REQUEST,
            Self::OtherSite => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        if let Self::Unavailable(cause) | Self::Internal(cause) = self {
            tracing::error!(cause = format!("{cause:#}"), "{self}");
        }
        let mut response = HttpResponse::build(self.status_code());
        match self {
            Self::SignedOut {
                then,
                by_link: true,
            } => {
                return html(&mut response, &Arrived { then });
            }
            Self::SignedOut { then, .. } => {
                return response
                    .insert_header((header::LOCATION, sign_in::address(then)))
                    .finish();
            }
            Self::Unavailable(_) => {
                response.insert_header((header::RETRY_AFTER, "5"));
            }
            _ => {}
        }
        let (what, fix) = self.words();
        let frame = Frame {
            nav: true,
            ..Frame::without_session("Not done", Section::None)
        };
        html(&mut response, &ErrorPage { frame, what, fix })
    }
}

#[cfg(test)]
mod tests {
    use actix_web::body::{MessageBody, to_bytes};

    use super::*;

    async fn answer(error: PageError) -> (u16, String) {
        let response = error.error_response();
        let status = response.status().as_u16();
        let body = to_bytes(response.into_body().boxed()).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[actix_web::test]
    async fn each_error_has_its_status_and_says_what_to_do() {
        let cause = || anyhow::anyhow!("canary");
        let cases = [
            (PageError::Form, 400),
            (PageError::Query, 400),
            (PageError::Value("state: use failed".to_owned()), 400),
            (PageError::OtherSite, 403),
            (PageError::NotFound, 404),
            (PageError::Conflict("It is completed.".to_owned()), 409),
            (PageError::Internal(cause()), 500),
            (PageError::Unavailable(cause()), 503),
        ];
        for (error, expected) in cases {
            let fix = error.words().1.replace('\'', "&#39;");
            let (status, body) = answer(error).await;
            assert_eq!(status, expected);
            assert!(body.contains(&fix), "{body}");
            assert!(!body.contains("canary"), "{body}");
        }
    }

    #[actix_web::test]
    async fn what_an_address_holds_is_not_taken_for_markup() {
        let then = "/operator/jobs?q=\"><script>".to_owned();
        let (status, body) = answer(PageError::SignedOut {
            then,
            by_link: true,
        })
        .await;
        assert_eq!(status, 200);
        assert!(!body.contains("<script>"), "{body}");
    }
}
