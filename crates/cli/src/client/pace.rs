//! When to ask again: between polls as the server says, after a failure with growing pauses and not for ever.

use std::time::Duration;

use chrono::DateTime;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};
use tokio::time::Instant;

use super::error::{Error, Recourse};

/// The pauses of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pace {
    /// The first pause; it doubles.
    pub first: Duration,
    /// The shortest pause that a server's `Retry-After` can ask for.
    pub least: Duration,
    /// The longest.
    pub most: Duration,
    /// How long failures in a row are borne (and at least [`TRIES`] of them).
    pub patience: Duration,
}

/// So many tries are made however long each takes.
pub const TRIES: u32 = 5;

/// Small exports end within a second, so the first polls do not wait for what the server suggests for large ones.
const QUICK_POLLS: u32 = 3;

/// The pause where a server names none.
const UNTOLD: Duration = Duration::from_secs(5);

impl Default for Pace {
    fn default() -> Self {
        Self {
            first: Duration::from_millis(250),
            least: Duration::from_secs(1),
            most: Duration::from_mins(1),
            patience: Duration::from_mins(2),
        }
    }
}

impl Pace {
    /// Gives the pause after a poll (counted from 0) that found the job running.
    #[must_use]
    pub fn after_poll(&self, poll: u32, retry_after: Option<Duration>) -> Duration {
        let told = retry_after.unwrap_or(UNTOLD).clamp(self.least, self.most);
        if poll < QUICK_POLLS {
            told.min(self.first * 2_u32.pow(poll))
        } else {
            told
        }
    }

    fn after_failure(&self, failures: u32, retry_after: Option<Duration>) -> Duration {
        match retry_after {
            Some(told) => told.clamp(self.least, self.most),
            None => self
                .first
                .saturating_mul(2_u32.saturating_pow(failures))
                .min(self.most / 6),
        }
    }
}

/// Failures in a row of one request.
#[derive(Debug)]
pub(super) struct Retries<'a> {
    pace: &'a Pace,
    failures: u32,
    since: Option<Instant>,
}

impl<'a> Retries<'a> {
    pub(super) const fn new(pace: &'a Pace) -> Self {
        Self {
            pace,
            failures: 0,
            since: None,
        }
    }

    /// Counts a failure, gives notice of it, and waits until the request may be sent again.
    ///
    /// # Errors
    /// Gives the failure back when asking again is no use, or has been of none for too long.
    pub(super) async fn pause(
        &mut self,
        failure: Error,
        recourse: Recourse,
        notice: impl Fn(&Error),
    ) -> Result<(), Error> {
        let Recourse::Again(retry_after) = recourse else {
            return Err(failure);
        };
        let pause = self.pace.after_failure(self.failures, retry_after);
        self.failures += 1;
        let since = *self.since.get_or_insert_with(Instant::now);
        if self.failures >= TRIES && since.elapsed() + pause > self.pace.patience {
            return Err(failure);
        }
        tracing::debug!(%failure, failures = self.failures, ?pause, "asking again");
        notice(&failure);
        tokio::time::sleep(pause).await;
        Ok(())
    }
}

/// Reads `Retry-After`: seconds, or an HTTP date, which is compared with the server's own `Date`.
#[must_use]
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name| headers.get(name)?.to_str().ok();
    let value: &str = text(RETRY_AFTER)?.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = DateTime::parse_from_rfc2822(value).ok()?;
    let now = DateTime::parse_from_rfc2822(text(DATE)?).ok()?;
    Some((until - now).to_std().unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(values: &[(reqwest::header::HeaderName, &'static str)]) -> HeaderMap {
        values
            .iter()
            .map(|(name, value)| (name.clone(), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let seconds = |value| retry_after(&headers(&[(RETRY_AFTER, value)])).map(|d| d.as_secs());
        assert_eq!(seconds("7"), Some(7));
        assert_eq!(seconds(" 0 "), Some(0));
        for wrong in ["", "-1", "soon", "1.5", "Wed, 21 Oct 2026 07:28:05 GMT"] {
            assert_eq!(seconds(wrong), None, "{wrong}");
        }
        let date = "Wed, 21 Oct 2026 07:28:00 GMT";
        let dates = |value| retry_after(&headers(&[(DATE, date), (RETRY_AFTER, value)]));
        assert_eq!(
            dates("Wed, 21 Oct 2026 07:28:05 GMT"),
            Some(Duration::from_secs(5))
        );
        assert_eq!(dates("Wed, 21 Oct 2026 07:27:00 GMT"), Some(Duration::ZERO));
    }

    #[test]
    fn polls_begin_quickly_and_then_follow_the_server_within_bounds() {
        let pace = Pace::default();
        let pauses = |told: Option<u64>| {
            let told = told.map(Duration::from_secs);
            [0, 1, 2, 3, 9].map(|poll| pace.after_poll(poll, told).as_millis())
        };
        assert_eq!(pauses(Some(10)), [250, 500, 1_000, 10_000, 10_000]);
        assert_eq!(pauses(Some(0)), [250, 500, 1_000, 1_000, 1_000]);
        assert_eq!(pauses(Some(7_200)), [250, 500, 1_000, 60_000, 60_000]);
        assert_eq!(pauses(None), [250, 500, 1_000, 5_000, 5_000]);
    }

    #[test]
    fn failures_wait_longer_each_time_or_as_the_server_says() {
        let pace = Pace::default();
        let pauses =
            [0, 1, 2, 9, 99].map(|failures| pace.after_failure(failures, None).as_millis());
        assert_eq!(pauses, [250, 500, 1_000, 10_000, 10_000]);
        assert_eq!(
            pace.after_failure(0, Some(Duration::from_secs(30)))
                .as_secs(),
            30
        );
        assert_eq!(pace.after_failure(0, Some(Duration::ZERO)).as_secs(), 1);
    }
}
