//! When a delivery that failed is tried again.

use std::time::Duration;

/// The waits after the first, second, … attempt, in seconds: 24 hours in all, less a quarter. Quick at first, for a
/// receiver that is restarted; then slow, for one that is down over night.
const WAITS: [u32; 10] = [5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 21_600, 36_000];

/// How much shorter or longer than that a wait may be, so that deliveries that failed together do not return together.
const JITTER: f64 = 0.15;

/// Gives how long to wait after so many attempts, `None` when they were enough. `random` is between 0 and 1.
#[must_use]
pub fn wait_after(attempts: u32, random: f64) -> Option<Duration> {
    let at = usize::try_from(attempts.max(1) - 1).unwrap_or(usize::MAX);
    let wait = WAITS.get(at)?;
    let factor = 1.0 + JITTER * (2.0 * random.clamp(0.0, 1.0) - 1.0);
    Some(Duration::from_secs_f64(f64::from(*wait) * factor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_attempts_spread_over_24_hours() {
        let sum = |random| -> Duration {
            (1..)
                .map_while(|attempts| wait_after(attempts, random))
                .sum()
        };
        let hours = |time: Duration| time.as_secs_f64() / 3600.0;
        assert!((23.5..24.0).contains(&hours(sum(0.5))), "{:?}", sum(0.5));
        assert!((20.0..21.0).contains(&hours(sum(0.0))), "{:?}", sum(0.0));
        assert!((27.0..28.0).contains(&hours(sum(1.0))), "{:?}", sum(1.0));
    }

    #[test]
    fn each_wait_is_longer_than_the_one_before_and_they_end() {
        let waits: Vec<_> = (1..=10)
            .map(|attempts| wait_after(attempts, 0.5).unwrap())
            .collect();
        assert!(waits.is_sorted() && waits[0] == Duration::from_secs(5));
        assert_eq!(wait_after(11, 0.5), None);
        assert_eq!(wait_after(u32::MAX, 0.5), None);
        assert_eq!(wait_after(0, 0.5), wait_after(1, 0.5));
    }
}
