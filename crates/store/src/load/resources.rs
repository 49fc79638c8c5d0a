//! Puts batches of FHIR resources into the resource store: COPY into a table of the session's own, then the store's
//! function, in one transaction a batch.

use std::{io::Write, ops::Range};

use diesel::{PgConnection, connection::SimpleConnection, prelude::*, sql_types};
use secrecy::SecretString;

use super::batch::{Batch, HEADER, TRAILER};
use crate::{error::Error, migrate::connect};

/// What the session has of its own.
const SESSION: &str = include_str!("session.sql");

/// Rows go to the server in messages of about this size: libpq keeps the largest for ever.
const MESSAGE_BYTES: usize = 256 << 10;

/// How often a batch is tried that meets another writer's locks in the other order.
const ATTEMPTS: usize = 10;

diesel::table! {
    /// The session's own table; `session.sql` makes it.
    resource_staged (line) {
        line -> BigInt,
        resource_type -> Text,
        id -> Text,
        body -> Text,
    }
}

/// A connection that loads resources.
pub struct ResourceLoader(PgConnection);

impl std::fmt::Debug for ResourceLoader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ResourceLoader")
    }
}

/// What became of resources.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// New in the store.
    pub inserted: u64,
    /// Another version of what was there.
    pub updated: u64,
    /// There already, the same.
    pub unchanged: u64,
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.inserted += other.inserted;
        self.updated += other.updated;
        self.unchanged += other.unchanged;
    }
}

/// A resource that the database refused.
pub struct Refused {
    /// Its place in the batch.
    pub row: usize,
    /// The server's own words, which may repeat the resource's values.
    pub reason: String,
}

/// What became of a batch.
#[derive(Default)]
pub struct Loaded {
    /// What was put.
    pub counts: Counts,
    /// What was not, in the batch's order.
    pub refused: Vec<Refused>,
    /// Rows that a later row of the same resource stood in for.
    pub superseded: u64,
}

#[derive(QueryableByName)]
struct Put {
    #[diesel(sql_type = sql_types::Nullable<sql_types::BigInt>)]
    inserted: Option<i64>,
    #[diesel(sql_type = sql_types::Nullable<sql_types::BigInt>)]
    updated: Option<i64>,
    #[diesel(sql_type = sql_types::Nullable<sql_types::BigInt>)]
    unchanged: Option<i64>,
    #[diesel(sql_type = sql_types::Nullable<sql_types::Text>)]
    refused: Option<String>,
    #[diesel(sql_type = sql_types::Bool)]
    again: bool,
}

/// A line that the store's own check finds wrong.
#[derive(QueryableByName)]
struct Problem {
    #[diesel(sql_type = sql_types::BigInt)]
    line: i64,
    #[diesel(sql_type = sql_types::Text)]
    problem: String,
}

enum Outcome {
    /// What was put, and the lines that were left out of it.
    Put(Counts, Vec<Problem>),
    Refused(String),
    Again,
}

impl ResourceLoader {
    /// Connects, and prepares the session if the store is there.
    ///
    /// # Errors
    /// The database is away, or holds no resource store.
    pub fn connect(url: &SecretString) -> Result<Self, Error> {
        let mut connection = connect(url)?;
        let found = diesel::dsl::sql::<sql_types::Bool>(
            "to_regprocedure('resource_put_staged()') IS NOT NULL",
        );
        if !diesel::select(found).get_result::<bool>(&mut connection)? {
            return Err(Error::NoStore);
        }
        connection.batch_execute(SESSION)?;
        Ok(Self(connection))
    }

