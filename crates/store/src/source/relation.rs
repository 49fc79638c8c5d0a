//! Relations of other servers (docs/sources.md has the contract): a table or view with the resources, `NAME_membership`
//! with the patients that each belongs to, and perhaps `NAME_refusal` that says why it cannot be exported.
//!
//! Their names come from the configuration, where they were checked to be plain identifiers, and their types from our
//! enum; both stand in the SQL as they are. A patient's id never does: it is always bound.

mod cut;

use bulk_export_domain::{
    part::{Key, KeyRange, Scope},
    resource_type::ResourceType,
    sources::Relation,
};
use chrono::{DateTime, SecondsFormat, Utc};
use diesel::{PgConnection, pg::PgRowByRowLoadingMode, prelude::*, sql_types};
use uuid::Uuid;

use self::cut::cut;
use super::{
    Slice,
    check::{Column, INSTANT, TEXT, Unfit, columns, compare},
    patient,
    plan::{Estimate, explained},
    read::{ForeignRow, Handover, Row},
};
use crate::error::{Error, corrupt, without_values};

const KEY: &[&str] = &["uuid", "bigint"];

const RESOURCES: &[Column] = &[
    ("resource_type", TEXT),
    ("key", KEY),
    ("id", TEXT),
    ("version", TEXT),
    ("last_updated", INSTANT),
    ("in_patient_compartment", &["boolean"]),
    ("body", &["text", "character varying", "json", "jsonb"]),
];

const MEMBERSHIP: &[Column] = &[
    ("patient_id", &["text", "character varying", "uuid"]),
    ("resource_type", TEXT),
    ("key", KEY),
];

#[derive(QueryableByName)]
struct ReasonRow {
    #[diesel(sql_type = sql_types::Text)]
    reason: String,
}

#[derive(QueryableByName)]
struct CountRow {
    #[diesel(sql_type = sql_types::Text)]
    resource_type: String,
    #[diesel(sql_type = sql_types::BigInt)]
    rows: i64,
}

#[derive(QueryableByName)]
struct KeyRow {
    #[diesel(sql_type = sql_types::Text)]
    key: String,
}

#[derive(QueryableByName)]
struct ResourceRow {
    #[diesel(sql_type = sql_types::Text)]
    id: String,
    #[diesel(sql_type = sql_types::Nullable<sql_types::Text>)]
    version: Option<String>,
    #[diesel(sql_type = sql_types::Timestamptz)]
    last_updated: DateTime<Utc>,
    #[diesel(sql_type = sql_types::Text)]
    body: String,
}

/// Lists what keeps a relation from being exported.
pub(super) fn unfit(
    connection: &mut PgConnection,
    relation: &Relation,
) -> Result<Vec<Unfit>, Error> {
    let (membership, refusal) = (
        format!("{relation}_membership"),
        format!("{relation}_refusal"),
    );
    let found = columns(connection, &[relation.as_str(), &membership, &refusal])?;
    let mut missing = compare(relation.as_str(), RESOURCES, &found);
    missing.extend(compare(&membership, MEMBERSHIP, &found));
    let mut unfit: Vec<Unfit> = missing.into_iter().map(Unfit::Column).collect();
    if found.iter().any(|row| row.relation == refusal) {
        let reasons: Vec<ReasonRow> = diesel::sql_query(format!(
            "SELECT concat_ws(': ', reason, example) AS reason FROM {refusal} LIMIT 5"
        ))
        .load(connection)?;
        unfit.extend(reasons.into_iter().map(|row| Unfit::Refused {
            relation: relation.to_string(),
            reason: row.reason,
        }));
    }
    Ok(unfit)
}

/// Estimates types: by the planner for everyone, by one count for one patient. Types of which there is nothing are left
/// out.
pub(super) fn estimates(
    connection: &mut PgConnection,
    relation: &Relation,
    types: &[ResourceType],
    scope: &Scope,
) -> Result<Vec<(ResourceType, Estimate)>, Error> {
    let mut estimates = Vec::new();
    if let Some(patient) = patient(&scope.subject) {
        let counted = counts(connection, relation, patient)?;
        for row in counted {
            let named = |known: &&ResourceType| known.as_str() == row.resource_type;
            if let Some(resource_type) = types.iter().find(named) {
                let rows = u64::try_from(row.rows).unwrap_or(0);
                estimates.push((*resource_type, Estimate { rows, bytes: None }));
            }
        }
        return Ok(estimates);
    }
    for resource_type in types.iter().copied() {
        if end(connection, relation, resource_type, "")?.is_some() {
            // Not asked for in_patient_compartment: where that is computed, the planner takes half of all rows.
            let query = format!(
                "SELECT 1 FROM {relation} WHERE resource_type = '{resource_type}'{}",
                since(scope)
            );
            let rows = explained(connection, &query).map_err(without_values)?;
            let rows = rows.max(1);
            estimates.push((resource_type, Estimate { rows, bytes: None }));
        }
    }
    Ok(estimates)
}

/// Counts a patient's rows by type: all of them, because a type that is not counted is not exported.
fn counts(
    connection: &mut PgConnection,
    relation: &Relation,
    patient: &str,
) -> Result<Vec<CountRow>, Error> {
    let hers = hers(connection, relation)?;
    let count = format!(
        "SELECT resource_type, count(*) AS rows FROM {relation}_membership WHERE {hers} GROUP BY resource_type"
    );
    diesel::sql_query(count)
        .bind::<sql_types::Text, _>(patient)
        .load(connection)
        .map_err(|error| without_values(error.into()))
}

