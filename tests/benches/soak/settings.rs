//! How long it takes: the variable `SOAK`.

use std::time::Duration;

use bulk_export_tests::secs;

/// How long each phase takes, and on what.
#[derive(Debug)]
pub(crate) struct Settings {
    /// Patients whose records are exported.
    pub(crate) patients: u32,
    /// Workers.
    pub(crate) workers: usize,
    /// How long polls are measured at rest.
    pub(crate) rest: Duration,
    /// How long the capacity is measured.
    pub(crate) measure: Duration,
    /// How long twice the capacity is offered.
    pub(crate) overload: Duration,
}

impl Settings {
    /// Reads `SOAK`.
    ///
    /// # Panics
    /// When it says something else than `quick`.
    pub(crate) fn read() -> Self {
        let whole = Self {
            patients: 500,
            workers: 2,
            rest: secs(20),
            measure: secs(30),
            overload: secs(300),
        };
        match std::env::var("SOAK").unwrap_or_default().as_str() {
            "" => whole,
            "quick" => Self {
                rest: secs(5),
                measure: secs(10),
                overload: secs(40),
                ..whole
            },
            other => panic!("SOAK={other} is not understood: there is SOAK=quick"),
        }
    }
}
