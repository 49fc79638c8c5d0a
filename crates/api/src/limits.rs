//! Rate limits: which class a request is of, whose it is, and what the answer says of it. The fields `RateLimit` and
//! `RateLimit-Policy` are those of draft-ietf-httpapi-ratelimit-headers-11.

mod counters;
mod peer;

use actix_web::{
    Error, HttpMessage, HttpRequest, ResponseError,
    body::{EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        StatusCode,
        header::{HeaderMap, HeaderName, HeaderValue},
    },
    middleware::Next,
    web,
};
use bulk_export_domain::{
    ids::JobId,
    limits::{Class, RateLimits, whole_seconds},
    policy::Requester,
    pseudonym::Pseudonyms,
};
use bulk_export_queue::Rates;

pub(crate) use counters::Verdict;

use self::counters::Counters;
use crate::{error::ApiError, state::State};

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// The rate limits of this server.
#[derive(Debug)]
pub(crate) struct Limits {
    counters: Counters,
    pseudonyms: Pseudonyms,
    proxies: usize,
}

/// What an authenticated request was counted as; kept with the request, for its answer.
struct Counted {
    client: String,
    verdict: Option<Verdict>,
}

impl Limits {
    pub(crate) fn new(
        limits: RateLimits,
        rates: Rates,
        pseudonyms: Pseudonyms,
        proxies: usize,
    ) -> Self {
        Self {
            counters: Counters::new(limits, rates),
            pseudonyms,
            proxies,
        }
    }

    /// Counts a request whose token is valid.
    ///
    /// # Errors
    /// The requester has used up the quota of this class.
    pub(crate) async fn count(
        &self,
        request: &HttpRequest,
        requester: &Requester,
    ) -> Result<(), ApiError> {
        // Another hash than the logs': who reads both must not be able to join them.
        let client = self.pseudonyms.of(&format!("rate {}", requester.id));
        let verdict = match class(request) {
            Some(Class::Status) => {
                // Each job has its own counter: see `Counters::take`. A job that is not there is counted afterwards.
                let job = request.match_info().query("job").parse::<JobId>();
                let key = job.map_or_else(|_| client.clone(), |job| format!("{client}:{job}"));
                self.counters.take(Class::Status, &key).await
            }
            Some(class) => self.counters.take(class, &client).await,
            None => None,
        };
        request.extensions_mut().insert(Counted { client, verdict });
        verdict.map_or(Ok(()), allowed)
    }

    /// Counts what was answered without a valid token, or asked for what is not there: guessing is limited too.
    async fn count_answer(&self, request: &HttpRequest, status: StatusCode) -> Option<Verdict> {
        let counted = request
            .extensions()
            .get::<Counted>()
            .map(|counted| (counted.client.clone(), counted.verdict));
        match counted {
            Some((client, _)) if status == StatusCode::NOT_FOUND => {
                self.counters.take(Class::Unauthenticated, &client).await
            }
            Some((_, verdict)) => verdict,
            // Ours to answer for.
            None if status.is_server_error() => None,
            None => {
                let address = peer::address(request, self.proxies)?;
                let client = self.pseudonyms.of(&format!("rate {address}"));
                self.counters.take(Class::Unauthenticated, &client).await
            }
        }
    }
}

/// Gives the class of the route that was found. Job and file URLs are the only ones with a job in them.
fn class(request: &HttpRequest) -> Option<Class> {
    let route = request.match_pattern()?;
    if route.ends_with("/Patient/$export") {
        Some(Class::KickOff)
    } else if route.ends_with("/$export-status/{job}") {
        Some(Class::Status)
    } else if route.ends_with("/$export-file/{job}/{file}") {
        Some(Class::Download)
    } else {
        None
    }
}

fn allowed(verdict: Verdict) -> Result<(), ApiError> {
    let Some(wait) = verdict.refused else {
        return Ok(());
    };
    metrics::counter!("bulk_export_refusals_total", "limit" => verdict.class.refused())
        .increment(1);
    Err(ApiError::TooOften {
        class: verdict.class,
        quota: verdict.quota,
        wait,
    })
}

/// Tells each client what is left to it; refuses what came too often without a token.
pub(crate) async fn limits<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let state = request.app_data::<web::Data<State>>().cloned();
    let response = next.call(request).await?;
    let of_probes = matches!(response.request().path(), "/healthz" | "/readyz");
    let Some(state) = state.filter(|_| !of_probes) else {
        return Ok(response.map_into_left_body());
    };
    let verdict = state
        .limits
        .count_answer(response.request(), response.status())
        .await;
    let Some(verdict) = verdict else {
        return Ok(response.map_into_left_body());
    };
    let already = response.status() == StatusCode::TOO_MANY_REQUESTS;
    let mut response = match allowed_unless(already, verdict) {
        Ok(()) => response.map_into_left_body(),
        Err(error) => response
            .into_response(error.error_response())
            .map_into_right_body(),
    };
    tell(response.headers_mut(), verdict);
    Ok(response)
}

/// A refusal that was answered before is not counted twice.
fn allowed_unless(already: bool, verdict: Verdict) -> Result<(), ApiError> {
    if already {
        return Ok(());
    }
    allowed(verdict)
}

/// Adds the two fields. The effective window (`t`) ends no later than `Retry-After`: until the next token comes, no more than
/// what is left can be used.
fn tell(headers: &mut HeaderMap, verdict: Verdict) {
    let Verdict {
        class,
        quota,
        left,
        refused,
    } = verdict;
    let (name, requests, window) = (class.as_str(), quota.requests, quota.window.as_secs());
    let next = whole_seconds(refused.unwrap_or_else(|| quota.interval()));
    let fields = [
        (
            RATE_LIMIT_POLICY,
            format!("\"{name}\";q={requests};w={window}"),
        ),
        (RATE_LIMIT, format!("\"{name}\";r={left};t={next}")),
    ];
    for (field, value) in fields {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(field, value);
        }
    }
}