/// Gives a type's first key, or with `DESC` its last.
fn end(
    connection: &mut PgConnection,
    relation: &Relation,
    resource_type: ResourceType,
    direction: &str,
) -> Result<Option<Key>, Error> {
    let sql = format!(
        "SELECT key::text AS key FROM {relation} WHERE resource_type = '{resource_type}' ORDER BY {relation}.key {direction} LIMIT 1"
    );
    let row: Option<KeyRow> = diesel::sql_query(sql)
        .get_result(connection)
        .optional()
        .map_err(|error| without_values(error.into()))?;
    Ok(row.and_then(|row| row.key.parse().ok()))
}

/// Chooses the boundaries of so many parts, by the planner's estimates of what lies between them.
pub(super) fn boundaries(
    connection: &mut PgConnection,
    relation: &Relation,
    resource_type: ResourceType,
    parts: u64,
) -> Result<Vec<Key>, Error> {
    let first = end(connection, relation, resource_type, "")?;
    let last = end(connection, relation, resource_type, "DESC")?;
    let (key_of, ends): (fn(u128) -> Key, _) = match (first, last) {
        (Some(Key::Uuid(first)), Some(Key::Uuid(last))) => {
            (uuid_of, (first.as_u128(), last.as_u128()))
        }
        (Some(Key::Number(first)), Some(Key::Number(last))) => {
            (number_of, (place_of(first), place_of(last)))
        }
        _ => return Ok(Vec::new()),
    };
    let mut rows = |range: &KeyRange| {
        let keys = keys(range)?;
        let query =
            format!("SELECT 1 FROM {relation} WHERE resource_type = '{resource_type}'{keys}");
        explained(connection, &query).map_err(without_values)
    };
    let total = rows(&KeyRange::default())?;
    let boundaries = cut(ends, total, parts, |place| {
        rows(&KeyRange {
            from: None,
            to: Some(key_of(place)),
        })
    })?;
    Ok(boundaries.into_iter().map(key_of).collect())
}

fn uuid_of(place: u128) -> Key {
    Key::Uuid(Uuid::from_u128(place))
}

/// Numbers by their distance from the least.
fn place_of(number: i64) -> u128 {
    u128::from(number.abs_diff(i64::MIN))
}

fn number_of(place: u128) -> Key {
    let distance = u64::try_from(place).unwrap_or(u64::MAX);
    Key::Number(i64::MIN.saturating_add_unsigned(distance))
}

/// Gives the condition by which a patient's rows of the membership are found: in the column's own type, or no index would
/// find them. A patient's id that is no UUID is in none of them where that is the type.
fn hers(connection: &mut PgConnection, relation: &Relation) -> Result<&'static str, Error> {
    let membership = format!("{relation}_membership");
    let found = columns(connection, &[&membership])?;
    let by_uuid = found
        .iter()
        .any(|row| row.column_name == "patient_id" && row.data_type == "uuid");
    Ok(if by_uuid {
        "patient_id = CASE WHEN $1 ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN $1::uuid END"
    } else {
        "patient_id = $1"
    })
}

/// Reads a slice's rows, in no order: by their keys they would have to be sorted, with their bodies, where the keys are
/// UUIDs.
pub(super) fn read(
    connection: &mut PgConnection,
    relation: &Relation,
    slice: &Slice,
    out: &mut Handover<'_>,
) -> Result<(), Error> {
    let (resource_type, scope) = (slice.resource_type, &slice.scope);
    let patient = patient(&scope.subject);
    let whose = match patient {
        None => "$1 IS NULL".to_owned(),
        Some(_) => format!(
            "key IN (SELECT key FROM {relation}_membership WHERE {} AND resource_type = '{resource_type}')",
            hers(connection, relation)?
        ),
    };
    // A body that is nowhere, or not to be had, is told as one that is no JSON.
    let query = format!(
        "SELECT id, version, last_updated, coalesce(body::text, '') AS body FROM {relation} \
         WHERE resource_type = '{resource_type}' AND in_patient_compartment AND {whose}{}{}",
        keys(&slice.range)?,
        since(scope)
    );
    let query = diesel::sql_query(query).bind::<sql_types::Nullable<sql_types::Text>, _>(patient);
    let rows = query.load_iter::<ResourceRow, PgRowByRowLoadingMode>(connection)?;
    out.take(rows.map(|row| {
        row.map(|row| {
            Row::Foreign(ForeignRow {
                id: row.id,
                version: row.version,
                last_updated: row.last_updated,
                body: row.body,
            })
        })
    }))
}

/// The keys as a predicate: UUIDs and numbers, whose text holds nothing else. An instant is a key of the resource store:
/// the part was planned when `FHIR_SOURCE` was another, and none of its bounds may be left out.
fn keys(range: &KeyRange) -> Result<String, Error> {
    let bound = |operator: &str, key: Option<Key>| match key {
        Some(Key::Uuid(id)) => Ok(format!(" AND key {operator} '{id}'::uuid")),
        Some(Key::Number(number)) => Ok(format!(" AND key {operator} ({number})")),
        Some(Key::Instant(_)) => Err(corrupt(
            "bulk_export_parts",
            "key_from",
            &"a part of a relation",
        )),
        None => Ok(String::new()),
    };
    Ok(bound(">=", range.from)? + &bound("<", range.to)?)
}

fn since(scope: &Scope) -> String {
    scope.since.map_or_else(String::new, |since| {
        let since = since.to_rfc3339_opts(SecondsFormat::Micros, true);
        format!(" AND last_updated > '{since}'::timestamptz")
    })
}
