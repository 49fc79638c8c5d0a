//! Who owns a CID. A pin belongs to a CID and not to a job: equal bytes of two jobs have one pin. So ownership is
//! decided by our rows, under the CID's advisory lock, and exactly one function releases a pin.

use bulk_export_domain::{
    file::Cid,
    ids::{FileId, JobId},
};
use diesel::{prelude::*, sql_types};
use uuid::Uuid;

use crate::{
    error::{BoxError, Error, corrupt},
    pool::Store,
    schema::{bulk_export_files, bulk_export_jobs, bulk_export_node},
};

impl Store {
    /// Removes a file's row and releases its pin if no other row has the same CID. When `unpin` fails, the row stays
    /// and the next sweep tries again. A file that is gone already is no error, nor one whose job an operator lets go
    /// on: that file stays.
    ///
    /// # Errors
    /// The database is away, or `unpin` failed.
    pub async fn release_file<U>(&self, file: FileId, mut unpin: U) -> Result<(), Error>
    where
        U: FnMut(&Cid) -> Result<(), BoxError> + Send + 'static,
    {
        use bulk_export_files as files;
        use bulk_export_jobs as jobs;
        self.transaction(move |connection| {
            let found: Option<(String, Uuid)> = files::table
                .find(file.uuid())
                .select((files::cid, files::job_id))
                .first(connection)
                .optional()?;
            let Some((cid, job)) = found else {
                return Ok(());
            };
            let cid: Cid = cid
                .parse()
                .map_err(|_| corrupt("bulk_export_files", "cid", &file))?;
            lock_cid(connection, &cid)?;
            // A retry holds this lock until it is committed.
            let ended: bool = jobs::table
                .find(job)
                .for_share()
                .select(jobs::expires_at.is_not_null())
                .first(connection)?;
            if !ended {
                return Ok(());
            }
            diesel::delete(files::table.find(file.uuid())).execute(connection)?;
            release_cid(connection, &cid, &mut unpin)
        })
        .await
    }

    /// Releases a pin that no row owns. Looks again under the CID's lock: a part may have recorded it meanwhile.
    ///
    /// # Errors
    /// The database is away, or `unpin` failed.
    pub async fn release_orphan<U>(&self, cid: Cid, mut unpin: U) -> Result<(), Error>
    where
        U: FnMut(&Cid) -> Result<(), BoxError> + Send + 'static,
    {
        self.transaction(move |connection| {
            lock_cid(connection, &cid)?;
            release_cid(connection, &cid, &mut unpin)
        })
        .await
    }

    /// Lists the files of a job, to be released.
    ///
    /// # Errors
    /// The database is away.
    pub async fn file_ids(&self, job: JobId) -> Result<Vec<FileId>, Error> {
        use bulk_export_files as files;
        self.run(move |connection| {
            let ids: Vec<Uuid> = files::table
                .filter(files::job_id.eq(job.uuid()))
                .select(files::id)
                .load(connection)?;
            Ok(ids.into_iter().map(FileId::from_uuid).collect())
        })
        .await
    }

    /// Notes that an upload left blocks on the node that nothing pins, so that the next sweep collects.
    ///
    /// # Errors
    /// The database is away.
    pub async fn note_garbage(&self) -> Result<(), Error> {
        self.run(|connection| Ok(add_garbage(connection)?)).await
    }
}

/// Holds a CID until the transaction ends: whoever pins and records it, or checks for owners and releases it.
pub(crate) fn lock_cid(connection: &mut PgConnection, cid: &Cid) -> QueryResult<()> {
    diesel::sql_query("SELECT pg_advisory_xact_lock(hashtextextended($1, 7063))")
        .bind::<sql_types::Text, _>(cid.as_str())
        .execute(connection)
        .map(drop)
}

/// The one function that releases a pin. The caller holds the CID's lock.
pub(crate) fn release_cid<U>(
    connection: &mut PgConnection,
    cid: &Cid,
    unpin: &mut U,
) -> Result<(), Error>
where
    U: FnMut(&Cid) -> Result<(), BoxError>,
{
    use bulk_export_files as files;
    let owners = files::table.filter(files::cid.eq(cid.as_str()));
    if diesel::select(diesel::dsl::exists(owners)).get_result(connection)? {
        return Ok(());
    }
    unpin(cid).map_err(Error::Caller)?;
    Ok(add_garbage(connection)?)
}

pub(crate) fn add_garbage(connection: &mut PgConnection) -> QueryResult<()> {
    use bulk_export_node as node;
    diesel::update(node::table)
        .set(node::garbage.eq(node::garbage + 1))
        .execute(connection)
        .map(drop)
}
