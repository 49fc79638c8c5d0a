//! Claims of deliveries: one at a time per receiver, in all the workers together, under a lease. An attempt is counted at
//! its claim; every later write names it, so that who comes too late writes nothing.

use std::time::Duration;

use bulk_export_domain::{
    ids::{DeliveryId, JobId, WebhookId},
    webhook::{Endpoint, Secret},
};
use chrono::{DateTime, Utc};
use diesel::{prelude::*, sql_types};
use uuid::Uuid;

use super::DeliveryState;
use crate::{
    audit::{Action, Entry, append},
    error::Error,
    pool::Store,
    rows::clock,
    schema::bulk_export_webhooks,
};

/// How often a delivery may be claimed: one whose workers all die before they note how it went must end too.
const MOST_CLAIMS: i32 = 50;

const DIED: &str = "every worker that tried died of it";
const UNREADABLE: &str = "the receiver's URL or secret cannot be read";
const GONE: &str = "the receiver wants no more webhooks";

/// One attempt at one delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    /// The delivery.
    pub delivery: DeliveryId,
    /// The receiver.
    pub webhook: WebhookId,
    /// Which attempt it is, from 1 on.
    pub number: u32,
}

/// A delivery to be sent.
#[derive(Clone)]
pub struct Outgoing {
    /// What is claimed.
    pub attempt: Attempt,
    /// The job that it tells of.
    pub job: JobId,
    /// Where it goes.
    pub endpoint: Endpoint,
    /// What signs it: each of them.
    pub secrets: Vec<Secret>,
    /// What is sent, byte for byte.
    pub payload: String,
    /// The database's clock at the claim.
    pub at: DateTime<Utc>,
}

impl std::fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Outgoing({:?}, [redacted])", self.attempt)
    }
}

#[derive(QueryableByName)]
struct ReceiverRow {
    #[diesel(sql_type = sql_types::Uuid)]
    id: Uuid,
}

#[derive(QueryableByName)]
struct LeasedRow {
    #[diesel(sql_type = sql_types::Uuid)]
    id: Uuid,
    #[diesel(sql_type = sql_types::Uuid)]
    webhook_id: Uuid,
    #[diesel(sql_type = sql_types::Uuid)]
    job_id: Uuid,
    #[diesel(sql_type = sql_types::Text)]
    payload: String,
    #[diesel(sql_type = sql_types::Integer)]
    attempts: i32,
    #[diesel(sql_type = sql_types::Text)]
    url: String,
    #[diesel(sql_type = sql_types::Array<sql_types::Text>)]
    secrets: Vec<String>,
    #[diesel(sql_type = sql_types::Timestamptz)]
    at: DateTime<Utc>,
}

impl LeasedRow {
    fn attempt(&self) -> Attempt {
        Attempt {
            delivery: DeliveryId::from_uuid(self.id),
            webhook: WebhookId::from_uuid(self.webhook_id),
            number: u32::try_from(self.attempts).unwrap_or(0),
        }
    }

    /// Reads the row; `None` when somebody else wrote a URL or a secret into our table that is none.
    fn outgoing(self) -> Option<Outgoing> {
        let attempt = self.attempt();
        let secrets = self.secrets.iter().map(|secret| Secret::parse(secret).ok());
        Some(Outgoing {
            attempt,
            job: JobId::from_uuid(self.job_id),
            endpoint: self.url.parse().ok()?,
            secrets: secrets.collect::<Option<_>>()?,
            payload: self.payload,
            at: self.at,
        })
    }
}

impl Store {
    /// Claims the oldest due delivery of at most so many receivers to whom nobody delivers just now.
    ///
    /// # Errors
    /// The database is away.
    pub async fn claim_deliveries(
        &self,
        lease: Duration,
        most: i64,
    ) -> Result<Vec<Outgoing>, Error> {
        self.transaction(move |connection| {
            // Two statements: what others committed before we had the receivers' locks, the second one sees.
            let receivers: Vec<ReceiverRow> =
                diesel::sql_query(include_str!("claim/receivers.sql"))
                    .bind::<sql_types::BigInt, _>(most)
                    .load(connection)?;
            if receivers.is_empty() {
                return Ok(vec![]);
            }
            let ids: Vec<Uuid> = receivers.into_iter().map(|row| row.id).collect();
            let leased: Vec<LeasedRow> = diesel::sql_query(include_str!("claim/lease.sql"))
                .bind::<sql_types::Array<sql_types::Uuid>, _>(ids)
                .bind::<sql_types::Double, _>(lease.as_secs_f64())
                .load(connection)?;
            let mut outgoing = Vec::with_capacity(leased.len());
            for row in leased {
                let (attempt, claims) = (row.attempt(), row.attempts);
                if claims > MOST_CLAIMS {
                    note(connection, attempt, &Ended::parked(None, DIED))?;
                } else if let Some(one) = row.outgoing() {
                    outgoing.push(one);
                } else {
                    note(connection, attempt, &Ended::parked(None, UNREADABLE))?;
                }
            }
            Ok(outgoing)
        })
        .await
    }

