//! Tables that others write with `updated_at = now()`, under the same storm: the horizon of `store::source` loses nothing
//! between one export and the next.

use std::time::{Duration, Instant};

use bulk_export_tests::{Database, binaries::workspace, database::read, poll, secs};
use chrono::{DateTime, Utc};
use futures::future::join_all;
use rand::{RngExt, rngs::StdRng};
use tokio::sync::watch;
use tokio_postgres::{Client, Error, Statement};

use super::{
    WRITERS,
    storm::{Ends, Work, storm},
};

const STORM: Duration = secs(7);
const ROWS: usize = 3000;
/// The name of the exporter's sessions, whose transactions do not count.
const EXPORTER: &str = "exactness";
/// No transaction of the storm is open for so long before it is prepared.
const LAG: f64 = 2.0;

/// A writer of the platform's rows.
struct Rows {
    write: Statement,
    delete: Statement,
}

impl Work for Rows {
    async fn write(&mut self, session: &Client, random: &mut StdRng, _: bool) -> Result<(), Error> {
        let id = format!("r{}", random.random_range(0..ROWS));
        let statement = if random.random_bool(0.05) {
            &self.delete
        } else {
            &self.write
        };
        session.execute(statement, &[&id]).await.map(|_| ())
    }

    fn mark(&self) -> usize {
        0
    }

    fn forget(&mut self, _: usize) {}

    async fn settle(&mut self, _: &Client) -> Result<(), Error> {
        Ok(())
    }

    fn ended(&mut self, _: bool) {}
}

/// A client that exports again and again, and applies each export to what it has.
struct Exporter {
    session: Client,
    horizon: Statement,
    since: DateTime<Utc>,
    naive_since: DateTime<Utc>,
    exports: u32,
    rows: u64,
}

/// The horizon as `store::source::horizon` finds it, with its own SQL. Parameters: our name, the lag, the clock.
fn horizon() -> String {
    let oldest = read(&workspace().join("crates/store/src/source/horizon/oldest.sql"));
    format!(
        "SELECT date_trunc('milliseconds', least($3, oldest)) - interval '1 millisecond' FROM ({oldest}) o"
    )
}

impl Exporter {
    async fn new(database: &Database) -> Self {
        let session = database.session().await;
        session
            .batch_execute(&format!(
                "SET application_name = '{EXPORTER}';
                 CREATE TEMP TABLE kept (LIKE platform INCLUDING ALL); CREATE TEMP TABLE kept_naively (LIKE platform INCLUDING ALL)"
            ))
            .await
            .unwrap();
        Self {
            horizon: session.prepare(&horizon()).await.unwrap(),
            session,
            since: DateTime::UNIX_EPOCH,
            naive_since: DateTime::UNIX_EPOCH,
            exports: 0,
            rows: 0,
        }
    }

    async fn run(mut self, mut done: watch::Receiver<bool>, kick_offs: watch::Sender<u64>) -> Self {
        while !*done.borrow_and_update() {
            self.export().await;
            kick_offs.send_modify(|count| *count += 1);
        }
        self.export().await;
        self
    }

    /// Takes T, reads what changed since the one before, and, beside it, what a naive server would read.
    async fn export(&mut self) {
        let at = time(&self.session, &self.horizon, LAG).await;
        self.rows += self.apply("kept", self.since).await;
        self.since = at;
        let now = self
            .session
            .query_one("SELECT now()", &[])
            .await
            .unwrap()
            .get(0);
        self.apply("kept_naively", self.naive_since).await;
        self.naive_since = now;
        self.exports += 1;
    }

    async fn apply(&self, table: &str, since: DateTime<Utc>) -> u64 {
        let sql = format!(
            "INSERT INTO {table} SELECT * FROM platform WHERE updated_at > $1
             ON CONFLICT (id) DO UPDATE SET updated_at = excluded.updated_at, x = excluded.x"
        );
        self.session.execute(&sql, &[&since]).await.unwrap()
    }

