//! How things stand now: workers, the queue and the node. Ages are by the database's clock.

use std::time::Duration;

use bulk_export_domain::{ids::JobId, job::Status};
use chrono::{DateTime, Utc};
use diesel::{prelude::*, sql_types};
use uuid::Uuid;

use super::jobs::unsigned;
use crate::{
    error::{Error, corrupt},
    pool::Store,
    schema::{bulk_export_deliveries, bulk_export_node},
};

/// One worker, as it last told of itself.
#[derive(Debug, Clone)]
pub struct WorkerLine {
    /// Its name.
    pub name: String,
    /// Its program's version.
    pub version: String,
    /// How many parts it runs at once.
    pub slots: u32,
    /// How many it ran.
    pub running: u32,
    /// Whether it claimed parts.
    pub claiming: bool,
    /// Why it did not.
    pub note: Option<String>,
    /// When it started.
    pub started_at: DateTime<Utc>,
    /// When it was last heard of.
    pub seen_at: DateTime<Utc>,
    /// How long ago that is.
    pub silent: Duration,
}

/// The parts of jobs under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Queue {
    /// Due now.
    pub due: u64,
    /// Due later: they rest after a failed attempt or a hand-back.
    pub resting: u64,
    /// Under a lease that stands.
    pub running: u64,
    /// Under a lease that has run out; taken over by the next claim.
    pub abandoned: u64,
    /// How long the oldest part that is due now has been so.
    pub oldest_due: Option<Duration>,
    /// Files of cancelled and expired jobs that wait to be released.
    pub to_release: u64,
}

/// The job under way that was kicked off first.
#[derive(Debug, Clone)]
pub struct OpenJob {
    /// Its id.
    pub id: JobId,
    /// Its state.
    pub state: Status,
    /// Percent by resources.
    pub progress: u8,
    /// How long ago it was kicked off.
    pub age: Duration,
}

/// The deliveries of webhooks that wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Backlog {
    /// To be tried, now or later.
    pub due: u64,
    /// Given up.
    pub parked: u64,
}

/// The node as workers last saw it, and the last sweep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NodeView {
    /// Bytes in its repository.
    pub repo_bytes: Option<u64>,
    /// Bytes that it has room for in all.
    pub capacity_bytes: Option<u64>,
    /// Whether it is private.
    pub private: Option<bool>,
    /// How long ago it was measured.
    pub measured: Option<Duration>,
    /// Our pins on it, as the last sweep counted them.
    pub pins: Option<u64>,
    /// Those of them that no file owned and that the sweep left.
    pub unowned_pins: Option<u64>,
    /// How long ago the last sweep ended.
    pub swept: Option<Duration>,
    /// How long ago the node last collected.
    pub collected: Option<Duration>,
    /// How much was released since.
    pub garbage: u64,
}

/// What our rows own on the node now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OwnedPins {
    /// Distinct CIDs: each has one pin.
    pub pins: u64,
    /// Files: several may have one CID.
    pub files: u64,
    /// Bytes of the files, as they are stored; equal files count each time.
    pub bytes: u64,
    /// Of these files, those whose job has expired or was cancelled: a sweep or release lets them go.
    pub ending_files: u64,
    /// Their bytes.
    pub ending_bytes: u64,
}

#[derive(QueryableByName)]
struct WorkerRow {
    #[diesel(sql_type = sql_types::Text)]
    name: String,
    #[diesel(sql_type = sql_types::Text)]
    version: String,
    #[diesel(sql_type = sql_types::Integer)]
    slots: i32,
    #[diesel(sql_type = sql_types::Integer)]
    running: i32,
    #[diesel(sql_type = sql_types::Bool)]
    claiming: bool,
    #[diesel(sql_type = sql_types::Nullable<sql_types::Text>)]
    note: Option<String>,
    #[diesel(sql_type = sql_types::Timestamptz)]
    started_at: DateTime<Utc>,
    #[diesel(sql_type = sql_types::Timestamptz)]
    seen_at: DateTime<Utc>,
    #[diesel(sql_type = sql_types::Double)]
    silent: f64,
}

#[derive(QueryableByName)]
struct QueueRow {
    #[diesel(sql_type = sql_types::BigInt)]
    due: i64,
    #[diesel(sql_type = sql_types::BigInt)]
    resting: i64,
    #[diesel(sql_type = sql_types::BigInt)]
    running: i64,
    #[diesel(sql_type = sql_types::BigInt)]
    abandoned: i64,
    #[diesel(sql_type = sql_types::Nullable<sql_types::Double>)]
    oldest_due: Option<f64>,
    #[diesel(sql_type = sql_types::BigInt)]
    to_release: i64,
}

#[derive(QueryableByName)]
struct OpenRow {
    #[diesel(sql_type = sql_types::Uuid)]
    id: Uuid,
    #[diesel(sql_type = sql_types::Text)]
    status: String,
    #[diesel(sql_type = sql_types::Integer)]
    progress: i32,
    #[diesel(sql_type = sql_types::Double)]
    age: f64,
}

#[derive(QueryableByName)]
struct OwnedRow {
    #[diesel(sql_type = sql_types::BigInt)]
    pins: i64,
    #[diesel(sql_type = sql_types::BigInt)]
    files: i64,
    #[diesel(sql_type = sql_types::BigInt)]
    bytes: i64,
    #[diesel(sql_type = sql_types::BigInt)]
    ending_files: i64,
    #[diesel(sql_type = sql_types::BigInt)]
    ending_bytes: i64,
}

