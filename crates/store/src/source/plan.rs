//! Plans a job's parts from the planner's own estimates, statistics and indexes: no COUNT over a table, no OFFSET, and a
//! time that does not grow with the table.

use std::cmp::Reverse;

use bulk_export_domain::{
    part::{Key, KeyRange, PlannedPart, Scope},
    resource_type::ResourceType,
    sources::{Origin, Relation},
};
use diesel::{PgConnection, prelude::*, sql_types};
use uuid::Uuid;

use super::{Source, clinical, patient, relation, resources};
use crate::{
    error::Error,
    pool::{blocking, checkout},
};

/// The most parts that one type is cut into.
const MOST_PARTS: u64 = 10_000;

/// How large a part is planned to be: whichever limit is reached first.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// Resources.
    pub rows: u64,
    /// Bytes of NDJSON, where the source lets them be estimated.
    pub bytes: u64,
}

/// A planned job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The export parts, the largest first: then none that takes long begins last, while everybody else has nothing to do.
    pub parts: Vec<PlannedPart>,
    /// How many resources the job is estimated to hold.
    pub estimate: u64,
}

/// What a type's read is estimated to give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Estimate {
    /// Resources.
    pub(super) rows: u64,
    /// Bytes a resource, where that is known.
    pub(super) bytes: Option<u64>,
}

impl Estimate {
    fn parts(self, size: Size) -> u64 {
        let by_rows = self.rows.div_ceil(size.rows.max(1));
        let bytes = self.rows.saturating_mul(self.bytes.unwrap_or(0));
        by_rows
            .max(bytes.div_ceil(size.bytes.max(1)))
            .clamp(1, MOST_PARTS)
    }
}

/// What a type is cut into.
struct Cut {
    resource_type: ResourceType,
    estimate: Estimate,
    boundaries: Vec<Key>,
}

impl Cut {
    /// Cuts a type by its estimate: `boundaries` chooses those of so many parts.
    fn new(
        resource_type: ResourceType,
        estimate: Estimate,
        scope: &Scope,
        size: Size,
        boundaries: impl FnOnce(u64) -> Result<Vec<Key>, Error>,
    ) -> Result<Self, Error> {
        let parts = estimate.parts(size);
        // One patient's rows are few, and found by another index.
        let whole = parts < 2 || patient(&scope.subject).is_some();
        Ok(Self {
            resource_type,
            estimate,
            boundaries: if whole {
                Vec::new()
            } else {
                boundaries(parts)?
            },
        })
    }

    /// Gives about how many bytes a part of it holds; where a size is not known, that of a common resource is taken.
    fn part_bytes(&self) -> u64 {
        let bytes = self.estimate.bytes.unwrap_or(1000);
        let parts = self.boundaries.len() as u64 + 1;
        self.estimate.rows.saturating_mul(bytes) / parts
    }

    fn into_parts(self) -> impl Iterator<Item = PlannedPart> {
        let ranges = KeyRange::cut(self.boundaries).into_iter();
        ranges.map(move |range| PlannedPart {
            resource_type: self.resource_type,
            range,
        })
    }
}

#[derive(QueryableByName)]
struct ExplainRow {
    #[diesel(sql_type = sql_types::Json, column_name = "QUERY PLAN")]
    plan: serde_json::Value,
}

impl Source {
    /// Cuts a job into parts of about this size each. A type of which a source has nothing gets no part.
    ///
    /// # Errors
    /// A database is away, or a table cannot be read.
    pub async fn plan(&self, scope: &Scope, size: Size) -> Result<Plan, Error> {
        let (source, scope) = (self.clone(), scope.clone());
        blocking(move || {
            let mut cuts = source.cuts(&scope, size)?;
            let estimate = cuts.iter().map(|cut| cut.estimate.rows).sum();
            cuts.sort_by_key(|cut| Reverse(cut.part_bytes()));
            Ok(Plan {
                parts: cuts.into_iter().flat_map(Cut::into_parts).collect(),
                estimate,
            })
        })
        .await
    }

