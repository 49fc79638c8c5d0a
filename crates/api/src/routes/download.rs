//! `GET $export-file/{job}/{file}`: streams a file from the node's gateway. A whole file is checked against its
//! recorded size and SHA-256 while it streams; where it differs, the connection breaks before the last bytes, so that a
//! short or changed 200 does not exist. A range cannot be checked so; the client checks the whole.

use actix_web::{
    HttpRequest, HttpResponse,
    body::SizedStream,
    http::{
        Method, StatusCode,
        header::{self, HeaderMap, HeaderName},
    },
    web,
};
use bulk_export_domain::{
    ids::FileId,
    job::{File, JobState},
    range::{ByteRange, Wanted, wanted},
};
use bulk_export_ipfs::{Chunks, verified};
use bulk_export_store::{Action, Entry};
use futures::{StreamExt, stream};

use crate::{error::ApiError, requester::Authenticated, state::State};

/// Streams a file or a range of it.
pub(super) async fn download(
    request: HttpRequest,
    path: web::Path<(String, String)>,
    requester: Authenticated,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let (job, file) = path.into_inner();
    let job = state.visible_job(&job, &requester.0).await?;
    let file: FileId = file.parse().map_err(|_| ApiError::NotFound)?;
    let JobState::Completed { .. } = job.state else {
        return Err(ApiError::NotFound);
    };
    let file = state
        .store
        .file(job.id, file)
        .await?
        .ok_or(ApiError::NotFound)?;
    let etag = format!("\"{}\"", file.digest.sha256);
    if names(request.headers(), &header::IF_NONE_MATCH, &etag) {
        return Ok(HttpResponse::NotModified()
            .insert_header((header::ETAG, etag))
            .finish());
    }
    let range = requested(request.headers(), &etag, file.digest.bytes)?;
    let body = if request.method() == Method::HEAD {
        stream::empty().boxed()
    } else {
        open(&state, &file, range).await?
    };
    let what = range.map_or_else(
        || "whole".to_owned(),
        |range| format!("{}-{}", range.first, range.last),
    );
    let entry = Entry::new(Action::Download, request.method().as_str())
        .job(job.id)
        .by(&requester.0)
        .about(&job.ownership.subject);
    state
        .store
        .audit(entry.detail(format!("{} {what}", file.id)))
        .await?;
    Ok(answer(&file, range, etag, body))
}

/// Reads what is asked for. `If-Range` with another file's tag asks for the whole (RFC 9110, section 13.1.5).
fn requested(headers: &HeaderMap, etag: &str, size: u64) -> Result<Option<ByteRange>, ApiError> {
    let text = |name| {
        headers
            .get(name)
            .and_then(|value: &header::HeaderValue| value.to_str().ok())
    };
    if text(header::IF_RANGE).is_some_and(|tag| tag.trim() != etag) {
        return Ok(None);
    }
    match wanted(text(header::RANGE), size) {
        Wanted::Whole => Ok(None),
        Wanted::Part(range) => Ok(Some(range)),
        Wanted::Unsatisfiable => Err(ApiError::NoSuchRange(size)),
    }
}

fn names(headers: &HeaderMap, name: &HeaderName, etag: &str) -> bool {
    let values = headers
        .get_all(name)
        .filter_map(|value| value.to_str().ok());
    values
        .flat_map(|value| value.split(','))
        .any(|tag| tag.trim().trim_start_matches("W/") == etag || tag.trim() == "*")
}

async fn open(state: &State, file: &File, range: Option<ByteRange>) -> Result<Chunks, ApiError> {
    let body = state.gateway.open(&file.digest.cid, range).await?;
    let expected = range.map_or(file.digest.bytes, ByteRange::bytes);
    if body.len != expected {
        return Err(ApiError::Internal(anyhow::anyhow!(
            "the gateway offers {} bytes of a file where {expected} are recorded",
            body.len
        )));
    }
    let id = file.id;
    let told = move |chunk: Result<_, bulk_export_ipfs::Error>| {
        chunk.inspect_err(
            |error| tracing::error!(%error, file.id = %id, "a download was broken off"),
        )
    };
    Ok(match range {
        Some(_) => body.stream.map(told).boxed(),
        None => verified(body.stream, file.digest.bytes, file.digest.sha256)
            .map(told)
            .boxed(),
    })
}

fn answer(file: &File, range: Option<ByteRange>, etag: String, body: Chunks) -> HttpResponse {
    let size = file.digest.bytes;
    let mut response = HttpResponse::build(if range.is_some() {
        StatusCode::PARTIAL_CONTENT
    } else {
        StatusCode::OK
    });
    if let Some(ByteRange { first, last }) = range {
        response.insert_header((
            header::CONTENT_RANGE,
            format!("bytes {first}-{last}/{size}"),
        ));
    }
    response
        .insert_header((header::CONTENT_TYPE, "application/fhir+ndjson"))
        .insert_header((header::ACCEPT_RANGES, "bytes"))
        .insert_header((header::ETAG, etag))
        .body(SizedStream::new(range.map_or(size, ByteRange::bytes), body))
}