    /// Puts a batch into the store. A row that the database refuses for its data is told by the store's check; one that
    /// this check does not know is found by halving what is refused. All others are put, in their order.
    ///
    /// # Errors
    /// The database is away or cannot go on. What was put before stays.
    pub fn load(&mut self, batch: &Batch) -> Result<Loaded, Error> {
        let mut loaded = Loaded::default();
        let whole = 0..batch.len();
        let mut waiting = vec![whole];
        while let Some(rows) = waiting.pop() {
            if rows.is_empty() {
                continue;
            }
            match self.put(batch, &rows)? {
                Outcome::Put(counts, problems) => {
                    loaded.counts += counts;
                    let refused = problems.into_iter().filter_map(|found| {
                        let row = batch.row(u64::try_from(found.line).ok()?)?;
                        let reason = found.problem;
                        Some(Refused { row, reason })
                    });
                    loaded.refused.extend(refused);
                }
                Outcome::Refused(reason) if rows.len() == 1 => {
                    let row = rows.start;
                    loaded.refused.push(Refused { row, reason });
                }
                Outcome::Refused(_) => {
                    let middle = rows.start + rows.len() / 2;
                    waiting.extend([middle..rows.end, rows.start..middle]);
                }
                Outcome::Again => return Err(Error::Contended),
            }
        }
        loaded.refused.sort_by_key(|refused| refused.row);
        let put = loaded.counts.inserted + loaded.counts.updated + loaded.counts.unchanged;
        let known = loaded.refused.len() as u64 + put;
        loaded.superseded = (batch.len() as u64).saturating_sub(known);
        Ok(loaded)
    }

    /// Analyses the store's tables: parts are planned from their statistics.
    ///
    /// # Errors
    /// The database is away.
    pub fn analyze(&mut self) -> Result<(), Error> {
        self.0
            .batch_execute("ANALYZE resource_version; ANALYZE resource_compartment")?;
        Ok(())
    }

    /// Puts rows, again where another writer was in the way.
    fn put(&mut self, batch: &Batch, rows: &Range<usize>) -> Result<Outcome, Error> {
        for _ in 1..ATTEMPTS {
            let outcome = self.put_once(batch, rows)?;
            if !matches!(outcome, Outcome::Again) {
                return Ok(outcome);
            }
        }
        self.put_once(batch, rows)
    }

    fn put_once(&mut self, batch: &Batch, rows: &Range<usize>) -> Result<Outcome, Error> {
        let data = batch.data(rows.clone());
        let write = |out: &mut dyn Write| {
            let failed =
                |error: std::io::Error| diesel::result::Error::SerializationError(error.into());
            [HEADER]
                .into_iter()
                .chain(data.chunks(MESSAGE_BYTES))
                .chain([TRAILER.as_slice()])
                .try_for_each(|piece| out.write_all(piece).map_err(failed))
        };
        self.0.transaction(|connection| {
            diesel::copy_from(resource_staged::table)
                .from_raw_data(resource_staged::table, write)
                .with_format(diesel::pg::CopyFormat::Binary)
                .execute(connection)?;
            let first = put_what_is_staged(connection)?;
            if first.refused.is_none() {
                return Ok::<_, Error>(first.outcome(Vec::new()));
            }
            let problems: Vec<Problem> =
                diesel::sql_query("SELECT line, problem FROM resource_staged_problems()")
                    .load(connection)?;
            if problems.is_empty() {
                return Ok(first.outcome(problems));
            }
            let lines: Vec<i64> = problems.iter().map(|found| found.line).collect();
            diesel::delete(resource_staged::table)
                .filter(resource_staged::line.eq_any(lines))
                .execute(connection)?;
            Ok(put_what_is_staged(connection)?.outcome(problems))
        })
    }
}

fn put_what_is_staged(connection: &mut PgConnection) -> QueryResult<Put> {
    diesel::sql_query("SELECT * FROM pg_temp.put_what_is_staged()").get_result(connection)
}

impl Put {
    fn outcome(self, left_out: Vec<Problem>) -> Outcome {
        if self.again {
            return Outcome::Again;
        }
        let number = |count: Option<i64>| count.unwrap_or_default().unsigned_abs();
        let counts = Counts {
            inserted: number(self.inserted),
            updated: number(self.updated),
            unchanged: number(self.unchanged),
        };
        self.refused
            .map_or(Outcome::Put(counts, left_out), Outcome::Refused)
    }
}
