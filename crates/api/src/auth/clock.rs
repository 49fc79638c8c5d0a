//! The time, as an argument: claims are judged by the wall clock, the age of keys by a clock that never jumps.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Tells the time. Tests bring their own.
pub(super) trait Clock: Send + Sync {
    /// Gives the wall clock, in seconds since 1970.
    fn unix_seconds(&self) -> f64;

    /// Gives the time since some moment in the past, steadily rising.
    fn uptime(&self) -> Duration;
}

/// The clocks of the machine.
pub(super) struct SystemClock(Instant);

impl Default for SystemClock {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Clock for SystemClock {
    fn unix_seconds(&self) -> f64 {
        // A clock before 1970 makes every token one that is not valid yet.
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0.0, |time| time.as_secs_f64())
    }

    fn uptime(&self) -> Duration {
        self.0.elapsed()
    }
}
