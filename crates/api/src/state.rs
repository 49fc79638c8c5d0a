//! What every request shares.

use actix_web::HttpRequest;
use bulk_export_domain::{
    hint::Hint, ids::JobId, job::Job, limits::Admission, manifest::FileUrls, policy::Requester,
    pseudonym::Pseudonyms,
};
use bulk_export_ipfs::Gateway;
use bulk_export_queue::{Hints, Rates};
use bulk_export_store::{Action, Entry, Store, source::Source};
use tokio_util::sync::CancellationToken;

use crate::{
    auth::Authenticator,
    config::{Config, FHIR_BASE},
    error::ApiError,
    limits::Limits,
    operator,
    watch::Watches,
};

/// What every request shares. One for the whole process.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) store: Store,
    pub(crate) source: Source,
    pub(crate) hints: Hints,
    pub(crate) gateway: Gateway,
    pub(crate) authenticator: Authenticator,
    pub(crate) watches: Watches,
    pub(crate) operator: operator::Shared,
    pub(crate) public_base_url: String,
    pub(crate) file_urls: FileUrls,
    pub(crate) pseudonyms: Pseudonyms,
    pub(crate) admission: Admission,
    pub(crate) limits: Limits,
}

impl State {
    /// Makes the state; connects to nothing yet. `stop` ends what would go on by itself. Needs a tokio runtime.
    pub(crate) fn new(config: Config, stop: CancellationToken) -> anyhow::Result<Self> {
        let store = Store::new(&config.store);
        let hints = Hints::new(&config.queue)?;
        let limits = Limits::new(
            config.rate_limits,
            Rates::new(&hints),
            config.pseudonyms.clone(),
            config.trusted_proxies,
        );
        Ok(Self {
            limits,
            watches: Watches::new(store.clone(), config.status_streams, stop),
            store,
            source: Source::new(&config.source),
            hints,
            gateway: Gateway::new(&config.gateway_url)?,
            authenticator: Authenticator::new(config.auth)?,
            operator: operator::Shared::new(config.operator_cookie_key.as_ref())?,
            public_base_url: config.public_base_url,
            file_urls: config.file_urls,
            pseudonyms: config.pseudonyms,
            admission: config.admission,
        })
    }

    /// Gives the FHIR base as clients know it.
    pub(crate) fn fhir_base(&self) -> String {
        format!("{}{FHIR_BASE}", self.public_base_url)
    }

    /// Gives the URL at which a job is polled and cancelled.
    pub(crate) fn status_url(&self, job: JobId) -> String {
        format!("{}/$export-status/{job}", self.fhir_base())
    }

    /// Gives the URL of a request as the client wrote it.
    pub(crate) fn asked(&self, request: &HttpRequest) -> String {
        let path = request.uri().path_and_query();
        let path = path.map_or("", |path| path.as_str());
        format!("{}{path}", self.public_base_url)
    }

    /// Finds a job that this requester may see. Unknown, gone and somebody else's are one answer.
    pub(crate) async fn visible_job(
        &self,
        id: &str,
        requester: &Requester,
    ) -> Result<Job, ApiError> {
        let id: JobId = id.parse().map_err(|_| ApiError::NotFound)?;
        let job = self.store.job(id).await?.ok_or(ApiError::NotFound)?;
        if requester.may_see(&job.ownership) {
            return Ok(job);
        }
        let denied = Entry::new(Action::Deny, "not the owner")
            .job(id)
            .by(requester);
        // The answer must not depend on it: an unknown job writes no entry.
        if let Err(error) = self.store.audit(denied).await {
            tracing::error!(%error, job.id = %id, "a denial is missing in the audit");
        }
        Err(ApiError::NotFound)
    }

    /// Pushes a hint, beside the answer: the job is committed, and the reconciler finds it if Redis is away.
    pub(crate) fn announce(&self, job_id: JobId) {
        let hints = self.hints.clone();
        tokio::spawn(async move {
            if let Err(error) = hints.push(Hint { job_id }, 1).await {
                tracing::warn!(%error, job.id = %job_id, "the hint could not be pushed; the reconciler will announce the job");
            }
        });
    }
}
