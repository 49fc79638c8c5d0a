//! One part as a line of the table: when it ran, drawn on the job's line of time, and what went wrong.

use bulk_export_domain::{part::PartState, text};
use bulk_export_store::operator::PartLine;
use chrono::{DateTime, Utc};

use super::seconds;
use crate::operator::{chart::Bar, page::When};

/// A part as the page shows it.
pub(super) struct Part {
    pub(super) number: i32,
    pub(super) what: String,
    pub(super) state: &'static str,
    pub(super) tries: String,
    pub(super) began: Option<When>,
    pub(super) took: String,
    pub(super) bar: Option<Bar>,
    pub(super) resources: String,
    pub(super) bytes: String,
    pub(super) worker: String,
    pub(super) error: Option<String>,
    pub(super) note: Option<String>,
}

impl Part {
    /// Writes a part for people; `line` is the job's line of time.
    pub(super) fn new(
        part: &PartLine,
        line: (DateTime<Utc>, DateTime<Utc>),
        now: DateTime<Utc>,
    ) -> Self {
        let class = part.state.as_str();
        // A part that is due again keeps the times of its last attempt.
        let ran = part.started_at.map(|began| (began, ended(part, now)));
        Self {
            number: part.ordinal,
            what: what(part),
            state: class,
            tries: tries(part),
            began: part.started_at.map(|began| When::new(began, now)),
            took: ran.map_or_else(String::new, |(from, to)| seconds(from, to)),
            bar: ran.map(|ran| Bar::time(ran, line, class)),
            resources: text::count(part.rows),
            bytes: text::size(part.bytes),
            worker: part.worker.clone().unwrap_or_default(),
            // Why a part failed stands above the table, once for all.
            error: part
                .error
                .clone()
                .filter(|_| part.state != PartState::Failed),
            note: note(part, now),
        }
    }
}

/// Parts of one type that failed for one reason.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) what: String,
    pub(super) parts: u32,
    pub(super) attempts: u32,
    pub(super) reason: String,
}

/// Sums failed parts up by what they export and why they failed, in the order in which they first occur.
pub(super) fn failures(parts: &[PartLine]) -> Vec<Failure> {
    let mut found: Vec<Failure> = Vec::new();
    for part in parts {
        // A part that never ran was closed with its job.
        let Some(reason) = &part.error else { continue };
        let what = what(part);
        let known = found
            .iter_mut()
            .find(|one| one.what == what && one.reason == *reason);
        if let Some(known) = known {
            known.parts += 1;
            known.attempts += part.attempts;
        } else {
            found.push(Failure {
                what,
                parts: 1,
                attempts: part.attempts,
                reason: reason.clone(),
            });
        }
    }
    found
}

fn what(part: &PartLine) -> String {
    let name = part.resource_type.as_ref();
    name.unwrap_or(&part.kind).clone()
}

fn ended(part: &PartLine, now: DateTime<Utc>) -> DateTime<Utc> {
    match part.state {
        PartState::Running => now,
        PartState::Due | PartState::Done | PartState::Failed | PartState::Cancelled => {
            part.ended_at.or(part.started_at).unwrap_or(now)
        }
    }
}

fn tries(part: &PartLine) -> String {
    match part.handed_back {
        0 => text::count(part.attempts.into()),
        back => format!("{} + {back} handed back", text::count(part.attempts.into())),
    }
}

/// Says what the part waits for.
fn note(part: &PartLine, now: DateTime<Utc>) -> Option<String> {
    match part.state {
        PartState::Due if part.next_at > now => {
            Some(format!("is tried again in {}", seconds(now, part.next_at)))
        }
        PartState::Running if part.lease_until.is_some_and(|until| until < now) => {
            Some("its worker is not heard of; another takes it over".to_owned())
        }
        PartState::Due
        | PartState::Running
        | PartState::Done
        | PartState::Failed
        | PartState::Cancelled => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
    }

    fn part(state: PartState) -> PartLine {
        PartLine {
            ordinal: 3,
            kind: "export".to_owned(),
            resource_type: Some("Patient".to_owned()),
            state,
            attempts: 2,
            handed_back: 0,
            worker: Some("w1".to_owned()),
            started_at: Some(at(20)),
            ended_at: None,
            next_at: at(0),
            lease_until: None,
            rows: 1_234,
            bytes: 2_000,
            error: None,
        }
    }

    fn shown(part: &PartLine) -> Part {
        Part::new(part, (at(0), at(100)), at(60))
    }

    #[test]
    fn a_running_part_is_drawn_up_to_now() {
        let shown = shown(&part(PartState::Running));
        let bar = shown.bar.unwrap();
        assert_eq!((bar.from.as_str(), bar.length.as_str()), ("20.0", "40.0"));
        assert_eq!(
            (shown.took.as_str(), shown.resources.as_str()),
            ("40 s", "1,234")
        );
        assert_eq!(shown.note, None);
    }

    #[test]
    fn what_a_part_waits_for_is_said() {
        let due = PartLine {
            next_at: at(90),
            handed_back: 1,
            ..part(PartState::Due)
        };
        let due = shown(&due);
        assert_eq!(due.note.as_deref(), Some("is tried again in 30 s"));
        assert_eq!(due.tries, "2 + 1 handed back");
        let lost = PartLine {
            lease_until: Some(at(59)),
            ..part(PartState::Running)
        };
        assert!(shown(&lost).note.unwrap().contains("not heard of"));
    }

    #[test]
    fn failures_are_summed_up_by_their_reason() {
        let failed = |error: Option<&str>, resource_type: &str| PartLine {
            error: error.map(str::to_owned),
            resource_type: Some(resource_type.to_owned()),
            ..part(PartState::Failed)
        };
        let parts = [
            failed(Some("away"), "Patient"),
            failed(None, "Patient"),
            failed(Some("away"), "Patient"),
            failed(Some("away"), "Consent"),
        ];
        let summed: Vec<_> = failures(&parts)
            .into_iter()
            .map(|one| (one.what, one.parts, one.attempts))
            .collect();
        assert_eq!(
            summed,
            [("Patient".to_owned(), 2, 4), ("Consent".to_owned(), 1, 2)]
        );
        assert_eq!(shown(&parts[0]).error, None, "it stands above the table");
    }

    #[test]
    fn a_part_that_never_ran_has_no_bar() {
        let never = PartLine {
            started_at: None,
            resource_type: None,
            kind: "plan".to_owned(),
            ..part(PartState::Due)
        };
        let never = shown(&never);
        assert!(never.bar.is_none() && never.began.is_none());
        assert_eq!(never.what, "plan");
    }
}
