//! Runs an export part and a report part: files are streamed to the node, proved, pinned and recorded.

use std::sync::Arc;

use bulk_export_domain::{
    file::{Cid, StoredFile},
    ids::FileId,
    job::FileKind,
    part::{Claim, KeyRange, LeftOut},
    resource_type::ResourceType,
};
use bulk_export_store::{
    BoxError, Finished, NewFile, Pinning,
    source::{Slice, Stop},
};
use bytes::Bytes;
use futures::{Stream, stream};
use metrics::counter;
use tokio::{runtime::Handle, sync::mpsc};

use crate::{
    Context,
    failure::Failure,
    lease::Lease,
    lines::{Limits, Lines, Message},
    pipeline,
};

/// How many buffers may lie between the reader and the upload: with a buffer of 256 KiB, a mebibyte.
const BUFFERS: usize = 4;

/// Exports one type's rows of one key range.
pub(crate) async fn export(
    context: &Context,
    claim: &Claim,
    lease: &Lease,
    resource_type: ResourceType,
    range: KeyRange,
) -> Result<Finished, Failure> {
    let stop = context.source.stop(resource_type)?;
    let slice = Slice {
        resource_type,
        range,
        scope: claim.scope.clone(),
    };
    let (sender, receiver) = mpsc::channel(BUFFERS);
    let reader = read(context, claim, lease, slice, stop.clone(), sender);
    let coding = context.config.parts.coding;
    let work = pipeline::upload(&context.node, coding, receiver, reader);
    let files = match until_stopped(context, lease, work).await {
        Ok(files) => files
            .into_iter()
            .map(|stored| NewFile {
                id: FileId::random(),
                kind: FileKind::Output(resource_type),
                stored,
            })
            .collect(),
        Err(failure) => {
            // The reader may wait for the database: it is stopped from outside, on a thread that may block.
            drop(tokio::task::spawn_blocking(move || stop.stop()));
            return Err(abandon(context, failure).await);
        }
    };
    finish(context, claim, files).await
}

/// Writes the error file from what was ignored or left out.
pub(crate) async fn report(
    context: &Context,
    claim: &Claim,
    lease: &Lease,
) -> Result<Finished, Failure> {
    // Boxed: it is large, and part of every part's future.
    let add = Box::pin(async {
        Ok(context
            .node
            .add(issue_lines(context.clone(), claim.clone()))
            .await?)
    });
    let digest = match until_stopped(context, lease, add).await {
        Ok(digest) => digest,
        Err(failure) => return Err(abandon(context, failure).await),
    };
    finish(
        context,
        claim,
        vec![NewFile {
            id: FileId::random(),
            kind: FileKind::Error,
            stored: StoredFile::plain(digest),
        }],
    )
    .await
}

/// Runs work until it ends, the claim is lost, or the shutdown's patience is over.
async fn until_stopped<T>(
    context: &Context,
    lease: &Lease,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    tokio::select! {
        result = work => result,
        () = lease.lost.cancelled() => Err(Failure::Lost),
        () = context.abort.cancelled() => Err(Failure::shutting_down()),
    }
}

/// Notes that an upload was broken off: its blocks lie on the node, and nothing pins them.
async fn abandon(context: &Context, failure: Failure) -> Failure {
    if let Err(error) = context.store.note_garbage().await {
        tracing::debug!(%error, "the garbage of a broken upload was not noted; the next release will note it");
    }
    failure
}

/// Starts the reader: rows to lines on a blocking thread.
fn read(
    context: &Context,
    claim: &Claim,
    lease: &Lease,
    slice: Slice,
    stop: Stop,
    sender: mpsc::Sender<Message>,
) -> tokio::task::JoinHandle<Result<crate::lines::Counts, Failure>> {
    let limits = Limits {
        file_bytes: context.config.parts.file_bytes,
        file_rows: claim.scope.file_rows.unwrap_or(u64::MAX),
        resource_bytes: context.config.parts.max_resource_bytes,
    };
    let (source, store, claim, done) = (
        context.source.clone(),
        context.store.clone(),
        claim.clone(),
        Arc::clone(&lease.done),
    );
    let handle = Handle::current();
    tokio::task::spawn_blocking(move || {
        let leave_out = |page: Vec<LeftOut>| {
            counter!("bulk_export_resources_left_out_total").increment(page.len() as u64);
            handle.block_on(store.leave_out(&claim, page))
        };
        let mut lines = Lines::new(slice.resource_type, limits, sender, done, leave_out);
        let read = source.read(&slice, &stop, |row| lines.row(&row));
        lines.finish(read)
    })
}

/// Pins and records the files, and completes the job if this was the last part.
async fn finish(
    context: &Context,
    claim: &Claim,
    files: Vec<NewFile>,
) -> Result<Finished, Failure> {
    let (rows, bytes, stored_bytes) = files.iter().fold((0, 0, 0), |(r, b, s), file| {
        let StoredFile {
            digest,
            decoded_bytes,
            ..
        } = &file.stored;
        (r + digest.lines, b + decoded_bytes, s + digest.bytes)
    });
    let resource_type = files.first().map(|file| file.kind.resource_type());
    let finished = context
        .store
        .finish_part(
            claim,
            files,
            pinning(context, claim),
            context.config.parts.job,
        )
        .await?;
    tracing::info!(rows, bytes, stored_bytes, "proved");
    if let (Finished::Written | Finished::JobCompleted, Some(resource_type)) =
        (finished, resource_type)
    {
        counter!("bulk_export_resources_total", "type" => resource_type).increment(rows);
        counter!("bulk_export_resource_bytes_total", "type" => resource_type).increment(bytes);
        counter!("bulk_export_stored_bytes_total", "type" => resource_type).increment(stored_bytes);
    }
    if finished == Finished::Written {
        // The report part may be due now.
        context.wake();
    }
    Ok(finished)
}

/// How a claim's files are pinned and released. Called on the store's blocking threads.
fn pinning(context: &Context, claim: &Claim) -> Pinning {
    let (node, name, handle) = (context.node.clone(), claim.pin_name(), Handle::current());
    Pinning {
        pin: Box::new(move |cid| handle.block_on(node.pin(cid, &name)).map_err(Into::into)),
        unpin: Box::new(unpinning(context)),
    }
}

/// How a pin is released. Called on the store's blocking threads.
pub(crate) fn unpinning(
    context: &Context,
) -> impl FnMut(&Cid) -> Result<(), BoxError> + Send + 'static {
    let (node, handle) = (context.node.clone(), Handle::current());
    move |cid: &Cid| {
        handle
            .block_on(node.unpin(cid))
            .map(drop)
            .map_err(Into::into)
    }
}

/// The lines of the error file, a page at a time.
fn issue_lines(
    context: Context,
    claim: Claim,
) -> impl Stream<Item = std::io::Result<Bytes>> + Send {
    stream::try_unfold(0_i64, move |after| {
        let (context, claim) = (context.clone(), claim.clone());
        async move {
            let page = context
                .store
                .issues(&claim, after)
                .await
                .map_err(std::io::Error::other)?;
            let Some((last, _)) = page.last() else {
                return Ok(None);
            };
            let last = *last;
            let lines: String = page
                .into_iter()
                .flat_map(|(_, line)| [line, "\n".to_owned()])
                .collect();
            Ok(Some((Bytes::from(lines), last)))
        }
    })
}
