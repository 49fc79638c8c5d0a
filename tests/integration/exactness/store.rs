//! The resource store under the storm.

use std::time::{Duration, Instant};

use bulk_export_tests::{Database, poll, poll::holds, secs};
use chrono::{DateTime, Utc};
use futures::{StreamExt, future::join_all, stream};
use tokio::sync::watch;

use super::{
    WRITERS,
    kick_off::{Exporter, Taken},
    model::{self, Difference},
    resources::{RESOURCES, Resources, name},
    storm::{Ends, percentile, storm},
};

/// How long the writers write. In the midst the clock is set back for 5 s.
const STORM: Duration = secs(13);
const EXPORTERS: u64 = 2;
const ROW_CHECKS: i64 = 10_000_000;

/// Fills the store, and makes its clock one that will be set back.
async fn prepare(database: &Database) {
    let (kinds, ids): (Vec<_>, Vec<_>) = (0..RESOURCES).map(name).unzip();
    let session = database.session().await;
    session
        .batch_execute(
            "CREATE TEMP TABLE resource_staged (line bigint, resource_type text, id text, body text);
             CREATE TABLE naive (at timestamptz); CREATE INDEX ON naive (at)",
        )
        .await
        .unwrap();
    let stage = "INSERT INTO resource_staged SELECT row_number() OVER (), kind, id, format(
            '{\"resourceType\":\"%s\",\"id\":\"%s\",\"subject\":{\"reference\":\"Patient/p%s\"}}', kind, id, hashtext(id) & 255)
        FROM unnest($1::text[], $2::text[]) AS r (kind, id)";
    session.execute(stage, &[&kinds, &ids]).await.unwrap();
    session
        .batch_execute("SELECT resource_put_staged(); ANALYZE resource_version")
        .await
        .unwrap();
    model::begin(database).await;
    let step: DateTime<Utc> = Utc::now() + STORM / 3;
    database
        .run(&format!(
            "CREATE OR REPLACE FUNCTION resource_clock(instant timestamptz) RETURNS timestamptz LANGUAGE sql
             AS $$ SELECT CASE WHEN instant < '{step}' THEN instant ELSE instant - interval '5 s' END $$"
        ))
        .await;
}

/// Looks again and again whether a session waits for a kick-off. Kick-offs may, for each other.
async fn nobody_waits(database: &Database, exporters: &[i32]) {
    let session = database.session().await;
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
        AND pid <> ALL ($1) AND pg_blocking_pids(pid) && $1";
    let waiting = session.prepare(sql).await.unwrap();
    holds("no writer waits for a kick-off", STORM, async || {
        session
            .query_one(&waiting, &[&exporters])
            .await
            .unwrap()
            .get::<_, i64>(0)
            == 0
    })
    .await;
}

