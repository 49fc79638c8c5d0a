//! The life of the process: bind, serve, and end within the grace period.

use actix_web::{
    App, HttpServer,
    http::header,
    middleware::{DefaultHeaders, from_fn},
    web,
};
use bulk_export_domain::sources::Origin;
use bulk_export_service::{Metrics, listen};
use bulk_export_store::source::Horizon;
use tokio_util::sync::CancellationToken;

use crate::{config::Config, limits::limits, private, requests::requests, routes, state::State};

/// Why the server does not start, or stops by itself.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An address cannot be used.
    #[error("the server cannot be put together")]
    State(#[source] anyhow::Error),
    /// The address is taken, or is not ours.
    #[error("the address cannot be listened on")]
    Listen(#[source] std::io::Error),
}

/// Serves until `stop`; then lets requests under way end within the grace period.
///
/// # Errors
/// The address cannot be listened on.
pub async fn run(
    config: Config,
    metrics: Metrics,
    stop: CancellationToken,
) -> Result<(), StartError> {
    let listener =
        listen(config.listen, config.listen_addr_file.as_deref()).map_err(StartError::Listen)?;
    let private_listener = listen(
        config.private_listen,
        config.private_listen_addr_file.as_deref(),
    )
    .map_err(StartError::Listen)?;
    let grace = config.shutdown_grace;
    let state = web::Data::new(State::new(config, stop.clone()).map_err(StartError::State)?);
    tokio::spawn(tell_start(state.clone()));
    let private =
        private::server(state.clone(), metrics, private_listener).map_err(StartError::Listen)?;
    let private_handle = private.handle();
    tokio::spawn(private);
    let server = HttpServer::new(move || {
        App::new()
            .app_data(state.clone())
            .wrap(from_fn(limits))
            // Health data: nothing between us and the client may keep it.
            .wrap(DefaultHeaders::new().add((header::CACHE_CONTROL, "no-store")))
            .wrap(from_fn(requests))
            .configure(routes::configure)
    })
    .shutdown_timeout(grace.as_secs())
    .disable_signals()
    .listen(listener)
    .map_err(StartError::Listen)?
    .run();
    let handle = server.handle();
    tokio::spawn(async move {
        stop.cancelled().await;
        tracing::info!("stopping: requests under way may end");
        handle.stop(true).await;
    });
    server.await.map_err(StartError::Listen)?;
    // Last: how the end goes can be seen to the end.
    private_handle.stop(false).await;
    tracing::info!("stopped");
    Ok(())
}

/// Says once what the answers depend on.
async fn tell_start(state: web::Data<State>) {
    tracing::info!(base = state.fhir_base(), "serving");
    state.authenticator.warm_up().await;
    // Workers end over it, and until it is mended jobs would wait for ever: here it is said where kick-offs come in.
    for unfit in state.source.unfit().await.unwrap_or_default() {
        tracing::error!(%unfit, "what FHIR_SOURCE names cannot be exported");
    }
    let sources = state.source.sources();
    if sources.origins(sources.types()) == [&Origin::Store] {
        return tracing::info!(
            "transactionTime is found from the open writers of the resource store"
        );
    }
    match state.source.horizon().await.map(|time| time.horizon) {
        Ok(Horizon::OpenTransactions) => {
            tracing::info!("transactionTime is found from the open transactions of the source");
        }
        Ok(Horizon::LagBehindClock) => tracing::warn!(
            "transactionTime stays EXPORT_SOURCE_LAG behind the clock, because this role does not see other sessions: grant it pg_read_all_stats. \
             It is assumed that no writing transaction is open for longer"
        ),
        Ok(Horizon::LagBehindReplay) => tracing::warn!(
            "transactionTime stays EXPORT_SOURCE_LAG behind the last replayed change, because the source is a replica. \
             It is assumed that no writing transaction is open for longer"
        ),
        Err(error) => tracing::warn!(%error, "the source cannot be reached yet"),
    }
}
