//! A chain of exports of a table that others write, each since the one before, as a bulk client applies them; and whether
//! it has, after each, every row that the export did not send it.

use chrono::{DateTime, Utc};
use tokio_postgres::{Client, Statement};

use super::platform::{ROWS, Times, Way};

/// An export reads so many ranges of keys, each in a statement and so under a snapshot of its own, as parts do.
const PARTS: i64 = 2;

/// A chain that may lose rows reads one of so many: to show that it does, these will do.
const OF_THE_OTHERS: i64 = 10;

/// How `transactionTime` is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Time {
    /// As for the clinical tables.
    OfTables,
    /// As for another server's relation: `EXPORT_SOURCE_LAG` behind that.
    OfRelation,
    /// By the time of day.
    Naive,
}

/// A client's chain.
pub(super) struct Chain {
    time: Time,
    /// The rows below this are read.
    end: i64,
    export: Statement,
    again: Statement,
    forget: String,
    apply: Statement,
    since: DateTime<Utc>,
    taken: Vec<DateTime<Utc>>,
    /// How many rows were looked at, after how many exports.
    pub(super) checked: i64,
    /// How many were sent.
    pub(super) sent: i64,
    /// The most rows that were missing after an export, or were not as they had to be.
    pub(super) lost: i64,
}

impl Chain {
    /// Begins a chain of exports by one of the columns that hold when a row was written.
    pub(super) async fn new(session: &Client, number: usize, way: &Way) -> Self {
        let (column, promised) = (way.column, way.promised);
        let tables = format!(
            "CREATE TEMP TABLE kept_{number} (id bigint PRIMARY KEY, x bigint NOT NULL);
             CREATE TEMP TABLE sent_{number} (export bigint, id bigint, x bigint); CREATE INDEX ON sent_{number} (export)"
        );
        session.batch_execute(&tables).await.unwrap();
        // What is not sent must be there already, as it is now: looked at in the snapshot in which the rest is read.
        let seen = format!(
            "WITH part AS MATERIALIZED (SELECT id, x, {column} > $1 AS new FROM platform WHERE id >= $2 AND id < $3)"
        );
        let look = format!(
            "SELECT count(*), count(*) FILTER (WHERE NOT p.new AND k.x IS DISTINCT FROM p.x), count(*) FILTER (WHERE p.new)
             FROM part p LEFT JOIN kept_{number} k USING (id)"
        );
        let keep = "ON CONFLICT (id) DO UPDATE SET x = excluded.x";
        let export = format!(
            "{seen}, sent AS (INSERT INTO sent_{number} SELECT $4::bigint, id, x FROM part WHERE new),
             applied AS (INSERT INTO kept_{number} SELECT id, x FROM part WHERE new {keep}) {look}"
        );
        let apply = format!(
            "INSERT INTO kept_{number} SELECT id, x FROM sent_{number} WHERE export = $1 {keep}"
        );
        Self {
            time: way.time,
            end: if promised { ROWS } else { ROWS / OF_THE_OTHERS },
            export: session.prepare(&export).await.unwrap(),
            again: session.prepare(&format!("{seen} {look}")).await.unwrap(),
            forget: format!("TRUNCATE kept_{number}"),
            apply: session.prepare(&apply).await.unwrap(),
            since: DateTime::UNIX_EPOCH,
            taken: vec![],
            checked: 0,
            sent: 0,
            lost: 0,
        }
    }

    /// Exports what is new, and looks whether the rest is there.
    pub(super) async fn export(&mut self, session: &Client, times: &Times) {
        let missing = self.export_since(session, times, self.since).await;
        self.lost = self.lost.max(missing);
    }

    /// Exports what is new since an instant; gives how many of the other rows are not there.
    pub(super) async fn export_since(
        &mut self,
        session: &Client,
        times: &Times,
        since: DateTime<Utc>,
    ) -> i64 {
        let at = match self.time {
            Time::OfTables => times.of_tables,
            Time::OfRelation => times.of_relation,
            Time::Naive => now(session).await,
        };
        let number = i64::try_from(self.taken.len()).unwrap();
        let mut missing = 0;
        for part in 0..PARTS {
            let (from, to) = (self.end * part / PARTS, self.end * (part + 1) / PARTS);
            let row = session
                .query_one(&self.export, &[&since, &from, &to, &number])
                .await
                .unwrap();
            self.checked += row.get::<_, i64>(0);
            missing += row.get::<_, i64>(1);
            self.sent += row.get::<_, i64>(2);
        }
        self.since = at;
        self.taken.push(at);
        missing
    }

    /// Replays the chain when nobody writes any more: a client that stopped after any of the exports, and comes back only
    /// now, has what it is not sent, too.
    pub(super) async fn read_again(&mut self, session: &Client) {
        session.batch_execute(&self.forget).await.unwrap();
        for (number, at) in (0_i64..).zip(&self.taken) {
            session.execute(&self.apply, &[&number]).await.unwrap();
            let row = session
                .query_one(&self.again, &[at, &0_i64, &self.end])
                .await
                .unwrap();
            self.checked += row.get::<_, i64>(0);
            self.lost = self.lost.max(row.get(1));
        }
    }
}

async fn now(session: &Client) -> DateTime<Utc> {
    let now = session.query_one("SELECT now()", &[]).await;
    now.expect("PostgreSQL answers").get(0)
}
