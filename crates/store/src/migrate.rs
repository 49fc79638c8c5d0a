//! The migrations of our own tables, embedded. Run by the command line or the migration Job, never by a replica.

use diesel::{Connection, PgConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use secrecy::{ExposeSecret, SecretString};

use crate::{error::Error, pool::with_defaults};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations");

/// Applies what is pending and names it. Blocks.
///
/// # Errors
/// The database cannot be reached, or a migration fails.
pub fn migrate(url: &SecretString) -> Result<Vec<String>, Error> {
    let applied = connect(url)?
        .run_pending_migrations(MIGRATIONS)
        .map(|versions| versions.iter().map(ToString::to_string).collect());
    applied.map_err(Error::Migration)
}

/// Reverts every migration, newest first, and names them: our tables and all that is in them are gone. Blocks.
///
/// # Errors
/// The database cannot be reached, or a migration fails.
pub fn revert_all(url: &SecretString) -> Result<Vec<String>, Error> {
    let reverted = connect(url)?
        .revert_all_migrations(MIGRATIONS)
        .map(|versions| versions.iter().map(ToString::to_string).collect());
    reverted.map_err(Error::Migration)
}

pub(crate) fn connect(url: &SecretString) -> Result<PgConnection, Error> {
    PgConnection::establish(&with_defaults(url.expose_secret()))
        .map_err(|error| Error::Unreachable(error.into()))
}
