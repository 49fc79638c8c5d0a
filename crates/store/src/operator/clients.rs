//! Who asks for exports: each requester with jobs that are still there, the one who asked last first.

use bulk_export_domain::{ids::JobId, policy::Role};
use chrono::{DateTime, Utc};
use diesel::{prelude::*, sql_types};
use uuid::Uuid;

use super::{Person, jobs::unsigned, page};
use crate::{
    error::{Error, corrupt},
    pool::Store,
};

/// One requester.
#[derive(Debug, Clone)]
pub struct Client {
    /// The token's subject.
    pub requester: Person,
    /// The role at the last kick-off.
    pub role: Role,
    /// Jobs that are pending or under way.
    pub open: u64,
    /// All jobs that are not yet removed.
    pub jobs: u64,
    /// Of these, those that failed.
    pub failed: u64,
    /// Bytes of their files on the node, as they are stored.
    pub bytes: u64,
    /// The last job.
    pub last_job: JobId,
    /// When it was kicked off.
    pub last_at: DateTime<Utc>,
}

#[derive(QueryableByName)]
struct ClientRow {
    #[diesel(sql_type = sql_types::Text)]
    requester_id: String,
    #[diesel(sql_type = sql_types::Text)]
    role: String,
    #[diesel(sql_type = sql_types::BigInt)]
    open: i64,
    #[diesel(sql_type = sql_types::BigInt)]
    jobs: i64,
    #[diesel(sql_type = sql_types::BigInt)]
    failed: i64,
    #[diesel(sql_type = sql_types::BigInt)]
    bytes: i64,
    #[diesel(sql_type = sql_types::Uuid)]
    last_job: Uuid,
    #[diesel(sql_type = sql_types::Timestamptz)]
    last_at: DateTime<Utc>,
}

impl Store {
    /// Lists the requesters that have jobs, the one who asked last first; at most
    /// [`MOST_ROWS`](super::MOST_ROWS).
    ///
    /// # Errors
    /// The database is away, or a row does not parse.
    pub async fn clients(&self, limit: i64) -> Result<Vec<Client>, Error> {
        self.run(move |connection| {
            let rows: Vec<ClientRow> = diesel::sql_query(include_str!("clients/list.sql"))
                .bind::<sql_types::BigInt, _>(page(limit))
                .load(connection)?;
            rows.into_iter().map(client).collect()
        })
        .await
    }
}

fn client(row: ClientRow) -> Result<Client, Error> {
    let role = Role::parse(&row.role)
        .ok_or_else(|| corrupt("bulk_export_jobs", "requester_role", &row.last_job))?;
    Ok(Client {
        requester: Person::new(row.requester_id),
        role,
        open: unsigned(row.open),
        jobs: unsigned(row.jobs),
        failed: unsigned(row.failed),
        bytes: unsigned(row.bytes),
        last_job: JobId::from_uuid(row.last_job),
        last_at: row.last_at,
    })
}
