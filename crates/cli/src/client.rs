//! A client of the Bulk Data Access IG: kick-off, status, cancel, download. It works with any server that follows the
//! IG and checks more where this project's manifest extension is given.
//!
//! The token goes to the origin of the client's base URL and nowhere else, whatever a header, a manifest or a redirect
//! says. Nothing prints here.

mod check;
mod download;
mod error;
mod kick_off;
mod manifest;
mod outcome;
mod pace;
mod status;
#[cfg(test)]
mod tests;
mod wire;

use std::{fmt, sync::Arc, time::Duration};

use reqwest::{
    Method, StatusCode,
    header::{ACCEPT, CONTENT_LOCATION},
};
use secrecy::SecretString;
use url::Url;

pub use self::{
    check::{Content, Found, decoded, differences, stored},
    download::{Download, Event, MANIFEST, Unfinished},
    error::{Action, Error},
    kick_off::KickOff,
    manifest::{FileFacts, InvalidManifest, List, Manifest, ManifestFile, is_ndjson},
    outcome::{Issue, Outcome},
    pace::{Pace, TRIES},
    status::{Status, StatusUrl},
};
use self::{
    error::Recourse,
    pace::Retries,
    wire::{Wire, refusal},
};

/// A bulk data client of one server.
#[derive(Clone)]
pub struct Client {
    wire: Wire,
    pace: Pace,
    notice: Arc<dyn Fn(&Error) + Send + Sync>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Client({}, [redacted])", self.wire.origin())
    }
}

