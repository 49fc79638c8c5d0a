//! What the writers do to the resource store, and what they know of it when they have committed.

use bulk_export_tests::Database;
use chrono::{DateTime, Utc};
use rand::{RngExt, rngs::StdRng};
use tokio_postgres::{Client, Error, Statement};

use super::storm::Work;

/// The types that the storm writes: of their own partitions, and one of the default partition.
pub(super) const TYPES: [&str; 5] = ["Basic", "Condition", "Encounter", "Observation", "Patient"];
/// How many resources there are before the storm.
pub(super) const RESOURCES: usize = 10_000;
/// How many of them everybody writes to.
const HOT: usize = 60;
const BATCH: usize = 20;

/// A version that a writer made.
pub(super) struct Fact {
    pub(super) resource_type: String,
    pub(super) id: String,
    pub(super) version: i64,
    pub(super) valid_from: DateTime<Utc>,
    pub(super) deleted: bool,
    pub(super) hash: Option<i64>,
}

/// What a version is known by; the text is part of it.
pub(super) const HASH: &str =
    "hashtextextended(resource_type || '/' || id || '/' || version || ' ' || body, 0)";

/// A writer of resources.
pub(super) struct Resources {
    statements: Statements,
    number: usize,
    writes: usize,
    /// Written in this transaction: type, id, version.
    pending: Vec<(&'static str, String, i64)>,
    settled: Vec<Fact>,
    pub(super) committed: Vec<Fact>,
}

struct Statements {
    put: Statement,
    alive: Statement,
    delete: Statement,
    stage: Statement,
    load: Statement,
    current: Statement,
    facts: Statement,
}

impl Resources {
    /// Makes a writer and its session.
    pub(super) async fn writer(database: &Database, number: usize) -> (Client, Self) {
        let session = database.session().await;
        let table = "CREATE TEMP TABLE resource_staged (line bigint, resource_type text, id text, body text) ON COMMIT DELETE ROWS";
        session
            .batch_execute(table)
            .await
            .expect("a temporary table can be made");
        let statements = Statements::prepare(&session)
            .await
            .expect("the statements are right");
        let work = Self {
            statements,
            number,
            writes: 0,
            pending: vec![],
            settled: vec![],
            committed: vec![],
        };
        (session, work)
    }

    /// Chooses a resource: a hot one, any, or a new one.
    fn choose(&mut self, random: &mut StdRng) -> (&'static str, String) {
        self.writes += 1;
        let place = match random.random_range(0..100) {
            0..4 => RESOURCES + self.writes * super::WRITERS + self.number,
            4..20 => random.random_range(0..HOT),
            _ => random.random_range(HOT..RESOURCES),
        };
        name(place)
    }

    fn body(&self, kind: &str, id: &str, random: &mut StdRng) -> String {
        let patient = random.random_range(0..500);
        // No two writes are equal, so every one makes a version.
        format!(
            r#"{{"resourceType":"{kind}","id":"{id}","subject":{{"reference":"Patient/p{patient}"}},"x":"{} {}"}}"#,
            self.number, self.writes
        )
    }

    async fn put(&mut self, session: &Client, random: &mut StdRng) -> Result<(), Error> {
        let (kind, id) = self.choose(random);
        let body = self.body(kind, &id, random);
        let version = session
            .query_one(&self.statements.put, &[&body])
            .await?
            .get(0);
        self.pending.push((kind, id, version));
        Ok(())
    }

    /// Deletes a resource, if there is one to delete; locks it first, so that this stays so.
    async fn delete(&mut self, session: &Client, random: &mut StdRng) -> Result<(), Error> {
        let (kind, id) = self.choose(random);
        if session
            .query_opt(&self.statements.alive, &[&kind, &id])
            .await?
            .is_some()
        {
            let version = session
                .query_one(&self.statements.delete, &[&kind, &id])
                .await?
                .get(0);
            self.pending.push((kind, id, version));
        }
        Ok(())
    }

