//! Deliveries, as the operator sees them, and their delivery again.

use bulk_export_domain::{
    ids::{DeliveryId, JobId, WebhookId},
    webhook::Event,
};
use chrono::{DateTime, Utc};
use diesel::{prelude::*, sql_types};
use uuid::Uuid;

use super::{Delivery, DeliveryFilter, DeliveryState};
use crate::{
    audit::{Action, Entry, append},
    error::{Error, corrupt},
    operator::{Cursor, Person, page},
    pool::Store,
    schema::bulk_export_deliveries,
};

/// What became of a request to deliver again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Redelivered {
    /// So many are due now.
    Due(u64),
    /// The receiver is disabled: enable it first.
    Disabled,
    /// There is no such delivery, or receiver, any more.
    Unknown,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = bulk_export_deliveries, check_for_backend(diesel::pg::Pg))]
struct DeliveryRow {
    id: Uuid,
    webhook_id: Uuid,
    job_id: Uuid,
    event: String,
    state: String,
    attempts: i32,
    next_at: DateTime<Utc>,
    last_status: Option<i32>,
    last_error: Option<String>,
    created_at: DateTime<Utc>,
    delivered_at: Option<DateTime<Utc>>,
}

impl DeliveryRow {
    fn into_delivery(self) -> Result<Delivery, Error> {
        let wrong = |column| corrupt("bulk_export_deliveries", column, &self.id);
        Ok(Delivery {
            id: DeliveryId::from_uuid(self.id),
            webhook: WebhookId::from_uuid(self.webhook_id),
            job: JobId::from_uuid(self.job_id),
            event: Event::parse(&self.event).ok_or_else(|| wrong("event"))?,
            state: DeliveryState::parse(&self.state).ok_or_else(|| wrong("state"))?,
            attempts: u32::try_from(self.attempts).map_err(|_| wrong("attempts"))?,
            next_at: self.next_at,
            last_status: self
                .last_status
                .and_then(|status| u16::try_from(status).ok()),
            last_error: self.last_error,
            created_at: self.created_at,
            delivered_at: self.delivered_at,
        })
    }
}

#[derive(QueryableByName)]
struct EnabledRow {
    #[diesel(sql_type = sql_types::Uuid)]
    id: Uuid,
    #[diesel(sql_type = sql_types::Bool)]
    enabled: bool,
}

impl Store {
    /// Lists deliveries, newest first, after the cursor; at most [`MOST_ROWS`](crate::operator::MOST_ROWS).
    ///
    /// # Errors
    /// The database is away, or a row does not parse.
    pub async fn deliveries(
        &self,
        filter: DeliveryFilter,
        after: Option<Cursor>,
        limit: i64,
    ) -> Result<Vec<Delivery>, Error> {
        use bulk_export_deliveries as deliveries;
        self.run(move |connection| {
            let mut query = deliveries::table
                .select(DeliveryRow::as_select())
                .order((deliveries::created_at.desc(), deliveries::id.desc()))
                .limit(page(limit))
                .into_boxed();
            if let Some(webhook) = filter.webhook {
                query = query.filter(deliveries::webhook_id.eq(webhook.uuid()));
            }
            if let Some(job) = filter.job {
                query = query.filter(deliveries::job_id.eq(job.uuid()));
            }
            if let Some(state) = filter.state {
                query = query.filter(deliveries::state.eq(state.as_str()));
            }
            if let Some(cursor) = after {
                let (at, id) = cursor.key();
                let key = diesel::dsl::sql::<sql_types::Bool>("(created_at, id) < (")
                    .bind::<sql_types::Timestamptz, _>(at)
                    .sql(", ")
                    .bind::<sql_types::Uuid, _>(id)
                    .sql(")");
                query = query.filter(key);
            }
            let rows: Vec<DeliveryRow> = query.load(connection)?;
            rows.into_iter().map(DeliveryRow::into_delivery).collect()
        })
        .await
    }

    /// Has a delivery delivered again, with all its attempts before it. One that is under way just now may arrive twice.
    ///
    /// # Errors
    /// The database is away; nothing was changed.
    pub async fn redeliver(&self, id: DeliveryId, by: Person) -> Result<Redelivered, Error> {
        use bulk_export_deliveries as deliveries;
        let one = deliveries::table
            .find(id.uuid())
            .select(deliveries::webhook_id);
        self.transaction(move |connection| {
            let webhook: Option<Uuid> = one.first(connection).optional()?;
            let Some(webhook) = webhook else {
                return Ok(Redelivered::Unknown);
            };
            let ended = redeliver(connection, webhook, Some(id.uuid()))?;
            audit(connection, ended, &id.to_string(), &by)
        })
        .await
    }

    /// Has all that was given up for one receiver delivered again.
    ///
    /// # Errors
    /// The database is away; nothing was changed.
    pub async fn redeliver_parked(&self, id: WebhookId, by: Person) -> Result<Redelivered, Error> {
        self.transaction(move |connection| {
            let ended = redeliver(connection, id.uuid(), None)?;
            audit(connection, ended, &format!("{id}: all parked"), &by)
        })
        .await
    }
}

/// Makes deliveries due. The receiver is locked first, as in a claim.
fn redeliver(
    connection: &mut PgConnection,
    webhook: Uuid,
    delivery: Option<Uuid>,
) -> Result<Redelivered, Error> {
    let receiver: Option<EnabledRow> = diesel::sql_query(include_str!("deliveries/lock.sql"))
        .bind::<sql_types::Uuid, _>(webhook)
        .get_result(connection)
        .optional()?;
    match receiver {
        None => Ok(Redelivered::Unknown),
        Some(EnabledRow { enabled: false, .. }) => Ok(Redelivered::Disabled),
        Some(EnabledRow { id, .. }) => {
            let due = diesel::sql_query(include_str!("deliveries/again.sql"))
                .bind::<sql_types::Uuid, _>(id)
                .bind::<sql_types::Nullable<sql_types::Uuid>, _>(delivery)
                .execute(connection)?;
            Ok(Redelivered::Due(due as u64))
        }
    }
}

fn audit(
    connection: &mut PgConnection,
    ended: Redelivered,
    what: &str,
    by: &Person,
) -> Result<Redelivered, Error> {
    if let Redelivered::Due(number) = ended {
        let entry = Entry::new(Action::Webhook, "redelivered")
            .by_id(by.reveal().to_owned())
            .detail(format!("{what} ({number})"));
        append(connection, &entry)?;
    }
    Ok(ended)
}
