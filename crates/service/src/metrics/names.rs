//! Every metric of this service: the one list of their names. A test compares it with what the sources record, and
//! another one with what rules and dashboards ask for.

use crate::Program;

/// What a metric is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Is what it is.
    Gauge,
    /// How often a value was at most so large: the upper bounds, ascending.
    Histogram(&'static [f64]),
}

/// A metric.
#[derive(Debug, Clone, Copy)]
pub struct Metric {
    /// Its name, by Prometheus' conventions.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// What it tells.
    pub help: &'static str,
    /// The one program that has it, if not both do.
    only: Option<Program>,
    /// The label and its values that stand at zero from the start, so that the first event is a growth.
    zeros: Option<(&'static str, &'static [&'static str])>,
}

/// Calls of a server beside us: from a millisecond to what no caller waits for.
const CALL: Kind = Kind::Histogram(&[0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0]);

/// Requests: polls take a few milliseconds, kick-offs tens.
const REQUEST: Kind = Kind::Histogram(&[
    0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
]);

/// Parts: a small one takes tens of milliseconds, a large one minutes.
const PART: Kind = Kind::Histogram(&[
    0.05, 0.1, 0.5, 1.0, 5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3600.0,
]);

/// Jobs and sweeps: from a patient's own record to everyone's.
const JOB: Kind = Kind::Histogram(&[
    0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 1800.0, 3600.0, 7200.0, 14400.0, 43200.0,
]);

impl Metric {
    const fn new(name: &'static str, kind: Kind, help: &'static str) -> Self {
        Self {
            name,
            kind,
            help,
            only: None,
            zeros: None,
        }
    }

    const fn of(mut self, program: Program) -> Self {
        self.only = Some(program);
        self
    }

    const fn zero(mut self, label: &'static str, values: &'static [&'static str]) -> Self {
        self.zeros = Some((label, values));
        self
    }

    /// Says whether a program has it.
    #[must_use]
    pub fn is_of(&self, program: Program) -> bool {
        self.only.is_none_or(|only| only == program)
    }

    /// Tells the recorder what it is, and where it stands at the start.
    pub(super) fn describe(&self) {
        match self.kind {
            Kind::Counter => {
                metrics::describe_counter!(self.name, self.help);
                match self.zeros {
                    None => {}
                    Some((_, [])) => metrics::counter!(self.name).absolute(0),
                    Some((label, values)) => {
                        for value in values {
                            metrics::counter!(self.name, label => *value).absolute(0);
                        }
                    }
                }
            }
            Kind::Gauge => metrics::describe_gauge!(self.name, self.help),
            Kind::Histogram(_) => metrics::describe_histogram!(self.name, self.help),
        }
    }
}

const fn counter(name: &'static str, help: &'static str) -> Metric {
    Metric::new(name, Kind::Counter, help)
}

/// A counter without labels, or whose labels come in more than one: from zero on.
const fn total(name: &'static str, help: &'static str) -> Metric {
    counter(name, help).zero("", &[])
}

const fn gauge(name: &'static str, help: &'static str) -> Metric {
    Metric::new(name, Kind::Gauge, help)
}

const API: Program = Program::Api;
const WORKER: Program = Program::Worker;

/// Every metric, by subject. Gauges that describe the whole service are the same on every replica.
pub const METRICS: &[Metric] = &[
    gauge("bulk_export_build_info", "Is 1; the labels tell what runs."),
    // The API's requests.
    counter("bulk_export_http_requests_total", "Requests answered, by route, method and status.").of(API),
    Metric::new("bulk_export_http_request_duration_seconds", REQUEST, "Time from a request to the beginning of its answer, by route and method.").of(API),
    gauge("bulk_export_http_requests_in_flight", "Requests whose answer has not begun.").of(API),
    counter("bulk_export_kick_offs_total", "Exports accepted, by the requester's role.").of(API).zero("role", &["PATIENT", "ADMIN"]),
    gauge("bulk_export_status_streams", "Clients that watch a job by server-sent events.").of(API),
    total("bulk_export_download_bytes_total", "Bytes of files sent to clients.").of(API),
    total("bulk_export_downloads_broken_total", "Downloads broken off because the node failed or gave wrong bytes.").of(API),
    counter("bulk_export_jwks_fetches_total", "Reads of the key set for tokens, by outcome.").of(API).zero("outcome", &["ok", "failed"]),
    gauge("bulk_export_jwks_failing", "1 while the last read of the key set for tokens failed.").of(API),
    counter("bulk_export_refusals_total", "Requests refused, and jobs failed, by a limit; by the limit."),
    // What both ask of others.
    counter("bulk_export_database_calls_total", "Calls of PostgreSQL, by operation and outcome."),
    Metric::new("bulk_export_database_call_duration_seconds", CALL, "Time of a call of PostgreSQL, waiting for a connection included, by operation."),
    gauge("bulk_export_pool_connections", "Connections to PostgreSQL, by pool."),
    gauge("bulk_export_pool_idle_connections", "Connections that nobody uses, by pool."),
    gauge("bulk_export_pool_max_connections", "Connections that there may be, by pool."),
    gauge("bulk_export_pool_waiting", "Callers that wait for a connection, by pool."),
    Metric::new("bulk_export_pool_wait_duration_seconds", CALL, "Time that callers waited for a connection, by pool."),
    counter("bulk_export_queue_calls_total", "Calls of Redis, by operation and outcome."),
    Metric::new("bulk_export_queue_call_duration_seconds", CALL, "Time of a call of Redis, by operation."),
    total("bulk_export_hints_pushed_total", "Hints pushed."),
    counter("bulk_export_ipfs_calls_total", "Calls of the IPFS node, by operation and outcome."),
    Metric::new("bulk_export_ipfs_call_duration_seconds", CALL, "Time of a call of the IPFS node, by operation; of an upload, to its end."),
    // What workers do.
    gauge("bulk_export_worker_slots", "Parts that this worker may run at once.").of(WORKER),
    gauge("bulk_export_worker_slots_busy", "Parts that this worker runs.").of(WORKER),
    gauge("bulk_export_worker_claiming", "1 while this worker claims parts, 0 while it waits for the node or ends.").of(WORKER),
    counter("bulk_export_part_attempts_total", "Attempts begun, by kind of part.").of(WORKER).zero("kind", &["plan", "export", "report"]),
    counter("bulk_export_part_attempts_ended_total", "Attempts ended, by kind of part and outcome.").of(WORKER),
    counter("bulk_export_part_failures_total", "Attempts failed or handed back, by cause.").of(WORKER).zero("cause", &[
        "shutdown", "node_away", "blocks_lost", "database_away", "panic", "node_wrong", "database", "source", "internal",
    ]),
    Metric::new("bulk_export_part_duration_seconds", PART, "Time of an attempt that was done, by kind of part.").of(WORKER),
    total("bulk_export_leases_lost_total", "Claims that ended because they were taken over or their job had ended.").of(WORKER),
    counter("bulk_export_resources_total", "Resources written to files, by type.").of(WORKER),
    counter("bulk_export_resource_bytes_total", "Bytes of NDJSON written to files, before compression, by type.").of(WORKER),
    counter("bulk_export_stored_bytes_total", "Bytes stored on the node, after compression, by type.").of(WORKER),
    total("bulk_export_resources_left_out_total", "Resources that became a line of an error file.").of(WORKER),
    counter("bulk_export_jobs_ended_total", "Jobs ended, by outcome. Workers complete and fail; the API cancels.").zero("outcome", &["completed", "failed", "cancelled"]),
    Metric::new("bulk_export_job_duration_seconds", JOB, "Time from kick-off to end, by outcome."),
    total("bulk_export_reconciler_jobs_total", "Jobs that the reconciler announced again.").of(WORKER),
    total("bulk_export_reconciler_hints_total", "Hints that the reconciler pushed.").of(WORKER),
    counter("bulk_export_sweeps_total", "Sweeps, by outcome.").of(WORKER).zero("outcome", &["ok", "broken_off"]),
    Metric::new("bulk_export_sweep_duration_seconds", JOB, "Time of a sweep.").of(WORKER),
    counter("bulk_export_swept_total", "What sweeps took away: files' pins, jobs, pins that no row owned, versions of resources, blocks.").of(WORKER).zero("what", &["files", "jobs", "pins", "versions", "blocks"]),
    total("bulk_export_sweep_failures_total", "Files whose pin a sweep could not take away.").of(WORKER),
    counter("bulk_export_webhook_deliveries_total", "Deliveries of webhooks tried, by outcome.").of(WORKER).zero("outcome", &["delivered", "failed", "parked"]),
    // The whole service, from the database.
    gauge("bulk_export_database_up", "1 if PostgreSQL answered for this scrape; else the gauges of the whole service are NaN."),
    gauge("bulk_export_jobs", "Jobs that are not removed yet, by state."),
    gauge("bulk_export_parts", "Parts that are due, rest after an attempt, run, or have failed; by state."),
    gauge("bulk_export_oldest_due_part_age_seconds", "How long the oldest due part has been due; 0 when none is."),
    gauge("bulk_export_workers_alive", "Workers heard of lately."),
    gauge("bulk_export_workers_claiming", "Of those, the ones that claim parts."),
    gauge("bulk_export_node_bytes", "Bytes that the node holds, as last measured."),
    gauge("bulk_export_node_capacity_bytes", "Bytes that the node may hold, as last measured."),
    gauge("bulk_export_node_private", "1 if the node was private when it was last looked at, 0 if not."),
    gauge("bulk_export_node_measurement_age_seconds", "How long ago the node was measured."),
    gauge("bulk_export_pins", "Pins of ours on the node, as the last sweep left them."),
    gauge("bulk_export_unowned_pins", "Of those, the ones that no file owns, as the last sweep left them."),
    gauge("bulk_export_last_sweep_age_seconds", "How long ago a sweep ended; while none ever did, the age of the oldest job."),
    gauge("bulk_export_webhook_backlog", "Deliveries of webhooks that are due or parked, by state."),
    gauge("bulk_export_webhook_oldest_due_age_seconds", "How long ago the oldest due delivery was written; 0 when none is due."),
    gauge("bulk_export_paused", "1 while the operator lets no kick-off in."),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_follow_the_conventions() {
        let mut seen = BTreeSet::new();
        for metric in METRICS {
            let name = metric.name;
            assert!(seen.insert(name), "{name} stands twice");
            assert!(
                name.starts_with("bulk_export_")
                    && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'),
                "{name}"
            );
            let counter = metric.kind == Kind::Counter;
            assert_eq!(counter, name.ends_with("_total"), "{name}");
            assert!(metric.help.ends_with('.'), "{name}");
            if let Kind::Histogram(buckets) = metric.kind {
                assert!(name.ends_with("_seconds"), "{name}");
                assert!(buckets.is_sorted() && buckets.len() <= 12, "{name}");
            }
            for wrong in ["_ms", "_millis", "_minutes", "_kb", "_mb"] {
                assert!(!name.contains(wrong), "{name} is in base units");
            }
        }
    }
}