    /// Cuts the types of a job, each database asked on one connection.
    fn cuts(&self, scope: &Scope, size: Size) -> Result<Vec<Cut>, Error> {
        let (mut clinical, mut stored) = (Vec::new(), Vec::new());
        let mut foreign: Vec<(&Relation, Vec<ResourceType>)> = Vec::new();
        for resource_type in scope.types.iter().copied() {
            match self.origin(resource_type)? {
                Origin::Clinical => clinical.push(resource_type),
                Origin::Store => stored.push(resource_type),
                Origin::Relation(relation) => {
                    match foreign.iter_mut().find(|(known, _)| *known == relation) {
                        Some((_, types)) => types.push(resource_type),
                        None => foreign.push((relation, vec![resource_type])),
                    }
                }
            }
        }
        let mut cuts = Vec::new();
        if !stored.is_empty() {
            let connection = &mut *checkout(&self.resources)?;
            for known in resources::stored_types(connection, scope, &stored)? {
                cuts.push(Cut::new(
                    known.resource_type,
                    known.estimate,
                    scope,
                    size,
                    |parts| Ok(resources::boundaries(&known, parts)),
                )?);
            }
        }
        if clinical.is_empty() && foreign.is_empty() {
            return Ok(cuts);
        }
        let connection = &mut *checkout(&self.others)?;
        for resource_type in clinical {
            if let Some(estimate) = clinical::estimate(connection, resource_type, scope)? {
                cuts.push(Cut::new(resource_type, estimate, scope, size, |parts| {
                    clinical::boundaries(connection, resource_type, parts)
                })?);
            }
        }
        for (relation, types) in foreign {
            for (resource_type, estimate) in
                relation::estimates(connection, relation, &types, scope)?
            {
                cuts.push(Cut::new(resource_type, estimate, scope, size, |parts| {
                    relation::boundaries(connection, relation, resource_type, parts)
                })?);
            }
        }
        Ok(cuts)
    }
}

/// Asks the planner how many rows a query would give.
pub(super) fn explained(connection: &mut PgConnection, query: &str) -> Result<u64, Error> {
    let row: ExplainRow =
        diesel::sql_query(format!("EXPLAIN (FORMAT JSON) {query}")).get_result(connection)?;
    let rows = row.plan.pointer("/0/Plan/Plan Rows");
    Ok(rows.and_then(serde_json::Value::as_u64).unwrap_or(0))
}

/// Chooses `parts - 1` inner boundaries: evenly from the histogram, between its bounds by equal steps; without a
/// histogram by equal slices of the UUID space.
pub(super) fn uuid_boundaries(histogram: &[Uuid], parts: u64) -> Vec<Key> {
    let mut bounds: Vec<u128> = histogram.iter().map(Uuid::as_u128).collect();
    if bounds.len() < 2 {
        bounds = vec![0, u128::MAX];
    }
    even(&bounds, parts)
        .map(|bound| Key::Uuid(Uuid::from_u128(bound)))
        .collect()
}

/// Chooses `parts - 1` inner boundaries evenly from the sorted bounds of buckets of equal size, and between two bounds by
/// equal steps.
fn even(bounds: &[u128], parts: u64) -> impl Iterator<Item = u128> {
    let buckets = bounds.len().saturating_sub(1) as u64;
    let last = if buckets == 0 { 0 } else { parts };
    (1..last).map(move |n| {
        // The n-th boundary lies at this many parts-ths of a bucket from the left.
        let (bucket, rest) = (n * buckets / parts, n * buckets % parts);
        let index = usize::try_from(bucket).unwrap_or(usize::MAX);
        let (low, high) = (bounds[index], bounds[index + 1]);
        low + high.saturating_sub(low) / u128::from(parts) * u128::from(rest)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boundaries_follow_the_histogram() {
        let histogram = [0, 100, 200, 1000, 1100];
        let cut = |parts| even(&histogram, parts).collect::<Vec<_>>();
        assert_eq!(cut(4), [100, 200, 1000]);
        assert_eq!(cut(2), [200]);
        assert_eq!(cut(8), [48, 100, 148, 200, 600, 1000, 1048]);
        assert_eq!(even(&[7], 2).count(), 0);
        assert_eq!(even(&[], 2).count(), 0);
    }

    #[test]
    fn without_a_histogram_the_uuids_are_cut_evenly() {
        let four = uuid_boundaries(&[], 4);
        assert_eq!((four.len(), uuid_boundaries(&[], 1).len()), (3, 0));
        assert!(four.is_sorted());
        assert!(four[1].to_string().starts_with("7fffffff"));
        assert_eq!(uuid_boundaries(&[Uuid::from_u128(7)], 4), four);
    }

    #[test]
    fn a_part_is_cut_by_rows_or_by_bytes() {
        let size = Size {
            rows: 100,
            bytes: 1000,
        };
        let parts = |rows, bytes| Estimate { rows, bytes }.parts(size);
        assert_eq!(parts(0, None), 1);
        assert_eq!(parts(201, None), 3);
        assert_eq!(parts(201, Some(1)), 3);
        assert_eq!(parts(201, Some(50)), 11);
        assert_eq!(parts(u64::MAX, Some(u64::MAX)), MOST_PARTS);
    }
}
