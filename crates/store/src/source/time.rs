//! `transactionTime` of a job: the smallest of the sources that it reads.

use std::time::Duration;

use bulk_export_domain::{resource_type::ResourceType, sources::Origin};
use chrono::{DateTime, Utc};
use diesel::{prelude::*, sql_types};

use super::{Horizon, Source};
use crate::{
    error::Error,
    pool::{blocking, checkout},
};

/// When a job's data is complete up to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JobTime {
    /// Every change up to here is visible; milliseconds.
    pub at: DateTime<Utc>,
    /// The sources' clock when that was found: no client can know a later instant.
    pub clock: DateTime<Utc>,
}

#[derive(QueryableByName)]
struct TimeRow {
    #[diesel(sql_type = sql_types::Timestamptz)]
    at: DateTime<Utc>,
    #[diesel(sql_type = sql_types::Timestamptz)]
    clock: DateTime<Utc>,
}

impl Source {
    /// Finds the instant up to which an export of these types is complete, on every source that has one of them.
    ///
    /// # Errors
    /// A database is away.
    pub async fn transaction_time(&self, types: &[ResourceType]) -> Result<JobTime, Error> {
        let origins = self.sources.origins(types.iter().copied());
        let stored = origins.contains(&&Origin::Store);
        let others = origins.is_empty() || origins.iter().any(|origin| **origin != Origin::Store);
        let mut times = Vec::new();
        if others {
            let horizon = self.horizon().await?;
            let foreign = origins
                .iter()
                .any(|origin| matches!(origin, Origin::Relation(_)));
            // Another server takes a resource's time from its own clock, before its transaction begins: for a while
            // nothing shows that a row with an earlier time is still to come.
            let behind = if foreign && horizon.horizon == Horizon::OpenTransactions {
                self.lag
            } else {
                Duration::ZERO
            };
            times.push(JobTime {
                at: horizon.at - behind,
                clock: horizon.clock,
            });
        }
        if stored {
            times.push(self.of_store_now().await?);
        }
        let sooner = |a: JobTime, b: JobTime| JobTime {
            at: a.at.min(b.at),
            clock: a.clock.max(b.clock),
        };
        times
            .into_iter()
            .reduce(sooner)
            .ok_or_else(|| Error::Source("no source was asked".to_owned()))
    }

    async fn of_store_now(&self) -> Result<JobTime, Error> {
        let connections = self.resources.clone();
        blocking(move || {
            let connection = &mut *checkout(&connections)?;
            let row: TimeRow =
                diesel::sql_query("SELECT at, clock FROM resource_transaction_time()")
                    .get_result(connection)?;
            Ok(JobTime {
                at: row.at,
                clock: row.clock,
            })
        })
        .await
    }
}
