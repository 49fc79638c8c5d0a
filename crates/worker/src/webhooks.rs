//! Webhooks: what is due is claimed and sent, a few at a time and to each receiver one after the other, so that a slow
//! receiver delays nobody else. Any number of workers do this at once; neither Redis nor the node is needed.

mod send;

use std::{sync::Arc, time::Duration};

use bulk_export_domain::webhook::wait_after;
use bulk_export_store::webhooks::Outgoing;
use tokio::{
    sync::Notify,
    time::{MissedTickBehavior, interval, timeout},
};
use tokio_util::sync::CancellationToken;

use self::send::{Failure, Sender};
use crate::Context;

/// How many deliveries are under way at once in one worker: each to another receiver.
pub(crate) const AT_ONCE: usize = 32;

/// How long the receiver has, from the question for its address to the head of its answer.
const DEADLINE: Duration = Duration::from_secs(10);

/// How long a delivery is ours: well above the deadline, so that nobody sends what is still being sent.
const LEASE: Duration = Duration::from_secs(30);

/// How often what is due is looked for.
const LOOK: Duration = Duration::from_secs(1);

/// How often jobs that have come to their expiry are looked for: an indexed query of an almost always empty set.
const EXPIRY: Duration = Duration::from_secs(5);

/// By this status the receiver says that it wants no more (Standard Webhooks, "Responding to webhooks").
const GONE: u16 = 410;

/// Delivers until `stop`.
pub(crate) async fn keep(context: &Context, stop: &CancellationToken) {
    let sender = match Sender::new(&context.config.webhooks, DEADLINE) {
        Ok(sender) => Arc::new(sender),
        // Exports go on: the backlog shows what is missing.
        Err(error) => {
            return tracing::error!(%error, "webhooks cannot be delivered by this worker");
        }
    };
    let (mut looks, mut expiries) = (interval(LOOK), interval(EXPIRY));
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    expiries.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let ended = Arc::new(Notify::new());
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = expiries.tick() => expire(context).await,
            _ = looks.tick() => {}
            // A receiver is free again, and may have more to be told.
            () = ended.notified() => {}
        }
        deliver_due(context, &sender, &ended).await;
    }
}

/// Waits at the end of the process until what is under way has ended. What has not is sent again by another worker.
pub(crate) async fn ended(context: &Context, patience: Duration) {
    let all = u32::try_from(AT_ONCE).unwrap_or(u32::MAX);
    let idle = context.deliveries.acquire_many(all);
    if timeout(patience.min(DEADLINE), idle).await.is_err() {
        tracing::warn!("some webhooks were still under way; they will be delivered again");
    }
}

async fn expire(context: &Context) {
    match context.store.expire().await {
        Ok(0) => {}
        Ok(jobs) => tracing::info!(jobs, "jobs have expired"),
        Err(error) => tracing::warn!(%error, "what has expired is noted later"),
    }
}

/// Claims what is due, as much as there is room for, and sends it beside.
async fn deliver_due(context: &Context, sender: &Arc<Sender>, ended: &Arc<Notify>) {
    let room = context.deliveries.available_permits();
    if room == 0 {
        return;
    }
    let room = i64::try_from(room).unwrap_or(i64::MAX);
    let claimed = match context.store.claim_deliveries(LEASE, room).await {
        Ok(claimed) => claimed,
        Err(error) => return tracing::warn!(%error, "webhooks are delivered later"),
    };
    for outgoing in claimed {
        // There was room, and nobody else takes it.
        let Ok(permit) = Arc::clone(&context.deliveries).try_acquire_owned() else {
            return;
        };
        let (context, sender, ended) = (context.clone(), sender.clone(), ended.clone());
        let tracker = context.tracker.clone();
        tracker.spawn(async move {
            deliver(&context, &sender, outgoing).await;
            drop(permit);
            ended.notify_one();
        });
    }
}

/// Makes one attempt and notes how it ended.
async fn deliver(context: &Context, sender: &Sender, outgoing: Outgoing) {
    let (attempt, job) = (outgoing.attempt, outgoing.job);
    let sent = sender.send(&outgoing).await;
    let wait = wait_after(attempt.number, rand::random());
    let (outcome, noted) = match &sent {
        Ok(status) => ("delivered", context.store.delivered(attempt, *status).await),
        Err(failure) if failure.status == Some(GONE) => {
            ("parked", context.store.receiver_gone(attempt).await)
        }
        Err(Failure { status, why }) => (
            wait.map_or("parked", |_| "failed"),
            context
                .store
                .not_delivered(attempt, *status, (*why).to_owned(), wait)
                .await,
        ),
    };
    metrics::counter!("bulk_export_webhook_deliveries_total", "outcome" => outcome).increment(1);
    match sent {
        Ok(status) => {
            tracing::info!(job.id = %job, delivery.id = %attempt.delivery, webhook.id = %attempt.webhook, attempt = attempt.number, status, "a webhook was delivered");
        }
        Err(failure) => {
            tracing::warn!(job.id = %job, delivery.id = %attempt.delivery, webhook.id = %attempt.webhook, attempt = attempt.number, status = failure.status, outcome, reason = failure.why, "a webhook was not delivered");
        }
    }
    match noted {
        Ok(true) => {}
        Ok(false) => {
            tracing::info!(delivery.id = %attempt.delivery, "the delivery was no longer ours");
        }
        Err(error) => {
            tracing::warn!(%error, delivery.id = %attempt.delivery, "how a delivery ended could not be noted; it will be sent again");
        }
    }
}