    /// Notes that the receiver took a delivery; `false` when the attempt is no longer ours.
    ///
    /// # Errors
    /// The database is away; it will be delivered again.
    pub async fn delivered(&self, attempt: Attempt, status: u16) -> Result<bool, Error> {
        let ended = Ended {
            state: DeliveryState::Delivered,
            status: Some(status),
            error: None,
            wait: None,
        };
        self.run(move |connection| Ok(note(connection, attempt, &ended)?))
            .await
    }

    /// Notes that an attempt failed: the delivery is due again after `wait`, or given up without one. `error` holds
    /// nothing of what the receiver said. `false` when the attempt is no longer ours.
    ///
    /// # Errors
    /// The database is away; it will be tried again when the lease has run out.
    pub async fn not_delivered(
        &self,
        attempt: Attempt,
        status: Option<u16>,
        error: String,
        wait: Option<Duration>,
    ) -> Result<bool, Error> {
        self.run(move |connection| {
            let ended = Ended {
                state: wait.map_or(DeliveryState::Parked, |_| DeliveryState::Due),
                status,
                error: Some(&error),
                wait,
            };
            Ok(note(connection, attempt, &ended)?)
        })
        .await
    }

    /// Notes that the receiver wants nothing any more (410): it is disabled, and the delivery given up. `false` when the
    /// attempt is no longer ours.
    ///
    /// # Errors
    /// The database is away; it will be tried again when the lease has run out.
    pub async fn receiver_gone(&self, attempt: Attempt) -> Result<bool, Error> {
        use bulk_export_webhooks as webhooks;
        self.transaction(move |connection| {
            let enabled = webhooks::table
                .find(attempt.webhook.uuid())
                .filter(webhooks::disabled_at.is_null());
            // The receiver first, as in a claim.
            let disabled = diesel::update(enabled)
                .set(webhooks::disabled_at.eq(clock().nullable()))
                .execute(connection)?;
            let ours = note(connection, attempt, &Ended::parked(Some(410), GONE))?;
            if !ours {
                // What is no longer ours decides nothing.
                return Err(Error::Statement(diesel::result::Error::RollbackTransaction));
            }
            if disabled == 1 {
                let entry = Entry::new(Action::Webhook, "disabled")
                    .detail(format!("{}: it answered 410", attempt.webhook));
                append(connection, &entry)?;
            }
            Ok(true)
        })
        .await
        .or_else(|error| match error {
            Error::Statement(diesel::result::Error::RollbackTransaction) => Ok(false),
            other => Err(other),
        })
    }
}

/// How an attempt ended.
struct Ended<'a> {
    state: DeliveryState,
    status: Option<u16>,
    error: Option<&'a str>,
    wait: Option<Duration>,
}

impl<'a> Ended<'a> {
    const fn parked(status: Option<u16>, error: &'a str) -> Self {
        Self {
            state: DeliveryState::Parked,
            status,
            error: Some(error),
            wait: None,
        }
    }
}

/// Writes how an attempt ended; `false` when it is no longer the last one.
fn note(connection: &mut PgConnection, attempt: Attempt, ended: &Ended<'_>) -> QueryResult<bool> {
    let noted = diesel::sql_query(include_str!("claim/note.sql"))
        .bind::<sql_types::Uuid, _>(attempt.delivery.uuid())
        .bind::<sql_types::Integer, _>(i32::try_from(attempt.number).unwrap_or(i32::MAX))
        .bind::<sql_types::Text, _>(ended.state.as_str())
        .bind::<sql_types::Nullable<sql_types::Integer>, _>(ended.status.map(i32::from))
        .bind::<sql_types::Nullable<sql_types::Text>, _>(ended.error)
        .bind::<sql_types::Nullable<sql_types::Double>, _>(
            ended.wait.map(|wait| wait.as_secs_f64()),
        )
        .execute(connection)?;
    Ok(noted == 1)
}
