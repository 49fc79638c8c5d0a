//! How a type of the store is cut into parts: even in bytes, whatever of its history was superseded.

use bulk_export_domain::{
    config::Variables,
    part::{Key, KeyRange, Scope},
    policy::{PatientId, Subject},
    resource_type::ResourceType,
};
use bulk_export_store::{
    SourceConfig,
    source::{Plan, Size, Source},
};
use bulk_export_tests::Database;
use chrono::{DateTime, Utc};

/// So many parts are asked for.
const PARTS: u64 = 12;

/// The store's Observations that an export of everyone holds.
const VALID: &str = "resource_version WHERE resource_type = 'Observation' AND in_patient_compartment AND NOT deleted
    AND valid_from <= $1 AND (valid_to IS NULL OR valid_to > $1)";

/// A store with 20,000 Observations, one every second, of so many bytes (an expression over `n`) beside their frame.
async fn observations(bytes: &str) -> Database {
    let database = Database::migrated().await;
    let insert = format!(
        r#"INSERT INTO resource_version (resource_type, id, version, valid_from, in_patient_compartment, body)
           SELECT 'Observation', 'o' || n, 1, timestamptz '2026-01-01' + n * interval '1 s', true,
               format('{{"resourceType":"Observation","id":"o%s","meta":{{}},"x":"%s"}}', n, repeat('x', {bytes}))
           FROM generate_series(1, 20000) n"#
    );
    database.run(&insert).await;
    database
}

/// Ends these first versions (a condition over `n`), and makes the second ones ten hours later.
async fn supersede(database: &Database, which: &str) {
    let update = format!(
        "CREATE TEMP VIEW first AS SELECT *, substr(id, 2)::int AS n FROM resource_version WHERE version = 1;
         UPDATE resource_version v SET valid_to = first.valid_from + interval '10 h'
             FROM first WHERE v.resource_type = first.resource_type AND v.id = first.id AND v.version = 1 AND {which};
         INSERT INTO resource_version (resource_type, id, version, valid_from, in_patient_compartment, body)
             SELECT resource_type, id, 2, valid_to, true, body FROM first WHERE {which}"
    );
    database.run(&update).await;
}

/// Plans an export of these types.
async fn plan(database: &Database, subject: Subject, types: &[ResourceType], size: Size) -> Plan {
    let settings = [
        ("DATABASE_URL", database.url.as_str()),
        ("FHIR_SOURCE", "store"),
    ];
    let mut variables = Variables::new(settings.map(|(name, value)| (name.into(), value.into())));
    let source = Source::new(&SourceConfig::read(&mut variables, 2).expect("it has a database"));
    let time = source.transaction_time(types).await.expect("a time");
    let scope = Scope {
        subject,
        types: types.to_vec(),
        since: None,
        transaction_time: time.at,
        file_rows: None,
    };
    source.plan(&scope, size).await.expect("a plan")
}

/// Plans an export of everyone's Observations in so many parts, and gives the bytes of each.
async fn sizes(database: &Database) -> Vec<i64> {
    database.run("ANALYZE resource_version").await;
    let now = Utc::now();
    let total: i64 = database
        .value(
            &format!("SELECT sum(octet_length(body))::bigint FROM {VALID}"),
            &[&now],
        )
        .await;
    let size = Size {
        rows: 1_000_000,
        bytes: u64::try_from(total).expect("there are some") / PARTS,
    };
    let types = [ResourceType::Observation];
    let plan = plan(database, Subject::Everyone, &types, size).await;
    let rows = database.count(VALID, &[&now]).await;
    let estimate = i64::try_from(plan.estimate).expect("a number");
    assert!(
        (estimate - rows).abs() * 5 < rows,
        "{rows} rows, and {estimate} by the estimate"
    );
    let of_part = format!(
        "SELECT coalesce(sum(octet_length(body)), 0)::bigint FROM {VALID}
         AND ($2::timestamptz IS NULL OR valid_from >= $2) AND ($3::timestamptz IS NULL OR valid_from < $3)"
    );
    let mut sizes = Vec::new();
    for part in plan.parts {
        let KeyRange { from, to } = part.range;
        let (from, to) = (instant(from), instant(to));
        sizes.push(database.value(&of_part, &[&now, &from, &to]).await);
    }
    assert_eq!(
        sizes.iter().sum::<i64>(),
        total,
        "every version is in a part"
    );
    sizes
}

fn instant(key: Option<Key>) -> Option<DateTime<Utc>> {
    key.map(|key| match key {
        Key::Instant(at) => at,
        other => panic!("{other} is no key of the store"),
    })
}

#[track_caller]
fn are_even(sizes: &[i64]) {
    let (least, most) = (sizes.iter().min(), sizes.iter().max());
    let (least, most) = (least.expect("a part"), most.expect("a part"));
    eprintln!(
        "{} parts, {:.2}: {sizes:?}",
        sizes.len(),
        *most as f64 / *least as f64
    );
    assert!(
        most <= &(2 * least),
        "even within a factor of two: {sizes:?}"
    );
    let parts = usize::try_from(PARTS).expect("few");
    assert!(
        (parts - 2..=parts + 3).contains(&sizes.len()),
        "about as many as were asked for: {sizes:?}"
    );
}

#[tokio::test]
async fn parts_are_even_where_nothing_was_updated() {
    are_even(&sizes(&observations("300").await).await);
}

#[tokio::test]
async fn parts_are_even_where_one_stretch_was_superseded() {
    let database = observations("300").await;
    supersede(
        &database,
        "n BETWEEN 5000 AND 12000 AND abs(hashint4(n) % 10) < 9",
    )
    .await;
    are_even(&sizes(&database).await);
}

#[tokio::test]
async fn parts_are_even_where_some_of_one_stretch_were_superseded() {
    let database = observations("300").await;
    supersede(
        &database,
        "n BETWEEN 2000 AND 9000 AND abs(hashint4(n) % 100) < 60",
    )
    .await;
    are_even(&sizes(&database).await);
}

#[tokio::test]
async fn parts_are_even_where_everything_was_superseded_once() {
    let database = observations("300").await;
    supersede(&database, "true").await;
    are_even(&sizes(&database).await);
}

#[tokio::test]
async fn parts_are_even_where_the_resources_were_larger_once() {
    are_even(&sizes(&observations("CASE WHEN n < 5000 THEN 1900 ELSE 100 END").await).await);
}

#[tokio::test]
async fn parts_are_even_where_a_few_resources_are_very_large() {
    are_even(
        &sizes(&observations("CASE WHEN hashint4(n) % 100 = 0 THEN 20000 ELSE 200 END").await)
            .await,
    );
}

#[tokio::test]
async fn one_patients_export_has_a_part_for_each_type_that_she_has() {
    let database = observations("10").await;
    database
        .run(
            "INSERT INTO resource_compartment SELECT resource_type, id, version, 'p1' FROM resource_version;
             ANALYZE resource_version",
        )
        .await;
    let patient = PatientId::from_claim("p1").expect("an id");
    let size = Size {
        rows: 100,
        bytes: 100,
    };
    let types = [ResourceType::Observation, ResourceType::Condition];
    let plan = plan(&database, Subject::Patient(patient), &types, size).await;
    assert_eq!(plan.parts.len(), 1, "{:?}", plan.parts);
    assert_eq!(plan.parts[0].range, KeyRange::default());
    assert!(plan.estimate > 1000);
}
