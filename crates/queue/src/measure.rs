//! What Redis costs: every call is timed under a name of its own, and told to the process's metrics.

use std::{future::Future, time::Instant};

use crate::Error;

/// Waits for a call and notes how long it took and how it ended.
pub(crate) async fn measured<T>(
    operation: &'static str,
    call: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let started = Instant::now();
    let result = call.await;
    let outcome = match &result {
        Ok(_) => "ok",
        Err(Error::Redis(_)) => "redis",
        Err(Error::Push(_)) => "push",
        Err(Error::Deadline) => "deadline",
    };
    metrics::counter!("bulk_export_queue_calls_total", "operation" => operation, "outcome" => outcome)
        .increment(1);
    metrics::histogram!("bulk_export_queue_call_duration_seconds", "operation" => operation)
        .record(started.elapsed());
    result
}