impl Store {
    /// Lists the workers that were heard of lately, the one that started first first.
    ///
    /// # Errors
    /// The database is away.
    pub async fn worker_list(&self) -> Result<Vec<WorkerLine>, Error> {
        self.run(|connection| {
            let rows: Vec<WorkerRow> =
                diesel::sql_query(include_str!("now/workers.sql")).load(connection)?;
            Ok(rows.into_iter().map(worker).collect())
        })
        .await
    }

    /// Counts the parts of jobs under way.
    ///
    /// # Errors
    /// The database is away.
    pub async fn queue(&self) -> Result<Queue, Error> {
        self.run(|connection| {
            let row: QueueRow =
                diesel::sql_query(include_str!("now/queue.sql")).get_result(connection)?;
            Ok(Queue {
                due: unsigned(row.due),
                resting: unsigned(row.resting),
                running: unsigned(row.running),
                abandoned: unsigned(row.abandoned),
                oldest_due: row.oldest_due.map(seconds),
                to_release: unsigned(row.to_release),
            })
        })
        .await
    }

    /// Finds the job under way that was kicked off first.
    ///
    /// # Errors
    /// The database is away, or the row does not parse.
    pub async fn oldest_open(&self) -> Result<Option<OpenJob>, Error> {
        self.run(|connection| {
            let row: Option<OpenRow> = diesel::sql_query(include_str!("now/oldest_open.sql"))
                .get_result(connection)
                .optional()?;
            let Some(row) = row else { return Ok(None) };
            let wrong = |column| corrupt("bulk_export_jobs", column, &row.id);
            Ok(Some(OpenJob {
                id: JobId::from_uuid(row.id),
                state: Status::parse(&row.status).ok_or_else(|| wrong("status"))?,
                progress: u8::try_from(row.progress).map_err(|_| wrong("progress"))?,
                age: seconds(row.age),
            }))
        })
        .await
    }

    /// Tells what workers last saw of the node.
    ///
    /// # Errors
    /// The database is away.
    pub async fn node_view(&self) -> Result<NodeView, Error> {
        use bulk_export_node as node;
        type Numbers = (
            Option<i64>,
            Option<i64>,
            Option<bool>,
            Option<i64>,
            Option<i64>,
            i64,
        );
        type Ages = (Option<f64>, Option<f64>, Option<f64>);
        self.run(|connection| {
            let age = |column| {
                diesel::dsl::sql::<sql_types::Nullable<sql_types::Double>>(&format!(
                    "extract(epoch FROM clock_timestamp() - {column})::float8"
                ))
            };
            let (numbers, ages): (Numbers, Ages) = node::table
                .select((
                    (
                        node::repo_bytes,
                        node::capacity_bytes,
                        node::private,
                        node::pins,
                        node::unowned_pins,
                        node::garbage,
                    ),
                    (age("measured_at"), age("swept_at"), age("collected_at")),
                ))
                .first(connection)?;
            let (repo_bytes, capacity_bytes, private, pins, unowned_pins, garbage) = numbers;
            let (measured, swept, collected) = ages;
            Ok(NodeView {
                repo_bytes: repo_bytes.map(unsigned),
                capacity_bytes: capacity_bytes.map(unsigned),
                private,
                measured: measured.map(seconds),
                pins: pins.map(unsigned),
                unowned_pins: unowned_pins.map(unsigned),
                swept: swept.map(seconds),
                collected: collected.map(seconds),
                garbage: unsigned(garbage),
            })
        })
        .await
    }

    /// Counts the deliveries of webhooks that wait.
    ///
    /// # Errors
    /// The database is away.
    pub async fn delivery_backlog(&self) -> Result<Backlog, Error> {
        use bulk_export_deliveries as deliveries;
        self.run(|connection| {
            let count = |connection: &mut PgConnection, state: &str| {
                let of_state = deliveries::table.filter(deliveries::state.eq(state));
                of_state.count().get_result(connection).map(unsigned)
            };
            Ok(Backlog {
                due: count(connection, "due")?,
                parked: count(connection, "parked")?,
            })
        })
        .await
    }

    /// Tells PostgreSQL's version.
    ///
    /// # Errors
    /// The database is away.
    pub async fn server_version(&self) -> Result<String, Error> {
        self.run(|connection| {
            let version = diesel::dsl::sql::<sql_types::Text>("current_setting('server_version')");
            Ok(diesel::select(version).get_result(connection)?)
        })
        .await
    }

    /// Counts what our rows own on the node. Reads every file's row: for a person who asks, not for a metric.
    ///
    /// # Errors
    /// The database is away.
    pub async fn owned_pins(&self) -> Result<OwnedPins, Error> {
        self.run(|connection| {
            let row: OwnedRow =
                diesel::sql_query(include_str!("now/owned_pins.sql")).get_result(connection)?;
            Ok(OwnedPins {
                pins: unsigned(row.pins),
                files: unsigned(row.files),
                bytes: unsigned(row.bytes),
                ending_files: unsigned(row.ending_files),
                ending_bytes: unsigned(row.ending_bytes),
            })
        })
        .await
    }
}

fn worker(row: WorkerRow) -> WorkerLine {
    WorkerLine {
        name: row.name,
        version: row.version,
        slots: u32::try_from(row.slots).unwrap_or(0),
        running: u32::try_from(row.running).unwrap_or(0),
        claiming: row.claiming,
        note: row.note,
        started_at: row.started_at,
        seen_at: row.seen_at,
        silent: seconds(row.silent),
    }
}

/// Reads an age. The clocks of two statements may differ by a hair, and no age is negative.
pub(super) fn seconds(age: f64) -> Duration {
    Duration::try_from_secs_f64(age.max(0.0)).unwrap_or(Duration::MAX)
}
