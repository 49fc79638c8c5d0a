//! Receivers: registered, listed, rotated, disabled and removed by an operator, each with its line in the audit.

use bulk_export_domain::{
    ids::WebhookId,
    webhook::{Endpoint, Event, Secret},
};
use chrono::{DateTime, Utc};
use diesel::{prelude::*, sql_types};
use uuid::Uuid;

use super::Receiver;
use crate::{
    audit::{Action, Entry, append},
    error::{Error, corrupt},
    operator::{Cursor, Person, page, unsigned},
    pool::Store,
    rows::clock,
    schema::bulk_export_webhooks,
};

/// A receiver to be registered.
#[derive(Debug, Clone)]
pub struct NewReceiver {
    /// Whose jobs it is told of.
    pub requester: Person,
    /// Where it is told.
    pub endpoint: Endpoint,
    /// What it is told; at least one.
    pub events: Vec<Event>,
}

/// What became of a rotation.
#[derive(Debug, Clone)]
pub enum Rotated {
    /// This new secret signs beside the old one, which stays until the rotation is ended.
    Began(Secret),
    /// Two secrets sign already.
    UnderWay,
    /// There is no such receiver.
    Unknown,
}

/// What became of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Changed {
    /// It was made.
    Done,
    /// It was so already.
    Already,
    /// There is no such receiver.
    Unknown,
}

#[derive(QueryableByName)]
struct ReceiverRow {
    #[diesel(sql_type = sql_types::Uuid)]
    id: Uuid,
    #[diesel(sql_type = sql_types::Text)]
    requester_id: String,
    #[diesel(sql_type = sql_types::Text)]
    url: String,
    #[diesel(sql_type = sql_types::Array<sql_types::Text>)]
    events: Vec<String>,
    #[diesel(sql_type = sql_types::Bool)]
    rotating: bool,
    #[diesel(sql_type = sql_types::Timestamptz)]
    created_at: DateTime<Utc>,
    #[diesel(sql_type = sql_types::Nullable<sql_types::Timestamptz>)]
    disabled_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = sql_types::BigInt)]
    due: i64,
    #[diesel(sql_type = sql_types::BigInt)]
    parked: i64,
}

impl ReceiverRow {
    fn into_receiver(self) -> Result<Receiver, Error> {
        let wrong = |column| corrupt("bulk_export_webhooks", column, &self.id);
        let events: Option<Vec<Event>> =
            self.events.iter().map(|word| Event::parse(word)).collect();
        Ok(Receiver {
            id: WebhookId::from_uuid(self.id),
            endpoint: self.url.parse().map_err(|_| wrong("url"))?,
            events: events.ok_or_else(|| wrong("events"))?,
            requester: Person::new(self.requester_id),
            rotating: self.rotating,
            created_at: self.created_at,
            disabled_at: self.disabled_at,
            due: unsigned(self.due),
            parked: unsigned(self.parked),
        })
    }
}

impl Store {
    /// Registers a receiver and gives its id and its secret, which is shown this once.
    ///
    /// # Errors
    /// The database is away; nothing was registered.
    pub async fn register_webhook(
        &self,
        new: NewReceiver,
        by: Person,
    ) -> Result<(WebhookId, Secret), Error> {
        use bulk_export_webhooks as webhooks;
        let (id, secret) = (WebhookId::random(), Secret::random());
        let signing = secret.clone();
        self.transaction(move |connection| {
            let events: Vec<&str> = new.events.iter().map(|event| event.as_str()).collect();
            let row = (
                webhooks::id.eq(id.uuid()),
                webhooks::requester_id.eq(new.requester.reveal()),
                webhooks::url.eq(new.endpoint.reveal().as_str()),
                webhooks::events.eq(&events),
                webhooks::secrets.eq(vec![signing.reveal()]),
            );
            diesel::insert_into(webhooks::table)
                .values(row)
                .execute(connection)?;
            let entry = Entry::new(Action::Webhook, "added")
                .by_id(by.reveal().to_owned())
                .detail(format!("{id}: {}", events.join(", ")));
            Ok(append(connection, &entry)?)
        })
        .await?;
        Ok((id, secret))
    }

    /// Lists receivers, newest first, after the cursor; all, or those of one requester. At most
    /// [`MOST_ROWS`](crate::operator::MOST_ROWS).
    ///
    /// # Errors
    /// The database is away, or a row does not parse.
    pub async fn webhooks(
        &self,
        requester: Option<Person>,
        after: Option<Cursor>,
        limit: i64,
    ) -> Result<Vec<Receiver>, Error> {
        self.run(move |connection| {
            let (at, id) = after.map(Cursor::key).unzip();
            let rows: Vec<ReceiverRow> = diesel::sql_query(include_str!("receivers/list.sql"))
                .bind::<sql_types::Nullable<sql_types::Text>, _>(
                    requester.as_ref().map(Person::reveal),
                )
                .bind::<sql_types::Nullable<sql_types::Timestamptz>, _>(at)
                .bind::<sql_types::Nullable<sql_types::Uuid>, _>(id)
                .bind::<sql_types::BigInt, _>(page(limit))
                .load(connection)?;
            rows.into_iter().map(ReceiverRow::into_receiver).collect()
        })
        .await
    }

