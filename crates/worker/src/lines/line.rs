//! One row as one line.

use bulk_export_domain::{
    mapper::FhirMapper,
    resource_type::ResourceType,
    stored::{self, Foreign},
};
use bulk_export_store::source::{ForeignRow, Row, StoredRow};

/// Appends a row as a line. Where it cannot be a resource, nothing is appended, and the text says why for the error file.
pub(super) fn append(
    resource_type: ResourceType,
    row: &Row,
    out: &mut Vec<u8>,
) -> Result<(), String> {
    let broken = |why: String| {
        let name = name(resource_type, row);
        format!("{name} cannot be a valid resource: {why}")
    };
    match row {
        Row::Clinical(row) => FhirMapper::new()
            .write(row, out)
            .map_err(|why| broken(why.to_string())),
        Row::Stored(StoredRow { id, body }) => {
            stored::write(resource_type, id, body, out).map_err(|why| broken(why.to_string()))
        }
        Row::Foreign(row) => stored::write_foreign(resource_type, foreign(row), out)
            .map_err(|why| broken(why.to_string())),
        Row::Unreadable => {
            Err("a row holds a value that cannot be read, such as an infinite date".to_owned())
        }
    }
}

fn foreign(row: &ForeignRow) -> Foreign<'_> {
    Foreign {
        id: &row.id,
        version: row.version.as_deref(),
        last_updated: row.last_updated,
        body: &row.body,
    }
}

/// Names the resource of a row.
pub(super) fn name(resource_type: ResourceType, row: &Row) -> String {
    let id = match row {
        Row::Clinical(row) => row.id().to_string(),
        Row::Stored(StoredRow { id, .. }) | Row::Foreign(ForeignRow { id, .. }) => id.clone(),
        Row::Unreadable => "?".to_owned(),
    };
    format!("{resource_type}/{id}")
}
