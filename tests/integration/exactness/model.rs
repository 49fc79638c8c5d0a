//! The model: what the writers know that they committed, and the store held against it, version by version.

use std::{iter::Sum, ops::Add};

use bulk_export_tests::Database;
use chrono::DateTime;
use tokio_postgres::{Client, Row};

use super::{
    http::Job,
    kick_off::{Taken, visible},
    resources::{Fact, HASH},
};

/// Differences between a read and the model.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Difference {
    pub(super) checked: i64,
    pub(super) missing: i64,
    pub(super) surplus: i64,
}

impl Add for Difference {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            checked: self.checked + other.checked,
            missing: self.missing + other.missing,
            surplus: self.surplus + other.surplus,
        }
    }
}

impl Sum for Difference {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), Add::add)
    }
}

impl Difference {
    /// Reads a row of the three counts.
    fn of(row: &Row) -> Self {
        Self {
            checked: row.get(0),
            missing: row.get(1),
            surplus: row.get(2),
        }
    }

    /// Gives how much was checked, if nothing is missing and nothing too much.
    #[track_caller]
    pub(super) fn none(self, place: &str) -> i64 {
        assert_eq!((self.missing, self.surplus), (0, 0), "{place}");
        self.checked
    }
}

/// Remembers what was there before the storm.
pub(super) async fn begin(database: &Database) {
    database
        .run(&format!(
            "CREATE TABLE model (resource_type text, id text, version bigint, valid_from timestamptz, deleted boolean, hash bigint,
                PRIMARY KEY (resource_type, id, version));
             INSERT INTO model SELECT resource_type, id, version, valid_from, deleted, {HASH} FROM resource_version"
        ))
        .await;
}

/// Adds what a writer committed. That two writers made the same version would break the primary key.
pub(super) async fn add(session: &Client, facts: &[Fact]) {
    for facts in facts.chunks(5000) {
        let kinds: Vec<&str> = facts
            .iter()
            .map(|fact| fact.resource_type.as_str())
            .collect();
        let ids: Vec<&str> = facts.iter().map(|fact| fact.id.as_str()).collect();
        let versions: Vec<i64> = facts.iter().map(|fact| fact.version).collect();
        let times: Vec<_> = facts.iter().map(|fact| fact.valid_from).collect();
        let deleted: Vec<bool> = facts.iter().map(|fact| fact.deleted).collect();
        let hashes: Vec<Option<i64>> = facts.iter().map(|fact| fact.hash).collect();
        let insert = "INSERT INTO model SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::timestamptz[], $5::boolean[], $6::bigint[])";
        session
            .execute(
                insert,
                &[&kinds, &ids, &versions, &times, &deleted, &hashes],
            )
            .await
            .expect("no version was made twice");
    }
}

/// Chains the versions: each ends where the next begins.
pub(super) async fn chain(database: &Database) {
    database
        .run(
            "CREATE TABLE chain AS SELECT *, lead(valid_from) OVER (PARTITION BY resource_type, id ORDER BY version) AS valid_to,
                true AS in_patient_compartment FROM model;
             ANALYZE chain; ANALYZE resource_version",
        )
        .await;
}

/// Holds the whole store against the model.
pub(super) async fn compare_all(session: &Client) -> Difference {
    let all = |from: &str, hash: &str| {
        format!(
            "SELECT resource_type, id, version, valid_from, valid_to, deleted, {hash} AS hash FROM {from}"
        )
    };
    let (store, model) = (all("resource_version", HASH), all("chain", "hash"));
    let sql = format!(
        "SELECT (SELECT count(*) FROM chain), (SELECT count(*) FROM ({model} EXCEPT ALL {store}) m),
            (SELECT count(*) FROM ({store} EXCEPT ALL {model}) s)"
    );
    let row = session
        .query_one(&sql, &[])
        .await
        .expect("they can be compared");
    Difference::of(&row)
}

