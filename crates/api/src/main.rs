//! `bulk-export-api`: wiring only.

use std::process::ExitCode;

use bulk_export_api::{config::Config, run};
use bulk_export_service::{Program, Seen};
use clap::Parser;

/// Serves the FHIR Bulk Data API. Configured by environment variables: see docs/configuration.md.
#[derive(Debug, Parser)]
#[command(name = "bulk-export-api", version)]
struct Arguments;

fn main() -> ExitCode {
    Arguments::parse();
    bulk_export_service::main(
        Program::Api,
        Config::read,
        |config| Seen {
            logging: &config.logging,
            traces: config.traces.as_ref(),
        },
        async |config, metrics, stop| {
            let ended = run(config, metrics, stop).await;
            bulk_export_store::close().await;
            Ok(ended?)
        },
    )
}
