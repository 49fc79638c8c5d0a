//! One job: what an operator needs to explain it. Parts, files and audit lines come in pages.

mod files;
mod parts;
mod timeline;

use bulk_export_domain::{ids::JobId, job::Status, part::PartState, policy::Role};
use chrono::{DateTime, Utc};
use diesel::{prelude::*, sql_types};
use uuid::Uuid;

pub use files::FileLine;
pub use parts::PartLine;
pub use timeline::TimelineEntry;

use super::{Person, jobs::unsigned};
use crate::{
    error::{Error, corrupt},
    pool::Store,
    schema::bulk_export_jobs,
};

/// Whose data a job holds. Which patient's is not for operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// Everyone's.
    Everyone,
    /// One patient's.
    OnePatient,
}

/// One job.
#[derive(Debug, Clone)]
pub struct JobView {
    /// Its id.
    pub id: JobId,
    /// Who kicked it off.
    pub requester: Person,
    /// The requester's role.
    pub role: Role,
    /// Whose data it holds.
    pub whose: Whose,
    /// Its state.
    pub state: Status,
    /// Whether its time is over: clients see 404, and the sweep removes it.
    pub expired: bool,
    /// Percent by resources.
    pub progress: u8,
    /// Resources: the estimate while it runs, exact at the end, absent before it is planned.
    pub resources: Option<u64>,
    /// The types that were asked for.
    pub types: Vec<String>,
    /// Only what changed after this instant.
    pub since: Option<DateTime<Utc>>,
    /// The most resources that a file may hold, where the client said so.
    pub file_rows: Option<u64>,
    /// The instant up to which it is complete.
    pub transaction_time: DateTime<Utc>,
    /// When it was kicked off.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// When its files go.
    pub expires_at: Option<DateTime<Utc>>,
    /// Why it failed.
    pub error: Option<String>,
    /// Its parts.
    pub parts: PartCounts,
    /// How many files it has now.
    pub files: u64,
    /// Their bytes, as they are stored.
    pub bytes: u64,
}

/// How many parts a job has, by state, and how often they were tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PartCounts {
    /// Waiting for a worker.
    pub due: u64,
    /// Under lease.
    pub running: u64,
    /// Done.
    pub done: u64,
    /// Given up with their job.
    pub failed: u64,
    /// Cancelled with their job.
    pub cancelled: u64,
    /// All attempts at parts that are there.
    pub attempts: u64,
    /// Hand-backs of parts that are there.
    pub handed_back: u64,
}

impl PartCounts {
    /// Gives how many parts there are.
    #[must_use]
    pub const fn all(&self) -> u64 {
        self.due + self.running + self.done + self.failed + self.cancelled
    }
}

#[derive(QueryableByName)]
#[diesel(check_for_backend(diesel::pg::Pg))]
struct ViewRow {
    #[diesel(sql_type = sql_types::Text)]
    requester_id: String,
    #[diesel(sql_type = sql_types::Text)]
    requester_role: String,
    #[diesel(sql_type = sql_types::Bool)]
    everyone: bool,
    #[diesel(sql_type = sql_types::Text)]
    status: String,
    #[diesel(sql_type = sql_types::Bool)]
    expired: bool,
    #[diesel(sql_type = sql_types::Integer)]
    progress: i32,
    #[diesel(sql_type = sql_types::Nullable<sql_types::BigInt>)]
    total_resources: Option<i64>,
    #[diesel(sql_type = sql_types::Array<sql_types::Text>)]
    resource_types: Vec<String>,
    #[diesel(sql_type = sql_types::Nullable<sql_types::Timestamptz>)]
    since: Option<DateTime<Utc>>,
    #[diesel(sql_type = sql_types::Nullable<sql_types::BigInt>)]
    file_rows: Option<i64>,
    #[diesel(sql_type = sql_types::Timestamptz)]
    transaction_time: DateTime<Utc>,
    #[diesel(sql_type = sql_types::Timestamptz)]
    created_at: DateTime<Utc>,
    #[diesel(sql_type = sql_types::Timestamptz)]
    updated_at: DateTime<Utc>,
    #[diesel(sql_type = sql_types::Nullable<sql_types::Timestamptz>)]
    ended_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = sql_types::Nullable<sql_types::Timestamptz>)]
    expires_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = sql_types::Nullable<sql_types::Text>)]
    error: Option<String>,
    #[diesel(sql_type = sql_types::BigInt)]
    files: i64,
    #[diesel(sql_type = sql_types::BigInt)]
    bytes: i64,
}

