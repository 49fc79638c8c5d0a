//! How much is measured: the variable `BENCH`.

/// How much is measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings {
    /// Exported resources of the end-to-end rows.
    pub(crate) resources: u64,
    /// Bytes of NDJSON of the other rows.
    pub(crate) bytes: u64,
    /// How often each thing is measured: an odd number, because the median is shown.
    pub(crate) rounds: usize,
    /// Jobs of one patient each.
    pub(crate) jobs: usize,
    /// Seconds of load on each route.
    pub(crate) seconds: u64,
    /// Rows over which a job is planned, few and many.
    pub(crate) planned: [u64; 2],
    /// Only the rate and the memory of one export: everything else would take hours.
    pub(crate) memory_only: bool,
}

/// What `make bench` does.
const FULL: Settings = Settings {
    resources: 380_000,
    bytes: 1_000_000_000,
    rounds: 3,
    jobs: 1000,
    seconds: 5,
    planned: [100_000, 10_000_000],
    memory_only: false,
};

impl Settings {
    /// Reads `BENCH`.
    ///
    /// # Panics
    /// When it is not understood.
    pub(crate) fn read() -> Self {
        let bench = std::env::var("BENCH").unwrap_or_default();
        match bench.as_str() {
            "" => FULL,
            // Does the bench itself work? Its figures say nothing.
            "quick" => Self {
                resources: 20_000,
                bytes: 60_000_000,
                rounds: 1,
                jobs: 50,
                seconds: 1,
                planned: [10_000, 100_000],
                ..FULL
            },
            "10gb" => Self {
                bytes: 10_000_000_000,
                rounds: 1,
                memory_only: true,
                ..FULL
            },
            other => {
                panic!("BENCH={other} is not understood: there are BENCH=10gb and BENCH=quick")
            }
        }
    }
}
