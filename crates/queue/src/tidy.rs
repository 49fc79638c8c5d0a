//! Removes what apalis-redis leaves behind: it never cleans the data of finished tasks, nor of workers that are gone
//! (measured: 548 bytes a task, for ever). Its own `vacuum` breaks tasks that wait for a retry.

use std::time::{Duration, SystemTime};

use redis::AsyncCommands;

use crate::{Error, Hints, QUEUE, measure::measured};

/// How many task ids one call of the script takes.
const CHUNK: usize = 500;

impl Hints {
    /// Removes finished hints that ended at least `older_than` ago, and what is left of workers that have not been
    /// heard of for a day. Gives how many hints went.
    ///
    /// # Errors
    /// Redis is away.
    pub async fn tidy(&self, older_than: Duration) -> Result<u64, Error> {
        measured("tidy", self.tidy_all(older_than)).await
    }

    async fn tidy_all(&self, older_than: Duration) -> Result<u64, Error> {
        let now = seconds_since_epoch();
        let mut removed = 0;
        for set in ["done", "dead"] {
            removed += self
                .tidy_set(set, now.saturating_sub(older_than.as_secs()))
                .await?;
        }
        self.tidy_workers(now.saturating_sub(86_400)).await?;
        Ok(removed)
    }

    async fn tidy_set(&self, set: &str, before: u64) -> Result<u64, Error> {
        let script = redis::Script::new(include_str!("tidy.lua"));
        let mut connection = self.connection();
        let (mut cursor, mut removed) = (0_u64, 0_u64);
        loop {
            let (next, ids): (u64, Vec<String>) = redis::cmd("SSCAN")
                .arg(format!("{QUEUE}:{set}"))
                .arg(cursor)
                .arg("COUNT")
                .arg(CHUNK)
                .query_async(&mut connection)
                .await?;
            if !ids.is_empty() {
                let mut call = script.key(format!("{QUEUE}:{set}"));
                call.key(format!("{QUEUE}:data"))
                    .arg(format!("{QUEUE}:meta"))
                    .arg(before)
                    .arg(ids);
                removed += call.invoke_async::<u64>(&mut connection).await?;
            }
            if next == 0 {
                return Ok(removed);
            }
            cursor = next;
        }
    }

    /// A worker's name is new at each start of a process, so its entries only ever grow in number.
    async fn tidy_workers(&self, before: u64) -> Result<(), Error> {
        let mut connection = self.connection();
        let workers = format!("{QUEUE}:workers");
        let gone: Vec<String> = connection.zrangebyscore(&workers, "-inf", before).await?;
        for name in gone {
            // An entry is the key of the worker's set of tasks under way; other workers have long taken those over.
            let inflight: u64 = connection.scard(&name).await.unwrap_or(0);
            if inflight == 0 {
                let short = name
                    .rsplit_once(':')
                    .map_or(name.as_str(), |(_, short)| short);
                let _: () = redis::pipe()
                    .zrem(&workers, &name)
                    .del(format!("{QUEUE}:workers:metadata:{short}"))
                    .query_async(&mut connection)
                    .await?;
            }
        }
        Ok(())
    }
}

/// apalis stamps with the clock of the process that ends a task.
fn seconds_since_epoch() -> u64 {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |elapsed| elapsed.as_secs())
}