#[derive(QueryableByName)]
struct CountRow {
    #[diesel(sql_type = sql_types::Text)]
    state: String,
    #[diesel(sql_type = sql_types::BigInt)]
    parts: i64,
    #[diesel(sql_type = sql_types::BigInt)]
    attempts: i64,
    #[diesel(sql_type = sql_types::BigInt)]
    handed_back: i64,
}

impl Store {
    /// Finds a job in any state, expired ones included while their rows are there.
    ///
    /// # Errors
    /// The database is away, or a row does not parse.
    pub async fn job_view(&self, job: JobId) -> Result<Option<JobView>, Error> {
        self.run(move |connection| {
            let row: Option<ViewRow> = diesel::sql_query(include_str!("job/view.sql"))
                .bind::<sql_types::Uuid, _>(job.uuid())
                .get_result(connection)
                .optional()?;
            let Some(row) = row else { return Ok(None) };
            let counts: Vec<CountRow> = diesel::sql_query(include_str!("job/part_counts.sql"))
                .bind::<sql_types::Uuid, _>(job.uuid())
                .load(connection)?;
            view(job, row, &counts).map(Some)
        })
        .await
    }

    /// Lists the jobs whose id begins with this text, at most two: enough to see whether it names one.
    ///
    /// # Errors
    /// The database is away.
    pub async fn jobs_named(&self, prefix: String) -> Result<Vec<JobId>, Error> {
        use bulk_export_jobs as jobs;
        self.run(move |connection| {
            let Some((first, last)) = super::jobs::ids(&prefix) else {
                return Ok(Vec::new());
            };
            let ids: Vec<Uuid> = jobs::table
                .filter(jobs::id.between(first, last))
                .order(jobs::id)
                .limit(2)
                .select(jobs::id)
                .load(connection)?;
            Ok(ids.into_iter().map(JobId::from_uuid).collect())
        })
        .await
    }
}

fn view(id: JobId, row: ViewRow, counts: &[CountRow]) -> Result<JobView, Error> {
    let wrong = |column| corrupt("bulk_export_jobs", column, &id);
    Ok(JobView {
        id,
        role: Role::parse(&row.requester_role).ok_or_else(|| wrong("requester_role"))?,
        state: Status::parse(&row.status).ok_or_else(|| wrong("status"))?,
        progress: u8::try_from(row.progress).map_err(|_| wrong("progress"))?,
        whose: if row.everyone {
            Whose::Everyone
        } else {
            Whose::OnePatient
        },
        requester: Person::new(row.requester_id),
        expired: row.expired,
        resources: row.total_resources.map(unsigned),
        types: row.resource_types,
        since: row.since,
        file_rows: row.file_rows.map(unsigned),
        transaction_time: row.transaction_time,
        created_at: row.created_at,
        updated_at: row.updated_at,
        ended_at: row.ended_at,
        expires_at: row.expires_at,
        error: row.error,
        parts: part_counts(&id, counts)?,
        files: unsigned(row.files),
        bytes: unsigned(row.bytes),
    })
}

fn part_counts(id: &JobId, rows: &[CountRow]) -> Result<PartCounts, Error> {
    let mut counts = PartCounts::default();
    for row in rows {
        let state = PartState::parse(&row.state)
            .ok_or_else(|| corrupt("bulk_export_parts", "state", id))?;
        let place = match state {
            PartState::Due => &mut counts.due,
            PartState::Running => &mut counts.running,
            PartState::Done => &mut counts.done,
            PartState::Failed => &mut counts.failed,
            PartState::Cancelled => &mut counts.cancelled,
        };
        *place = unsigned(row.parts);
        counts.attempts += unsigned(row.attempts);
        counts.handed_back += unsigned(row.handed_back);
    }
    Ok(counts)
}
