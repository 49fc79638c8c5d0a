//! `/operator/webhooks`: who is told of jobs' ends, and what became of it. Receivers are registered, and their secrets
//! shown, by the command line alone.

use actix_web::{HttpResponse, web};
use bulk_export_domain::{text, webhook::Endpoint};
use bulk_export_store::{
    operator::Cursor,
    webhooks::{Delivery, DeliveryFilter, DeliveryState, Receiver},
};
use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::{
    access::Operator,
    actions,
    error::PageError,
    jobs,
    page::{Frame, Section, When, ok},
};
use crate::state::State;

/// How many receivers and deliveries a page lists.
const RECEIVERS: i64 = 200;
const DELIVERIES: usize = 50;

const ADDRESS: &str = "/operator/webhooks";

/// Which deliveries are asked for, and what an action that led here did.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Query {
    #[serde(default)]
    state: String,
    #[serde(default)]
    receiver: String,
    #[serde(default)]
    after: String,
    done: Option<String>,
}

struct ReceiverRow {
    id: String,
    requester: String,
    place: String,
    events: String,
    state: &'static str,
    class: &'static str,
    due: String,
    parked: u64,
    created: When,
    deliveries: String,
}

struct DeliveryRow {
    id: String,
    job: (String, String),
    receiver: String,
    event: &'static str,
    state: &'static str,
    class: &'static str,
    attempts: String,
    created: When,
    next: Option<When>,
    answer: String,
    delivered: Option<When>,
    again: bool,
}

/// A choice among the states of deliveries.
struct Choice {
    name: &'static str,
    address: String,
    current: bool,
}

#[derive(askama::Template)]
#[template(path = "operator/webhooks.html")]
struct Webhooks {
    frame: Frame,
    done: Option<&'static str>,
    receivers: Vec<ReceiverRow>,
    receiver: String,
    choices: Vec<Choice>,
    deliveries: Vec<DeliveryRow>,
    newest: Option<String>,
    older: Option<String>,
}

/// Lists receivers and deliveries.
pub(super) async fn webhooks(
    operator: Operator,
    query: web::Query<Query>,
    state: web::Data<State>,
) -> Result<HttpResponse, PageError> {
    let (filter, after) = (query.filter()?, query.after()?);
    let receivers = state.store.webhooks(None, None, RECEIVERS).await?;
    let limit = i64::try_from(DELIVERIES + 1).unwrap_or(i64::MAX);
    let mut found = state.store.deliveries(filter, after, limit).await?;
    let more = found.len() > DELIVERIES;
    found.truncate(DELIVERIES);
    let last = found.last().map(Delivery::cursor).filter(|_| more);
    let row = |one| delivery(one, &receivers, operator.now);
    ok(&Webhooks {
        frame: Frame::new("Webhooks", Section::Webhooks, &operator),
        done: actions::done(query.done.as_deref()),
        choices: query.choices(),
        deliveries: found.iter().map(row).collect(),
        newest: after.map(|_| query.address(&query.state, None)),
        older: last.map(|cursor| query.address(&query.state, Some(cursor))),
        receivers: receivers
            .iter()
            .map(|one| receiver(one, operator.now))
            .collect(),
        receiver: query.receiver.clone(),
    })
}

fn receiver(receiver: &Receiver, now: DateTime<Utc>) -> ReceiverRow {
    let (state, class) = match (receiver.disabled_at, receiver.rotating) {
        (Some(_), _) => ("disabled", "idle"),
        (None, true) => ("rotating its secret", "busy"),
        (None, false) => ("enabled", "good"),
    };
    let events: Vec<_> = receiver.events.iter().map(|event| event.as_str()).collect();
    ReceiverRow {
        requester: receiver.requester.reveal().to_owned(),
        place: place(&receiver.endpoint),
        events: events.join(", "),
        state,
        class,
        due: text::count(receiver.due),
        parked: receiver.parked,
        created: When::new(receiver.created_at, now),
        deliveries: format!("{ADDRESS}?receiver={}#deliveries", receiver.id),
        id: receiver.id.to_string(),
    }
}

/// Gives where a receiver is, without what follows the host: that may hold a secret of the receiver's.
fn place(endpoint: &Endpoint) -> String {
    endpoint.reveal().origin().ascii_serialization()
}

