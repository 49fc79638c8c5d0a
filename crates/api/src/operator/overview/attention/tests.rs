use bulk_export_store::operator::{Counts, NodeView, Queue, WorkerLine};
use chrono::DateTime;

use super::*;

fn worker(silent: u64, claiming: bool) -> WorkerLine {
    WorkerLine {
        name: "w".to_owned(),
        version: "1".to_owned(),
        slots: 2,
        running: 0,
        claiming,
        note: (!claiming).then(|| "the node is full".to_owned()),
        started_at: DateTime::UNIX_EPOCH,
        seen_at: DateTime::UNIX_EPOCH,
        silent: Duration::from_secs(silent),
    }
}

fn well() -> Figures {
    Figures {
        queue: Queue::default(),
        workers: vec![worker(3, true)],
        node: NodeView::default(),
        open: vec![],
        paused: None,
        counts: Counts::default(),
        minutes: vec![],
        parked: false,
    }
}

/// What is found after one change to a service that is well.
fn after(change: impl FnOnce(&mut Figures)) -> Vec<(Level, String)> {
    let mut figures = well();
    change(&mut figures);
    attention(&figures)
        .into_iter()
        .map(|one| (one.level, one.text))
        .collect()
}

#[test]
fn a_service_that_is_well_needs_nothing() {
    assert_eq!(after(|_| {}), []);
}

#[test]
fn each_cause_is_found_with_how_bad_it_is() {
    type Change = fn(&mut Figures);
    let cases: [(Change, Level, &str); 13] = [
        (|q| q.workers.clear(), Level::Bad, "No worker is alive"),
        (
            |q| q.workers = vec![worker(2, false)],
            Level::Bad,
            "No worker claims parts: the node is full.",
        ),
        (
            |q| q.workers.push(worker(61, true)),
            Level::Look,
            "1 worker was not heard of",
        ),
        (
            |q| q.queue.oldest_due = Some(Duration::from_secs(61)),
            Level::Look,
            "waited for 1 min 1 s",
        ),
        (
            |q| q.queue.oldest_due = Some(Duration::from_secs(301)),
            Level::Bad,
            "waited for 5 min 1 s",
        ),
        (
            |q| q.queue.abandoned = 2,
            Level::Look,
            "2 parts have lost the worker",
        ),
        (|q| q.node.private = Some(false), Level::Bad, "not private"),
        (
            |q| (q.node.repo_bytes, q.node.capacity_bytes) = (Some(85), Some(100)),
            Level::Look,
            "85 % full",
        ),
        (
            |q| (q.node.repo_bytes, q.node.capacity_bytes) = (Some(96), Some(100)),
            Level::Bad,
            "96 % full",
        ),
        (
            |q| q.node.swept = Some(Duration::from_hours(4)),
            Level::Look,
            "last sweep ended 4 h ago",
        ),
        (
            |q| q.node.unowned_pins = Some(1),
            Level::Look,
            "1 pin has no owner",
        ),
        (|s| s.counts.failed = 3, Level::Look, "3 jobs have failed"),
        (|q| q.parked = true, Level::Look, "given up"),
    ];
    for (change, level, words) in cases {
        let found = after(change);
        assert_eq!(found.len(), 1, "{words}: {found:?}");
        assert_eq!(found[0].0, level, "{words}");
        assert!(found[0].1.contains(words), "{found:?}");
    }
}

#[test]
fn what_is_still_well_is_not_told() {
    let found = after(|figures| {
        figures.queue.oldest_due = Some(Duration::from_secs(59));
        figures.queue.due = 7;
        (figures.node.repo_bytes, figures.node.capacity_bytes) = (Some(84), Some(100));
        figures.node.private = Some(true);
        figures.node.measured = Some(Duration::from_secs(200));
        figures.node.swept = Some(Duration::from_mins(100));
        figures.node.unowned_pins = Some(0);
        figures.workers.push(worker(20, false));
    });
    assert_eq!(found, []);
}

#[test]
fn the_worst_comes_first() {
    let found = after(|figures| {
        figures.counts.failed = 1;
        figures.queue.abandoned = 1;
        figures.node.private = Some(false);
    });
    let levels: Vec<Level> = found.iter().map(|(level, _)| *level).collect();
    assert_eq!(levels, [Level::Bad, Level::Look, Level::Look]);
    assert!(found[1].1.contains("lost the worker"), "{found:?}");
}
