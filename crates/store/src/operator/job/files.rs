//! The files of one job, in pages by part and number.

use bulk_export_domain::ids::{FileId, JobId};
use diesel::prelude::*;
use uuid::Uuid;

use super::super::{jobs::unsigned, page};
use crate::{error::Error, pool::Store, schema::bulk_export_files};

/// One file of a job.
#[derive(Debug, Clone)]
pub struct FileLine {
    /// Its id in the download URL.
    pub id: FileId,
    /// The part that wrote it.
    pub ordinal: i32,
    /// Its number within the part.
    pub number: i32,
    /// The type of its resources.
    pub resource_type: String,
    /// How many resources it holds.
    pub rows: u64,
    /// Its size as it is stored.
    pub bytes: u64,
    /// How it is stored: `identity`, `gzip` or `zstd`.
    pub coding: String,
    /// Its CID, where it was asked for.
    pub cid: Option<String>,
}

/// Id, ordinal, number, type, rows, bytes, coding and CID.
type FileRow = (Uuid, i32, i32, String, i64, i64, String, String);

impl Store {
    /// Lists a job's files after (part, number), with their CIDs only where they are asked for.
    ///
    /// # Errors
    /// The database is away.
    pub async fn job_files(
        &self,
        job: JobId,
        after: Option<(i32, i32)>,
        limit: i64,
        with_cids: bool,
    ) -> Result<Vec<FileLine>, Error> {
        use bulk_export_files as files;
        self.run(move |connection| {
            let (ordinal, number) = after.unwrap_or((-1, -1));
            let rows: Vec<FileRow> = files::table
                .filter(files::job_id.eq(job.uuid()))
                .filter(
                    files::ordinal
                        .gt(ordinal)
                        .or(files::ordinal.eq(ordinal).and(files::number.gt(number))),
                )
                .order((files::ordinal, files::number))
                .limit(page(limit))
                .select((
                    files::id,
                    files::ordinal,
                    files::number,
                    files::resource_type,
                    files::rows,
                    files::stored_bytes,
                    files::coding,
                    files::cid,
                ))
                .load(connection)?;
            let line = |(id, ordinal, number, resource_type, rows, bytes, coding, cid)| FileLine {
                id: FileId::from_uuid(id),
                ordinal,
                number,
                resource_type,
                rows: unsigned(rows),
                bytes: unsigned(bytes),
                coding,
                cid: with_cids.then_some(cid),
            };
            Ok(rows.into_iter().map(line).collect())
        })
        .await
    }
}
