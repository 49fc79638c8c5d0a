//! `GET metadata`: the `CapabilityStatement`. No token is needed.

use actix_web::{HttpResponse, http::header, web};
use bulk_export_domain::metadata::capability_statement;

use crate::{error::FHIR_JSON, state::State};

/// Says what is served.
pub(super) async fn metadata(state: web::Data<State>) -> HttpResponse {
    let statement = capability_statement(
        &state.fhir_base(),
        env!("CARGO_PKG_VERSION"),
        state.source.sources(),
    );
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, FHIR_JSON))
        .json(statement)
}
