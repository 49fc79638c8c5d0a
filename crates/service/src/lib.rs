//! What our two servers do the same way: read the configuration, start logs, traces and metrics, listen, and end when told.
//!
//! It knows no job and no part, opens no database and serves nobody by itself.

mod listen;
mod logging;
mod metrics;
mod process;
mod traces;

pub use listen::listen;
pub use logging::understood;
pub use metrics::{Kind, METRICS, Metric, Metrics};
pub use process::{Program, Seen, main};
pub use traces::{Traces, join, trace_parent};
