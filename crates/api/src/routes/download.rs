//! `GET $export-file/{job}/{file}`: streams a file from the node's gateway. A whole file is checked against its
//! recorded size and SHA-256 while it streams; where it differs, the connection breaks before the last bytes, so that a
//! short or changed 200 does not exist. A range cannot be checked so; the client checks the whole.
//!
//! A compressed file is sent as it lies to a client that accepts its coding, and decoded to any other.

mod form;

use actix_web::{
    HttpRequest, HttpResponse,
    body::{BodyStream, SizedStream},
    http::{Method, StatusCode, Version, header},
    web,
};
use bulk_export_domain::{
    file::StoredFile,
    ids::FileId,
    job::{File, JobState},
    range::ByteRange,
};
use bulk_export_ipfs::{Chunks, decoded, verified};
use bulk_export_store::{Action, Entry};
use futures::{StreamExt, stream};

use self::form::Form;
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
    let form = Form::wanted(request.headers(), &file.stored);
    if form::is_known(request.headers(), &file.stored) {
        return Ok(form.head(StatusCode::NOT_MODIFIED, &file.stored).finish());
    }
    let range = form.range(request.headers(), &file.stored)?;
    let body = if request.method() == Method::HEAD {
        stream::empty().boxed()
    } else {
        open(&state, &file, form, range).await?
    };
    let entry = Entry::new(Action::Download, request.method().as_str())
        .job(job.id)
        .by(&requester.0)
        .about(&job.ownership.subject);
    let what = what(form, range);
    state
        .store
        .audit(entry.detail(format!("{} {what}", file.id)))
        .await?;
    Ok(answer(&request, &file.stored, form, range, body))
}

fn what(form: Form, range: Option<ByteRange>) -> String {
    match (form, range) {
        (Form::Stored, Some(range)) => format!("{}-{}", range.first, range.last),
        (Form::Stored, None) => "whole".to_owned(),
        (Form::Decoded, _) => "whole, decoded".to_owned(),
    }
}

async fn open(
    state: &State,
    file: &File,
    form: Form,
    range: Option<ByteRange>,
) -> Result<Chunks, ApiError> {
    let StoredFile { digest, coding, .. } = &file.stored;
    let body = state.gateway.open(&digest.cid, range).await?;
    let expected = range.map_or(digest.bytes, ByteRange::bytes);
    if body.len != expected {
        return Err(ApiError::Internal(anyhow::anyhow!(
            "the gateway offers {} bytes of a file where {expected} are recorded",
            body.len
        )));
    }
    let id = file.id;
    let sent = metrics::counter!("bulk_export_download_bytes_total");
    let told = move |chunk: Result<web::Bytes, bulk_export_ipfs::Error>| match &chunk {
        Ok(bytes) => {
            sent.increment(bytes.len() as u64);
            chunk
        }
        Err(error) => {
            metrics::counter!("bulk_export_downloads_broken_total").increment(1);
            tracing::error!(%error, file.id = %id, "a download was broken off");
            chunk
        }
    };
    let whole = |chunks| verified(chunks, digest.bytes, digest.sha256).boxed();
    let chunks = match (form, range) {
        (_, Some(_)) => body.stream,
        (Form::Stored, None) => whole(body.stream),
        (Form::Decoded, None) => decoded(whole(body.stream), *coding, file.stored.decoded_bytes),
    };
    Ok(chunks.map(told).boxed())
}

fn answer(
    request: &HttpRequest,
    stored: &StoredFile,
    form: Form,
    range: Option<ByteRange>,
    body: Chunks,
) -> HttpResponse {
    let status = range.map_or(StatusCode::OK, |_| StatusCode::PARTIAL_CONTENT);
    let mut response = form.head(status, stored);
    let size = stored.digest.bytes;
    if let Some(ByteRange { first, last }) = range {
        let range = format!("bytes {first}-{last}/{size}");
        response.insert_header((header::CONTENT_RANGE, range));
    }
    match form {
        Form::Stored => response.body(SizedStream::new(range.map_or(size, ByteRange::bytes), body)),
        // Before HTTP/1.1 nothing but its length tells a whole body from one that broke off.
        Form::Decoded if request.version() < Version::HTTP_11 => {
            response.body(SizedStream::new(stored.decoded_bytes, body))
        }
        Form::Decoded => response.body(BodyStream::new(body)),
    }
}
