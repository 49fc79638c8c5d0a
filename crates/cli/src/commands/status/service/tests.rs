//! The screen of a service in trouble, with the longest values that there can be.

use std::time::Duration;

use bulk_export_domain::{ids::JobId, job::Status};
use bulk_export_store::operator::{About, Person, Span, SweepReport};
use chrono::DateTime;

use super::*;

fn screen() -> Screen {
    let (epoch, year) = (DateTime::UNIX_EPOCH, Duration::from_hours(24 * 366));
    let most = u64::from(u32::MAX);
    let worker = |silent: u64, claiming| WorkerLine {
        name: "bulk-export-worker-7d9f8c6b5d-abcde-12345-8327c38a-and-more".to_owned(),
        version: "10.20.30".to_owned(),
        slots: 64,
        running: 64,
        claiming,
        note: (!claiming).then(|| {
            "the IPFS node is nearly full: it waits for the sweep to make room".to_owned()
        }),
        started_at: epoch,
        seen_at: epoch + year,
        silent: Duration::from_secs(silent),
    };
    let span = Span {
        parts: most,
        resources: most,
        bytes: u64::MAX,
    };
    Screen {
        servers: Servers {
            postgresql: "15.18 (Debian 15.18-0+deb12u1)".to_owned(),
            redis: Some(Answer::Down),
            ipfs: None,
            node_is_used: true,
        },
        paused: Some(Pause {
            at: epoch,
            by: Person::new("cli:somebody-with-a-long-name"),
            reason: Some(
                "the storage of the platform is exchanged, and that takes a while ".repeat(3),
            ),
        }),
        workers: vec![worker(4, true), worker(5, false), worker(70_000, true)],
        queue: Queue {
            due: most,
            resting: most,
            running: most,
            abandoned: most,
            oldest_due: Some(year),
            to_release: most,
        },
        counts: Counts {
            pending: most,
            in_progress: most,
            completed: most,
            failed: most,
            cancelled: most,
        },
        oldest: Some(OpenJob {
            id: JobId::from_uuid(uuid::Uuid::max()),
            state: Status::InProgress,
            progress: 99,
            age: year,
        }),
        throughput: [span; 3],
        node: NodeView {
            repo_bytes: Some(u64::MAX),
            capacity_bytes: Some(u64::MAX),
            private: Some(false),
            measured: Some(year),
            ..NodeView::default()
        },
        sweep: Some(Swept {
            at: epoch,
            report: SweepReport {
                files: most,
                jobs: most,
                orphans: most,
                failed: most,
                took: year,
                pins: Some((most, most)),
            },
        }),
        backlog: Backlog {
            due: most,
            parked: most,
        },
        attention: vec![Attention {
            level: Level::Bad,
            about: About::Node,
            text: "The IPFS node is not private. ".repeat(6),
        }],
    }
}

#[test]
fn the_screen_of_a_service_in_trouble_fits_100_columns() {
    let text = text::as_text(&screen(), Paint::PLAIN);
    for line in text.lines() {
        assert!(
            line.chars().count() <= 100,
            "{}: {line}",
            line.chars().count()
        );
    }
    for fact in [
        "WRONG",
        "paused since 1970-01-01 00:00:00 UTC by cli:somebody-with-a-long-name",
        "Redis down, IPFS node in use by workers",
        "2 alive, 1 claiming; 128 of 128 slots busy",
        "ffffffff: in_progress, 99 %",
        "dead",
    ] {
        assert!(text.contains(fact), "{fact}: {text}");
    }
    assert!(text.lines().count() <= 40, "one screen: {text}");
}

#[test]
fn a_quiet_service_says_so_in_a_line() {
    let quiet = Screen {
        servers: Servers {
            postgresql: "17.1".to_owned(),
            redis: None,
            ipfs: Some(Answer::Up),
            node_is_used: false,
        },
        paused: None,
        workers: vec![],
        queue: Queue::default(),
        counts: Counts::default(),
        oldest: None,
        throughput: Throughput::default(),
        node: NodeView::default(),
        sweep: None,
        backlog: Backlog::default(),
        attention: vec![],
    };
    let text = text::as_text(&quiet, Paint::PLAIN);
    assert!(
        text.starts_with("Everything is as it should be.\n"),
        "{text}"
    );
    for fact in [
        "kick-offs   accepted",
        "Redis not asked (REDIS_HOST), IPFS node up",
        "0 parts due; 0 resting",
        "none under way",
        "not measured yet",
    ] {
        assert!(text.contains(fact), "{fact}: {text}");
    }
    assert_eq!(quiet.as_json()["healthy"], true);
    assert_eq!(quiet.as_json()["servers"]["redis"], Json::Null);
}

#[test]
fn json_says_what_is_wrong() {
    let json = screen().as_json();
    assert_eq!(json["healthy"], false);
    assert_eq!(json["attention"][0]["about"], "node");
    assert_eq!(json["servers"]["redis"], "down");
    assert_eq!(json["throughput"][2]["minutes"], 60);
    assert_eq!(json["workers"].as_array().unwrap().len(), 3);
}
