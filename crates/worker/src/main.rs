//! `bulk-export-worker`: wiring only.

use std::process::ExitCode;

use bulk_export_service::{Program, Seen};
use bulk_export_worker::{Context, config::Config, run};
use clap::Parser;

/// Runs the parts of exports. Configured by environment variables: see docs/configuration.md.
#[derive(Debug, Parser)]
#[command(name = "bulk-export-worker", version)]
struct Arguments;

fn main() -> ExitCode {
    Arguments::parse();
    bulk_export_service::main(
        Program::Worker,
        Config::read,
        |config| Seen {
            logging: &config.logging,
            traces: config.traces.as_ref(),
        },
        async |config, metrics, stop| {
            let ended = run(Context::new(config)?, metrics, stop).await;
            bulk_export_store::close().await;
            Ok(ended?)
        },
    )
}
