//! The worker's private port: `/metrics`, `/healthz` and `/readyz`. Alive means that the process answers; ready means that PostgreSQL does and that
//! the checks of the start have passed. Redis and the node are reported: a worker waits for them by itself.

use std::net::TcpListener;

use actix_web::{App, HttpResponse, HttpServer, dev::Server, web};

use bulk_export_service::Metrics;
use metrics::gauge;

use crate::Context;

/// Makes the server on a bound socket.
pub(crate) fn server(
    context: &Context,
    metrics: Metrics,
    listener: TcpListener,
) -> std::io::Result<Server> {
    let (data, metrics) = (web::Data::new(context.clone()), web::Data::new(metrics));
    let app = move || {
        App::new()
            .app_data(data.clone())
            .app_data(metrics.clone())
            .route("/healthz", web::get().to(alive))
            .route("/readyz", web::get().to(ready))
            .route("/metrics", web::get().to(scrape))
    };
    Ok(HttpServer::new(app)
        .workers(1)
        // A probe that waits for a database that hangs must not hold up the end.
        .shutdown_timeout(1)
        .disable_signals()
        .listen(listener)?
        .run())
}

async fn scrape(context: web::Data<Context>, metrics: web::Data<Metrics>) -> HttpResponse {
    context.store.tell().await;
    context.source.tell();
    let (slots, claiming) = (context.config.parts.slots, context.claims());
    let busy = slots.saturating_sub(context.slots.available_permits());
    gauge!("bulk_export_worker_slots").set(count(slots));
    gauge!("bulk_export_worker_slots_busy").set(count(busy));
    gauge!("bulk_export_worker_claiming").set(f64::from(u8::from(claiming)));
    metrics.answer()
}

/// A number of parts, which is small.
fn count(parts: usize) -> f64 {
    u32::try_from(parts).map_or(f64::NAN, f64::from)
}

async fn alive() -> HttpResponse {
    HttpResponse::Ok().json(serde_json::json!({"status": "alive"}))
}

async fn ready(context: web::Data<Context>) -> HttpResponse {
    let (postgres, redis, ipfs) = tokio::join!(
        context.store.ready(),
        context.hints.ready(),
        context.node.ready()
    );
    let ready = postgres.is_ok() && context.started.is_cancelled() && !context.stop.is_cancelled();
    let word = |up: bool| if up { "up" } else { "down" };
    let body = serde_json::json!({
        "status": if ready { "ready" } else { "not ready" },
        "postgres": word(postgres.is_ok()),
        "redis": word(redis.is_ok()),
        "ipfs": word(ipfs.is_ok()),
        "claiming": context.claims(),
        "note": context.gate.note(),
    });
    if ready {
        HttpResponse::Ok().json(body)
    } else {
        HttpResponse::ServiceUnavailable().json(body)
    }
}
