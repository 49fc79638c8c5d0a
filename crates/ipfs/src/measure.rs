//! What the node costs: every call is timed under the name of its endpoint, and told to the process's metrics.

use std::{future::Future, time::Instant};

use crate::Error;

/// Waits for a call and notes how long it took and how it ended. One that is given up is not counted.
pub(crate) async fn measured<T>(
    operation: &'static str,
    call: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let started = Instant::now();
    let result = call.await;
    let outcome = match &result {
        Ok(_) => "ok",
        Err(error) => outcome(error),
    };
    metrics::counter!("bulk_export_ipfs_calls_total", "operation" => operation, "outcome" => outcome)
        .increment(1);
    metrics::histogram!("bulk_export_ipfs_call_duration_seconds", "operation" => operation)
        .record(started.elapsed());
    result
}

const fn outcome(error: &Error) -> &'static str {
    match error {
        Error::Address(_) => "address",
        Error::Unreachable(_) => "unreachable",
        Error::Deadline { .. } => "deadline",
        Error::Refused(_) => "refused",
        Error::BlocksLost => "blocks_lost",
        Error::CidMismatch | Error::Corrupt(_) => "wrong",
        Error::Source(_) => "source",
        Error::NotFound => "not_found",
    }
}
