//! Kick-offs in the midst of the storm: each takes T, and reads at once what an export would.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use tokio::sync::watch;
use tokio_postgres::{Client, Statement};

use super::{
    resources::{HASH, TYPES},
    waits::OURS,
};

/// What a read saw: how many versions, and the sum of their hashes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) versions: i64,
    pub(super) sum: String,
}

/// A kick-off, and what was read at once.
pub(super) struct Taken {
    pub(super) at: DateTime<Utc>,
    pub(super) since: DateTime<Utc>,
    /// Everything at T.
    pub(super) all: Seen,
    /// What is new since the kick-off before.
    pub(super) new: Seen,
}

/// A client that exports again and again.
pub(super) struct Exporter {
    session: Client,
    another: Client,
    read: Statement,
    read_again: Statement,
    pub(super) taken: Vec<Taken>,
    pub(super) latencies: Vec<Duration>,
    /// Of a statement that does nothing but commit, at the same moments.
    pub(super) floor: Vec<Duration>,
    pub(super) rows: i64,
    naive_since: DateTime<Utc>,
    /// How many rows the naive exports saw.
    pub(super) naive: i64,
}

/// The predicate of a job with time `$1` and since `$2`.
pub(super) fn visible() -> String {
    format!(
        "resource_type = ANY ('{{{}}}') AND valid_from <= $1 AND (valid_to IS NULL OR valid_to > $1)
         AND NOT deleted AND in_patient_compartment AND valid_from > $2",
        TYPES.join(",")
    )
}

fn read() -> String {
    format!(
        "SELECT count(*), coalesce(sum({HASH}), 0)::text FROM resource_version WHERE {}",
        visible()
    )
}

impl Exporter {
    pub(super) async fn new(session: Client, another: Client) -> Self {
        let name = format!("SET application_name = '{OURS}'");
        session.batch_execute(&name).await.expect("it has a name");
        Self {
            read: session.prepare(&read()).await.expect("the read is right"),
            read_again: another.prepare(&read()).await.expect("the read is right"),
            session,
            another,
            taken: vec![],
            latencies: vec![],
            floor: vec![],
            rows: 0,
            naive_since: DateTime::UNIX_EPOCH,
            naive: 0,
        }
    }

    /// Exports until the writers are done, and tells them of each kick-off.
    pub(super) async fn run(
        mut self,
        mut done: watch::Receiver<bool>,
        kick_offs: watch::Sender<u64>,
        seed: u64,
    ) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        while !*done.borrow_and_update() {
            self.export().await;
            kick_offs.send_modify(|count| *count += 1);
            self.export_naively().await;
            let earlier = &self.taken[random.random_range(0..self.taken.len())];
            let again = see(
                &self.another,
                &self.read_again,
                earlier.at,
                DateTime::UNIX_EPOCH,
            )
            .await;
            assert_eq!(again, earlier.all, "the same T, the same versions");
            self.rows += again.versions;
        }
        self
    }

    /// Kicks off, and reads.
    pub(super) async fn export(&mut self) {
        let start = Instant::now();
        self.session
            .query_one("SELECT setval('floor', 1)", &[])
            .await
            .expect("PostgreSQL answers");
        self.floor.push(start.elapsed());
        let start = Instant::now();
        let time = self
            .session
            .query_one("SELECT at FROM resource_transaction_time()", &[])
            .await;
        self.latencies.push(start.elapsed());
        let at: DateTime<Utc> = time.expect("there is a time").get(0);
        let since = self
            .taken
            .last()
            .map_or(DateTime::UNIX_EPOCH, |before| before.at);
        let all = see(&self.session, &self.read, at, DateTime::UNIX_EPOCH).await;
        let new = see(&self.session, &self.read, at, since).await;
        self.rows += all.versions + new.versions;
        self.taken.push(Taken {
            at,
            since,
            all,
            new,
        });
    }

    /// What a server does that takes the time of day for T, and stamps rows with it.
    pub(super) async fn export_naively(&mut self) {
        let sql = "SELECT now(), count(*) FROM naive WHERE at > $1 AND at <= now()";
        let row = self
            .session
            .query_one(sql, &[&self.naive_since])
            .await
            .expect("the table is there");
        self.naive_since = row.get(0);
        self.naive += row.get::<_, i64>(1);
    }

    /// Reads every T once more, in other sessions than before.
    pub(super) async fn read_again(&mut self) {
        for taken in &self.taken {
            let again = see(
                &self.another,
                &self.read_again,
                taken.at,
                DateTime::UNIX_EPOCH,
            )
            .await;
            assert_eq!(again, taken.all, "the same T, the same versions");
            self.rows += again.versions;
        }
    }
}

async fn see(session: &Client, read: &Statement, at: DateTime<Utc>, since: DateTime<Utc>) -> Seen {
    let row = session
        .query_one(read, &[&at, &since])
        .await
        .expect("the store can be read");
    Seen {
        versions: row.get(0),
        sum: row.get(1),
    }
}
