//! Requests and whole answers. The one place that holds the token, and that decides where it goes.

use std::time::Duration;

use reqwest::{
    Method, RequestBuilder, Response, StatusCode,
    header::{AUTHORIZATION, HeaderMap, HeaderValue},
    redirect::Policy,
};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::{
    error::{Action, Error},
    outcome::Outcome,
    pace::retry_after,
};

/// An answer other than a file is read up to here: the manifest of ten thousand files has some 4 MB.
const LONGEST_ANSWER: usize = 256 << 20;

/// An answer other than a file comes within this time, and a file's next bytes do.
const ANSWER_DEADLINE: Duration = Duration::from_mins(1);

/// A connection is made within this time.
const CONNECT_DEADLINE: Duration = Duration::from_secs(10);

/// The way to one server. It has no `Debug`: it holds the token.
#[derive(Clone)]
pub(super) struct Wire {
    http: reqwest::Client,
    base: Url,
    authorization: HeaderValue,
}

/// A whole answer.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Wire {
    pub(super) fn new(base: Url, token: &SecretString) -> Result<Self, Error> {
        let plain = base.username().is_empty() && base.password().is_none();
        if !matches!(base.scheme(), "http" | "https") || !base.has_host() || !plain {
            return Err(Error::Base);
        }
        let bearer = format!("Bearer {}", token.expose_secret());
        let mut authorization = HeaderValue::from_str(&bearer).map_err(|_| Error::Token)?;
        authorization.set_sensitive(true);
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("bulk-export/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_DEADLINE)
            .read_timeout(ANSWER_DEADLINE)
            .redirect(redirects())
            .referer(false);
        if is_loopback(&base) {
            // A proxy of the environment cannot mean our own machine.
            builder = builder.no_proxy();
        }
        let http = builder.build().map_err(Error::Setup)?;
        Ok(Self {
            http,
            base,
            authorization,
        })
    }

    /// Gives the FHIR base.
    pub(super) const fn base(&self) -> &Url {
        &self.base
    }

    /// Gives the server's origin, in a form that can be shown.
    pub(super) fn origin(&self) -> String {
        self.base.origin().ascii_serialization()
    }

    /// Makes a request; with the token only where that was asked for and the URL is on our own server.
    pub(super) fn request(&self, method: Method, url: Url, token: bool) -> RequestBuilder {
        let home = url.origin() == self.base.origin();
        let request = self.http.request(method, url);
        if token && home {
            request.header(AUTHORIZATION, self.authorization.clone())
        } else {
            request
        }
    }

    /// Sends a request and reads the whole answer.
    pub(super) async fn answer(
        &self,
        action: Action,
        request: RequestBuilder,
    ) -> Result<Answer, Error> {
        let request = request.timeout(ANSWER_DEADLINE);
        let response = request
            .send()
            .await
            .map_err(|source| self.no_answer(action, source))?;
        self.whole(action, response).await
    }

    /// Reads the whole of an answer that has begun.
    pub(super) async fn whole(&self, action: Action, response: Response) -> Result<Answer, Error> {
        let (status, headers) = (response.status(), response.headers().clone());
        let body = self.body(action, response).await?;
        Ok(Answer {
            status,
            headers,
            body,
        })
    }

    async fn body(&self, action: Action, mut response: Response) -> Result<Vec<u8>, Error> {
        let mut body = Vec::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|source| self.no_answer(action, source))?
        {
            if body.len() + chunk.len() > LONGEST_ANSWER {
                let problem = format!("it is longer than {LONGEST_ANSWER} bytes");
                return Err(Error::Unusable { action, problem });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    /// Makes the error of an answer that did not come or broke off, without the URL.
    pub(super) fn no_answer(&self, action: Action, source: reqwest::Error) -> Error {
        let server = source.url().map_or_else(|| self.base.origin(), Url::origin);
        Error::NoAnswer {
            action,
            server: server.ascii_serialization(),
            source: source.without_url(),
        }
    }
}

/// Makes the error of an answer that is none of those that were hoped for.
pub(super) fn refusal(action: Action, answer: &Answer) -> Error {
    Error::Refused {
        action,
        status: answer.status,
        outcome: Outcome::read(&answer.body),
        retry_after: retry_after(&answer.headers),
    }
}

/// Follows a few redirects (reqwest drops the token at another origin), but none out of TLS.
fn redirects() -> Policy {
    Policy::custom(|attempt| {
        let was_tls = attempt
            .previous()
            .last()
            .is_some_and(|url| url.scheme() == "https");
        if attempt.previous().len() > 5 {
            attempt.error("too many redirects")
        } else if was_tls && attempt.url().scheme() != "https" {
            attempt.error("a redirect leads out of TLS")
        } else {
            attempt.follow()
        }
    })
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
