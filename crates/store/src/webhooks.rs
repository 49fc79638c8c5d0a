//! Webhooks: receivers that the operator registers for one requester's jobs, and the outbox of what they are told.
//!
//! A delivery is written in the transaction that ends its job, so nothing that is told can be undone and nothing that
//! happened goes untold. It is claimed under a lease and sent at least once; who sends, and to where, is the worker's.

mod claim;
mod deliveries;
mod outbox;
mod receivers;

use bulk_export_domain::{
    ids::{DeliveryId, JobId, WebhookId},
    webhook::{Endpoint, Event},
};
use chrono::{DateTime, Utc};

use crate::operator::{Cursor, Person};

pub use claim::{Attempt, Outgoing};
pub use deliveries::Redelivered;
pub(crate) use outbox::tell;
pub use receivers::{Changed, NewReceiver, Rotated};

/// A receiver, as the operator sees it. Its secrets are never read back.
#[derive(Debug, Clone)]
pub struct Receiver {
    /// Its id.
    pub id: WebhookId,
    /// Whose jobs it is told of.
    pub requester: Person,
    /// Where it is told.
    pub endpoint: Endpoint,
    /// What it is told.
    pub events: Vec<Event>,
    /// Whether two secrets sign, because one is being replaced.
    pub rotating: bool,
    /// When it was registered.
    pub created_at: DateTime<Utc>,
    /// When it was disabled, if it is.
    pub disabled_at: Option<DateTime<Utc>>,
    /// Deliveries that wait, or are tried again later.
    pub due: u64,
    /// Deliveries that were given up.
    pub parked: u64,
}

impl Receiver {
    /// Gives the cursor after this receiver.
    #[must_use]
    pub const fn cursor(&self) -> Cursor {
        Cursor::new(self.created_at, self.id.uuid())
    }
}

/// How a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryState {
    /// It waits for its first or its next attempt.
    Due,
    /// The receiver took it.
    Delivered,
    /// It was given up; an operator may have it delivered again.
    Parked,
}

impl DeliveryState {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Due, Self::Delivered, Self::Parked];

    /// Gives the word, as the row spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Due => "due",
            Self::Delivered => "delivered",
            Self::Parked => "parked",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// A delivery, as the operator sees it.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Its id: the `webhook-id` that the receiver sees.
    pub id: DeliveryId,
    /// The receiver.
    pub webhook: WebhookId,
    /// The job that it tells of.
    pub job: JobId,
    /// What it tells.
    pub event: Event,
    /// How it stands.
    pub state: DeliveryState,
    /// How often it was tried since it was written, or since it was last asked to be delivered again.
    pub attempts: u32,
    /// When it is tried again, while it is due.
    pub next_at: DateTime<Utc>,
    /// The status that the receiver answered last.
    pub last_status: Option<u16>,
    /// Why the last attempt failed, in words of ours.
    pub last_error: Option<String>,
    /// When it was written.
    pub created_at: DateTime<Utc>,
    /// When the receiver took it.
    pub delivered_at: Option<DateTime<Utc>>,
}

impl Delivery {
    /// Gives the cursor after this delivery.
    #[must_use]
    pub const fn cursor(&self) -> Cursor {
        Cursor::new(self.created_at, self.id.uuid())
    }
}

/// Which deliveries are wanted. Without more: all.
#[derive(Debug, Clone, Copy, Default)]
pub struct DeliveryFilter {
    /// To this receiver.
    pub webhook: Option<WebhookId>,
    /// Of this job.
    pub job: Option<JobId>,
    /// In this state.
    pub state: Option<DeliveryState>,
}
