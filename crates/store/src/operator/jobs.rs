//! The list of jobs, newest first, cut by (`created_at`, `id`); and how many there are in each state.

use std::{fmt, str::FromStr};

use bulk_export_domain::{ids::JobId, job::Status, policy::Role, resource_type::ResourceType};
use chrono::{DateTime, Utc};
use diesel::{prelude::*, sql_types};
use uuid::Uuid;

use super::{Person, page};
use crate::{
    error::{Error, corrupt},
    pool::Store,
    schema::bulk_export_jobs,
};

/// Which jobs are wanted. Without more: all.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// In one of these states; in any when empty.
    pub states: Vec<Status>,
    /// Of this requester.
    pub requester: Option<Person>,
    /// That export this type.
    pub resource_type: Option<ResourceType>,
    /// Whose id or requester's id begins so.
    pub search: Option<Person>,
    /// Kicked off at or after this instant.
    pub since: Option<DateTime<Utc>>,
    /// Kicked off before this instant.
    pub until: Option<DateTime<Utc>>,
}

/// Where a page ended: its last row. Displays as one word, for a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    created_at: DateTime<Utc>,
    id: Uuid,
}

impl Cursor {
    pub(crate) const fn new(created_at: DateTime<Utc>, id: Uuid) -> Self {
        Self { created_at, id }
    }

    pub(crate) const fn key(self) -> (DateTime<Utc>, Uuid) {
        (self.created_at, self.id)
    }
}

/// A text that is no cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a cursor: take the one that came with the page before")]
pub struct InvalidCursor;

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.created_at.timestamp_micros(), self.id)
    }
}

impl FromStr for Cursor {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Self, InvalidCursor> {
        let (micros, id) = text.split_once('.').ok_or(InvalidCursor)?;
        let micros = micros.parse().map_err(|_| InvalidCursor)?;
        Ok(Self {
            created_at: DateTime::from_timestamp_micros(micros).ok_or(InvalidCursor)?,
            id: id.parse().map_err(|_| InvalidCursor)?,
        })
    }
}

/// One job in the list.
#[derive(Debug, Clone)]
pub struct JobLine {
    /// Its id.
    pub id: JobId,
    /// Who kicked it off.
    pub requester: Person,
    /// The requester's role.
    pub role: Role,
    /// Its state.
    pub state: Status,
    /// Percent by resources.
    pub progress: u8,
    /// Resources: the estimate while it runs, exact at the end, absent before it is planned.
    pub resources: Option<u64>,
    /// Bytes of the files that it has now, as they are stored.
    pub bytes: u64,
    /// How many files it has now.
    pub files: u64,
    /// The types that were asked for.
    pub types: Vec<String>,
    /// When it was kicked off.
    pub created_at: DateTime<Utc>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// When its files go.
    pub expires_at: Option<DateTime<Utc>>,
    /// Why it failed.
    pub error: Option<String>,
}

impl JobLine {
    /// Gives the cursor after this job.
    #[must_use]
    pub const fn cursor(&self) -> Cursor {
        Cursor::new(self.created_at, self.id.uuid())
    }
}

/// How many jobs there are, by state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Accepted, nothing has run yet.
    pub pending: u64,
    /// Under way.
    pub in_progress: u64,
    /// Completed and not yet removed.
    pub completed: u64,
    /// Failed and not yet removed.
    pub failed: u64,
    /// Cancelled and not yet removed.
    pub cancelled: u64,
}

impl Counts {
    /// Gives the number of one state.
    #[must_use]
    pub const fn of(&self, state: Status) -> u64 {
        match state {
            Status::Pending => self.pending,
            Status::InProgress => self.in_progress,
            Status::Completed => self.completed,
            Status::Failed => self.failed,
            Status::Cancelled => self.cancelled,
        }
    }

    fn set(&mut self, state: Status, number: u64) {
        match state {
            Status::Pending => self.pending = number,
            Status::InProgress => self.in_progress = number,
            Status::Completed => self.completed = number,
            Status::Failed => self.failed = number,
            Status::Cancelled => self.cancelled = number,
        }
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = bulk_export_jobs, check_for_backend(diesel::pg::Pg))]
struct LineRow {
    id: Uuid,
    requester_id: String,
    requester_role: String,
    status: String,
    progress: i32,
    total_resources: Option<i64>,
    resource_types: Vec<String>,
    created_at: DateTime<Utc>,
    ended_at: Option<DateTime<Utc>>,
    expires_at: Option<DateTime<Utc>>,
    error: Option<String>,
}

#[derive(QueryableByName)]
struct HeldRow {
    #[diesel(sql_type = sql_types::Uuid)]
    job_id: Uuid,
    #[diesel(sql_type = sql_types::BigInt)]
    files: i64,
    #[diesel(sql_type = sql_types::BigInt)]
    bytes: i64,
}

impl Store {
    /// Lists jobs, newest first, after the cursor; at most [`MOST_ROWS`](super::MOST_ROWS). A full page may have a next one.
    ///
    /// # Errors
    /// The database is away, or a row does not parse.
    pub async fn job_list(
        &self,
        filter: Filter,
        after: Option<Cursor>,
        limit: i64,
    ) -> Result<Vec<JobLine>, Error> {
        self.run(move |connection| {
            let rows = list(connection, &filter, after, page(limit))?;
            let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
            let held: Vec<HeldRow> = diesel::sql_query(include_str!("jobs/held.sql"))
                .bind::<sql_types::Array<sql_types::Uuid>, _>(ids)
                .load(connection)?;
            rows.into_iter().map(|row| line(row, &held)).collect()
        })
        .await
    }

