//! Waiting for a fact, with a deadline. Nothing in these tests sleeps for a guessed time.

use std::time::{Duration, Instant};

/// How long to wait between two looks.
const PAUSE: Duration = Duration::from_millis(20);

/// Shortens a number of seconds.
pub const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Asks until there is an answer, and gives it.
///
/// # Panics
/// When there is none within the time: the test cannot go on.
pub async fn poll<T>(what: &str, within: Duration, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(
            start.elapsed() < within,
            "waited {within:?} in vain: {what}"
        );
        tokio::time::sleep(PAUSE).await;
    }
}

/// Looks again and again for so long that a fact does not change.
///
/// # Panics
/// When it does not hold, at any look.
pub async fn holds(what: &str, during: Duration, mut look: impl AsyncFnMut() -> bool) {
    let start = Instant::now();
    while start.elapsed() < during {
        assert!(look().await, "did not hold for {during:?}: {what}");
        tokio::time::sleep(PAUSE).await;
    }
}
