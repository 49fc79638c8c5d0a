//! The parts of one job, in pages by their number.

use bulk_export_domain::{ids::JobId, part::PartState};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use super::super::{jobs::unsigned, page};
use crate::{
    error::{Error, corrupt},
    pool::Store,
    schema::bulk_export_parts,
};

/// One part of a job.
#[derive(Debug, Clone)]
pub struct PartLine {
    /// Its number within the job.
    pub ordinal: i32,
    /// What it does: `plan`, `export` or `report`.
    pub kind: String,
    /// The type that it exports, if it exports one.
    pub resource_type: Option<String>,
    /// Its state.
    pub state: PartState,
    /// How often it has been tried.
    pub attempts: u32,
    /// How often it was handed back through no fault of its own.
    pub handed_back: u32,
    /// The worker of the last attempt.
    pub worker: Option<String>,
    /// When the last attempt began.
    pub started_at: Option<DateTime<Utc>>,
    /// When the last attempt ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// When it may be tried again; of interest while it is due.
    pub next_at: DateTime<Utc>,
    /// Until when its worker has it.
    pub lease_until: Option<DateTime<Utc>>,
    /// Resources written so far, or in all.
    pub rows: u64,
    /// Bytes of NDJSON written so far, or in all.
    pub bytes: u64,
    /// What went wrong at the last attempt that did.
    pub error: Option<String>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = bulk_export_parts, check_for_backend(diesel::pg::Pg))]
struct PartLineRow {
    job_id: Uuid,
    ordinal: i32,
    kind: String,
    resource_type: Option<String>,
    state: String,
    attempts: i32,
    handed_back: i32,
    worker: Option<String>,
    started_at: Option<DateTime<Utc>>,
    ended_at: Option<DateTime<Utc>>,
    next_at: DateTime<Utc>,
    lease_until: Option<DateTime<Utc>>,
    rows: i64,
    bytes: i64,
    error: Option<String>,
}

impl Store {
    /// Lists a job's parts by number after `after`, those in one state or all.
    ///
    /// # Errors
    /// The database is away, or a row does not parse.
    pub async fn job_parts(
        &self,
        job: JobId,
        state: Option<PartState>,
        after: Option<i32>,
        limit: i64,
    ) -> Result<Vec<PartLine>, Error> {
        use bulk_export_parts as parts;
        self.run(move |connection| {
            let mut query = parts::table
                .filter(parts::job_id.eq(job.uuid()))
                .filter(parts::ordinal.gt(after.unwrap_or(-1)))
                .order(parts::ordinal)
                .limit(page(limit))
                .select(PartLineRow::as_select())
                .into_boxed();
            if let Some(state) = state {
                query = query.filter(parts::state.eq(state.as_str()));
            }
            let rows: Vec<PartLineRow> = query.load(connection)?;
            rows.into_iter().map(part).collect()
        })
        .await
    }
}

fn part(row: PartLineRow) -> Result<PartLine, Error> {
    let name = format!("{}:{}", row.job_id, row.ordinal);
    let wrong = |column| corrupt("bulk_export_parts", column, &name);
    Ok(PartLine {
        ordinal: row.ordinal,
        kind: row.kind,
        resource_type: row.resource_type,
        state: PartState::parse(&row.state).ok_or_else(|| wrong("state"))?,
        attempts: u32::try_from(row.attempts).map_err(|_| wrong("attempts"))?,
        handed_back: u32::try_from(row.handed_back).map_err(|_| wrong("handed_back"))?,
        worker: row.worker,
        started_at: row.started_at,
        ended_at: row.ended_at,
        next_at: row.next_at,
        lease_until: row.lease_until,
        rows: unsigned(row.rows),
        bytes: unsigned(row.bytes),
        error: row.error,
    })
}