    /// Counts the rows that the exports have not, or not as they are.
    async fn lost(&self, table: &str) -> i64 {
        let sql = format!(
            "SELECT count(*) FROM platform p LEFT JOIN {table} k USING (id) WHERE k.x IS DISTINCT FROM p.x"
        );
        self.session.query_one(&sql, &[]).await.unwrap().get(0)
    }
}

/// Finds the horizon: the clock first, and the open transactions after that.
async fn time(session: &Client, horizon: &Statement, lag: f64) -> DateTime<Utc> {
    let clock: DateTime<Utc> = session
        .query_one("SELECT clock_timestamp()", &[])
        .await
        .unwrap()
        .get(0);
    session
        .query_one(horizon, &[&EXPORTER, &lag, &clock])
        .await
        .unwrap()
        .get(0)
}

async fn prepare(database: &Database) {
    database
        .run(&format!(
            "CREATE TABLE platform (id text PRIMARY KEY, updated_at timestamptz NOT NULL DEFAULT now(), x bigint NOT NULL);
             CREATE INDEX ON platform (updated_at);
             INSERT INTO platform (id, x) SELECT 'r' || n, 0 FROM generate_series(0, {ROWS} / 2) n; ANALYZE platform;
             CREATE SEQUENCE write"
        ))
        .await;
}

async fn writer(database: &Database) -> (Client, Rows) {
    let session = database.session().await;
    let write = "INSERT INTO platform (id, x) VALUES ($1, nextval('write'))
        ON CONFLICT (id) DO UPDATE SET updated_at = now(), x = excluded.x";
    let work = Rows {
        write: session.prepare(write).await.unwrap(),
        delete: session
            .prepare("DELETE FROM platform WHERE id = $1")
            .await
            .unwrap(),
    };
    (session, work)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chained_exports_of_others_tables_lose_nothing() {
    let database = Database::empty().await;
    prepare(&database).await;
    let writers = join_all((0..WRITERS).map(|_| writer(&database))).await;
    let (done, is_done) = watch::channel(false);
    let (kicked_off, kick_offs) = watch::channel(0);
    let exporter = tokio::spawn(Exporter::new(&database).await.run(is_done, kicked_off));
    let mut ends = Ends::default();
    storm(writers, Instant::now() + STORM, &kick_offs, &mut ends).await;
    done.send(true).unwrap();
    let exporter = exporter.await.unwrap();
    assert!(ends.every_shape(), "{ends:?}");
    let (lost, naively) = (
        exporter.lost("kept").await,
        exporter.lost("kept_naively").await,
    );
    println!(
        "tables of others: {} exports of {} rows under {WRITERS} writers ({ends:?}): {lost} rows lost; with now() {naively} of {} are",
        exporter.exports,
        exporter.rows,
        database.count("platform", &[]).await
    );
    assert_eq!(lost, 0);
    assert!(
        naively > 0,
        "the naive variant loses rows, or this test sees nothing"
    );
}

#[tokio::test]
async fn a_prepared_transaction_counts_from_before_it_was_prepared() {
    let database = Database::empty().await;
    prepare(&database).await;
    let (session, exporter) = (database.session().await, Exporter::new(&database).await);
    session
        .batch_execute("BEGIN; UPDATE platform SET updated_at = now() WHERE id = 'r1'")
        .await
        .unwrap();
    let begun: DateTime<Utc> = session.query_one("SELECT now()", &[]).await.unwrap().get(0);
    poll("the transaction gets older", secs(5), async || {
        let older = "SELECT clock_timestamp() - now() > interval '50 ms'";
        session
            .query_one(older, &[])
            .await
            .unwrap()
            .get::<_, bool>(0)
            .then_some(())
    })
    .await;
    let name = format!("exactness {}", std::process::id());
    session
        .batch_execute(&format!("PREPARE TRANSACTION '{name}'"))
        .await
        .unwrap();
    let without = time(&exporter.session, &exporter.horizon, 0.0).await;
    let with = time(&exporter.session, &exporter.horizon, LAG).await;
    session
        .batch_execute(&format!("COMMIT PREPARED '{name}'"))
        .await
        .unwrap();
    assert!(
        without >= begun,
        "by the time of its PREPARE alone, what it wrote would be lost"
    );
    assert!(with < begun);
}
