//! The service on one screen. PostgreSQL is the truth and says nearly all: workers and the node stand there as workers last
//! told of them. Redis and the node are asked too where `REDIS_HOST` and `IPFS_API_URL` are set here.

mod servers;
mod text;

use anyhow::Context;
use bulk_export_domain::config::Variables;
use bulk_export_store::{
    Pause, Store,
    operator::{
        Attention, Backlog, Counts, Level, NodeView, OpenJob, Queue, Signs, Swept, Throughput,
        WorkerLine, attention,
    },
};
use serde_json::{Value as Json, json};

use self::servers::{Answer, Servers};
use super::super::{Exit, print, sweep};
use crate::{operator, table::Paint};

/// The exit code of `--check` when something does not work.
const NEEDS_ATTENTION: u8 = 3;

/// All that is shown.
pub(super) struct Screen {
    servers: Servers,
    paused: Option<Pause>,
    workers: Vec<WorkerLine>,
    queue: Queue,
    counts: Counts,
    oldest: Option<OpenJob>,
    throughput: Throughput,
    node: NodeView,
    sweep: Option<Swept>,
    backlog: Backlog,
    attention: Vec<Attention>,
}

pub(super) async fn run(check: bool, as_json: bool, variables: &Variables) -> anyhow::Result<()> {
    let store = operator::store(variables)?;
    let read = read(&store, variables).await;
    let read = read.context("the database of DATABASE_URL cannot tell how the service is");
    let screen = match read {
        Err(error) if check => return Err(Exit::new(NEEDS_ATTENTION, format!("{error:#}")).into()),
        read => read?,
    };
    print(&if as_json {
        screen.as_json().to_string()
    } else {
        text::as_text(&screen, Paint::of(variables))
    })?;
    let bad: Vec<_> = screen.bad().collect();
    if check && !bad.is_empty() {
        let text = bad.iter().map(|one| one.text.as_str()).collect::<Vec<_>>();
        return Err(Exit::new(NEEDS_ATTENTION, text.join(" ")).into());
    }
    Ok(())
}

async fn read(store: &Store, variables: &Variables) -> anyhow::Result<Screen> {
    let postgresql = store.server_version().await?;
    if !store.migrated().await? {
        anyhow::bail!("it has not our tables: bulk-export migrate");
    }
    let (workers, queue) = (store.worker_list().await?, store.queue().await?);
    let (node, counts) = (store.node_view().await?, store.job_counts().await?);
    let backlog = store.delivery_backlog().await?;
    let servers = Servers::ask(postgresql, &workers, variables).await?;
    let mut attention = attention(&Signs {
        workers: &workers,
        queue: &queue,
        node: &node,
        counts: &counts,
        backlog: &backlog,
    });
    attention.extend(servers.attention());
    attention.sort_by_key(|one| one.level != Level::Bad);
    Ok(Screen {
        paused: store.paused().await?,
        oldest: store.oldest_open().await?,
        throughput: store.throughput().await?,
        sweep: store.last_sweep().await?,
        servers,
        workers,
        queue,
        counts,
        node,
        backlog,
        attention,
    })
}

impl Screen {
    fn bad(&self) -> impl Iterator<Item = &Attention> {
        self.attention.iter().filter(|one| one.level == Level::Bad)
    }

    fn as_json(&self) -> Json {
        let seconds = |age: Option<std::time::Duration>| age.map(|age| age.as_secs_f64());
        let attention = |one: &Attention| {
            let level = match one.level {
                Level::Bad => "bad",
                Level::Look => "look",
            };
            json!({"level": level, "about": one.about.as_str(), "text": one.text})
        };
        let spans = [1, 5, 60].into_iter().zip(&self.throughput);
        let spans = spans.map(|(minutes, span)| {
            json!({"minutes": minutes, "parts": span.parts, "resources": span.resources, "bytes": span.bytes})
        });
        json!({
            "healthy": self.bad().next().is_none(),
            "attention": self.attention.iter().map(attention).collect::<Vec<_>>(),
            "paused": self.paused.as_ref().map(|pause| json!({
                "at": pause.at, "by": pause.by.reveal(), "reason": pause.reason,
            })),
            "servers": {
                "postgresql": self.servers.postgresql,
                "redis": self.servers.redis.as_ref().map(|answer| answer.word()),
                "ipfs": self.servers.ipfs.as_ref().map(|answer| answer.word()),
            },
            "workers": self.workers.iter().map(worker_as_json).collect::<Vec<_>>(),
            "queue": {
                "due": self.queue.due,
                "resting": self.queue.resting,
                "running": self.queue.running,
                "abandoned": self.queue.abandoned,
                "oldestDueSeconds": seconds(self.queue.oldest_due),
            },
            "jobs": {
                "pending": self.counts.pending,
                "in_progress": self.counts.in_progress,
                "completed": self.counts.completed,
                "failed": self.counts.failed,
                "cancelled": self.counts.cancelled,
            },
            "oldestJob": self.oldest.as_ref().map(|job| json!({
                "job": job.id, "state": job.state.as_str(), "progress": job.progress, "seconds": job.age.as_secs_f64(),
            })),
            "throughput": spans.collect::<Vec<_>>(),
            "node": {
                "bytes": self.node.repo_bytes,
                "capacityBytes": self.node.capacity_bytes,
                "private": self.node.private,
                "measuredSecondsAgo": seconds(self.node.measured),
                "pins": self.node.pins,
                "unownedPins": self.node.unowned_pins,
                "filesToRelease": self.queue.to_release,
            },
            "lastSweep": self.sweep.map(sweep::as_json),
            "webhooks": {"due": self.backlog.due, "parked": self.backlog.parked},
        })
    }
}

fn worker_as_json(worker: &WorkerLine) -> Json {
    json!({
        "worker": worker.name,
        "version": worker.version,
        "slots": worker.slots,
        "running": worker.running,
        "claiming": worker.claiming,
        "note": worker.note,
        "startedAt": worker.started_at,
        "seenAt": worker.seen_at,
        "silentSeconds": worker.silent.as_secs_f64(),
    })
}

#[cfg(test)]
mod tests;
