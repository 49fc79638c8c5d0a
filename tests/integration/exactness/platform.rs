//! Tables that others write, under the same storm: the horizon that the API takes for T loses nothing between one export and
//! the next, where rows have the time of their transaction; and where they have another clock's, which is set back in the
//! midst, as long as that is less than `EXPORT_SOURCE_LAG`.

use std::time::{Duration, Instant};

use bulk_export_tests::{Client, Database, Stack, client::job_id, poll, secs};
use chrono::{DateTime, TimeDelta, Utc};
use futures::future::join_all;
use rand::{RngExt, rngs::StdRng};
use tokio::sync::watch;
use tokio_postgres::{Error, Statement};

use super::{
    ONE_STORM, WRITERS,
    chain::{Chain, Time},
    storm::{Ends, Work, storm},
    waits::OURS,
};

const STORM: Duration = secs(10);
const EXPORTERS: usize = 2;
pub(super) const ROWS: i64 = 20_000;
const ROW_CHECKS: i64 = 10_000_000;

/// `EXPORT_SOURCE_LAG`. No transaction of the storm is open for so long before it is prepared.
const LAG: &str = "2s";
/// How far another server's clock is set back: a little less than the lag, and further.
const A_LITTLE: Duration = Duration::from_millis(1900);
const TOO_FAR: Duration = secs(5);

/// A way to export.
pub(super) struct Way {
    name: &'static str,
    /// The column that holds when a row was written.
    pub(super) column: &'static str,
    /// How far the clock of that column is set back.
    set_back: Duration,
    pub(super) time: Time,
    /// Nothing may be lost.
    pub(super) promised: bool,
}

const WAYS: [Way; 5] = [
    Way {
        name: "by transactions",
        column: "of_transaction",
        set_back: Duration::ZERO,
        time: Time::OfTables,
        promised: true,
    },
    Way {
        name: "by a clock set back, with the lag",
        column: "a_little",
        set_back: A_LITTLE,
        time: Time::OfRelation,
        promised: true,
    },
    Way {
        name: "with now() for T",
        column: "of_transaction",
        set_back: Duration::ZERO,
        time: Time::Naive,
        promised: false,
    },
    Way {
        name: "by a clock set back, without the lag",
        column: "a_little",
        set_back: A_LITTLE,
        time: Time::OfTables,
        promised: false,
    },
    Way {
        name: "by a clock set back further than the lag",
        column: "too_far",
        set_back: TOO_FAR,
        time: Time::OfRelation,
        promised: false,
    },
];

/// A writer of the platform's rows.
struct Rows {
    write: Statement,
    delete: Statement,
    /// Until then transactions are prepared: these hold T back by the lag, and would hide what else holds it.
    prepares_until: Instant,
}

impl Work for Rows {
    async fn write(
        &mut self,
        session: &tokio_postgres::Client,
        random: &mut StdRng,
        _: bool,
    ) -> Result<(), Error> {
        let statement = if random.random_bool(0.05) {
            &self.delete
        } else {
            &self.write
        };
        // Some rows are everybody's.
        let end = if random.random_bool(0.1) { 100 } else { ROWS };
        let id = random.random_range(0..end);
        session.execute(statement, &[&id]).await.map(|_| ())
    }

    fn may_be_prepared(&self) -> bool {
        Instant::now() < self.prepares_until
    }

    fn mark(&self) -> usize {
        0
    }

    fn forget(&mut self, _: usize) {}

    async fn settle(&mut self, _: &tokio_postgres::Client) -> Result<(), Error> {
        Ok(())
    }

    fn ended(&mut self, _: bool) {}
}

/// The times that the API takes at a moment.
pub(super) struct Times {
    /// For the clinical tables.
    pub(super) of_tables: DateTime<Utc>,
    /// For a relation.
    pub(super) of_relation: DateTime<Utc>,
}

