//! Each cause is noticed at its bound and not before it.

use chrono::DateTime;

use super::*;

fn worker(silent: u64, claiming: bool, note: Option<&str>) -> WorkerLine {
    WorkerLine {
        name: "w".to_owned(),
        version: "1".to_owned(),
        slots: 2,
        running: 0,
        claiming,
        note: note.map(str::to_owned),
        started_at: DateTime::UNIX_EPOCH,
        seen_at: DateTime::UNIX_EPOCH,
        silent: Duration::from_secs(silent),
    }
}

#[derive(Default)]
struct Service {
    workers: Vec<WorkerLine>,
    queue: Queue,
    node: NodeView,
    counts: Counts,
    backlog: Backlog,
}

fn healthy() -> Service {
    Service {
        workers: vec![worker(5, true, None)],
        node: NodeView {
            repo_bytes: Some(84),
            capacity_bytes: Some(100),
            private: Some(true),
            measured: Some(Duration::from_secs(299)),
            unowned_pins: Some(0),
            swept: Some(LONG_UNSWEPT.saturating_sub(Duration::from_secs(1))),
            ..NodeView::default()
        },
        queue: Queue {
            oldest_due: Some(Duration::from_secs(59)),
            ..Queue::default()
        },
        ..Service::default()
    }
}

fn found(change: impl FnOnce(&mut Service)) -> Vec<(Level, About, String)> {
    let mut service = healthy();
    change(&mut service);
    let found = attention(&Signs {
        workers: &service.workers,
        queue: &service.queue,
        node: &service.node,
        counts: &service.counts,
        backlog: &service.backlog,
    });
    found
        .into_iter()
        .map(|one| (one.level, one.about, one.text))
        .collect()
}

fn one(level: Level, about: About, text: &str) -> Vec<(Level, About, String)> {
    vec![(level, about, text.to_owned())]
}

#[test]
fn a_healthy_service_needs_none() {
    assert_eq!(found(|_| ()), []);
}

#[test]
fn workers_that_are_dead_or_do_not_claim_are_noticed() {
    let none = found(|s| s.workers.clear());
    assert_eq!(
        none,
        one(
            Level::Bad,
            About::Workers,
            "No worker is alive: nothing runs until one starts."
        )
    );
    let dead = found(|s| s.workers = vec![worker(60, true, None)]);
    assert_eq!(
        (dead.len(), dead[0].0, dead[1].0),
        (2, Level::Bad, Level::Look)
    );
    let idle = found(|s| s.workers = vec![worker(1, false, Some("the node is nearly full"))]);
    assert_eq!(
        idle,
        one(
            Level::Bad,
            About::Workers,
            "No worker claims parts: the node is nearly full."
        )
    );
    assert_eq!(
        found(|s| s.workers.push(worker(1, false, None))),
        [],
        "one that claims is enough"
    );
}

#[test]
fn a_queue_that_stands_is_noticed_and_later_called_bad() {
    for (age, level) in [(60, Level::Look), (299, Level::Look), (300, Level::Bad)] {
        let late = found(|s| s.queue.oldest_due = Some(Duration::from_secs(age)));
        assert_eq!(
            (late.len(), late[0].0, late[0].1),
            (1, level, About::OpenJobs),
            "{age}"
        );
    }
    let lost = found(|s| s.queue.abandoned = 1);
    assert_eq!(
        lost,
        one(
            Level::Look,
            About::OpenJobs,
            "1 part has lost the worker, and will be taken over by another."
        )
    );
}

#[test]
fn the_node_is_looked_at_from_every_side() {
    assert_eq!(found(|s| s.node.private = Some(false))[0].0, Level::Bad);
    assert_eq!(
        found(|s| s.node.repo_bytes = Some(85)),
        one(Level::Look, About::Node, "The node is 85 % full.")
    );
    assert_eq!(found(|s| s.node.repo_bytes = Some(95))[0].0, Level::Bad);
    assert_eq!(
        found(|s| s.node.capacity_bytes = Some(0)),
        [],
        "nobody knows how much there is room for"
    );
    assert_eq!(found(|s| s.node.measured = Some(LONG_UNMEASURED)).len(), 1);
    assert_eq!(found(|s| s.node.swept = Some(LONG_UNSWEPT)).len(), 1);
    assert_eq!(
        found(|s| s.node.unowned_pins = Some(2)),
        one(Level::Look, About::Node, "2 pins have no owner.")
    );
    assert_eq!(
        found(|s| s.node = NodeView::default()),
        [],
        "what nobody knows is no fault"
    );
}

#[test]
fn failures_are_told_and_the_worst_comes_first() {
    let all = found(|s| {
        s.counts.failed = 2;
        s.backlog.parked = 1;
        s.node.private = Some(false);
    });
    let about: Vec<_> = all.iter().map(|one| one.1).collect();
    assert_eq!(about, [About::Node, About::FailedJobs, About::Webhooks]);
}
