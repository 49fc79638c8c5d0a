//! `bulk-export`: parses the command line, runs the command, and tells how it ended.

use std::process::ExitCode;

use bulk_export_cli::{args::Cli, commands};
use bulk_export_domain::config::Variables;
use clap::Parser;
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let cli = Cli::parse();
    // Logs are for finding faults of this program: off unless RUST_LOG asks for them.
    if let Ok(filter) = EnvFilter::try_from_default_env() {
        tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(std::io::stderr)
            .init();
    }
    let variables = match Variables::from_process() {
        Ok(variables) => variables,
        Err(problems) => {
            eprintln!("error: {problems}");
            return ExitCode::FAILURE;
        }
    };
    match commands::run(cli.command, &variables) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(commands::exit_code(&error))
        }
    }
}
