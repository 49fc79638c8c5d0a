//! What is seen of each request: its id, one log line, and its metrics. They hold the route and never the query, a
//! token, or a person's clear id.

use std::time::Instant;

use actix_web::{
    Error,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method,
        header::{HeaderName, HeaderValue},
    },
    middleware::Next,
};
use bulk_export_service::join;
use metrics::{counter, gauge, histogram};
use tracing::Instrument;
use uuid::Uuid;

/// Names a request in the answer and in the log.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Counts a request as long as its answer has not begun; one whose client hangs up is dropped.
struct InFlight;

impl InFlight {
    fn begin() -> Self {
        gauge!("bulk_export_http_requests_in_flight").increment(1.0);
        Self
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        gauge!("bulk_export_http_requests_in_flight").decrement(1.0);
    }
}

/// Gives each request an id, and tells log and metrics of it when its answer begins.
pub(crate) async fn requests(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let (id, started, method) = (
        Uuid::new_v4().to_string(),
        Instant::now(),
        request.method().clone(),
    );
    let span = tracing::info_span!("request", request.id = id);
    let trace_parent = request.headers().get("traceparent");
    join(&span, trace_parent.and_then(|value| value.to_str().ok()));
    let in_flight = InFlight::begin();
    let mut response = next.call(request).instrument(span.clone()).await?;
    drop(in_flight);
    let route = response
        .request()
        .match_pattern()
        .unwrap_or_else(|| "none".to_owned());
    let status = response.status();
    let duration = started.elapsed();
    let duration_ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    span.in_scope(|| {
        // What asks again every few seconds is no event that matters.
        let asks_again = ["/healthz", "/readyz", "/live"];
        if asks_again.iter().any(|end| route.ends_with(end)) {
            tracing::debug!(%method, route, status = status.as_u16(), duration_ms, "answered");
        } else {
            tracing::info!(%method, route, status = status.as_u16(), duration_ms, "answered");
        }
    });
    let method = known(&method);
    counter!("bulk_export_http_requests_total", "route" => route.clone(), "method" => method, "status" => status.as_str().to_owned())
        .increment(1);
    histogram!("bulk_export_http_request_duration_seconds", "route" => route, "method" => method)
        .record(duration);
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    Ok(response)
}

/// Names a method; a client may make up others.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}
