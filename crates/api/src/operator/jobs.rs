//! `/operator/jobs`: every job whose rows are there, newest first, by pages that are cut by key.

use actix_web::{HttpResponse, web};
use bulk_export_domain::{
    ids::JobId, job::Status, pseudonym::Pseudonyms, resource_type::ResourceType, text,
};
use bulk_export_store::operator::{Counts, Cursor, Filter, JobLine, Person};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use url::form_urlencoded;

use super::{
    access::Operator,
    chart::Bar,
    error::PageError,
    overview::{self, word},
    page::{Frame, Section, When, ok},
    people,
};
use crate::state::State;

/// How many jobs a page lists.
const ROWS: usize = 50;

/// The longest text that is searched for: the longest requester's id.
const LONGEST_SEARCH: usize = 256;

const ADDRESS: &str = "/operator/jobs";

/// What is asked for.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Query {
    #[serde(default)]
    state: String,
    #[serde(default)]
    q: String,
    #[serde(default, rename = "type")]
    resource_type: String,
    #[serde(default)]
    after: String,
}

/// One job in a list.
pub(super) struct Row {
    /// In two pieces: where there is little room, the first one is shown.
    pub(super) id: (String, String),
    pub(super) state: &'static str,
    pub(super) class: &'static str,
    pub(super) progress: u8,
    pub(super) bar: Option<Bar>,
    pub(super) requester: String,
    pub(super) types: String,
    pub(super) resources: Option<String>,
    pub(super) bytes: String,
    pub(super) created: When,
    pub(super) took: String,
    pub(super) error: Option<String>,
}

impl Row {
    /// Writes a job for people.
    fn new(job: &JobLine, now: DateTime<Utc>, pseudonyms: &Pseudonyms) -> Self {
        let seconds = (job.ended_at.unwrap_or(now) - job.created_at).num_seconds();
        Self {
            id: id(job.id),
            state: word(job.state),
            class: job.state.as_str(),
            progress: job.progress,
            bar: Bar::share(job.progress.into(), 100, job.state.as_str()),
            requester: people::requester(&job.requester, job.role, pseudonyms),
            types: types(&job.types),
            resources: job.resources.map(text::count),
            bytes: text::size(job.bytes),
            created: When::new(job.created_at, now),
            took: text::duration(u64::try_from(seconds).unwrap_or(0)),
            error: job.error.clone(),
        }
    }
}

/// Writes a job's id in two pieces, of which the first is mostly enough.
pub(super) fn id(job: JobId) -> (String, String) {
    let mut first = job.to_string();
    let rest = first.split_off(8);
    (first, rest)
}

/// Writes jobs for people.
pub(super) fn rows(jobs: &[JobLine], now: DateTime<Utc>, state: &State) -> Vec<Row> {
    let row = |job| Row::new(job, now, &state.pseudonyms);
    jobs.iter().map(row).collect()
}

/// Names a few types, or says how many there are.
pub(super) fn types(types: &[String]) -> String {
    match types {
        [] => "none".to_owned(),
        [_] | [_, _] => types.join(", "),
        more => format!("{} types", more.len()),
    }
}

/// A choice among the states.
struct Choice {
    name: &'static str,
    number: String,
    address: String,
    current: bool,
}

#[derive(askama::Template)]
#[template(path = "operator/jobs.html")]
struct Jobs {
    frame: Frame,
    query: Query,
    types: Vec<&'static str>,
    choices: Vec<Choice>,
    rows: Vec<Row>,
    newest: Option<String>,
    older: Option<String>,
    filtered: bool,
}

/// Lists jobs.
pub(super) async fn jobs(
    operator: Operator,
    query: web::Query<Query>,
    state: web::Data<State>,
) -> Result<HttpResponse, PageError> {
    let query = query.into_inner();
    let (filter, after) = (query.filter()?, query.after()?);
    // One more than a page shows whether there is another.
    let limit = i64::try_from(ROWS + 1).unwrap_or(i64::MAX);
    let mut found = state.store.job_list(filter, after, limit).await?;
    let counts = overview::counts(&state).await?;
    let more = found.len() > ROWS;
    found.truncate(ROWS);
    let last = found.last().map(JobLine::cursor).filter(|_| more);
    ok(&Jobs {
        frame: Frame::new("Jobs", Section::Jobs, &operator),
        types: ResourceType::COMPARTMENT
            .iter()
            .map(|name| name.as_str())
            .collect(),
        choices: query.choices(&counts),
        rows: rows(&found, operator.now, &state),
        newest: after.map(|_| query.address(&query.state, None)),
        older: last.map(|cursor| query.address(&query.state, Some(cursor))),
        filtered: !(query.state.is_empty() && query.q.is_empty() && query.resource_type.is_empty()),
        query,
    })
}

