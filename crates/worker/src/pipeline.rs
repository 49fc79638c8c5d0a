//! From the reader's messages to files on the node: one upload a file, as long as there are bytes.

use std::io;

use bulk_export_domain::file::FileDigest;
use bulk_export_ipfs::Node;
use bytes::Bytes;
use futures::{Stream, stream};
use tokio::{sync::mpsc, task::JoinHandle};

use crate::{
    failure::Failure,
    lines::{Counts, Message},
};

/// Uploads file after file until the reader says that it has ended; then compares what was stored with what was
/// written. When an upload fails because the reader did, the reader's own error is given.
pub(crate) async fn upload(
    node: &Node,
    mut messages: mpsc::Receiver<Message>,
    reader: JoinHandle<Result<Counts, Failure>>,
) -> Result<Vec<FileDigest>, Failure> {
    let uploaded = files(node, &mut messages).await;
    // Lets a reader that still sends see that nobody listens.
    drop(messages);
    let read = reader.await.map_err(|error| Failure::Retry(error.into()))?;
    match (uploaded, read) {
        (Ok(files), Ok(counts)) => compare(files, counts),
        // The reader was broken off by the upload's failure.
        (Err(upload), Ok(_) | Err(Failure::Lost)) => Err(upload),
        (_, Err(reader)) => Err(reader),
    }
}

async fn files(
    node: &Node,
    messages: &mut mpsc::Receiver<Message>,
) -> Result<Vec<FileDigest>, Failure> {
    let mut files = Vec::new();
    loop {
        match messages.recv().await {
            Some(Message::Bytes(first)) => {
                let mut ended = false;
                let digest = node.add(file(first, messages, &mut ended)).await?;
                files.push(digest);
                if ended {
                    return Ok(files);
                }
            }
            Some(Message::NextFile) => {}
            Some(Message::End) => return Ok(files),
            None => return Err(Failure::Lost),
        }
    }
}

/// The bytes of one file. A reader that is gone without a word is an error, never an end.
fn file<'a>(
    first: Bytes,
    messages: &'a mut mpsc::Receiver<Message>,
    ended: &'a mut bool,
) -> impl Stream<Item = io::Result<Bytes>> + Send + 'a {
    stream::try_unfold(
        (Some(first), messages, ended),
        |(first, messages, ended)| async move {
            if let Some(first) = first {
                return Ok(Some((first, (None, messages, ended))));
            }
            match messages.recv().await {
                Some(Message::Bytes(bytes)) => Ok(Some((bytes, (None, messages, ended)))),
                Some(Message::NextFile) => Ok(None),
                Some(Message::End) => {
                    *ended = true;
                    Ok(None)
                }
                None => Err(io::Error::new(
                    io::ErrorKind::UnexpectedEof,
                    "the reader ended early",
                )),
            }
        },
    )
}

fn compare(files: Vec<FileDigest>, counts: Counts) -> Result<Vec<FileDigest>, Failure> {
    let stored = files.iter().fold(Counts::default(), |sum, file| Counts {
        rows: sum.rows + file.lines,
        bytes: sum.bytes + file.bytes,
    });
    if stored == counts {
        return Ok(files);
    }
    Err(Failure::Retry(anyhow::anyhow!(
        "what was stored ({stored:?}) is not what was written ({counts:?})"
    )))
}
