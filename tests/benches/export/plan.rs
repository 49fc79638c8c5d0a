//! Planning over few rows and over many: its time must not grow with the table.

use std::time::Instant;

use bulk_export_domain::{part::Scope, policy::Subject, resource_type::ResourceType};
use bulk_export_store::source::{Size, Source};
use bulk_export_tests::Database;

use crate::{measured::middle, system};

/// docs/configuration.md: the defaults of EXPORT_PART_ROWS and half of EXPORT_FILE_BYTES.
const SIZE: Size = Size {
    rows: 200_000,
    bytes: 128 << 20,
};

/// How often each is planned.
const TIMES: usize = 31;

/// A planned job.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Planned {
    /// The rows of the table.
    pub(crate) rows: u64,
    /// The parts that were planned.
    pub(crate) parts: usize,
    /// The median, in milliseconds.
    pub(crate) milliseconds: f64,
}

/// Plans over a table of so many small rows, and again when it has become larger.
pub(crate) async fn measure(rows: [u64; 2]) -> Vec<Planned> {
    let database = Database::migrated().await;
    let source = system::source(&database.url);
    let mut planned = Vec::new();
    let mut from = 0;
    for rows in rows {
        fill(&database, from, rows).await;
        from = rows;
        planned.push(plan(&source, rows).await);
    }
    planned
}

/// Adds rows without their indexes, which are made again at once: ten million rows come in a minute.
async fn fill(database: &Database, from: u64, to: u64) {
    let insert = format!(
        "INSERT INTO resource_version_observation (resource_type, id, version, valid_from, in_patient_compartment, body)
         SELECT 'Observation', 'o' || n, 1, timestamptz '2020-01-01' + n * interval '1 millisecond', true,
             '{{\"resourceType\":\"Observation\",\"id\":\"o' || n || '\",\"meta\":{{}}}}'
         FROM generate_series({}, {to}) n",
        from + 1
    );
    let indexes = "SELECT pg_get_indexdef(indexrelid) FROM pg_index
                   WHERE indrelid = 'resource_version_observation'::regclass AND NOT indisprimary";
    let indexes: Vec<String> = database.column(indexes, &[]).await;
    let attach = "ALTER TABLE resource_version ATTACH PARTITION resource_version_observation FOR VALUES IN ('Observation')";
    let drop = "DO $$ DECLARE name text; BEGIN
        FOR name IN SELECT indexrelid::regclass FROM pg_index WHERE indrelid = 'resource_version_observation'::regclass AND NOT indisprimary
        LOOP EXECUTE 'DROP INDEX ' || name; END LOOP; END $$";
    database
        .run("ALTER TABLE resource_version DETACH PARTITION resource_version_observation")
        .await;
    database.run(drop).await;
    database.run("ALTER TABLE resource_version_observation DROP CONSTRAINT resource_version_observation_pkey").await;
    database.run(&insert).await;
    database
        .run(
            "ALTER TABLE resource_version_observation ADD PRIMARY KEY (resource_type, id, version)",
        )
        .await;
    for index in indexes {
        database.run(&index).await;
    }
    database.run(attach).await;
    database
        .run("VACUUM (ANALYZE) resource_version_observation")
        .await;
    database.run("CHECKPOINT").await;
}

async fn plan(source: &Source, rows: u64) -> Planned {
    let types = vec![ResourceType::Observation];
    let time = source
        .transaction_time(&types)
        .await
        .expect("the store has a time");
    let scope = Scope {
        subject: Subject::Everyone,
        types,
        since: None,
        transaction_time: time.at,
        file_rows: None,
    };
    let mut times = Vec::new();
    let mut parts = 0;
    for _ in 0..TIMES {
        let started = Instant::now();
        let plan = source
            .plan(&scope, SIZE)
            .await
            .expect("a job can be planned");
        times.push(started.elapsed().as_secs_f64() * 1000.0);
        parts = plan.parts.len();
    }
    Planned {
        rows,
        parts,
        milliseconds: middle(times),
    }
}
