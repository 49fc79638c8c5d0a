//! The operator's switch for the whole service: while it is paused, kick-offs are refused; what was accepted goes on.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use crate::{
    audit::{Action, Entry, append},
    error::Error,
    operator::Person,
    pool::Store,
    rows::clock,
    schema::bulk_export_service,
};

/// A pause under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pause {
    /// Since when.
    pub at: DateTime<Utc>,
    /// Who paused.
    pub by: Person,
    /// Why, in the operator's words: for operators only.
    pub reason: Option<String>,
}

/// Since when, by whom, and why.
type PauseRow = (Option<DateTime<Utc>>, Option<String>, Option<String>);

impl Store {
    /// Pauses kick-offs, with an entry in the audit; `false` when they are paused already: that pause stays as it is.
    ///
    /// # Errors
    /// The database is away; nothing was changed.
    pub async fn pause(&self, by: Person, reason: Option<String>) -> Result<bool, Error> {
        use bulk_export_service as service;
        self.transaction(move |connection| {
            let paused = diesel::update(service::table.filter(service::paused_at.is_null()))
                .set((
                    service::paused_at.eq(clock().nullable()),
                    service::paused_by.eq(by.reveal()),
                    service::pause_reason.eq(&reason),
                ))
                .execute(connection)?;
            if paused == 0 {
                return Ok(false);
            }
            let entry = Entry::new(Action::Pause, "paused").by_id(by.reveal().to_owned());
            append(connection, &with_detail(entry, reason))?;
            Ok(true)
        })
        .await
    }

    /// Lets kick-offs go on, with an entry in the audit; `false` when they are not paused.
    ///
    /// # Errors
    /// The database is away; nothing was changed.
    pub async fn resume(&self, by: Person) -> Result<bool, Error> {
        use bulk_export_service as service;
        self.transaction(move |connection| {
            let resumed = diesel::update(service::table.filter(service::paused_at.is_not_null()))
                .set((
                    service::paused_at.eq(None::<DateTime<Utc>>),
                    service::paused_by.eq(None::<String>),
                    service::pause_reason.eq(None::<String>),
                ))
                .execute(connection)?;
            if resumed == 0 {
                return Ok(false);
            }
            append(
                connection,
                &Entry::new(Action::Resume, "resumed").by_id(by.reveal().to_owned()),
            )?;
            Ok(true)
        })
        .await
    }

    /// Tells of the pause, while there is one.
    ///
    /// # Errors
    /// The database is away.
    pub async fn paused(&self) -> Result<Option<Pause>, Error> {
        use bulk_export_service as service;
        self.run(|connection| {
            let row: Option<PauseRow> = service::table
                .select((
                    service::paused_at,
                    service::paused_by,
                    service::pause_reason,
                ))
                .first(connection)
                .optional()?;
            Ok(row.and_then(|(at, by, reason)| {
                Some(Pause {
                    at: at?,
                    by: Person::new(by?),
                    reason,
                })
            }))
        })
        .await
    }
}

fn with_detail(entry: Entry, reason: Option<String>) -> Entry {
    match reason {
        Some(reason) => entry.detail(reason),
        None => entry,
    }
}