fn delivery(delivery: &Delivery, receivers: &[Receiver], now: DateTime<Utc>) -> DeliveryRow {
    let class = match delivery.state {
        DeliveryState::Due if delivery.attempts > 0 => "look",
        DeliveryState::Due => "due",
        DeliveryState::Delivered => "done",
        DeliveryState::Parked => "bad",
    };
    let status = delivery.last_status.map(|status| status.to_string());
    let answer = [status, delivery.last_error.clone()];
    let receiver = receivers.iter().find(|one| one.id == delivery.webhook);
    let next = matches!(delivery.state, DeliveryState::Due).then_some(delivery.next_at);
    DeliveryRow {
        id: delivery.id.to_string(),
        job: jobs::id(delivery.job),
        receiver: receiver.map_or_else(|| delivery.webhook.to_string(), |one| place(&one.endpoint)),
        event: delivery.event.as_str(),
        state: delivery.state.as_str(),
        class,
        attempts: text::count(delivery.attempts.into()),
        created: When::new(delivery.created_at, now),
        next: next.map(|at| When::new(at, now)),
        answer: answer.into_iter().flatten().collect::<Vec<_>>().join(", "),
        delivered: delivery.delivered_at.map(|at| When::new(at, now)),
        again: !matches!(delivery.state, DeliveryState::Due),
    }
}

impl Query {
    fn filter(&self) -> Result<DeliveryFilter, PageError> {
        let state =
            match self.state.as_str() {
                "" => None,
                word => Some(DeliveryState::parse(word).ok_or_else(|| {
                    value("state: leave it away, or use due, delivered or parked.")
                })?),
            };
        let webhook = match self.receiver.as_str() {
            "" => None,
            id => Some(id.parse().map_err(|_| {
                value("receiver: leave it away, or follow the link Deliveries of a receiver.")
            })?),
        };
        Ok(DeliveryFilter {
            webhook,
            state,
            job: None,
        })
    }

    fn after(&self) -> Result<Option<Cursor>, PageError> {
        if self.after.is_empty() {
            return Ok(None);
        }
        let cursor = self.after.parse();
        cursor.map(Some).map_err(|_| {
            value("after: follow the links Newest and Older, which know what belongs here.")
        })
    }

    fn address(&self, state: &str, after: Option<Cursor>) -> String {
        let after = after.map(|cursor| cursor.to_string()).unwrap_or_default();
        let pairs = [
            ("state", state),
            ("receiver", &self.receiver),
            ("after", &after),
        ];
        let pairs = pairs.into_iter().filter(|(_, value)| !value.is_empty());
        let query = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(pairs)
            .finish();
        format!("{ADDRESS}?{query}#deliveries")
    }

    fn choices(&self) -> Vec<Choice> {
        let choices = [
            ("All", ""),
            ("Due", "due"),
            ("Delivered", "delivered"),
            ("Parked", "parked"),
        ];
        let choice = |(name, state)| Choice {
            name,
            address: self.address(state, None),
            current: self.state == state,
        };
        choices.into_iter().map(choice).collect()
    }
}

fn value(fix: &str) -> PageError {
    PageError::Value(fix.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_a_receivers_host_is_not_shown() {
        let endpoint: Endpoint = "https://hooks.example:8443/in/secret?key=canary"
            .parse()
            .unwrap();
        assert_eq!(place(&endpoint), "https://hooks.example:8443");
    }

    #[test]
    fn a_value_that_cannot_be_used_is_named() {
        let query = |state: &str, receiver: &str, after: &str| Query {
            state: state.to_owned(),
            receiver: receiver.to_owned(),
            after: after.to_owned(),
            done: None,
        };
        let cases = [
            (query("lost", "", ""), "state:"),
            (query("", "1", ""), "receiver:"),
            (query("", "", "x"), "after:"),
        ];
        for (query, name) in cases {
            let refused = query.filter().map(drop).and(query.after().map(drop));
            let Err(PageError::Value(fix)) = refused else {
                panic!("{query:?} is not refused")
            };
            assert!(fix.starts_with(name), "{fix}");
        }
    }
}