impl Query {
    fn filter(&self) -> Result<Filter, PageError> {
        let states = match self.state.as_str() {
            "" => vec![],
            "open" => vec![Status::Pending, Status::InProgress],
            word => vec![Status::parse(word).ok_or_else(|| {
                value("state: leave it away, or use open, pending, in_progress, completed, failed or cancelled.")
            })?],
        };
        let resource_type = match self.resource_type.as_str() {
            "" => None,
            name => Some(name.parse().map_err(|_| {
                value(
                    "type: leave it away, or use the name of a FHIR resource type such as Patient.",
                )
            })?),
        };
        let search = self.q.trim();
        if search.chars().count() > LONGEST_SEARCH || search.contains('\0') {
            return Err(value(
                "q: use the beginning of a job's id or of a requester's id, 256 characters at most.",
            ));
        }
        Ok(Filter {
            states,
            resource_type,
            search: (!search.is_empty()).then(|| Person::new(search)),
            ..Filter::default()
        })
    }

    fn after(&self) -> Result<Option<Cursor>, PageError> {
        if self.after.is_empty() {
            return Ok(None);
        }
        let cursor = self.after.parse();
        cursor.map(Some).map_err(|_| {
            value("after: follow the links Newest and Older, which know what belongs here.")
        })
    }

    /// Gives the address of this list with another state or place.
    fn address(&self, state: &str, after: Option<Cursor>) -> String {
        let after = after.map(|cursor| cursor.to_string()).unwrap_or_default();
        let pairs = [
            ("state", state),
            ("q", self.q.trim()),
            ("type", &self.resource_type),
            ("after", &after),
        ];
        let pairs = pairs.into_iter().filter(|(_, value)| !value.is_empty());
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(pairs)
            .finish();
        if query.is_empty() {
            ADDRESS.to_owned()
        } else {
            format!("{ADDRESS}?{query}")
        }
    }

    fn choices(&self, counts: &Counts) -> Vec<Choice> {
        let all = Status::ALL.into_iter().map(|state| counts.of(state)).sum();
        let choices = [
            ("All", "", all),
            ("Under way", "open", counts.pending + counts.in_progress),
            ("Completed", "completed", counts.completed),
            ("Failed", "failed", counts.failed),
            ("Cancelled", "cancelled", counts.cancelled),
        ];
        let choice = |(name, state, number)| Choice {
            name,
            number: text::count(number),
            address: self.address(state, None),
            current: self.state == state,
        };
        choices.into_iter().map(choice).collect()
    }
}

fn value(fix: &str) -> PageError {
    PageError::Value(fix.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(state: &str, q: &str, resource_type: &str, after: &str) -> Query {
        Query {
            state: state.to_owned(),
            q: q.to_owned(),
            resource_type: resource_type.to_owned(),
            after: after.to_owned(),
        }
    }

    #[test]
    fn what_is_asked_for_becomes_a_filter() {
        let filter = query("open", " client-7 ", "Patient", "").filter().unwrap();
        assert_eq!(filter.states, [Status::Pending, Status::InProgress]);
        assert_eq!(filter.search, Some(Person::new("client-7")));
        assert_eq!(filter.resource_type.unwrap().as_str(), "Patient");
        let all = Query::default().filter().unwrap();
        assert!(all.states.is_empty() && all.search.is_none() && all.resource_type.is_none());
    }

    #[test]
    fn a_value_that_cannot_be_used_is_named() {
        let cases = [
            (query("gone", "", "", ""), "state:"),
            (query("", "", "Pat", ""), "type:"),
            (query("", &"x".repeat(257), "", ""), "q:"),
            (query("", "a\0", "", ""), "q:"),
            (query("", "", "", "1"), "after:"),
        ];
        for (query, name) in cases {
            let refused = query.filter().map(drop).and(query.after().map(drop));
            let Err(PageError::Value(fix)) = refused else {
                panic!("{query:?} is not refused")
            };
            assert!(fix.starts_with(name), "{fix}");
        }
    }

    #[test]
    fn links_keep_what_was_asked_for() {
        let query = query("failed", "a&b c", "Patient", "");
        assert_eq!(
            query.address("failed", None),
            "/operator/jobs?state=failed&q=a%26b+c&type=Patient"
        );
        assert_eq!(Query::default().address("", None), "/operator/jobs");
    }

    #[test]
    fn many_types_are_counted() {
        let names =
            |names: &[&str]| types(&names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>());
        assert_eq!(names(&["Patient", "Consent"]), "Patient, Consent");
        assert_eq!(names(&["A", "B", "C"]), "3 types");
    }
}