/// Holds what is visible at a T against the model, and the model against what was read when T was taken.
pub(super) async fn compare(session: &Client, taken: &Taken) -> Difference {
    let (visible, since) = (visible(), DateTime::UNIX_EPOCH);
    let sql = format!(
        "SELECT count(s.id), count(*) FILTER (WHERE s.id IS NULL), count(*) FILTER (WHERE m.id IS NULL),
            coalesce(sum(m.hash), 0)::text
         FROM (SELECT resource_type, id, version, {HASH} AS hash FROM resource_version WHERE {visible}) s
         FULL JOIN (SELECT resource_type, id, version, hash FROM chain WHERE {visible}) m USING (resource_type, id, version, hash)"
    );
    let row = session
        .query_one(&sql, &[&taken.at, &since])
        .await
        .expect("they can be compared");
    assert_eq!(
        row.get::<_, String>(3),
        taken.all.sum,
        "read at once, at {}",
        taken.at
    );
    Difference::of(&row)
}

/// Holds the lines of a job's files against the model.
pub(super) async fn compare_lines(session: &Client, job: &Job, lines: &[String]) -> Difference {
    let (visible, since) = (visible(), job.since.unwrap_or(DateTime::UNIX_EPOCH));
    let sql = format!(
        "WITH due AS MATERIALIZED (SELECT hash FROM chain WHERE {visible}),
         had AS MATERIALIZED (
            SELECT {HASH} AS hash FROM unnest($3::text[]) AS line (body), LATERAL (
                SELECT body::json ->> 'resourceType' AS resource_type, body::json ->> 'id' AS id,
                    body::json #>> '{{meta,versionId}}' AS version) known)
         SELECT (SELECT count(*) FROM had), (SELECT count(*) FROM (TABLE due EXCEPT ALL TABLE had) d),
            (SELECT count(*) FROM (TABLE had EXCEPT ALL TABLE due) h)"
    );
    let row = session
        .query_one(&sql, &[&job.at, &since, &lines])
        .await
        .expect("they can be compared");
    Difference::of(&row)
}

/// Holds a chain of exports, each since the one before, against the model: together they are what changed, each change in
/// the one export that had to have it; and whoever applies one after the other has what there is.
pub(super) async fn compare_chain(session: &Client, taken: &[Taken]) -> Difference {
    let (at, since): (Vec<_>, Vec<_>) = taken.iter().map(|one| (one.at, one.since)).unzip();
    let sql = format!(
        "WITH exports AS (SELECT * FROM unnest($1::timestamptz[], $2::timestamptz[]) AS e (at, since) WHERE at > since),
         due AS MATERIALIZED (
            SELECT e.at, m.resource_type, m.id, m.version, m.hash FROM chain m
            JOIN exports e ON m.valid_from > e.since AND m.valid_from <= e.at AND (m.valid_to IS NULL OR m.valid_to > e.at)
            WHERE NOT m.deleted),
         had AS MATERIALIZED (
            SELECT e.at, v.resource_type, v.id, v.version, {HASH} AS hash FROM resource_version v
            JOIN exports e ON v.valid_from > e.since AND v.valid_from <= e.at AND (v.valid_to IS NULL OR v.valid_to > e.at)
            WHERE NOT v.deleted AND v.in_patient_compartment),
         kept AS (SELECT DISTINCT ON (resource_type, id) resource_type, id, version FROM had ORDER BY resource_type, id, at DESC)
         SELECT (SELECT count(*) FROM had), (SELECT count(*) FROM (TABLE due EXCEPT ALL TABLE had) d),
            (SELECT count(*) FROM (TABLE had EXCEPT ALL TABLE due) h),
            (SELECT count(*) FROM chain m LEFT JOIN kept k USING (resource_type, id)
             WHERE m.valid_to IS NULL AND NOT m.deleted AND k.version IS DISTINCT FROM m.version)",
        HASH = HASH.replace("resource_type", "v.resource_type").replace("|| id", "|| v.id").replace("|| version", "|| v.version").replace("|| body", "|| v.body")
    );
    let row = session
        .query_one(&sql, &[&at, &since])
        .await
        .expect("they can be compared");
    assert_eq!(
        row.get::<_, i64>(3),
        0,
        "the chain of exports ends in what there is"
    );
    let read: i64 = taken.iter().map(|one| one.new.versions).sum();
    assert_eq!(
        read,
        row.get::<_, i64>(0),
        "and the exports read at once were those"
    );
    Difference::of(&row)
}
