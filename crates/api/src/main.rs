//! `bulk-export-api`: wiring only.

use std::{process::ExitCode, time::Duration};

use bulk_export_api::{config::Config, init_logging, run};
use bulk_export_domain::config::Variables;
use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Serves the FHIR Bulk Data API. Configured by environment variables: see docs/configuration.md.
#[derive(Debug, Parser)]
#[command(name = "bulk-export-api", version)]
struct Arguments;

fn main() -> ExitCode {
    Arguments::parse();
    let config = match Variables::from_process().and_then(Config::read) {
        Ok(config) => config,
        Err(problems) => {
            eprintln!("error: {problems}");
            return ExitCode::FAILURE;
        }
    };
    init_logging(&config.logging);
    match start(config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Runs until it is told to stop. A thread that hangs in a server that does not answer holds the end up no longer than
/// this: dropping the runtime would wait for it for ever.
fn start(config: Config) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let ended = runtime.block_on(serve(config));
    runtime.shutdown_timeout(Duration::from_secs(1));
    ended
}

async fn serve(config: Config) -> anyhow::Result<()> {
    let stop = CancellationToken::new();
    let (mut terminate, mut interrupt) = (
        signal(SignalKind::terminate())?,
        signal(SignalKind::interrupt())?,
    );
    let told = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        told.cancel();
    });
    let ended = run(config, stop).await;
    bulk_export_store::close().await;
    Ok(ended?)
}
