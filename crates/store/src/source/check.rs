//! The check of what is exported, at start: what is read must be there, with types that can be read, and a relation that
//! says itself that it cannot be exported is refused.

use std::fmt;

use bulk_export_domain::sources::Origin;
use diesel::{prelude::*, sql_types};

use super::{Source, clinical, relation};
use crate::{
    error::Error,
    pool::{blocking, checkout},
};

/// The types under which text can be read.
pub(super) const TEXT: &[&str] = &["text", "character varying"];
pub(super) const INSTANT: &[&str] = &["timestamp with time zone"];
pub(super) const UUID: &[&str] = &["uuid"];

/// A column that is not as it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// The table.
    pub table: String,
    /// The column.
    pub column: String,
    /// The type that is read.
    pub expected: String,
    /// The type that is there; none when the column, or the whole table, is missing.
    pub found: Option<String>,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            table,
            column,
            expected,
            found,
        } = self;
        match found {
            Some(found) => write!(f, "{table}.{column} is {found}; {expected} is read"),
            None => write!(
                f,
                "{table}.{column} ({expected}) is missing, or this role may not read it"
            ),
        }
    }
}

/// Why what is configured cannot be exported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unfit {
    /// A column is not as it is read.
    Column(Missing),
    /// A relation says that it cannot be exported.
    Refused {
        /// The relation.
        relation: String,
        /// Why, and an example that names no person.
        reason: String,
    },
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Column(missing) => missing.fmt(f),
            Self::Refused { relation, reason } => {
                write!(f, "{relation} cannot be exported: {reason}")
            }
        }
    }
}

/// A column that is read, and the types under which it can be.
pub(super) type Column = (&'static str, &'static [&'static str]);

/// A column that was found.
#[derive(QueryableByName)]
pub(super) struct ColumnRow {
    #[diesel(sql_type = sql_types::Text)]
    pub(super) relation: String,
    #[diesel(sql_type = sql_types::Text)]
    pub(super) column_name: String,
    #[diesel(sql_type = sql_types::Text)]
    pub(super) data_type: String,
}

impl Source {
    /// Lists what cannot be exported as it is.
    ///
    /// # Errors
    /// The database is away.
    pub async fn unfit(&self) -> Result<Vec<Unfit>, Error> {
        let (connections, sources) = (self.others.clone(), self.sources.clone());
        blocking(move || {
            let mut unfit = Vec::new();
            for origin in sources.origins(sources.types()) {
                match origin {
                    Origin::Clinical => {
                        let missing = clinical::missing(&mut *checkout(&connections)?)?;
                        unfit.extend(missing.into_iter().map(Unfit::Column));
                    }
                    Origin::Relation(relation) => {
                        unfit.extend(relation::unfit(&mut *checkout(&connections)?, relation)?);
                    }
                    // Its tables are our own: migrations make them.
                    Origin::Store => {}
                }
            }
            Ok(unfit)
        })
        .await
    }
}

/// Reads which columns these relations have.
pub(super) fn columns(
    connection: &mut PgConnection,
    relations: &[&str],
) -> Result<Vec<ColumnRow>, Error> {
    Ok(diesel::sql_query(include_str!("check/columns.sql"))
        .bind::<sql_types::Array<sql_types::Text>, _>(relations)
        .load(connection)?)
}

/// Lists the columns of a table that are missing, or have a type that is not read.
pub(super) fn compare(table: &str, read: &[Column], found: &[ColumnRow]) -> Vec<Missing> {
    read.iter()
        .filter_map(|(column, kinds)| {
            let found = found
                .iter()
                .find(|row| row.relation == table && row.column_name == *column)
                .map(|row| row.data_type.clone());
            let fits = found.as_deref().is_some_and(|found| kinds.contains(&found));
            (!fits).then(|| Missing {
                table: table.to_owned(),
                column: (*column).to_owned(),
                expected: if kinds.starts_with(TEXT) {
                    TEXT[0].to_owned()
                } else {
                    kinds.join(" or ")
                },
                found,
            })
        })
        .collect()
}
