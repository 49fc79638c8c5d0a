//! What operators see and do: the questions that the command line and the operator's page ask the store.

mod audit;
mod commands;
mod list;
mod one_job;
mod retry;
mod sweep;
mod usage;

use std::time::Duration;

use bulk_export_store::{Config, Store, operator::Person};
use bulk_export_tests::Database;

/// Opens the store as the operator's programs do.
fn store(database: &Database) -> Store {
    Store::new(&Config {
        url: database.url.clone().into(),
        connections: 4,
        ttl: Duration::from_hours(1),
    })
}

fn operator() -> Person {
    Person::new("cli:operator")
}
