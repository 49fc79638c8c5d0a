//! The routes. Every path answers errors as an OperationOutcome; a path that is not here is a 404, and one that is
//! here answers other methods with 405.

mod cancel;
mod download;
mod events;
pub(crate) mod health;
mod kick_off;
mod metadata;
mod status;

use actix_web::{
    HttpResponse,
    guard::fn_guard,
    web::{self, ServiceConfig},
};

use crate::{config::FHIR_BASE, error::ApiError, requester::Authenticated};

/// Adds every route.
pub(crate) fn configure(service: &mut ServiceConfig) {
    let fhir = web::scope(FHIR_BASE)
        .service(
            web::resource("/metadata")
                .route(web::get().to(metadata::metadata))
                .default_service(web::to(only_get)),
        )
        .service(
            web::resource("/Patient/$export")
                .route(web::get().to(kick_off::kick_off))
                .default_service(web::to(only_get)),
        )
        .service(
            web::resource("/$export-status/{job}")
                .route(
                    web::get()
                        .guard(fn_guard(events::wanted))
                        .to(events::events),
                )
                .route(web::get().to(status::status))
                .route(web::delete().to(cancel::cancel))
                .default_service(web::to(get_or_delete)),
        )
        .service(
            web::resource("/$export-file/{job}/{file}")
                .route(web::get().to(download::download))
                .route(web::head().to(download::download))
                .default_service(web::to(get_or_head)),
        )
        .default_service(web::to(unknown));
    service
        .service(
            web::resource("/healthz")
                .route(web::get().to(health::alive))
                .default_service(web::to(only_get)),
        )
        .service(
            web::resource("/readyz")
                .route(web::get().to(health::ready))
                .default_service(web::to(only_get)),
        )
        .service(fhir)
        .default_service(web::to(not_found));
}

/// A path below the FHIR base that does not exist tells so to those who have a token only.
async fn unknown(_: Authenticated) -> Result<HttpResponse, ApiError> {
    Err(ApiError::NotFound)
}

async fn not_found() -> Result<HttpResponse, ApiError> {
    Err(ApiError::NotFound)
}

async fn only_get() -> Result<HttpResponse, ApiError> {
    Err(ApiError::MethodNotAllowed("GET"))
}

async fn get_or_delete() -> Result<HttpResponse, ApiError> {
    Err(ApiError::MethodNotAllowed("GET, DELETE"))
}

async fn get_or_head() -> Result<HttpResponse, ApiError> {
    Err(ApiError::MethodNotAllowed("GET, HEAD"))
}
