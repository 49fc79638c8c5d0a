//! How full the node is: measured every few seconds, kept for people and for the API, and before it is full no part is claimed.

use std::time::Duration;

use bulk_export_ipfs::{Finding, Usage};
use bulk_export_store::NodeMeasure;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::Context;

/// How often the node is measured.
const EVERY: Duration = Duration::from_secs(5);

/// How often it is looked at whether the node is private: that takes more calls, and changes with a restart only.
const PRIVACY_EVERY: Duration = Duration::from_mins(1);

/// How many percent must be free again below the mark before parts are claimed: else they would begin and stop in turns.
const SLACK: u64 = 2;

/// Measures the node until `stop`.
pub(crate) async fn keep(context: &Context, stop: &CancellationToken) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut private: Option<(bool, Instant)> = None;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = ticks.tick() => {}
        }
        if private.is_none_or(|(_, at)| at.elapsed() >= PRIVACY_EVERY)
            && let Ok(findings) = context.node.check().await
        {
            private = Some((!findings.iter().any(Finding::privacy), Instant::now()));
        }
        // One that is away is the gate's business.
        let Ok(usage) = context.node.usage().await else {
            continue;
        };
        judge(context, usage);
        let measure = NodeMeasure {
            held: usage.held,
            capacity: usage.capacity,
            private: private.map(|(private, _)| private),
        };
        if let Err(error) = context.store.note_node(measure, EVERY / 2).await {
            tracing::debug!(%error, "what the node holds was not noted");
        }
    }
}

/// Shuts the gate before the node is full, and opens it when there is room again. Said once each time.
fn judge(context: &Context, usage: Usage) {
    let Some(mark) = context.config.node_full_at else {
        return;
    };
    let percent = percent(usage);
    let full = is_full(percent, mark, context.gate.is_full());
    if !context.gate.fill(full) {
        return;
    }
    if full {
        tracing::warn!(
            percent,
            mark,
            "the IPFS node is nearly full: no part is claimed until a sweep has made room"
        );
    } else {
        tracing::info!(percent, "the IPFS node has room again");
        context.wake();
    }
}

fn percent(usage: Usage) -> u64 {
    let percent = u128::from(usage.held) * 100 / u128::from(usage.capacity.max(1));
    u64::try_from(percent).unwrap_or(u64::MAX)
}

fn is_full(percent: u64, mark: u64, was: bool) -> bool {
    percent
        >= if was {
            mark.saturating_sub(SLACK)
        } else {
            mark
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_full_from_the_mark_on_until_it_is_well_below() {
        let of = |held, capacity| percent(Usage { held, capacity });
        assert_eq!(
            (of(89, 100), of(u64::MAX, u64::MAX), of(5, 0)),
            (89, 100, 500)
        );
        assert!(!is_full(89, 90, false) && is_full(90, 90, false));
        assert!(is_full(88, 90, true) && !is_full(87, 90, true));
    }
}
