//! `/healthz` and `/readyz`. Alive means that the process answers; ready means that PostgreSQL does. Redis and the
//! node are reported only: exports are accepted, and polls answered, without them.

use actix_web::{HttpResponse, web};
use serde_json::json;

use crate::state::State;

/// Says that the process answers.
pub(crate) async fn alive() -> HttpResponse {
    HttpResponse::Ok().json(json!({"status": "alive"}))
}

/// Says whether requests can be answered.
pub(crate) async fn ready(state: web::Data<State>) -> HttpResponse {
    let (postgres, redis, ipfs) = tokio::join!(
        state.store.ready(),
        state.hints.ready(),
        state.gateway.ready()
    );
    let word = |up: bool| if up { "up" } else { "down" };
    let body = json!({
        "status": if postgres.is_ok() { "ready" } else { "not ready" },
        "postgres": word(postgres.is_ok()),
        "redis": word(redis.is_ok()),
        "ipfs": word(ipfs.is_ok()),
    });
    if postgres.is_ok() {
        HttpResponse::Ok().json(body)
    } else {
        HttpResponse::ServiceUnavailable().json(body)
    }
}
