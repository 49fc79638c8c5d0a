//! The workers that were heard of lately, for people to look at. What runs is decided by leases alone: a worker whose
//! row is missing or old works as well as any other.

use std::time::Duration;

use diesel::{prelude::*, sql_types};

use crate::{error::Error, pool::Store, rows::clock, schema::bulk_export_workers};

/// From when on a worker that was not heard of counts as dead.
pub const DEAD_AFTER: Duration = Duration::from_mins(1);

/// From when on the row of a worker that was not heard of is removed.
const FORGOTTEN_AFTER: Duration = Duration::from_hours(24);

/// What a worker says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beat {
    /// The process's name.
    pub name: String,
    /// The program's version.
    pub version: &'static str,
    /// How many parts it runs at once at most.
    pub slots: usize,
    /// How many parts it runs.
    pub running: usize,
    /// Whether it claims parts.
    pub claiming: bool,
    /// Why it does not claim, in words that name nobody.
    pub note: Option<&'static str>,
}

#[derive(Insertable, AsChangeset)]
#[diesel(table_name = bulk_export_workers, treat_none_as_null = true)]
struct Row<'a> {
    name: &'a str,
    version: &'static str,
    slots: i32,
    running: i32,
    claiming: bool,
    note: Option<String>,
}

impl Store {
    /// Writes what a worker says of itself.
    ///
    /// # Errors
    /// The database is away.
    pub async fn beat(&self, worker: Beat) -> Result<(), Error> {
        use bulk_export_workers as workers;
        self.run(move |connection| {
            let row = Row {
                name: &worker.name,
                version: worker.version,
                slots: number(worker.slots),
                running: number(worker.running),
                claiming: worker.claiming,
                note: worker.note.map(str::to_owned),
            };
            diesel::insert_into(workers::table)
                .values(&row)
                .on_conflict(workers::name)
                .do_update()
                .set((&row, workers::seen_at.eq(clock())))
                .execute(connection)?;
            Ok(())
        })
        .await
    }

    /// Removes the row of a worker that ends in order.
    ///
    /// # Errors
    /// The database is away; the row will grow old.
    pub async fn leave(&self, worker: String) -> Result<(), Error> {
        use bulk_export_workers as workers;
        self.run(move |connection| {
            diesel::delete(workers::table.find(worker)).execute(connection)?;
            Ok(())
        })
        .await
    }

    /// Removes the rows of workers that were not heard of for a day; gives how many.
    ///
    /// # Errors
    /// The database is away.
    pub async fn forget_workers(&self) -> Result<u64, Error> {
        use bulk_export_workers as workers;
        self.run(|connection| {
            let long_ago = diesel::dsl::sql::<sql_types::Timestamptz>(
                "clock_timestamp() - interval '1 second' * ",
            )
            .bind::<sql_types::Double, _>(FORGOTTEN_AFTER.as_secs_f64());
            let removed = diesel::delete(workers::table.filter(workers::seen_at.lt(long_ago)))
                .execute(connection)?;
            Ok(removed as u64)
        })
        .await
    }
}

fn number(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}