    async fn load(&mut self, session: &Client, random: &mut StdRng) -> Result<(), Error> {
        let mut chosen: Vec<_> = (0..BATCH).map(|_| self.choose(random)).collect();
        chosen.sort_unstable();
        chosen.dedup();
        let bodies: Vec<String> = chosen
            .iter()
            .map(|(kind, id)| self.body(kind, id, random))
            .collect();
        let kinds: Vec<&str> = chosen.iter().map(|(kind, _)| *kind).collect();
        let ids: Vec<&str> = chosen.iter().map(|(_, id)| id.as_str()).collect();
        session.execute("TRUNCATE resource_staged", &[]).await?;
        session
            .execute(&self.statements.stage, &[&kinds, &ids, &bodies])
            .await?;
        let written: i64 = session.query_one(&self.statements.load, &[]).await?.get(0);
        assert_eq!(usize::try_from(written), Ok(chosen.len()));
        let versions = session
            .query(&self.statements.current, &[&kinds, &ids])
            .await?;
        let versions = versions.iter().map(|row| row.get::<_, i64>(0));
        self.pending.extend(
            chosen
                .iter()
                .zip(versions)
                .map(|((kind, id), version)| (*kind, id.clone(), version)),
        );
        Ok(())
    }
}

impl Work for Resources {
    async fn write(
        &mut self,
        session: &Client,
        random: &mut StdRng,
        temporary: bool,
    ) -> Result<(), Error> {
        match random.random_range(0..100) {
            0..4 if temporary => self.load(session, random).await,
            4..16 => self.delete(session, random).await,
            _ => self.put(session, random).await,
        }
    }

    fn mark(&self) -> usize {
        self.pending.len()
    }

    fn forget(&mut self, mark: usize) {
        self.pending.truncate(mark);
    }

    async fn settle(&mut self, session: &Client) -> Result<(), Error> {
        let kinds: Vec<&str> = self.pending.iter().map(|one| one.0).collect();
        let ids: Vec<&str> = self.pending.iter().map(|one| one.1.as_str()).collect();
        let versions: Vec<i64> = self.pending.iter().map(|one| one.2).collect();
        let rows = session
            .query(&self.statements.facts, &[&kinds, &ids, &versions])
            .await?;
        assert_eq!(rows.len(), self.pending.len(), "what was written is there");
        self.settled = rows
            .iter()
            .map(|row| Fact {
                resource_type: row.get(0),
                id: row.get(1),
                version: row.get(2),
                valid_from: row.get(3),
                deleted: row.get(4),
                hash: row.get(5),
            })
            .collect();
        Ok(())
    }

    fn ended(&mut self, committed: bool) {
        if committed {
            self.committed.append(&mut self.settled);
        }
        self.settled.clear();
        self.pending.clear();
    }
}

impl Statements {
    async fn prepare(session: &Client) -> Result<Self, Error> {
        // What a naive server would do stands beside: each write leaves a row with the time of its transaction.
        let naive = "WITH naive AS (INSERT INTO naive (at) VALUES (now()))";
        let written = "unnest($1::text[], $2::text[]) WITH ORDINALITY AS w (kind, id, place)";
        let facts = format!(
            "SELECT v.* FROM unnest($1::text[], $2::text[], $3::bigint[]) AS w (kind, id, version), LATERAL (
                SELECT resource_type, id, version, valid_from, deleted, {HASH} FROM resource_version
                WHERE resource_type = w.kind AND id = w.id AND version = w.version LIMIT 1) v"
        );
        Ok(Self {
            put: session.prepare(&format!("{naive} SELECT resource_put($1)")).await?,
            alive: session
                .prepare("SELECT version FROM resource_version
                          WHERE resource_type = $1 AND id = $2 AND valid_to IS NULL AND NOT deleted FOR UPDATE")
                .await?,
            delete: session.prepare(&format!("{naive} SELECT resource_delete($1, $2)")).await?,
            stage: session
                .prepare(&format!("INSERT INTO resource_staged SELECT place, w.kind, w.id, body FROM {written} JOIN
                          unnest($3::text[]) WITH ORDINALITY AS b (body, place) USING (place)"))
                .await?,
            load: session
                .prepare(&format!("{naive} SELECT inserted + updated FROM resource_put_staged()"))
                .await?,
            current: session
                .prepare(&format!("SELECT v.version FROM {written}, LATERAL (SELECT version FROM resource_version
                          WHERE resource_type = w.kind AND id = w.id AND valid_to IS NULL LIMIT 1) v ORDER BY w.place"))
                .await?,
            facts: session.prepare(&facts).await?,
        })
    }
}

/// Gives type and id of the resource of a place.
pub(super) fn name(place: usize) -> (&'static str, String) {
    (TYPES[place % TYPES.len()], format!("r{place}"))
}
