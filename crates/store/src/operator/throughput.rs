//! What was exported lately: sums of the parts that were done.

use diesel::{prelude::*, sql_types};

use super::jobs::unsigned;
use crate::{error::Error, pool::Store};

/// What was exported within a span of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    /// How many parts were done.
    pub parts: u64,
    /// Resources in them.
    pub resources: u64,
    /// Bytes of NDJSON in them.
    pub bytes: u64,
}

/// What was exported in the last 1, 5 and 60 minutes.
pub type Throughput = [Span; 3];

#[derive(QueryableByName)]
struct SpanRow {
    #[diesel(sql_type = sql_types::BigInt)]
    parts: i64,
    #[diesel(sql_type = sql_types::BigInt)]
    resources: i64,
    #[diesel(sql_type = sql_types::BigInt)]
    bytes: i64,
}

impl From<SpanRow> for Span {
    fn from(row: SpanRow) -> Self {
        Self {
            parts: unsigned(row.parts),
            resources: unsigned(row.resources),
            bytes: unsigned(row.bytes),
        }
    }
}

impl Store {
    /// Sums what was exported in the last 1, 5 and 60 minutes.
    ///
    /// # Errors
    /// The database is away.
    pub async fn throughput(&self) -> Result<Throughput, Error> {
        self.run(|connection| {
            let rows: Vec<SpanRow> =
                diesel::sql_query(include_str!("throughput/spans.sql")).load(connection)?;
            let mut spans = Throughput::default();
            for (span, row) in spans.iter_mut().zip(rows) {
                *span = row.into();
            }
            Ok(spans)
        })
        .await
    }

    /// Sums what was exported in each of the last minutes, at most a day, the oldest first: the last span is the minute
    /// up to now. For a chart.
    ///
    /// # Errors
    /// The database is away.
    pub async fn throughput_by_minute(&self, minutes: i32) -> Result<Vec<Span>, Error> {
        self.run(move |connection| {
            let rows: Vec<SpanRow> = diesel::sql_query(include_str!("throughput/minutes.sql"))
                .bind::<sql_types::Integer, _>(minutes.clamp(1, 24 * 60))
                .load(connection)?;
            Ok(rows.into_iter().map(Span::from).collect())
        })
        .await
    }
}