    /// Begins to replace a receiver's secret: a new one signs beside the old one, until
    /// [`finish_rotation`](Self::finish_rotation).
    ///
    /// # Errors
    /// The database is away; nothing was changed.
    pub async fn rotate_webhook(&self, id: WebhookId, by: Person) -> Result<Rotated, Error> {
        use bulk_export_webhooks as webhooks;
        self.transaction(move |connection| {
            let Some(mut secrets) = lock(connection, id)? else {
                return Ok(Rotated::Unknown);
            };
            if secrets.len() > 1 {
                return Ok(Rotated::UnderWay);
            }
            let secret = Secret::random();
            secrets.insert(0, secret.reveal().to_owned());
            diesel::update(webhooks::table.find(id.uuid()))
                .set(webhooks::secrets.eq(secrets))
                .execute(connection)?;
            audit(connection, id, "rotation began", &by)?;
            Ok(Rotated::Began(secret))
        })
        .await
    }

    /// Ends the replacement of a receiver's secret: the old one signs no more.
    ///
    /// # Errors
    /// The database is away; nothing was changed.
    pub async fn finish_rotation(&self, id: WebhookId, by: Person) -> Result<Changed, Error> {
        use bulk_export_webhooks as webhooks;
        self.transaction(move |connection| {
            let Some(mut secrets) = lock(connection, id)? else {
                return Ok(Changed::Unknown);
            };
            if secrets.len() < 2 {
                return Ok(Changed::Already);
            }
            secrets.truncate(1);
            diesel::update(webhooks::table.find(id.uuid()))
                .set(webhooks::secrets.eq(secrets))
                .execute(connection)?;
            audit(connection, id, "rotation ended", &by)?;
            Ok(Changed::Done)
        })
        .await
    }

    /// Enables a receiver, or disables it: then nothing is delivered, and what it would be told rests.
    ///
    /// # Errors
    /// The database is away; nothing was changed.
    pub async fn enable_webhook(
        &self,
        id: WebhookId,
        enabled: bool,
        by: Person,
    ) -> Result<Changed, Error> {
        use bulk_export_webhooks as webhooks;
        self.transaction(move |connection| {
            let disabled_at: Option<Option<DateTime<Utc>>> = webhooks::table
                .find(id.uuid())
                .for_no_key_update()
                .select(webhooks::disabled_at)
                .first(connection)
                .optional()?;
            let receiver = diesel::update(webhooks::table.find(id.uuid()));
            match disabled_at {
                None => return Ok(Changed::Unknown),
                Some(at) if at.is_none() == enabled => return Ok(Changed::Already),
                Some(_) if enabled => receiver
                    .set(webhooks::disabled_at.eq(None::<DateTime<Utc>>))
                    .execute(connection)?,
                Some(_) => receiver
                    .set(webhooks::disabled_at.eq(clock().nullable()))
                    .execute(connection)?,
            };
            audit(
                connection,
                id,
                if enabled { "enabled" } else { "disabled" },
                &by,
            )?;
            Ok(Changed::Done)
        })
        .await
    }

    /// Removes a receiver with all that it was, or would have been, told.
    ///
    /// # Errors
    /// The database is away; nothing was changed.
    pub async fn remove_webhook(&self, id: WebhookId, by: Person) -> Result<Changed, Error> {
        use bulk_export_webhooks as webhooks;
        self.transaction(move |connection| {
            let removed = diesel::delete(webhooks::table.find(id.uuid())).execute(connection)?;
            if removed == 0 {
                return Ok(Changed::Unknown);
            }
            audit(connection, id, "removed", &by)?;
            Ok(Changed::Done)
        })
        .await
    }
}

/// Locks a receiver and gives its secrets, newest first.
fn lock(connection: &mut PgConnection, id: WebhookId) -> QueryResult<Option<Vec<String>>> {
    use bulk_export_webhooks as webhooks;
    webhooks::table
        .find(id.uuid())
        .for_no_key_update()
        .select(webhooks::secrets)
        .first(connection)
        .optional()
}

fn audit(
    connection: &mut PgConnection,
    id: WebhookId,
    outcome: &str,
    by: &Person,
) -> QueryResult<()> {
    let entry = Entry::new(Action::Webhook, outcome)
        .by_id(by.reveal().to_owned())
        .detail(id.to_string());
    append(connection, &entry)
}
