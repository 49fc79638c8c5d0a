//! Who has how many requests left: counted in Redis for all replicas, from tokens that this replica has in hand, or
//! while Redis is away by this replica alone.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use bulk_export_domain::limits::{Class, Quota, RateLimits};
use bulk_export_queue::{Rates, Taken};
use governor::{
    Quota as LocalQuota, RateLimiter, clock::Clock, clock::DefaultClock,
    middleware::StateInformationMiddleware, state::keyed::DashMapStateStore,
};

/// How long Redis is not asked after it failed: not every request waits for its deadline.
const REST: Duration = Duration::from_secs(1);

/// How many clients are kept in mind; when there are more, what can be forgotten is.
const MOST: usize = 100_000;

/// What part of a quota is fetched at once for polls and downloads, so that Redis is asked for one of many. A replica that
/// goes on with tokens in hand can so pass a quota by this part of it, and no more: what is not used within the quota's
/// window is thrown away.
const IN_HAND: u32 = 4;

type Local =
    RateLimiter<String, DashMapStateStore<String>, DefaultClock, StateInformationMiddleware>;

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) class: Class,
    pub(crate) quota: Quota,
    /// How many more are allowed at once.
    pub(crate) left: u32,
    /// When there will be one; nothing, when this one was allowed.
    pub(crate) refused: Option<Duration>,
}

/// Tokens that were taken from Redis for requests to come, or the knowledge that there are none for a while.
#[derive(Debug, Clone, Copy)]
struct Hand {
    tokens: u32,
    left: u32,
    until: Instant,
}

/// The counters of this replica.
#[derive(Debug)]
pub(crate) struct Counters {
    limits: RateLimits,
    rates: Rates,
    hands: Mutex<HashMap<String, Hand>>,
    local: [Option<Local>; 4],
    away_until: Mutex<Option<Instant>>,
}

impl Counters {
    pub(crate) fn new(limits: RateLimits, rates: Rates) -> Self {
        let local = Class::ALL.map(|class| {
            let quota = limits.of(class)?;
            let local = LocalQuota::with_period(quota.interval())?.allow_burst(quota.requests);
            Some(RateLimiter::dashmap(local).with_middleware())
        });
        Self {
            limits,
            rates,
            hands: Mutex::default(),
            local,
            away_until: Mutex::default(),
        }
    }

    /// Counts a request; `None` when its class has no limit. The key must tell nothing of anybody.
    ///
    /// A poll that heeds `Retry-After` is never refused. It comes a second after the one before it at the earliest, whichever
    /// replica that one went to, and nothing else takes from its counter, which is this requester's for this job; in a second
    /// the counter gains a token at least (`RateLimits::read` sees to that). So it finds one, however many are in other
    /// replicas' hands, and likewise in the local counter.
    pub(crate) async fn take(&self, class: Class, key: &str) -> Option<Verdict> {
        let quota = self.limits.of(class)?;
        let key = format!("{}:{key}", class.as_str());
        let verdict = |left, refused| Verdict {
            class,
            quota,
            left,
            refused,
        };
        if let Some((left, refused)) = self.in_hand(&key) {
            return Some(verdict(left, refused));
        }
        let wanted = match class {
            Class::Status | Class::Download => (quota.requests.get() / IN_HAND).max(1),
            Class::KickOff | Class::Unauthenticated => 1,
        };
        let (left, refused) = match self.by_redis(&key, quota, wanted).await {
            Some(taken) => self.keep(key, quota, taken),
            None => self.by_itself(class, &key),
        };
        Some(verdict(left, refused))
    }

    fn in_hand(&self, key: &str) -> Option<(u32, Option<Duration>)> {
        let now = Instant::now();
        let mut hands = self.hands.lock().unwrap_or_else(PoisonError::into_inner);
        let hand = hands.get_mut(key)?;
        let time = hand
            .until
            .checked_duration_since(now)
            .filter(|time| !time.is_zero());
        match (time, hand.tokens) {
            // Known to be empty.
            (Some(time), 0) => Some((0, Some(time))),
            (Some(_), tokens) => {
                hand.tokens = tokens - 1;
                let left = hand.left + hand.tokens;
                if hand.tokens == 0 {
                    hands.remove(key);
                }
                Some((left, None))
            }
            (None, _) => {
                hands.remove(key);
                None
            }
        }
    }

    /// Uses one of the tokens that were taken, and keeps the others in hand.
    fn keep(&self, key: String, quota: Quota, taken: Taken) -> (u32, Option<Duration>) {
        let Taken {
            granted,
            left,
            wait,
        } = taken;
        let now = Instant::now();
        let hand = match granted {
            // The one that was granted is used now.
            1 => None,
            0 => Some((0, wait)),
            more => Some((more - 1, quota.window)),
        };
        if let Some((tokens, time)) = hand {
            let mut hands = self.hands.lock().unwrap_or_else(PoisonError::into_inner);
            if hands.len() >= MOST {
                hands.retain(|_, hand| hand.until > now);
            }
            if hands.len() >= MOST {
                hands.clear();
            }
            let until = now + time;
            hands.insert(
                key,
                Hand {
                    tokens,
                    left,
                    until,
                },
            );
        }
        (
            left + granted.saturating_sub(1),
            (granted == 0).then_some(wait),
        )
    }

    /// Asks Redis, unless it has just failed.
    async fn by_redis(&self, key: &str, quota: Quota, wanted: u32) -> Option<Taken> {
        let resting = *self
            .away_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if resting.is_some_and(|until| until > Instant::now()) {
            return None;
        }
        let taken = self.rates.take(key, quota, wanted).await;
        let mut away = self
            .away_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match taken {
            Ok(taken) => {
                if away.take().is_some() {
                    tracing::info!("rates are counted over all replicas again");
                }
                Some(taken)
            }
            Err(error) => {
                if away.replace(Instant::now() + REST).is_none() {
                    tracing::warn!(%error, "rates are counted by this replica alone while Redis is away");
                }
                None
            }
        }
    }

    fn by_itself(&self, class: Class, key: &String) -> (u32, Option<Duration>) {
        // A class without a quota does not get here.
        let Some(local) = &self.local[class as usize] else {
            return (0, None);
        };
        if local.len() >= MOST {
            local.retain_recent();
        }
        match local.check_key(key) {
            Ok(state) => (state.remaining_burst_capacity(), None),
            Err(until) => (0, Some(until.wait_time_from(DefaultClock::default().now()))),
        }
    }
}