impl Client {
    /// Makes a client of the server with this FHIR base.
    ///
    /// # Errors
    /// A base that is no plain http URL, or a token that cannot be sent.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "the caller is to keep no copy of the token"
    )]
    pub fn new(base: Url, token: SecretString) -> Result<Self, Error> {
        Ok(Self {
            wire: Wire::new(base, &token)?,
            pace: Pace::default(),
            notice: Arc::new(|_| ()),
        })
    }

    /// Sets the pauses between requests.
    #[must_use]
    pub fn with_pace(mut self, pace: Pace) -> Self {
        self.pace = pace;
        self
    }

    /// Sets what is told of each failure after which a request is sent again.
    #[must_use]
    pub fn with_notice(mut self, notice: impl Fn(&Error) + Send + Sync + 'static) -> Self {
        self.notice = Arc::new(notice);
        self
    }

    /// Takes a status URL that was kept from an earlier kick-off.
    ///
    /// # Errors
    /// What is no URL, or not on this client's server.
    pub fn status_url(&self, text: &str) -> Result<StatusUrl, Error> {
        let url = self.wire.base().join(text);
        let url = url.map_err(|_| Error::Url(text.to_owned()))?;
        if url.origin() == self.wire.base().origin() {
            return Ok(StatusUrl(url));
        }
        Err(Error::Elsewhere {
            given: url.origin().ascii_serialization(),
            home: self.wire.origin(),
        })
    }

    /// Gives the URL by which an export is started.
    #[must_use]
    pub fn kick_off_url(&self, kick_off: &KickOff) -> Url {
        kick_off.url(self.wire.base())
    }

    /// Starts an export. It is asked for again only where it was certainly not accepted.
    ///
    /// # Errors
    /// No or an unusable answer, or the server's refusal.
    pub async fn kick_off(&self, kick_off: &KickOff) -> Result<StatusUrl, Error> {
        // A server that cannot be reached at the start is more likely a wrong URL than a passing fault.
        let brief = Pace {
            patience: Duration::ZERO,
            ..self.pace.clone()
        };
        let (mut unreached, mut refused) = (Retries::new(&brief), Retries::new(&self.pace));
        loop {
            match self.try_kick_off(kick_off).await {
                Ok(url) => return Ok(url),
                Err(failure) => {
                    let recourse = failure.recourse_of_kick_off();
                    let connect = matches!(failure, Error::NoAnswer { .. });
                    let retries = if connect {
                        &mut unreached
                    } else {
                        &mut refused
                    };
                    self.pause(retries, failure, recourse).await?;
                }
            }
        }
    }

    async fn try_kick_off(&self, kick_off: &KickOff) -> Result<StatusUrl, Error> {
        let request = self
            .wire
            .request(Method::GET, kick_off.url(self.wire.base()), true)
            .header(ACCEPT, "application/fhir+json")
            .header("prefer", kick_off.prefer());
        let answer = self.wire.answer(Action::Start, request).await?;
        if answer.status != StatusCode::ACCEPTED {
            return Err(refusal(Action::Start, &answer));
        }
        let location = answer.headers.get(CONTENT_LOCATION);
        let location = location.and_then(|value| value.to_str().ok());
        let location = location.ok_or_else(|| Error::Unusable {
            action: Action::Start,
            problem: "it has no Content-Location".to_owned(),
        })?;
        self.status_url(location)
    }

    /// Asks for an export's status, and again while the answer is missing or says to.
    ///
    /// # Errors
    /// No or an unusable answer for too long, or a token that is refused.
    pub async fn status(&self, url: &StatusUrl) -> Result<Status, Error> {
        let mut retries = Retries::new(&self.pace);
        loop {
            match self.try_status(url).await {
                Ok(status) => return Ok(status),
                Err(failure) => {
                    let recourse = failure.recourse();
                    self.pause(&mut retries, failure, recourse).await?;
                }
            }
        }
    }

    async fn try_status(&self, url: &StatusUrl) -> Result<Status, Error> {
        let request = self.wire.request(Method::GET, url.url().clone(), true);
        let request = request.header(ACCEPT, "application/json");
        Status::read(&self.wire.answer(Action::Ask, request).await?)
    }

    /// Asks until an export is at its end. Each answer before that is told to `told`.
    ///
    /// # Errors
    /// What [`Client::status`] gives, [`Error::Failed`] and [`Error::Gone`].
    pub async fn wait(
        &self,
        url: &StatusUrl,
        mut told: impl FnMut(&Status),
    ) -> Result<Manifest, Error> {
        let mut poll = 0;
        loop {
            let status = self.status(url).await?;
            told(&status);
            match status {
                Status::Running { retry_after, .. } => {
                    tokio::time::sleep(self.pace.after_poll(poll, retry_after)).await;
                    poll += 1;
                }
                Status::Complete(manifest) => return Ok(manifest),
                Status::Failed(outcome) => return Err(Error::Failed(outcome)),
                Status::Gone => return Err(Error::Gone),
            }
        }
    }

    /// Cancels an export, or removes one that has ended.
    ///
    /// # Errors
    /// No answer for too long, or the server's refusal; [`Error::Gone`] when there is no such export.
    pub async fn cancel(&self, url: &StatusUrl) -> Result<(), Error> {
        let mut retries = Retries::new(&self.pace);
        let mut unanswered = false;
        loop {
            let request = self.wire.request(Method::DELETE, url.url().clone(), true);
            let failure = match self.wire.answer(Action::Cancel, request).await {
                Ok(answer) if answer.status.is_success() => return Ok(()),
                Ok(answer) if matches!(answer.status, StatusCode::NOT_FOUND | StatusCode::GONE) => {
                    // The first request may have done it, and only its answer was lost.
                    return if unanswered { Ok(()) } else { Err(Error::Gone) };
                }
                Ok(answer) => refusal(Action::Cancel, &answer),
                Err(failure) => failure,
            };
            unanswered |= matches!(failure, Error::NoAnswer { .. });
            let recourse = failure.recourse();
            self.pause(&mut retries, failure, recourse).await?;
        }
    }

    async fn pause(
        &self,
        retries: &mut Retries<'_>,
        failure: Error,
        recourse: Recourse,
    ) -> Result<(), Error> {
        retries.pause(failure, recourse, self.notice.as_ref()).await
    }
}