    /// Counts the jobs of each state.
    ///
    /// # Errors
    /// The database is away, or a row does not parse.
    pub async fn job_counts(&self) -> Result<Counts, Error> {
        use bulk_export_jobs as jobs;
        self.run(|connection| {
            let rows: Vec<(String, i64)> = jobs::table
                .group_by(jobs::status)
                .select((jobs::status, diesel::dsl::count_star()))
                .load(connection)?;
            let mut counts = Counts::default();
            for (word, number) in rows {
                let state = Status::parse(&word)
                    .ok_or_else(|| corrupt("bulk_export_jobs", "status", &word))?;
                counts.set(state, unsigned(number));
            }
            Ok(counts)
        })
        .await
    }
}

fn list(
    connection: &mut PgConnection,
    filter: &Filter,
    after: Option<Cursor>,
    limit: i64,
) -> QueryResult<Vec<LineRow>> {
    use bulk_export_jobs as jobs;
    let mut query = jobs::table
        .select(LineRow::as_select())
        .order((jobs::created_at.desc(), jobs::id.desc()))
        .limit(limit)
        .into_boxed();
    if !filter.states.is_empty() {
        query = query.filter(jobs::status.eq_any(filter.states.iter().map(|state| state.as_str())));
    }
    if let Some(requester) = &filter.requester {
        query = query.filter(jobs::requester_id.eq(requester.reveal()));
    }
    if let Some(resource_type) = filter.resource_type {
        query = query.filter(jobs::resource_types.contains(vec![resource_type.as_str()]));
    }
    if let Some(since) = filter.since {
        query = query.filter(jobs::created_at.ge(since));
    }
    if let Some(until) = filter.until {
        query = query.filter(jobs::created_at.lt(until));
    }
    if let Some(search) = &filter.search {
        let named = jobs::requester_id.like(format!("{}%", literal(search.reveal())));
        query = match ids(search.reveal()) {
            Some((first, last)) => query.filter(jobs::id.between(first, last).or(named)),
            None => query.filter(named),
        };
    }
    if let Some(Cursor { created_at, id }) = after {
        let key = diesel::dsl::sql::<sql_types::Bool>("(created_at, id) < (")
            .bind::<sql_types::Timestamptz, _>(created_at)
            .sql(", ")
            .bind::<sql_types::Uuid, _>(id)
            .sql(")");
        query = query.filter(key);
    }
    query.load(connection)
}

/// Takes what LIKE gives a meaning as it is.
fn literal(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('%', "\\%")
        .replace('_', "\\_")
}

/// Gives the first and last id that begin so, if ids can.
pub(super) fn ids(prefix: &str) -> Option<(Uuid, Uuid)> {
    let digits: String = prefix.chars().filter(|c| *c != '-').collect();
    if digits.is_empty() || digits.len() > 32 {
        return None;
    }
    let first = Uuid::try_parse(&format!("{digits:0<32}")).ok()?;
    let last = Uuid::try_parse(&format!("{digits:f<32}")).ok()?;
    Some((first, last))
}

fn line(row: LineRow, held: &[HeldRow]) -> Result<JobLine, Error> {
    let wrong = |column| corrupt("bulk_export_jobs", column, &row.id);
    let held = held.iter().find(|held| held.job_id == row.id);
    Ok(JobLine {
        id: JobId::from_uuid(row.id),
        role: Role::parse(&row.requester_role).ok_or_else(|| wrong("requester_role"))?,
        state: Status::parse(&row.status).ok_or_else(|| wrong("status"))?,
        progress: u8::try_from(row.progress).map_err(|_| wrong("progress"))?,
        requester: Person::new(row.requester_id),
        resources: row.total_resources.map(unsigned),
        bytes: held.map_or(0, |held| unsigned(held.bytes)),
        files: held.map_or(0, |held| unsigned(held.files)),
        types: row.resource_types,
        created_at: row.created_at,
        ended_at: row.ended_at,
        expires_at: row.expires_at,
        error: row.error,
    })
}

/// Gives a count that CHECK constraints keep from being negative.
pub(crate) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back() {
        let cursor = Cursor {
            created_at: DateTime::from_timestamp_micros(1_780_000_000_123_456).unwrap(),
            id: Uuid::from_u128(7),
        };
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
        for text in ["", "1", "x.00000000-0000-0000-0000-000000000007", "1.7"] {
            assert_eq!(text.parse::<Cursor>(), Err(InvalidCursor), "{text}");
        }
    }

    #[test]
    fn a_prefix_of_an_id_spans_the_ids_that_begin_so() {
        let (first, last) = ids("10f498d6-0a").unwrap();
        assert_eq!(first.to_string(), "10f498d6-0a00-0000-0000-000000000000");
        assert_eq!(last.to_string(), "10f498d6-0aff-ffff-ffff-ffffffffffff");
        assert_eq!(ids("client-7"), None);
        assert_eq!(ids(""), None);
        assert_eq!(ids("-"), None);
        assert_eq!(ids(&"a".repeat(33)), None);
    }

    #[test]
    fn a_search_means_its_own_letters() {
        assert_eq!(literal(r"a_b%c\d"), r"a\_b\%c\\d");
    }

    #[test]
    fn debug_names_nobody() {
        let filter = Filter {
            requester: Some(Person::new("canary")),
            search: Some(Person::new("canary")),
            ..Filter::default()
        };
        assert!(!format!("{filter:?}").contains("canary"));
    }
}
