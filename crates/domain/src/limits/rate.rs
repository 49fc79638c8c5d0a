//! How often one client may ask. Each class of routes has a quota of its own.

use std::{fmt, num::NonZeroU32, str::FromStr, time::Duration};

use crate::config::Variables;

/// What a request counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// Kick-offs, by requester.
    KickOff,
    /// Polls and cancels, by requester and job.
    Status,
    /// Files, by requester.
    Download,
    /// What comes without a valid token, by address; and what a requester asks for that is not there.
    Unauthenticated,
}

impl Class {
    /// Every class.
    pub const ALL: [Self; 4] = [
        Self::KickOff,
        Self::Status,
        Self::Download,
        Self::Unauthenticated,
    ];

    /// Gives the policy's name, as clients see it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::KickOff => "kick-off",
            Self::Status => "status",
            Self::Download => "download",
            Self::Unauthenticated => "unauthenticated",
        }
    }

    /// Gives the word by which refusals are counted.
    #[must_use]
    pub const fn refused(self) -> &'static str {
        match self {
            Self::KickOff => "rate_kick_off",
            Self::Status => "rate_status",
            Self::Download => "rate_download",
            Self::Unauthenticated => "rate_unauthenticated",
        }
    }

    /// Gives the variable that sets its quota.
    #[must_use]
    pub const fn variable(self) -> &'static str {
        match self {
            Self::KickOff => "RATE_LIMIT_KICK_OFF",
            Self::Status => "RATE_LIMIT_STATUS",
            Self::Download => "RATE_LIMIT_DOWNLOAD",
            Self::Unauthenticated => "RATE_LIMIT_UNAUTHENTICATED",
        }
    }
}

/// So many requests in so long: all of them at once when none came for that long, and then evenly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// Requests.
    pub requests: NonZeroU32,
    /// The window: whole seconds.
    pub window: Duration,
}

/// A text that is no quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a quota")]
pub struct InvalidQuota;

impl FromStr for Quota {
    type Err = InvalidQuota;

    /// Reads a form such as `60/1m`.
    fn from_str(text: &str) -> Result<Self, InvalidQuota> {
        let (requests, window) = text.split_once('/').ok_or(InvalidQuota)?;
        let requests = requests.parse().map_err(|_| InvalidQuota)?;
        let window = humantime::parse_duration(window).map_err(|_| InvalidQuota)?;
        let allowed = Duration::from_secs(1)..=Duration::from_hours(24);
        if window.subsec_nanos() > 0 || !allowed.contains(&window) {
            return Err(InvalidQuota);
        }
        Ok(Self { requests, window })
    }
}

impl fmt::Display for Quota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let window = humantime::format_duration(self.window);
        write!(f, "{}/{window}", self.requests)
    }
}

impl Quota {
    /// How long it takes until one more request is allowed.
    #[must_use]
    pub fn interval(self) -> Duration {
        self.window / self.requests.get()
    }
}

/// The quotas; a class without one is not limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RateLimits([Option<Quota>; 4]);

impl RateLimits {
    /// Reads the variables; problems are noted there.
    pub fn read(v: &mut Variables) -> Self {
        // Polls: twice as often as the most impatient Retry-After allows.
        Self(
            [(60, 60), (60, 30), (1200, 60), (120, 60)].map(|(requests, seconds)| {
                NonZeroU32::new(requests).map(|requests| Quota {
                    requests,
                    window: Duration::from_secs(seconds),
                })
            }),
        )
        .configured(v)
    }

    fn configured(mut self, v: &mut Variables) -> Self {
        for (class, quota) in Class::ALL.into_iter().zip(&mut self.0) {
            let name = class.variable();
            match v.raw(name) {
                None => {}
                Some("none") => *quota = None,
                Some(_) => {
                    let expected = "requests and a window of whole seconds, such as 60/1m, or none for no limit";
                    *quota = v.optional(name, expected).or(*quota);
                }
            }
        }
        if self
            .of(Class::Status)
            .is_some_and(|quota| quota.interval() > Duration::from_secs(1))
        {
            v.problem(
                Class::Status.variable(),
                "is too small: Retry-After may be one second, so at least one request a second is needed",
            );
        }
        self
    }

    /// Gives the quota of a class.
    #[must_use]
    pub fn of(&self, class: Class) -> Option<Quota> {
        self.0[class as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, value: &str) -> Result<RateLimits, String> {
        let mut v = Variables::new([(name.to_owned(), value.to_owned())]);
        let limits = RateLimits::read(&mut v);
        v.finish()
            .map(|()| limits)
            .map_err(|problems| problems.to_string())
    }

    #[test]
    fn a_quota_is_requests_in_a_window_or_none() {
        let limits = read("RATE_LIMIT_KICK_OFF", "5/2m").unwrap();
        let quota = limits.of(Class::KickOff).unwrap();
        assert_eq!(
            (quota.to_string().as_str(), quota.interval()),
            ("5/2m", Duration::from_secs(24))
        );
        assert!(limits.of(Class::Download).is_some());
        let off = read("RATE_LIMIT_DOWNLOAD", "none").unwrap();
        assert_eq!(off.of(Class::Download), None);
        for wrong in [
            "5", "0/1m", "5/0s", "5/500ms", "-1/1m", "5/1m/1m", "5/2days",
        ] {
            let problem = read("RATE_LIMIT_KICK_OFF", wrong).unwrap_err();
            assert!(problem.contains("RATE_LIMIT_KICK_OFF"), "{problem}");
        }
    }

    #[test]
    fn polls_at_the_pace_of_retry_after_must_fit() {
        assert!(read("RATE_LIMIT_STATUS", "60/1m").is_ok());
        let problem = read("RATE_LIMIT_STATUS", "59/1m").unwrap_err();
        assert!(problem.contains("RATE_LIMIT_STATUS"), "{problem}");
    }
}
