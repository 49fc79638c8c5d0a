//! The operator's page: plain HTML below `/operator` on the private port, for ADMIN only.
//!
//! It decides nothing: `domain` says who may operate, the store does what is asked and writes it to the audit. It shows
//! requesters' ids, because operators answer for them, and never a patient's id or a CID. Everything works without
//! JavaScript; the one script only fetches again what is on the screen.

mod access;
mod actions;
mod assets;
mod chart;
mod error;
mod job;
mod jobs;
mod kept;
mod node;
mod overview;
mod page;
mod people;
mod protect;
mod session;
mod sign_in;
mod webhooks;
mod workers;

use actix_web::{
    HttpResponse, Resource, Route,
    middleware::from_fn,
    web::{self, ServiceConfig},
};

use aws_lc_rs::error::Unspecified;
use bulk_export_store::operator::OwnedPins;
use secrecy::SecretString;

use crate::requests::requests;
use error::PageError;
use kept::Kept;
use overview::Figures;
use session::Sessions;

/// Where the page is.
const BASE: &str = "/operator";

/// The largest form, in bytes: a token of 8 KiB, each character written as three.
const LARGEST_FORM: usize = 32 * 1024;

/// What the page's requests share. One for the whole process.
#[derive(Debug)]
pub(crate) struct Shared {
    sessions: Sessions,
    figures: Kept<Figures>,
    owned: Kept<OwnedPins>,
}

impl Shared {
    /// Takes the key of the sessions' cookies. Without one they hold within this process only.
    ///
    /// # Errors
    /// The system gives no random bytes.
    pub(crate) fn new(cookie_key: Option<&SecretString>) -> Result<Self, Unspecified> {
        if cookie_key.is_none() {
            tracing::info!(
                "sessions of the operator's page hold on this process only: OPERATOR_COOKIE_KEY is not set"
            );
        }
        Ok(Self {
            sessions: Sessions::new(cookie_key)?,
            figures: Kept::default(),
            owned: Kept::default(),
        })
    }
}

/// Adds the page's routes.
pub(crate) fn configure(service: &mut ServiceConfig) {
    service.service(
        web::scope(BASE)
            .wrap(from_fn(protect::protect))
            .wrap(from_fn(requests))
            .app_data(
                web::FormConfig::default()
                    .limit(LARGEST_FORM)
                    .error_handler(|_, _| PageError::Form.into()),
            )
            .app_data(web::QueryConfig::default().error_handler(|_, _| PageError::Query.into()))
            .service(
                web::resource("/sign-in")
                    .route(web::get().to(sign_in::form))
                    .route(web::post().to(sign_in::sign_in)),
            )
            .route("/sign-out", web::post().to(sign_in::sign_out))
            .route("/assets/{name}", web::get().to(assets::asset))
            .route("", web::get().to(overview::overview))
            .route("/live", web::get().to(overview::refresh))
            .route("/jobs", web::get().to(jobs::jobs))
            .route("/jobs/{job}", web::get().to(job::job))
            .route("/jobs/{job}/live", web::get().to(job::refresh))
            .service(asked(
                "/jobs/{job}/cancel",
                web::get().to(actions::ask_cancel),
                web::post().to(actions::cancel),
            ))
            .service(asked(
                "/jobs/{job}/retry",
                web::get().to(actions::ask_retry),
                web::post().to(actions::retry),
            ))
            .service(asked(
                "/pause",
                web::get().to(actions::ask_pause),
                web::post().to(actions::pause),
            ))
            .service(asked(
                "/resume",
                web::get().to(actions::ask_resume),
                web::post().to(actions::resume),
            ))
            .service(asked(
                "/sweep",
                web::get().to(actions::ask_sweep),
                web::post().to(actions::sweep),
            ))
            .service(asked(
                "/webhooks/{webhook}/redeliver",
                web::get().to(actions::ask_redeliver_parked),
                web::post().to(actions::redeliver_parked),
            ))
            .service(asked(
                "/deliveries/{delivery}/redeliver",
                web::get().to(actions::ask_redeliver),
                web::post().to(actions::redeliver),
            ))
            .route("/webhooks", web::get().to(webhooks::webhooks))
            .route("/workers", web::get().to(workers::workers))
            .route("/workers/live", web::get().to(workers::refresh))
            .route("/node", web::get().to(node::node))
            .default_service(web::to(not_found)),
    );
}

/// An action: GET asks, POST does it.
fn asked(path: &str, question: Route, action: Route) -> Resource {
    web::resource(path).route(question).route(action)
}

async fn not_found(_: access::Operator) -> Result<HttpResponse, PageError> {
    Err(PageError::NotFound)
}
