//! The extractor that authenticates: a handler that takes a [`Requester`] is reached with a valid token only.

use std::{future::Future, pin::Pin, time::Duration};

use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header, web};
use bulk_export_domain::policy::Requester;

use crate::{
    auth::{Refusal, authorization},
    error::ApiError,
    state::State,
};

/// The authenticated requester.
pub(crate) struct Authenticated(pub(crate) Requester);

/// The authenticated requester, and for how long the token still holds.
pub(crate) struct Holder {
    pub(crate) requester: Requester,
    pub(crate) left: Duration,
}

impl FromRequest for Authenticated {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let holder = Holder::from_request(request, payload);
        Box::pin(async move { Ok(Self(holder.await?.requester)) })
    }
}

impl FromRequest for Holder {
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
            let granted = state.authenticator.grant(authorization).await?;
            state.limits.count(&request, &granted.requester).await?;
            let left = granted.expires - state.authenticator.unix_seconds();
            Ok(Self {
                requester: granted.requester,
                // Nothing, where the token holds by the leeway only.
                left: Duration::from_secs(u64::try_from(left).unwrap_or(0)),
            })
        })
    }
}
