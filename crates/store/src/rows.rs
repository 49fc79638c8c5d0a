//! Rows of our tables as domain values, and the few expressions that every query needs.

use bulk_export_domain::{
    file::{FileDigest, StoredFile},
    ids::{FileId, JobId},
    job::{File, FileKind, Job, JobState, Status},
    part::{Claim, InvalidKey, Key, KeyRange, PartKind, Scope},
    policy::{Ownership, PatientId, Subject},
    resource_type::ResourceType,
};
use chrono::{DateTime, Utc};
use diesel::{expression::SqlLiteral, prelude::*, sql_types::Timestamptz};
use uuid::Uuid;

use crate::{
    error::{Error, corrupt},
    schema::{bulk_export_files, bulk_export_jobs, bulk_export_parts},
};

/// The database's clock. `now()` is the transaction's start, which may lie before a lock was waited for.
pub(crate) fn clock() -> SqlLiteral<Timestamptz> {
    diesel::dsl::sql("clock_timestamp()")
}

/// An id that a query of ours gives.
#[derive(QueryableByName)]
pub(crate) struct IdRow {
    #[diesel(sql_type = diesel::sql_types::Uuid)]
    pub(crate) id: Uuid,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = bulk_export_jobs, check_for_backend(diesel::pg::Pg))]
pub(crate) struct JobRow {
    pub(crate) id: Uuid,
    requester_id: String,
    subject_patient: Option<String>,
    status: String,
    progress: i32,
    total_resources: Option<i64>,
    error: Option<String>,
    expires_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    request_url: String,
    transaction_time: DateTime<Utc>,
}

impl JobRow {
    pub(crate) fn into_job(self) -> Result<Job, Error> {
        let wrong = |column| corrupt("bulk_export_jobs", column, &self.id);
        let status = Status::parse(&self.status).ok_or_else(|| wrong("status"))?;
        let state = state(
            status,
            self.progress,
            self.total_resources,
            self.error.as_deref(),
            self.expires_at,
        )
        .map_err(wrong)?;
        let subject =
            subject(self.subject_patient.as_deref()).ok_or_else(|| wrong("subject_patient"))?;
        Ok(Job {
            id: JobId::from_uuid(self.id),
            ownership: Ownership {
                requester_id: self.requester_id,
                subject,
            },
            request_url: self.request_url,
            transaction_time: self.transaction_time,
            created_at: self.created_at,
            state,
        })
    }
}

/// Reads a job's state with the facts of that state; the error is the column that holds what it must not.
pub(crate) fn state(
    status: Status,
    progress: i32,
    total_resources: Option<i64>,
    error: Option<&str>,
    expires_at: Option<DateTime<Utc>>,
) -> Result<JobState, &'static str> {
    Ok(match status {
        Status::Pending => JobState::Pending,
        Status::InProgress => JobState::InProgress {
            progress: u8::try_from(progress).map_err(|_| "progress")?,
            total_resources: total_resources
                .map(count)
                .transpose()
                .map_err(|()| "total_resources")?,
        },
        Status::Completed => JobState::Completed {
            expires_at: expires_at.ok_or("expires_at")?,
        },
        Status::Failed => JobState::Failed {
            reason: error.ok_or("error")?.to_owned(),
        },
        Status::Cancelled => JobState::Cancelled,
    })
}

/// Reads a job's stored subject. An empty text never stands for everyone.
fn subject(patient: Option<&str>) -> Option<Subject> {
    match patient {
        None => Some(Subject::Everyone),
        Some(id) => PatientId::from_claim(id).map(Subject::Patient),
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = bulk_export_jobs, check_for_backend(diesel::pg::Pg))]
pub(crate) struct ScopeRow {
    id: Uuid,
    pub(crate) status: String,
    resource_types: Vec<String>,
    subject_patient: Option<String>,
    since: Option<DateTime<Utc>>,
    transaction_time: DateTime<Utc>,
    file_rows: Option<i64>,
    pub(crate) trace_parent: Option<String>,
}

