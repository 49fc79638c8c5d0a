//! Pulls hints. apalis's worker ends at any error of Redis and drops the handlers under way; so this loop starts it
//! again under a new name, and a handler does nothing but wake work that lives elsewhere.

use std::{fmt, future::Future, pin::Pin, sync::Arc, time::Duration};

use apalis::prelude::{
    BackendExt as _, BoxDynError, Data, WorkerBuilder, WorkerBuilderExt as _, WorkerContext,
};
use apalis_redis::RedisStorage;
use bulk_export_domain::hint::{Hint, JOB_NAME};
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use serde_json::Value;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::{Config, QUEUE, steady_poll::SteadyPoll};

/// How often an idle worker looks for hints: half of it is the median latency from push to start.
const POLL: Duration = Duration::from_millis(100);

/// apalis's own liveness of workers: after six missed heartbeats others take a worker's hints over.
const HEARTBEAT: Duration = Duration::from_secs(10);

const FIRST_BACKOFF: Duration = Duration::from_millis(250);
const LAST_BACKOFF: Duration = Duration::from_secs(5);

/// What happens on a hint. It must outlive the loss of Redis by itself: the returned future may be dropped any time.
pub type OnHint =
    Arc<dyn Fn(Option<Hint>) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// Gives apalis a type of its own to carry.
#[derive(Clone)]
struct Bell(OnHint);

/// Listens for hints.
#[derive(Clone)]
pub struct Listener {
    config: Config,
    /// Names this process, uniquely: apalis refuses a name whose former bearer it believes alive.
    name: String,
    /// How many hints are handled at once.
    slots: usize,
    on_hint: OnHint,
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener")
            .field("name", &self.name)
            .field("slots", &self.slots)
            .finish_non_exhaustive()
    }
}

impl Listener {
    /// Makes a listener.
    pub fn new(config: Config, name: String, slots: usize, on_hint: OnHint) -> Self {
        Self {
            config,
            name,
            slots,
            on_hint,
        }
    }

    /// Listens until `stop`. Connects again for ever, with a growing pause.
    pub fn run(self, stop: CancellationToken) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        // Boxed: the compiler cannot prove that apalis's own futures may be sent, unless their lifetimes end here.
        Box::pin(async move { self.keep_listening(stop).await })
    }

    async fn keep_listening(&self, stop: CancellationToken) {
        let mut backoff = FIRST_BACKOFF;
        for incarnation in 1_u64.. {
            let started = Instant::now();
            tokio::select! {
                () = stop.cancelled() => return,
                connection = self.connect() => match connection {
                    Ok(connection) => self.listen(connection, incarnation, &stop).await,
                    Err(error) => tracing::warn!(%error, "Redis is away: exports go on as the reconciler finds them"),
                },
            }
            backoff = if started.elapsed() > Duration::from_mins(1) {
                FIRST_BACKOFF
            } else {
                (backoff * 2).min(LAST_BACKOFF)
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = sleep(backoff) => {}
            }
        }
    }

    /// redis-rs gives up an answer after 500 ms by default, and with it the worker: a stall of Redis of a second
    /// would restart every worker.
    async fn connect(&self) -> redis::RedisResult<ConnectionManager> {
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(Duration::from_secs(3)))
            .set_response_timeout(Some(Duration::from_secs(20)))
            .set_number_of_retries(2)
            .set_min_delay(Duration::from_millis(200))
            .set_max_delay(Duration::from_secs(1));
        ConnectionManager::new_with_config(self.config.client()?, config).await
    }

    async fn listen(
        &self,
        connection: ConnectionManager,
        incarnation: u64,
        stop: &CancellationToken,
    ) {
        let config = apalis_redis::Config::default()
            .queue(QUEUE)
            .batch_size(1)
            .heartbeat_interval(HEARTBEAT)
            .missed_heartbeats(6)
            .emit_events(false);
        let storage = RedisStorage::<Value>::new(connection).with_config(config);
        let context = WorkerContext::new(&format!("{}.{incarnation}", self.name));
        let worker = WorkerBuilder::new(&context)
            .backend(storage.poll_with_strategy(SteadyPoll::new(POLL)))
            .data(Bell(self.on_hint.clone()))
            .concurrency(self.slots)
            .build(handle);
        let run = worker.run();
        tokio::pin!(run);
        tokio::select! {
            ended = &mut run => {
                if let Err(error) = ended {
                    tracing::warn!(%error, "the queue's worker ended and is started again");
                }
            }
            () = stop.cancelled() => {
                // First no more fetches, while acknowledgements and heartbeats go on; only then the end.
                let _ = context.pause();
                let drained = async {
                    while context.task_count() > 0 {
                        sleep(Duration::from_millis(20)).await;
                    }
                };
                tokio::select! {
                    _ = &mut run => return,
                    _ = timeout(Duration::from_secs(3), drained) => {}
                }
                let _ = context.stop();
                let _ = timeout(Duration::from_secs(1), &mut run).await;
            }
        }
    }
}

/// Always `Ok`: apalis-redis retries a failed task 25 times whatever it is told, and what is to be retried stands in
/// PostgreSQL. The arguments are any JSON, because one message that does not parse would end the worker for ever.
async fn handle(message: Value, bell: Data<Bell>) -> Result<(), BoxDynError> {
    let hint: Option<Hint> = serde_json::from_value(message).ok();
    if let Some(hint) = hint {
        tracing::debug!(job.id = %hint.job_id, name = JOB_NAME, "hint");
    } else {
        tracing::warn!(name = JOB_NAME, "a message on the queue is no hint of ours");
    }
    (bell.0.0)(hint).await;
    Ok(())
}
