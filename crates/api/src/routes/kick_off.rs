//! `GET Patient/$export`: reads the request, fixes `transactionTime`, commits the job, and only then rings.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{self, HeaderName},
    web,
};
use bulk_export_domain::{
    ids::JobId,
    job::NewJob,
    kick_off::{KickOff, Request},
    limits::Refusal,
    policy::{Ownership, Requester},
};
use bulk_export_service::trace_parent;
use bulk_export_store::{Action, Entry};
use tracing::Span;

use crate::{error::ApiError, requester::Authenticated, state::State};

const PREFER: HeaderName = HeaderName::from_static("prefer");

/// Accepts an export: 202 with the status URL.
pub(super) async fn kick_off(
    request: HttpRequest,
    Authenticated(requester): Authenticated,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let Ok(subject) = requester.export_subject() else {
        let denied = Entry::new(Action::Deny, "no patient").by(&requester);
        state.store.audit(denied).await?;
        return Err(ApiError::NoPatient);
    };
    let (accept, prefer) = (joined(&request, header::ACCEPT), joined(&request, PREFER));
    let asked = Request {
        accept: accept.as_deref(),
        prefer: prefer.as_deref(),
        query: request.query_string(),
    };
    let kick_off = KickOff::read(&asked, state.source.sources())?;
    // Before anything is read, and before the job is there for others to see.
    let time = state.source.transaction_time(&kick_off.types).await?;
    kick_off.check_since(time.clock)?;
    let job = NewJob {
        id: JobId::random(),
        ownership: Ownership {
            requester_id: requester.id.clone(),
            subject,
        },
        role: requester.role,
        types: kick_off.types,
        since: kick_off.since,
        file_rows: kick_off.file_rows,
        request_url: state.asked(&request),
        transaction_time: time.at,
        notes: kick_off.notes,
        trace_parent: trace_parent(&Span::current()),
    };
    let id = job.id;
    if let Err(refusal) = state.store.kick_off(job, state.admission).await? {
        return Err(refused(refusal));
    }
    state.announce(id);
    metrics::counter!("bulk_export_kick_offs_total", "role" => requester.role.as_str())
        .increment(1);
    log(&state, id, &requester);
    Ok(HttpResponse::Accepted()
        .insert_header((header::CONTENT_LOCATION, state.status_url(id)))
        .finish())
}

/// Counts what is refused, by what refused it.
fn refused(refusal: Refusal) -> ApiError {
    metrics::counter!("bulk_export_refusals_total", "limit" => refusal.name()).increment(1);
    ApiError::NotNow(refusal)
}

/// Joins all values of a header, as one value with commas means the same (RFC 9110, section 5.3).
fn joined(request: &HttpRequest, name: HeaderName) -> Option<String> {
    let values: Vec<&str> = request
        .headers()
        .get_all(name)
        .map(|value| value.to_str().unwrap_or_default())
        .collect();
    (!values.is_empty()).then(|| values.join(","))
}

fn log(state: &State, id: JobId, requester: &Requester) {
    tracing::info!(job.id = %id, role = requester.role.as_str(), requester = state.pseudonyms.of(&requester.id), "kicked off");
}
