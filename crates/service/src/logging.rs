//! What is started first: log lines and, where a collector is named, traces. Lines are JSON in production, readable in development. A line holds ids of jobs and parts, counts and durations,
//! and never a row, a CID, a token or a connection string.

use bulk_export_domain::config::Logging;
use tracing_subscriber::{
    EnvFilter, Layer, Registry, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

use crate::{
    Program,
    traces::{self, Sending, Traces},
};

/// Says whether a filter's directives can be used.
#[must_use]
pub fn understood(filter: &str) -> bool {
    EnvFilter::try_new(filter).is_ok()
}

/// Starts the logging of this process, and its traces, which end when what is given is dropped.
///
/// # Errors
/// The collector's address or a header cannot be used.
pub(crate) fn init(
    program: Program,
    logging: &Logging,
    traces: Option<&Traces>,
) -> anyhow::Result<Option<Sending>> {
    let lines = tracing_subscriber::fmt::layer::<Registry>().with_writer(std::io::stderr);
    let lines = if logging.pretty {
        lines.with_target(false).boxed()
    } else {
        lines.json().flatten_event(true).boxed()
    };
    // The filter is the lines' own: whoever logs less still gets whole traces.
    let lines = lines.with_filter(EnvFilter::new(&logging.filter));
    let (sending, spans) = traces
        .map(|traces| traces::layer(traces, program))
        .transpose()?
        .unzip();
    tracing_subscriber::registry()
        .with(lines)
        .with(spans)
        .init();
    Ok(sending)
}
