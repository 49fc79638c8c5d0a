//! Plans a job's parts from the planner's own estimates and statistics: no COUNT, no OFFSET, and a time that does not
//! grow with the table.

use bulk_export_domain::{
    part::{KeyRange, PlannedPart, Scope},
    resource_type::ResourceType,
};
use chrono::{DateTime, Utc};
use diesel::{PgConnection, prelude::*, sql_types};
use uuid::Uuid;

use super::{
    Source, Whose,
    schema::{Table, table_of},
};
use crate::{
    error::{Error, without_values},
    pool::{blocking, checkout},
};

/// The most parts that one type is cut into.
const MOST_PARTS: u64 = 10_000;

/// A planned job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The export parts, in the order of the types.
    pub parts: Vec<PlannedPart>,
    /// How many resources the job is estimated to hold.
    pub estimate: u64,
}

#[derive(QueryableByName)]
struct ExplainRow {
    #[diesel(sql_type = sql_types::Json, column_name = "QUERY PLAN")]
    plan: serde_json::Value,
}

#[derive(QueryableByName)]
struct BoundsRow {
    #[diesel(sql_type = sql_types::Array<sql_types::Text>)]
    bounds: Vec<String>,
}

impl Source {
    /// Cuts a job into parts of about `part_rows` resources each.
    ///
    /// # Errors
    /// The database is away, or a table cannot be read.
    pub async fn plan(&self, scope: &Scope, part_rows: u64) -> Result<Plan, Error> {
        let (connections, scope) = (self.connections.clone(), scope.clone());
        blocking(move || {
            let connection = &mut *checkout(&connections)?;
            let whose = Whose::of(&scope.subject);
            let mut plan = Plan {
                parts: Vec::new(),
                estimate: 0,
            };
            if whose == Whose::Nobody {
                return Ok(plan);
            }
            for resource_type in scope.types {
                let rows = estimate(connection, table_of(resource_type), whose, scope.since)
                    .map_err(without_values)?;
                plan.estimate += rows;
                plan.parts.extend(cut(
                    connection,
                    resource_type,
                    whose,
                    rows.div_ceil(part_rows.max(1)),
                )?);
            }
            Ok(plan)
        })
        .await
    }
}

/// Asks the planner how many rows a read would give. The texts are our own and the values are an instant and a UUID:
/// EXPLAIN takes no parameters.
fn estimate(
    connection: &mut PgConnection,
    table: Table,
    whose: Whose,
    since: Option<DateTime<Utc>>,
) -> Result<u64, Error> {
    let mut predicates = vec!["true".to_owned()];
    if let Some(since) = since {
        predicates.push(format!(
            "{} > '{}'::timestamptz",
            table.changed,
            since.to_rfc3339()
        ));
    }
    if let Whose::One(patient) = whose {
        predicates.push(format!("{} = '{patient}'::uuid", table.patient));
    }
    let query = format!(
        "EXPLAIN (FORMAT JSON) SELECT 1 FROM {} WHERE {}",
        table.name,
        predicates.join(" AND ")
    );
    let row: ExplainRow = diesel::sql_query(query).get_result(connection)?;
    Ok(row
        .plan
        .pointer("/0/Plan/Plan Rows")
        .and_then(serde_json::Value::as_u64)
        .unwrap_or(0))
}

fn cut(
    connection: &mut PgConnection,
    resource_type: ResourceType,
    whose: Whose,
    parts: u64,
) -> Result<Vec<PlannedPart>, Error> {
    let parts = parts.clamp(1, MOST_PARTS);
    let boundaries = match whose {
        Whose::Everyone if parts > 1 => {
            boundaries(&histogram(connection, table_of(resource_type))?, parts)
        }
        _ => Vec::new(),
    };
    Ok(KeyRange::cut(boundaries)
        .into_iter()
        .map(|range| PlannedPart {
            resource_type,
            range,
        })
        .collect())
}

/// Reads the histogram of the keys, where the table has been analysed and this role may see it.
fn histogram(connection: &mut PgConnection, table: Table) -> Result<Vec<Uuid>, Error> {
    let row: Option<BoundsRow> = diesel::sql_query(include_str!("plan/histogram.sql"))
        .bind::<sql_types::Text, _>(table.name)
        .get_result(connection)
        .optional()?;
    let bounds = row.map(|row| row.bounds).unwrap_or_default();
    Ok(bounds
        .iter()
        .filter_map(|bound| Uuid::try_parse(bound).ok())
        .collect())
}

/// Chooses `parts - 1` inner boundaries: evenly from the histogram, between its bounds by equal steps; without a
/// histogram by equal slices of the UUID space.
fn boundaries(histogram: &[Uuid], parts: u64) -> Vec<Uuid> {
    let buckets = histogram.len().saturating_sub(1) as u64;
    if buckets == 0 {
        return KeyRange::equal_slices(parts);
    }
    let at = |n: u64| {
        // The n-th boundary lies at this many parts-ths of a bucket from the left.
        let (bucket, rest) = (n * buckets / parts, n * buckets % parts);
        let index = usize::try_from(bucket).unwrap_or(usize::MAX);
        let (low, high) = (histogram[index].as_u128(), histogram[index + 1].as_u128());
        Uuid::from_u128(low + high.saturating_sub(low) / u128::from(parts) * u128::from(rest))
    };
    (1..parts).map(at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(numbers: &[u128]) -> Vec<Uuid> {
        numbers.iter().copied().map(Uuid::from_u128).collect()
    }

    #[test]
    fn boundaries_follow_the_histogram() {
        let histogram = ids(&[0, 100, 200, 1000, 1100]);
        assert_eq!(boundaries(&histogram, 4), ids(&[100, 200, 1000]));
        assert_eq!(boundaries(&histogram, 2), ids(&[200]));
        assert_eq!(
            boundaries(&histogram, 8),
            ids(&[48, 100, 148, 200, 600, 1000, 1048])
        );
    }

    #[test]
    fn without_a_histogram_the_key_space_is_cut_evenly() {
        assert_eq!(boundaries(&[], 4), KeyRange::equal_slices(4));
        assert_eq!(boundaries(&ids(&[7]), 2), KeyRange::equal_slices(2));
    }
}
