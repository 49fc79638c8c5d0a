//! What operators see: metrics, traces, the audit, and the rules that wake somebody up.

mod metrics;
mod names;
mod prometheus;
mod rules;
mod traces;
