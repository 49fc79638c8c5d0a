//! The extractor that authenticates: a handler that takes a [`Requester`] is reached with a valid token only.

use std::{future::Future, pin::Pin};

use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header, web};
use bulk_export_domain::policy::Requester;

use crate::{
    auth::{Refusal, authorization},
    error::ApiError,
    state::State,
};

/// The authenticated requester.
pub(crate) struct Authenticated(pub(crate) Requester);

impl FromRequest for Authenticated {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let values = request
                .headers()
                .get_all(header::AUTHORIZATION)
                .map(header::HeaderValue::as_bytes);
            let authorization = authorization(values)?;
            // Without the state the server was put together wrongly; nobody gets in then.
            let state = request
                .app_data::<web::Data<State>>()
                .ok_or(Refusal::Unavailable)?;
            Ok(Self(state.authenticator.authenticate(authorization).await?))
        })
    }
}
