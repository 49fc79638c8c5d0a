//! Webhooks: what is told of a job's end, to whom, how often, and where it does not go.

mod administration;
mod again;
mod many;
mod outbox;
mod reach;
mod told;
mod world;