impl ScopeRow {
    pub(crate) fn into_scope(self) -> Result<Scope, Error> {
        let wrong = |column| corrupt("bulk_export_jobs", column, &self.id);
        let types: Option<Vec<ResourceType>> = self
            .resource_types
            .iter()
            .map(|name| name.parse().ok())
            .collect();
        Ok(Scope {
            subject: subject(self.subject_patient.as_deref())
                .ok_or_else(|| wrong("subject_patient"))?,
            types: types.ok_or_else(|| wrong("resource_types"))?,
            since: self.since,
            transaction_time: self.transaction_time,
            file_rows: self
                .file_rows
                .map(count)
                .transpose()
                .map_err(|()| wrong("file_rows"))?,
        })
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = bulk_export_parts, check_for_backend(diesel::pg::Pg))]
pub(crate) struct PartRow {
    pub(crate) job_id: Uuid,
    pub(crate) ordinal: i32,
    kind: String,
    resource_type: Option<String>,
    key_from: Option<String>,
    key_to: Option<String>,
    pub(crate) generation: i32,
    pub(crate) attempts: i32,
}

impl PartRow {
    pub(crate) fn resource_type(&self) -> Option<ResourceType> {
        self.resource_type
            .as_deref()
            .and_then(|name| name.parse().ok())
    }

    pub(crate) fn into_claim(self, scope: ScopeRow) -> Result<Claim, Error> {
        let trace_parent = scope.trace_parent.clone();
        let scope = scope.into_scope()?;
        let wrong = |column| {
            corrupt(
                "bulk_export_parts",
                column,
                &format!("{}:{}", self.job_id, self.ordinal),
            )
        };
        let kind = match self.kind.as_str() {
            "plan" => PartKind::Plan,
            "report" => PartKind::Report,
            "export" => PartKind::Export {
                resource_type: self.resource_type().ok_or_else(|| wrong("resource_type"))?,
                range: KeyRange {
                    from: key(self.key_from.as_deref()).map_err(|_| wrong("key_from"))?,
                    to: key(self.key_to.as_deref()).map_err(|_| wrong("key_to"))?,
                },
            },
            _ => return Err(wrong("kind")),
        };
        let job = JobId::from_uuid(self.job_id);
        Ok(Claim {
            job,
            ordinal: self.ordinal,
            generation: self.generation,
            attempts: self.attempts,
            kind,
            scope,
            trace_parent,
        })
    }
}

fn key(text: Option<&str>) -> Result<Option<Key>, InvalidKey> {
    text.map(str::parse).transpose()
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = bulk_export_files, check_for_backend(diesel::pg::Pg))]
pub(crate) struct FileRow {
    id: Uuid,
    kind: String,
    resource_type: String,
    rows: i64,
    stored_bytes: i64,
    coding: String,
    decoded_bytes: i64,
    sha256: String,
    cid: String,
}

impl FileRow {
    pub(crate) fn into_file(self) -> Result<File, Error> {
        let wrong = |column| corrupt("bulk_export_files", column, &self.id);
        let kind = match self.kind.as_str() {
            "output" => FileKind::Output(
                self.resource_type
                    .parse()
                    .map_err(|_| wrong("resource_type"))?,
            ),
            "error" => FileKind::Error,
            _ => return Err(wrong("kind")),
        };
        let digest = FileDigest {
            cid: self.cid.parse().map_err(|_| wrong("cid"))?,
            sha256: self.sha256.parse().map_err(|_| wrong("sha256"))?,
            bytes: count(self.stored_bytes).map_err(|()| wrong("stored_bytes"))?,
            lines: count(self.rows).map_err(|()| wrong("rows"))?,
        };
        Ok(File {
            id: FileId::from_uuid(self.id),
            kind,
            stored: StoredFile {
                digest,
                coding: self.coding.parse().map_err(|_| wrong("coding"))?,
                decoded_bytes: count(self.decoded_bytes).map_err(|()| wrong("decoded_bytes"))?,
            },
        })
    }
}

fn count(number: i64) -> Result<u64, ()> {
    u64::try_from(number).map_err(|_| ())
}

/// Gives a count as the signed number that PostgreSQL stores; no count comes near the end of the range.
pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
