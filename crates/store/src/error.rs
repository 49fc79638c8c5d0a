//! What can go wrong in the database, in variants that a caller can act on. Messages hold no values of rows.

/// Any error of a caller's own.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// An error of the store.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No connection could be had: the database is away, or all connections are in use.
    #[error("no connection to PostgreSQL")]
    Unreachable(#[source] BoxError),
    /// A statement failed.
    #[error("a statement failed")]
    Statement(#[source] diesel::result::Error),
    /// A row does not parse: somebody else wrote to our tables.
    #[error("{table}.{column} of {id} holds what was never written there")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The row.
        id: String,
    },
    /// What the caller was to do under the lock (pin, unpin, collect) failed.
    #[error("the work under the lock failed")]
    Caller(#[source] BoxError),
    /// A statement on the data that is exported failed. The server's message may repeat values of rows, so it stays in the
    /// server's own log.
    #[error("a statement on the exported data failed ({0}); PostgreSQL's log has the message")]
    Source(String),
    /// The clinical tables are no longer as they are read.
    #[error("the clinical tables have changed: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))]
    SourceChanged(Vec<crate::source::Missing>),
    /// No source has the type: `FHIR_SOURCE` is not what it was when the job was kicked off, or differs between servers.
    #[error("no source has {0} resources: FHIR_SOURCE must be the same for all servers")]
    NoSource(bulk_export_domain::resource_type::ResourceType),
    /// The database has no resource store.
    #[error("the database has no resource store; `bulk-export migrate` makes it")]
    NoStore,
    /// Another writer was in the way, again and again.
    #[error("other writers were in the way at every attempt")]
    Contended,
    /// A read was stopped by its caller.
    #[error("the read was stopped")]
    Stopped,
    /// A migration failed.
    #[error("the migration failed")]
    Migration(#[source] BoxError),
    /// A thread of ours panicked.
    #[error("a blocking task ended early")]
    Task(#[source] tokio::task::JoinError),
}

impl Error {
    /// Says whether the database is away or overloaded, so that the same call may go through later.
    pub fn is_outage(&self) -> bool {
        use diesel::result::{DatabaseErrorKind, Error as Diesel};
        match self {
            Self::Statement(Diesel::DatabaseError(kind, info)) => {
                matches!(
                    kind,
                    DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::SerializationFailure
                ) || OUTAGES.iter().any(|text| info.message().contains(text))
            }
            Self::Unreachable(_) | Self::Statement(Diesel::BrokenTransactionManager) => true,
            Self::Statement(_)
            | Self::Corrupt { .. }
            | Self::Caller(_)
            | Self::Source(_)
            | Self::SourceChanged(_)
            | Self::NoSource(_)
            | Self::NoStore
            | Self::Contended
            | Self::Stopped
            | Self::Migration(_)
            | Self::Task(_) => false,
        }
    }
}

/// Diesel keeps no SQLSTATE of class 57 and 08; these are libpq's and the server's own words for a server that went
/// away in the middle of a statement.
const OUTAGES: [&str; 7] = [
    "terminating connection",
    "server closed the connection",
    "the database system is",
    "connection to server",
    "could not receive data",
    "could not send data",
    "no connection to the server",
];

impl From<diesel::result::Error> for Error {
    fn from(error: diesel::result::Error) -> Self {
        Self::Statement(error)
    }
}

/// Leaves out what a server's message may repeat of a row's values.
pub(crate) fn without_values(error: Error) -> Error {
    if error.is_outage() {
        return Error::Unreachable("the connection was lost".into());
    }
    match error {
        Error::Statement(diesel::result::Error::DatabaseError(kind, _)) => {
            Error::Source(format!("{kind:?}"))
        }
        Error::Statement(_) => Error::Source("the answer cannot be read".to_owned()),
        other => other,
    }
}

/// Turns a row that does not parse into an error that names it.
pub(crate) fn corrupt(table: &'static str, column: &'static str, id: &impl ToString) -> Error {
    Error::Corrupt {
        table,
        column,
        id: id.to_string(),
    }
}
