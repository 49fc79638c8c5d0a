//! How far jobs are, for those who watch them: all at once, in one query.

use bulk_export_domain::{
    ids::JobId,
    job::{JobState, Status},
};
use chrono::{DateTime, Utc};
use diesel::{prelude::*, sql_types};
use uuid::Uuid;

use crate::{
    error::{Error, corrupt},
    operator::unsigned,
    pool::Store,
    rows::state,
};

/// How far a job is.
#[derive(Debug, Clone)]
pub struct Watched {
    /// The job.
    pub id: JobId,
    /// Its state.
    pub state: JobState,
    /// Resources written so far; once completed, all.
    pub resources: u64,
    /// Seconds since the first of its parts began to export.
    pub seconds: Option<f64>,
    /// When its row was last written, on the database's clock.
    pub changed_at: DateTime<Utc>,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = sql_types::Uuid)]
    id: Uuid,
    #[diesel(sql_type = sql_types::Text)]
    status: String,
    #[diesel(sql_type = sql_types::Integer)]
    progress: i32,
    #[diesel(sql_type = sql_types::Nullable<sql_types::BigInt>)]
    total_resources: Option<i64>,
    #[diesel(sql_type = sql_types::Nullable<sql_types::Text>)]
    error: Option<String>,
    #[diesel(sql_type = sql_types::Nullable<sql_types::Timestamptz>)]
    expires_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = sql_types::Timestamptz)]
    updated_at: DateTime<Utc>,
    #[diesel(sql_type = sql_types::Nullable<sql_types::BigInt>)]
    rows: Option<i64>,
    #[diesel(sql_type = sql_types::Nullable<sql_types::Double>)]
    seconds: Option<f64>,
}

impl Row {
    fn into_watched(self) -> Result<Watched, Error> {
        let wrong = |column| corrupt("bulk_export_jobs", column, &self.id);
        let status = Status::parse(&self.status).ok_or_else(|| wrong("status"))?;
        let resources = match status {
            Status::Completed => self.total_resources,
            _ => self.rows,
        };
        let state = state(
            status,
            self.progress,
            self.total_resources,
            self.error.as_deref(),
            self.expires_at,
        );
        Ok(Watched {
            id: JobId::from_uuid(self.id),
            state: state.map_err(wrong)?,
            resources: resources.map_or(0, unsigned),
            seconds: self.seconds,
            changed_at: self.updated_at,
        })
    }
}

impl Store {
    /// Tells how far these jobs are, cancelled and expired ones too. One that is not there any more is left out.
    ///
    /// # Errors
    /// The database is away, or a row does not parse.
    pub async fn watched(&self, jobs: Vec<JobId>) -> Result<Vec<Watched>, Error> {
        self.run(move |connection| {
            let ids: Vec<Uuid> = jobs.into_iter().map(JobId::uuid).collect();
            let rows: Vec<Row> = diesel::sql_query(include_str!("watch/jobs.sql"))
                .bind::<sql_types::Array<sql_types::Uuid>, _>(ids)
                .load(connection)?;
            rows.into_iter().map(Row::into_watched).collect()
        })
        .await
    }
}
