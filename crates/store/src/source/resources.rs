//! The resource store: planned by the times at which versions became valid, and read in that order.
//!
//! A version is part of an export when it was valid at the job's `transactionTime`: however long ago that was, and on any
//! worker, the same versions are.

use bulk_export_domain::{
    part::{Key, KeyRange, Scope},
    resource_type::ResourceType,
};
use chrono::{DateTime, SecondsFormat, Utc};
use diesel::{
    PgConnection, connection::SimpleConnection, pg::PgRowByRowLoadingMode, prelude::*, sql_types,
};

use super::{
    Slice, patient,
    plan::{Estimate, explained},
    read::{Handover, Row, StoredRow},
};
use crate::error::{Error, corrupt, without_values};

mod stretch;

use self::stretch::{Stretch, cut};

diesel::table! {
    resource_version (resource_type, id, version) {
        resource_type -> Text,
        id -> Text,
        version -> BigInt,
        valid_from -> Timestamptz,
        valid_to -> Nullable<Timestamptz>,
        deleted -> Bool,
        in_patient_compartment -> Bool,
        body -> Text,
    }
}

diesel::table! {
    resource_compartment (resource_type, id, version, patient_id) {
        resource_type -> Text,
        id -> Text,
        version -> BigInt,
        patient_id -> Text,
    }
}

diesel::allow_tables_to_appear_in_same_query!(resource_version, resource_compartment);

/// The order of the read is that of an index, and nearly that of the heap. A sort of a part would go through temporary
/// files, whatever the planner thinks of it.
const IN_INDEX_ORDER: &str = "SET LOCAL enable_sort = off; SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off";

#[derive(QueryableByName)]
struct CountRow {
    #[diesel(sql_type = sql_types::Text)]
    resource_type: String,
    #[diesel(sql_type = sql_types::BigInt)]
    versions: i64,
}

#[derive(QueryableByName)]
struct ShapeRow {
    #[diesel(sql_type = sql_types::Array<sql_types::Timestamptz>)]
    since: Vec<DateTime<Utc>>,
    #[diesel(sql_type = sql_types::Array<sql_types::Timestamptz>)]
    until: Vec<DateTime<Utc>>,
    #[diesel(sql_type = sql_types::Array<sql_types::Double>)]
    weights: Vec<f64>,
    #[diesel(sql_type = sql_types::Nullable<sql_types::BigInt>)]
    bytes: Option<i64>,
}

/// What the planner knows of a type in the store.
pub(super) struct Stored {
    pub(super) resource_type: ResourceType,
    pub(super) estimate: Estimate,
    /// How its bytes lie in time; empty where nothing is cut.
    stretches: Vec<Stretch>,
}

/// Looks at these types, those of which the store has nothing left out.
pub(super) fn stored_types(
    connection: &mut PgConnection,
    scope: &Scope,
    types: &[ResourceType],
) -> Result<Vec<Stored>, Error> {
    let names: Vec<&str> = types.iter().map(|known| known.as_str()).collect();
    let sql = match patient(&scope.subject) {
        Some(_) => include_str!("resources/of_patient.sql"),
        None => include_str!("resources/of_everyone.sql"),
    };
    let found: Vec<CountRow> = diesel::sql_query(sql)
        .bind::<sql_types::Array<sql_types::Text>, _>(names)
        .bind::<sql_types::Nullable<sql_types::Text>, _>(patient(&scope.subject))
        .load(connection)
        .map_err(|error| without_values(error.into()))?;
    let mut stored = Vec::new();
    for row in found {
        let Some(resource_type) = types
            .iter()
            .find(|known| known.as_str() == row.resource_type)
        else {
            continue;
        };
        stored.push(if patient(&scope.subject).is_some() {
            let rows = u64::try_from(row.versions).unwrap_or(0);
            Stored {
                resource_type: *resource_type,
                estimate: Estimate { rows, bytes: None },
                stretches: Vec::new(),
            }
        } else {
            of_everyone(connection, *resource_type, scope)?
        });
    }
    Ok(stored)
}

