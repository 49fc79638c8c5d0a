//! Log lines: JSON in production, readable in development. A line holds ids of jobs and parts, counts and durations,
//! and never a row, a CID, a token or a connection string.

use bulk_export_domain::config::Logging;

/// Says whether a filter's directives can be used.
pub(crate) fn understood(filter: &str) -> bool {
    tracing_subscriber::EnvFilter::try_new(filter).is_ok()
}

/// Starts the logging of this process.
pub fn init(logging: &Logging) {
    let filter = tracing_subscriber::EnvFilter::new(&logging.filter);
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    if logging.pretty {
        lines.with_target(false).init();
    } else {
        lines.json().flatten_event(true).init();
    }
}
