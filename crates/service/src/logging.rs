//! Log lines: JSON in production, readable in development. A line holds ids of jobs and parts, counts and durations,
//! and never a row, a CID, a token or a connection string.

use bulk_export_domain::config::Logging;
use tracing_subscriber::EnvFilter;

/// Says whether a filter's directives can be used.
#[must_use]
pub fn understood(filter: &str) -> bool {
    EnvFilter::try_new(filter).is_ok()
}

/// Starts the logging of this process.
pub(crate) fn init(logging: &Logging) {
    let lines = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(&logging.filter))
        .with_writer(std::io::stderr);
    if logging.pretty {
        lines.with_target(false).init();
    } else {
        lines.json().flatten_event(true).init();
    }
}
