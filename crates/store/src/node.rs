//! What workers saw of the node. Every worker measures it; the first of them writes.

use std::time::Duration;

use diesel::{prelude::*, sql_types};

use crate::{error::Error, pool::Store, rows::signed};

/// What a worker saw of the node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NodeMeasure {
    /// Bytes that it holds.
    pub held: u64,
    /// Bytes that it may hold, or has room for.
    pub capacity: u64,
    /// Whether nobody else can reach it; absent, when it could not be told.
    pub private: Option<bool>,
}

impl Store {
    /// Notes what a worker saw, unless another one did so within `fresh`.
    ///
    /// # Errors
    /// The database is away.
    pub async fn note_node(&self, measure: NodeMeasure, fresh: Duration) -> Result<(), Error> {
        self.run(move |connection| {
            diesel::sql_query(include_str!("node/note.sql"))
                .bind::<sql_types::BigInt, _>(signed(measure.held))
                .bind::<sql_types::BigInt, _>(signed(measure.capacity))
                .bind::<sql_types::Nullable<sql_types::Bool>, _>(measure.private)
                .bind::<sql_types::Double, _>(fresh.as_secs_f64())
                .execute(connection)?;
            Ok(())
        })
        .await
    }
}
