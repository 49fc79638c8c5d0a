//! The private port: metrics, health, and the operator's page. It has no TLS, and metrics and health need no token, so
//! nobody but the platform's own may reach it.

use std::net::TcpListener;

use actix_web::{App, HttpResponse, HttpServer, dev::Server, web};
use bulk_export_service::Metrics;

use crate::{operator, routes::health, state::State};

/// Makes the server on a bound socket.
pub(crate) fn server(
    state: web::Data<State>,
    metrics: Metrics,
    listener: TcpListener,
) -> std::io::Result<Server> {
    let metrics = web::Data::new(metrics);
    let app = move || {
        App::new()
            .app_data(state.clone())
            .app_data(metrics.clone())
            .route("/healthz", web::get().to(health::alive))
            .route("/readyz", web::get().to(health::ready))
            .route("/metrics", web::get().to(scrape))
            .configure(operator::configure)
    };
    Ok(HttpServer::new(app)
        .workers(1)
        .shutdown_timeout(1)
        .disable_signals()
        .listen(listener)?
        .run())
}

async fn scrape(state: web::Data<State>, metrics: web::Data<Metrics>) -> HttpResponse {
    state.store.tell().await;
    state.source.tell();
    metrics.answer()
}