/// Asks the planner for the rows, and the statistics for their times and size.
fn of_everyone(
    connection: &mut PgConnection,
    resource_type: ResourceType,
    scope: &Scope,
) -> Result<Stored, Error> {
    let at = scope
        .transaction_time
        .to_rfc3339_opts(SecondsFormat::Micros, true);
    let since = scope.since.map_or_else(String::new, |since| {
        let since = since.to_rfc3339_opts(SecondsFormat::Micros, true);
        format!(" AND valid_from > '{since}'::timestamptz")
    });
    // The texts are our own and the values instants: EXPLAIN takes no parameters.
    let query = format!(
        "SELECT 1 FROM resource_version WHERE resource_type = '{resource_type}' AND in_patient_compartment AND NOT deleted \
         AND valid_from <= '{at}'::timestamptz AND (valid_to IS NULL OR valid_to > '{at}'::timestamptz){since}"
    );
    let rows = explained(connection, &query).map_err(without_values)?;
    let shape: ShapeRow = diesel::sql_query(include_str!("resources/shape.sql"))
        .bind::<sql_types::Text, _>(resource_type.as_str())
        .bind::<sql_types::Nullable<sql_types::Timestamptz>, _>(scope.since)
        .bind::<sql_types::Timestamptz, _>(scope.transaction_time)
        .get_result(connection)
        .map_err(|error| without_values(error.into()))?;
    let ends = shape.since.iter().zip(&shape.until);
    let stretches = ends
        .zip(&shape.weights)
        .map(|((since, until), weight)| Stretch {
            since: since.timestamp_micros(),
            until: until.timestamp_micros(),
            weight: *weight,
        });
    Ok(Stored {
        resource_type,
        estimate: Estimate {
            rows,
            bytes: shape.bytes.and_then(|bytes| u64::try_from(bytes).ok()),
        },
        stretches: stretches.collect(),
    })
}

/// Chooses the boundaries of so many parts.
pub(super) fn boundaries(stored: &Stored, parts: u64) -> Vec<Key> {
    let boundaries = cut(&stored.stretches, parts).into_iter();
    boundaries
        .filter_map(|micros| DateTime::from_timestamp_micros(micros).map(Key::Instant))
        .collect()
}

/// Reads a slice's versions in the order of their times.
pub(super) fn read(
    connection: &mut PgConnection,
    slice: &Slice,
    out: &mut Handover<'_>,
) -> Result<(), Error> {
    match patient(&slice.scope.subject) {
        None => of_all(connection, slice, out),
        Some(patient) => of_one(connection, slice, patient, out),
    }
}

/// The versions of a type that were valid at the job's time, changed since its `_since`, within the slice's times.
macro_rules! valid {
    ($query:expr, $slice:expr) => {{
        use resource_version as v;
        let (scope, (from, to)) = (&$slice.scope, instants(&$slice.range)?);
        let mut query = $query
            .filter(v::resource_type.eq($slice.resource_type.as_str()))
            .filter(v::deleted.eq(false))
            .filter(v::valid_from.le(scope.transaction_time))
            .filter(
                v::valid_to
                    .is_null()
                    .or(v::valid_to.gt(scope.transaction_time)),
            )
            .order((v::valid_from, v::id))
            .select((v::id, v::body))
            .into_boxed();
        if let Some(since) = scope.since {
            query = query.filter(v::valid_from.gt(since));
        }
        if let Some(from) = from {
            query = query.filter(v::valid_from.ge(from));
        }
        if let Some(to) = to {
            query = query.filter(v::valid_from.lt(to));
        }
        query
    }};
}

fn of_all(
    connection: &mut PgConnection,
    slice: &Slice,
    out: &mut Handover<'_>,
) -> Result<(), Error> {
    connection.batch_execute(IN_INDEX_ORDER)?;
    let query = valid!(
        resource_version::table.filter(resource_version::in_patient_compartment),
        slice
    );
    out.take(
        query
            .load_iter::<_, PgRowByRowLoadingMode>(connection)?
            .map(stored),
    )
}

fn of_one(
    connection: &mut PgConnection,
    slice: &Slice,
    patient: &str,
    out: &mut Handover<'_>,
) -> Result<(), Error> {
    use resource_compartment as c;
    use resource_version as v;
    let same = c::resource_type
        .eq(v::resource_type)
        .and(c::id.eq(v::id))
        .and(c::version.eq(v::version));
    let hers = c::table
        .inner_join(v::table.on(same))
        .filter(c::patient_id.eq(patient));
    let query = valid!(
        hers.filter(c::resource_type.eq(slice.resource_type.as_str())),
        slice
    );
    out.take(
        query
            .load_iter::<_, PgRowByRowLoadingMode>(connection)?
            .map(stored),
    )
}

fn stored(row: QueryResult<(String, String)>) -> QueryResult<Row> {
    row.map(|(id, body)| Row::Stored(StoredRow { id, body }))
}

type Instants = (Option<DateTime<Utc>>, Option<DateTime<Utc>>);

fn instants(range: &KeyRange) -> Result<Instants, Error> {
    let instant = |key: Option<Key>| match key {
        None => Ok(None),
        Some(Key::Instant(at)) => Ok(Some(at)),
        Some(Key::Uuid(_) | Key::Number(_)) => Err(corrupt(
            "bulk_export_parts",
            "key_from",
            &"a part of the store",
        )),
    };
    Ok((instant(range.from)?, instant(range.to)?))
}
