//! The outbox: what is told of a job's end, written in the transaction that ends it.

use std::time::Duration;

use bulk_export_domain::{
    ids::{DeliveryId, JobId},
    webhook::{Counts, Event, payload, status_url},
};
use chrono::{DateTime, Utc};
use diesel::{prelude::*, sql_types};
use uuid::Uuid;

use crate::{
    error::Error, operator::unsigned, pool::Store, rows::clock, schema::bulk_export_deliveries,
};

/// How many jobs one transaction lets expire.
const PAGE: i64 = 500;

#[derive(QueryableByName)]
struct IdRow {
    #[diesel(sql_type = sql_types::Uuid)]
    id: Uuid,
}

#[derive(QueryableByName)]
struct EndRow {
    #[diesel(sql_type = sql_types::Text)]
    request_url: String,
    #[diesel(sql_type = sql_types::Timestamptz)]
    at: DateTime<Utc>,
    #[diesel(sql_type = sql_types::BigInt)]
    resources: i64,
    #[diesel(sql_type = sql_types::BigInt)]
    files: i64,
    #[diesel(sql_type = sql_types::BigInt)]
    bytes: i64,
}

/// Writes what the receivers of a job's requester are told. The caller holds the job's row and has ended it.
pub(crate) fn tell(connection: &mut PgConnection, job: Uuid, event: Event) -> Result<(), Error> {
    use bulk_export_deliveries as deliveries;
    let receivers: Vec<IdRow> = diesel::sql_query(include_str!("outbox/receivers.sql"))
        .bind::<sql_types::Uuid, _>(job)
        .bind::<sql_types::Text, _>(event.as_str())
        .load(connection)?;
    if receivers.is_empty() {
        return Ok(());
    }
    let end: EndRow = diesel::sql_query(include_str!("outbox/end.sql"))
        .bind::<sql_types::Uuid, _>(job)
        .bind::<sql_types::Bool, _>(event == Event::Expired)
        .get_result(connection)?;
    let id = JobId::from_uuid(job);
    let counts = Counts {
        resources: unsigned(end.resources),
        files: unsigned(end.files),
        bytes: unsigned(end.bytes),
    };
    let payload = payload(event, end.at, id, counts, &status_url(&end.request_url, id));
    for receiver in receivers {
        let row = (
            deliveries::id.eq(DeliveryId::random().uuid()),
            deliveries::webhook_id.eq(receiver.id),
            deliveries::job_id.eq(job),
            deliveries::event.eq(event.as_str()),
            deliveries::payload.eq(&payload),
            deliveries::next_at.eq(clock()),
        );
        diesel::insert_into(deliveries::table)
            .values(row)
            .execute(connection)?;
    }
    Ok(())
}

impl Store {
    /// Notes which jobs have come to their `expires_at`, from when on clients see 404, and tells of it; gives how many.
    /// The rows stay until the sweep.
    ///
    /// # Errors
    /// The database is away.
    pub async fn expire(&self) -> Result<u64, Error> {
        self.transaction(|connection| {
            let jobs: Vec<IdRow> = diesel::sql_query(include_str!("outbox/expire.sql"))
                .bind::<sql_types::BigInt, _>(PAGE)
                .load(connection)?;
            for job in &jobs {
                tell(connection, job.id, Event::Expired)?;
            }
            Ok(jobs.len() as u64)
        })
        .await
    }

    /// Removes a page of old deliveries: those that were delivered after `delivered`, those that were given up or whose
    /// receiver is disabled after `others`. Gives how many; zero means that there are no more.
    ///
    /// # Errors
    /// The database is away.
    pub async fn prune_deliveries(
        &self,
        delivered: Duration,
        others: Duration,
    ) -> Result<u64, Error> {
        self.run(move |connection| {
            let pruned = diesel::sql_query(include_str!("outbox/prune.sql"))
                .bind::<sql_types::Double, _>(delivered.as_secs_f64())
                .bind::<sql_types::Double, _>(others.as_secs_f64())
                .bind::<sql_types::BigInt, _>(PAGE)
                .execute(connection)?;
            Ok(pruned as u64)
        })
        .await
    }
}
