//! `DELETE $export-status/{job}`: cancels or deletes an export: 202, and 404 from then on.

use actix_web::{HttpResponse, web};

use crate::{error::ApiError, requester::Authenticated, state::State};

/// Cancels a job. The workers stop and release what it holds.
pub(super) async fn cancel(
    path: web::Path<String>,
    requester: Authenticated,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let job = state.visible_job(&path, &requester.0).await?;
    if !state.store.cancel(job.id, &requester.0).await? {
        return Err(ApiError::NotFound);
    }
    tracing::info!(job.id = %job.id, requester = state.pseudonyms.of(&requester.0.id), "cancelled");
    Ok(HttpResponse::Accepted().finish())
}