impl Times {
    /// Kicks off an export of each.
    async fn take(client: &Client, session: &tokio_postgres::Client) -> Self {
        let take = async |resource_type: &str| {
            let url = client.start(&format!("_type={resource_type}")).await;
            let time = "SELECT transaction_time FROM bulk_export_jobs WHERE id = $1";
            let row = session.query_one(time, &[&job_id(&url)]).await;
            row.expect("the job was accepted").get(0)
        };
        Self {
            of_tables: take("Patient").await,
            of_relation: take("Task").await,
        }
    }
}

/// A client that exports again and again, in chains.
struct Exporter {
    client: Client,
    session: tokio_postgres::Client,
    chains: Vec<Chain>,
    exports: usize,
}

impl Exporter {
    async fn new(stack: &Stack) -> Self {
        let session = stack.database.session().await;
        let name = format!("SET application_name = '{OURS}'; SET jit = off");
        session.batch_execute(&name).await.unwrap();
        let mut chains = vec![];
        for (number, way) in WAYS.iter().enumerate() {
            chains.push(Chain::new(&session, number, way).await);
        }
        Self {
            client: stack.admin(),
            session,
            chains,
            exports: 0,
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

    async fn export(&mut self) {
        let times = Times::take(&self.client, &self.session).await;
        for chain in &mut self.chains {
            chain.export(&self.session, &times).await;
        }
        self.exports += 1;
    }

    async fn read_again(&mut self) {
        for (chain, _) in self
            .chains
            .iter_mut()
            .zip(&WAYS)
            .filter(|(_, way)| way.promised)
        {
            chain.read_again(&self.session).await;
        }
    }

    /// Does what docs/sources.md says of a clock that was set back too far: exports once since the instant to which it was.
    async fn mend(&mut self, set_back_at: DateTime<Utc>) {
        let times = Times::take(&self.client, &self.session).await;
        let lossy = |way: &Way| !way.promised && !way.set_back.is_zero();
        for (chain, way) in self
            .chains
            .iter_mut()
            .zip(&WAYS)
            .filter(|(_, way)| lossy(way))
        {
            let missing = chain.export_since(
                &self.session,
                &times,
                set_back_at - way.set_back - Duration::from_millis(1),
            );
            assert_eq!(missing.await, 0, "{} is mended", way.name);
        }
    }

    /// How many rows the chains that lose nothing looked at.
    fn checked(&self) -> i64 {
        let chains = self.chains.iter().zip(&WAYS);
        chains
            .filter(|(_, way)| way.promised)
            .map(|(chain, _)| chain.checked)
            .sum()
    }
}

/// Makes the table, and two clocks of another server that go back for a third of the storm; gives when they do.
async fn prepare(database: &Database) -> DateTime<Utc> {
    let (back, again) = (Utc::now() + STORM / 3, Utc::now() + STORM * 2 / 3);
    let (a_little, too_far) = (A_LITTLE.as_secs_f64(), TOO_FAR.as_secs_f64());
    database
        .run(&format!(
            "CREATE FUNCTION set_back(by interval) RETURNS timestamptz LANGUAGE sql
             AS $$ SELECT CASE WHEN now() BETWEEN '{back}' AND '{again}' THEN now() - by ELSE now() END $$;
             CREATE TABLE platform (id bigint PRIMARY KEY, x bigint NOT NULL, of_transaction timestamptz NOT NULL DEFAULT now(),
                a_little timestamptz NOT NULL DEFAULT set_back('{a_little} s'), too_far timestamptz NOT NULL DEFAULT set_back('{too_far} s'));
             INSERT INTO platform (id, x) SELECT n, 0 FROM generate_series(0, {ROWS} - 1) n; ANALYZE platform;
             CREATE SEQUENCE write"
        ))
        .await;
    back
}

async fn writer(database: &Database) -> (tokio_postgres::Client, Rows) {
    let session = database.session().await;
    let write = "INSERT INTO platform (id, x) VALUES ($1, nextval('write')) ON CONFLICT (id) DO UPDATE
        SET x = excluded.x, of_transaction = excluded.of_transaction, a_little = excluded.a_little, too_far = excluded.too_far";
    let work = Rows {
        write: session.prepare(write).await.unwrap(),
        delete: session
            .prepare("DELETE FROM platform WHERE id = $1")
            .await
            .unwrap(),
        prepares_until: Instant::now() + STORM / 4,
    };
    (session, work)
}

/// A system whose tables are the platform's and a relation of another server's.
async fn stack(lag: &str) -> Stack {
    Stack::builder()
        .common("FHIR_SOURCE", "clinical,Task=public.tasks")
        .common("EXPORT_SOURCE_LAG", lag)
        .start()
        .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chained_exports_of_others_tables_lose_nothing() {
    let _alone = ONE_STORM.lock().await;
    let stack = stack(LAG).await;
    let database = &stack.database;
    let set_back_at = prepare(database).await;
    let writers = join_all((0..WRITERS).map(|_| writer(database))).await;
    let (done, is_done) = watch::channel(false);
    let (kicked_off, kick_offs) = watch::channel(0);
    let mut exporters = vec![];
    for _ in 0..EXPORTERS {
        let exporter = Exporter::new(&stack).await;
        exporters.push(tokio::spawn(
            exporter.run(is_done.clone(), kicked_off.clone()),
        ));
    }
    let mut ends = Ends::default();
    storm(writers, Instant::now() + STORM, &kick_offs, &mut ends).await;
    done.send(true).unwrap();
    let exporters = join_all(exporters).await;
    let mut exporters: Vec<Exporter> = exporters.into_iter().map(Result::unwrap).collect();
    assert!(ends.every_shape(), "{ends:?}");
    join_all(exporters.iter_mut().map(Exporter::read_again)).await;
    while exporters.iter().map(Exporter::checked).sum::<i64>() < ROW_CHECKS {
        join_all(exporters.iter_mut().map(Exporter::read_again)).await;
    }
    report(&exporters, &ends);
    for exporter in &mut exporters {
        exporter.mend(set_back_at).await;
    }
}

/// Prints what the chains lost, and holds it against what they may.
fn report(exporters: &[Exporter], ends: &Ends) {
    let exports: usize = exporters.iter().map(|exporter| exporter.exports).sum();
    let checked: i64 = exporters.iter().map(Exporter::checked).sum();
    println!(
        "tables of others: {exports} exports under {WRITERS} writers ({ends:?}); {checked} rows checked"
    );
    for (number, way) in WAYS.iter().enumerate() {
        let chains: Vec<&Chain> = exporters.iter().map(|one| &one.chains[number]).collect();
        let sent: i64 = chains.iter().map(|chain| chain.sent).sum();
        let lost: Vec<i64> = chains.iter().map(|chain| chain.lost).collect();
        let name = way.name;
        println!("tables of others, {name}: {sent} rows sent, lost {lost:?}");
        if way.promised {
            assert!(lost.iter().all(|lost| *lost == 0), "{name}");
        } else {
            let seen = lost.iter().any(|lost| *lost > 0);
            assert!(seen, "{name}: loses rows, or this test sees nothing");
        }
    }
}

#[tokio::test]
async fn a_prepared_transaction_counts_from_before_it_was_prepared() {
    let with = stack(LAG).await;
    let without = Stack::builder()
        .common("SOURCE_DATABASE_URL", &with.database.url)
        .common("EXPORT_SOURCE_LAG", "0s")
        .start()
        .await;
    let session = with.database.session().await;
    session
        .batch_execute(
            "CREATE TABLE written (at timestamptz); BEGIN; INSERT INTO written VALUES (now())",
        )
        .await
        .unwrap();
    let begun: DateTime<Utc> = session.query_one("SELECT now()", &[]).await.unwrap().get(0);
    poll("the transaction gets older", secs(5), async || {
        (Utc::now() - begun > TimeDelta::milliseconds(50)).then_some(())
    })
    .await;
    let name = format!("exactness {}", std::process::id());
    session
        .batch_execute(&format!("PREPARE TRANSACTION '{name}'"))
        .await
        .unwrap();
    let time = async |stack: &Stack| -> DateTime<Utc> {
        stack.admin().start("_type=Patient").await;
        let sql = "SELECT transaction_time FROM bulk_export_jobs";
        stack.database.value(sql, &[]).await
    };
    let (without, with) = (time(&without).await, time(&with).await);
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
