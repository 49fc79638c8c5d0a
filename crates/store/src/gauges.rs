//! What the whole service is like, for the gauges that are the same on every replica: one query, asked at most every
//! few seconds by each. When the database does not answer, that is told, and the other gauges become NaN: a number that
//! nobody has looked up must not look like one.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use diesel::{
    prelude::*,
    sql_types::{Double, Nullable, Text},
};
use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};

use crate::{error::Error, pool::Store, workers::DEAD_AFTER};

/// How long an answer serves all scrapes of this replica.
const FRESH: Duration = Duration::from_secs(5);

/// How long a scrape waits for the database.
const PATIENCE: Duration = Duration::from_secs(2);

/// What was last told. One asks at a time, and the others wait for the same answer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Told(Arc<Mutex<Last>>);

#[derive(Debug, Default)]
struct Last {
    asked: Option<Instant>,
    /// The gauges that were told so far.
    gauges: BTreeSet<(String, Option<String>)>,
}

#[derive(Debug, QueryableByName)]
struct GaugeRow {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Nullable<Text>)]
    state: Option<String>,
    #[diesel(sql_type = Nullable<Double>)]
    value: Option<f64>,
}

impl Store {
    /// Tells the process's metrics what the whole service is like, and how full the pool is. Never fails: when the
    /// database cannot be asked, it tells that. Takes no longer than a scrape can wait.
    pub async fn tell(&self) {
        let mut last = self.told.0.lock().await;
        if last.asked.is_none_or(|at| at.elapsed() >= FRESH) {
            match timeout(PATIENCE, self.service_gauges()).await {
                Ok(Ok(rows)) => last.tell(rows),
                Ok(Err(error)) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "what the whole service is like cannot be looked up"
                    );
                    last.tell_nothing();
                }
                Err(_) => last.tell_nothing(),
            }
            // After the answer: one that took long is not asked for again at once.
            last.asked = Some(Instant::now());
        }
        self.connections.tell();
    }

    async fn service_gauges(&self) -> Result<Vec<GaugeRow>, Error> {
        self.run(|connection| {
            let query = diesel::sql_query(include_str!("gauges/service.sql"))
                .bind::<Double, _>(DEAD_AFTER.as_secs_f64());
            Ok(query.load(connection)?)
        })
        .await
    }
}

impl Last {
    fn tell(&mut self, rows: Vec<GaugeRow>) {
        metrics::gauge!("bulk_export_database_up").set(1.0);
        for row in rows {
            set(
                &row.name,
                row.state.as_deref(),
                row.value.unwrap_or(f64::NAN),
            );
            self.gauges.insert((row.name, row.state));
        }
    }

    fn tell_nothing(&self) {
        metrics::gauge!("bulk_export_database_up").set(0.0);
        for (name, state) in &self.gauges {
            set(name, state.as_deref(), f64::NAN);
        }
    }
}

fn set(name: &str, state: Option<&str>, value: f64) {
    let name = name.to_owned();
    let gauge = if let Some(state) = state {
        metrics::gauge!(name, "state" => state.to_owned())
    } else {
        metrics::gauge!(name)
    };
    gauge.set(value);
}
