//! Pushes hints, under a deadline, and never more than wait already to no purpose.

use std::{fmt, time::Duration};

use apalis::prelude::TaskSink;
use apalis_redis::RedisStorage;
use bulk_export_domain::hint::Hint;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use serde_json::Value;

use crate::{Config, Error, QUEUE, measure::measured};

/// The most hints that may wait. apalis-redis 1.0.0 fails for ever from 8,000 due ones on (queue notes, item 12).
const MOST_WAITING: u64 = 1000;

/// How long a push may take before the caller goes on without it.
const DEADLINE: Duration = Duration::from_millis(1500);

/// Pushes hints. Cheap to clone.
#[derive(Clone)]
pub struct Hints {
    connection: ConnectionManager,
}

impl fmt::Debug for Hints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hints")
    }
}

impl Hints {
    /// Makes the connection, which connects when first used and again after it was lost. Needs a tokio runtime.
    ///
    /// # Errors
    /// The address cannot be used.
    pub fn new(config: &Config) -> Result<Self, Error> {
        let manager = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(Duration::from_secs(1)))
            .set_response_timeout(Some(Duration::from_secs(1)))
            .set_number_of_retries(1)
            .set_min_delay(Duration::from_millis(50))
            .set_max_delay(Duration::from_millis(200));
        let connection = ConnectionManager::new_lazy_with_config(config.client()?, manager)?;
        Ok(Self { connection })
    }

    /// Pushes up to `count` copies of a hint: each wakes one slot of a worker. Pushes none where enough wait. Gives
    /// how many it pushed. An idle connection that died shows only when it is used, so a failed push is tried once more.
    ///
    /// # Errors
    /// Redis is away; the reconciler will announce the job.
    pub async fn push(&self, hint: Hint, count: u64) -> Result<u64, Error> {
        let pushed = match measured("push", self.try_push(hint, count)).await {
            Err(Error::Redis(_) | Error::Push(_)) => {
                measured("push", self.try_push(hint, count)).await
            }
            result => result,
        }?;
        metrics::counter!("bulk_export_hints_pushed_total").increment(pushed);
        Ok(pushed)
    }

    async fn try_push(&self, hint: Hint, count: u64) -> Result<u64, Error> {
        let work = async {
            let count = count.min(MOST_WAITING.saturating_sub(self.waiting().await?));
            let mut storage = self.storage();
            for _ in 0..count {
                let message =
                    serde_json::to_value(hint).map_err(|error| Error::Push(error.into()))?;
                storage
                    .push(message)
                    .await
                    .map_err(|error| Error::Push(error.into()))?;
            }
            Ok(count)
        };
        tokio::time::timeout(DEADLINE, work)
            .await
            .map_err(|_| Error::Deadline)?
    }

    /// Counts the hints that wait: pushed, and not yet fetched by a worker.
    ///
    /// # Errors
    /// Redis is away.
    pub async fn waiting(&self) -> Result<u64, Error> {
        let (scheduled, active): (u64, u64) = redis::pipe()
            .zcard(format!("{QUEUE}:scheduled"))
            .llen(format!("{QUEUE}:active"))
            .query_async(&mut self.connection.clone())
            .await?;
        Ok(scheduled + active)
    }

    /// Checks that Redis answers.
    ///
    /// # Errors
    /// It does not.
    pub async fn ready(&self) -> Result<(), Error> {
        let mut connection = self.connection.clone();
        let ping =
            async { Ok::<(), Error>(redis::cmd("PING").query_async(&mut connection).await?) };
        let ping = async {
            tokio::time::timeout(DEADLINE, ping)
                .await
                .map_err(|_| Error::Deadline)?
        };
        measured("ping", ping).await
    }

    pub(crate) fn connection(&self) -> ConnectionManager {
        self.connection.clone()
    }

    fn storage(&self) -> RedisStorage<Value> {
        let config = apalis_redis::Config::default()
            .queue(QUEUE)
            .emit_events(false);
        RedisStorage::new(self.connection()).with_config(config)
    }
}
