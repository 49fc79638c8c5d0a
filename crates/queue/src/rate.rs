//! Tokens of rate limits, counted in Redis for all replicas together.

use std::{fmt, sync::Arc, time::Duration};

use bulk_export_domain::limits::Quota;
use redis::{Script, aio::ConnectionManager};

use crate::{Error, Hints, QUEUE, measure::measured};

/// How long a request waits for Redis before it is counted elsewhere.
const DEADLINE: Duration = Duration::from_millis(50);

/// The counters. Cheap to clone.
#[derive(Clone)]
pub struct Rates {
    connection: ConnectionManager,
    script: Arc<Script>,
}

impl fmt::Debug for Rates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Rates")
    }
}

/// What was taken from a counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// Tokens taken, at most as many as were wanted.
    pub granted: u32,
    /// Tokens that are left.
    pub left: u32,
    /// When there is a token again; nothing, when there is one.
    pub wait: Duration,
}

impl Rates {
    /// Takes the connection that the hints have.
    #[must_use]
    pub fn new(hints: &Hints) -> Self {
        Self {
            connection: hints.connection(),
            script: Arc::new(Script::new(include_str!("rate.lua"))),
        }
    }

    /// Takes up to `wanted` tokens of a key. The key must tell nothing of anybody.
    ///
    /// # Errors
    /// Redis is away, or took longer than 50 ms.
    pub async fn take(&self, key: &str, quota: Quota, wanted: u32) -> Result<Taken, Error> {
        let mut connection = self.connection.clone();
        let mut script = self.script.key(format!("{QUEUE}:rate:{key}"));
        #[expect(
            clippy::cast_precision_loss,
            reason = "a day has fewer microseconds than a float has digits"
        )]
        let each = quota.window.as_micros() as f64 / f64::from(quota.requests.get());
        script.arg(each).arg(quota.requests.get()).arg(wanted);
        let call = async {
            let answer = tokio::time::timeout(DEADLINE, script.invoke_async(&mut connection));
            let (granted, left, wait): (u32, u32, u64) =
                answer.await.map_err(|_| Error::Deadline)??;
            Ok(Taken {
                granted,
                left,
                wait: Duration::from_micros(wait),
            })
        };
        measured("rate", call).await
    }
}
