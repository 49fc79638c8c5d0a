//! The platform's clinical tables: planned by their primary keys, and read with typed queries for the mapper.

mod check;
mod read;
pub(crate) mod schema;

use bulk_export_domain::{
    part::{Key, Scope},
    policy::Subject,
    resource_type::ResourceType,
};
use diesel::{PgConnection, prelude::*, sql_types};
use uuid::Uuid;

use self::schema::ClinicalTable;
pub(super) use self::{check::missing, read::read};
use super::{
    patient,
    plan::{Estimate, explained, uuid_boundaries},
};
use crate::error::{Error, without_values};

/// Whose rows a read may see, as the tables know patients.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whose {
    Everyone,
    One(Uuid),
    /// The subject is no id that the tables could hold: an export without rows.
    Nobody,
}

impl Whose {
    fn of(subject: &Subject) -> Self {
        match patient(subject) {
            None => Self::Everyone,
            Some(id) => Uuid::try_parse(id).map_or(Self::Nobody, Self::One),
        }
    }
}

#[derive(QueryableByName)]
struct BoundsRow {
    #[diesel(sql_type = sql_types::Array<sql_types::Text>)]
    bounds: Vec<String>,
}

/// Asks the planner how many rows a read would give. The texts are our own and the values are an instant and a UUID:
/// EXPLAIN takes no parameters.
pub(super) fn estimate(
    connection: &mut PgConnection,
    resource_type: ResourceType,
    scope: &Scope,
) -> Result<Option<Estimate>, Error> {
    let table = ClinicalTable::of(resource_type)?;
    let mut predicates = vec!["true".to_owned()];
    if let Some(since) = scope.since {
        predicates.push(format!(
            "{} > '{}'::timestamptz",
            table.changed(),
            since.to_rfc3339()
        ));
    }
    match Whose::of(&scope.subject) {
        Whose::Everyone => {}
        Whose::One(patient) => predicates.push(format!("{} = '{patient}'::uuid", table.patient())),
        Whose::Nobody => return Ok(None),
    }
    let query = format!(
        "SELECT 1 FROM {} WHERE {}",
        table.name(),
        predicates.join(" AND ")
    );
    let rows = explained(connection, &query).map_err(without_values)?;
    Ok(Some(Estimate { rows, bytes: None }))
}

/// Chooses the boundaries of so many parts: by the histogram of the keys, where the table has been analysed and this role
/// may see it.
pub(super) fn boundaries(
    connection: &mut PgConnection,
    resource_type: ResourceType,
    parts: u64,
) -> Result<Vec<Key>, Error> {
    let table = ClinicalTable::of(resource_type)?;
    let row: Option<BoundsRow> = diesel::sql_query(include_str!("clinical/histogram.sql"))
        .bind::<sql_types::Text, _>(table.name())
        .get_result(connection)
        .optional()?;
    let bounds = row.map(|row| row.bounds).unwrap_or_default();
    let histogram: Vec<Uuid> = bounds
        .iter()
        .filter_map(|bound| Uuid::try_parse(bound).ok())
        .collect();
    Ok(uuid_boundaries(&histogram, parts))
}