/// Holds every T against the model, on several sessions.
async fn compare(database: &Database, taken: &[Taken]) -> Difference {
    let sessions = join_all((0..2).map(|_| database.session())).await;
    let halves = taken.chunks(taken.len().div_ceil(sessions.len()));
    let compared = sessions.iter().zip(halves).map(|(session, half)| {
        stream::iter(half).fold(Difference::default(), async |sum, one| {
            let found = model::compare(session, one).await;
            Difference {
                checked: sum.checked + found.checked,
                missing: sum.missing + found.missing,
                surplus: sum.surplus + found.surplus,
            }
        })
    });
    let halves = join_all(compared).await;
    Difference {
        checked: halves.iter().map(|half| half.checked).sum(),
        missing: halves.iter().map(|half| half.missing).sum(),
        surplus: halves.iter().map(|half| half.surplus).sum(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_store_is_exact_at_every_time_that_was_given_out() {
    let database = Database::migrated().await;
    prepare(&database).await;
    let writers = join_all((0..WRITERS).map(|number| Resources::writer(&database, number))).await;

    let (done, is_done) = watch::channel(false);
    let (kicked_off, kick_offs) = watch::channel(0);
    let (mut exporters, mut pids) = (vec![], vec![]);
    for seed in 0..EXPORTERS {
        let (session, another) = (database.session().await, database.session().await);
        pids.push(
            session
                .query_one("SELECT pg_backend_pid()", &[])
                .await
                .unwrap()
                .get(0),
        );
        let exporter = Exporter::new(session, another).await;
        exporters.push(tokio::spawn(exporter.run(
            is_done.clone(),
            kicked_off.clone(),
            seed,
        )));
    }
    let mut ends = Ends::default();
    let (works, ()) = tokio::join!(
        async {
            let works = storm(writers, Instant::now() + STORM, &kick_offs, &mut ends).await;
            done.send(true).unwrap();
            works
        },
        nobody_waits(&database, &pids)
    );
    assert!(ends.every_shape(), "{ends:?}");
    let mut exporters: Vec<Exporter> = join_all(exporters)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();

    let session = database.session().await;
    for work in &works {
        model::add(&session, &work.committed).await;
    }
    model::chain(&database).await;
    let last: DateTime<Utc> = database
        .value("SELECT max(valid_from) FROM model", &[])
        .await;
    for exporter in &mut exporters {
        poll("T passes the last version", secs(10), async || {
            exporter.export().await;
            (exporter.taken.last().unwrap().at >= last).then_some(())
        })
        .await;
        exporter.export_naively().await;
    }

    let whole = model::compare_all(&session).await;
    assert_eq!(
        (whole.missing, whole.surplus),
        (0, 0),
        "the store holds what was committed"
    );
    let members =
        "resource_compartment c FULL JOIN resource_version v USING (resource_type, id, version)
        WHERE v.id IS NULL OR (c.id IS NULL AND v.in_patient_compartment)";
    assert_eq!(database.count(members, &[]).await, 0);

    let mut rows = whole.checked;
    for exporter in &exporters {
        let taken = &exporter.taken;
        assert!(
            taken.windows(2).all(|pair| pair[0].at <= pair[1].at),
            "T never goes back"
        );
        let at_times = compare(&database, taken).await;
        assert_eq!((at_times.missing, at_times.surplus), (0, 0), "at each T");
        let chained = model::compare_chain(&session, taken).await;
        assert_eq!(
            (chained.missing, chained.surplus),
            (0, 0),
            "from each T to the next"
        );
        rows += exporter.rows + at_times.checked + chained.checked;
    }
    while rows < ROW_CHECKS {
        for exporter in &mut exporters {
            let before = exporter.rows;
            exporter.read_again().await;
            rows += exporter.rows - before;
        }
    }
    report(&database, &mut exporters, &ends, rows).await;
}

/// Prints the figures, and holds those that have limits against them.
async fn report(database: &Database, exporters: &mut [Exporter], ends: &Ends, rows: i64) {
    let kick_offs: usize = exporters.iter().map(|exporter| exporter.taken.len()).sum();
    let versions = database.count("resource_version", &[]).await;
    let naive = database.count("naive", &[]).await;
    let lost: Vec<i64> = exporters
        .iter()
        .map(|exporter| naive - exporter.naive)
        .collect();
    let mut latencies: Vec<Duration> = exporters
        .iter()
        .flat_map(|exporter| exporter.latencies.clone())
        .collect();
    let mut floor: Vec<Duration> = exporters
        .iter()
        .flat_map(|exporter| exporter.floor.clone())
        .collect();
    let (p50, p99) = (
        percentile(&mut latencies, 50),
        percentile(&mut latencies, 99),
    );
    let least = percentile(&mut floor, 99);
    println!(
        "resource store: {versions} versions by {WRITERS} writers ({ends:?}); {kick_offs} kick-offs, p50 {p50:?}, p99 {p99:?} \
         (of an empty statement: p99 {least:?}); {rows} rows checked, 0 missing, 0 doubled; with now() {lost:?} of {naive} were lost"
    );
    assert!(rows >= ROW_CHECKS);
    assert!(
        lost.iter().all(|&lost| lost > 0),
        "the naive variant loses rows, or this test sees nothing"
    );
    // What the machine itself makes a statement wait, because others compute, is not the kick-off's.
    assert!(p99 <= Duration::from_millis(50) + least, "{p99:?}");
}
