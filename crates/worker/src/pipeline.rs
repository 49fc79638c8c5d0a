//! From the reader's messages to files on the node: one upload a file, as long as there are bytes. Reader, codec and
//! upload each go on while the others do; without a coding there is no codec, and nothing is copied.

mod codec;

use std::io;

use bulk_export_domain::file::{Coding, FileDigest, StoredFile};
use bulk_export_ipfs::{Decoded, Node};
use bytes::Bytes;
use futures::{Stream, stream};
use tokio::{
    sync::mpsc,
    task::{JoinHandle, spawn_blocking},
};

use crate::{
    failure::Failure,
    lines::{Counts, Message},
};

/// Coded pieces that may lie between the codec and the upload.
const CODED_PIECES: usize = 2;

/// Uploads file after file until the reader says that it has ended; then compares what was stored with what was
/// written. When an upload fails because the reader did, the reader's own error is given, and likewise the codec's.
pub(crate) async fn upload(
    node: &Node,
    coding: Coding,
    messages: mpsc::Receiver<Message>,
    reader: JoinHandle<Result<Counts, Failure>>,
) -> Result<Vec<StoredFile>, Failure> {
    let (mut messages, codec) = match coding {
        Coding::Identity => (messages, None),
        Coding::Gzip | Coding::Zstd => {
            let (sender, receiver) = mpsc::channel(CODED_PIECES);
            let codec = spawn_blocking(move || codec::encode(coding, messages, &sender));
            (receiver, Some(codec))
        }
    };
    let uploaded = files(node, &mut messages).await;
    // Lets a codec or reader that still sends see that nobody listens.
    drop(messages);
    let decoded = match codec {
        Some(codec) => codec
            .await
            .unwrap_or_else(|error| Err(Failure::retry(error)))
            .map(Some),
        None => Ok(None),
    };
    let read = reader.await.map_err(Failure::retry)?;
    match (read, decoded, uploaded) {
        (Ok(counts), Ok(decoded), Ok(files)) => compare(described(coding, files, decoded)?, counts),
        (Err(own), ..) | (_, Err(own), _) if !matches!(own, Failure::Lost) => Err(own),
        // The others were broken off by the upload's failure.
        (.., Err(upload)) => Err(upload),
        (Err(lost), ..) | (_, Err(lost), _) => Err(lost),
    }
}

/// Puts together what was stored and what it is decoded; a file that is not coded tells of itself.
fn described(
    coding: Coding,
    files: Vec<FileDigest>,
    decoded: Option<Vec<Decoded>>,
) -> Result<Vec<StoredFile>, Failure> {
    let Some(decoded) = decoded else {
        return Ok(files.into_iter().map(StoredFile::plain).collect());
    };
    if files.len() != decoded.len() {
        return Err(Failure::Retry(anyhow::anyhow!(
            "{} files were coded and {} stored",
            decoded.len(),
            files.len()
        )));
    }
    let stored = files
        .into_iter()
        .zip(decoded)
        .map(|(digest, decoded)| StoredFile {
            digest: FileDigest {
                lines: decoded.lines,
                ..digest
            },
            coding,
            decoded_bytes: decoded.bytes,
        });
    Ok(stored.collect())
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

fn compare(files: Vec<StoredFile>, counts: Counts) -> Result<Vec<StoredFile>, Failure> {
    let stored = files.iter().fold(Counts::default(), |sum, file| Counts {
        rows: sum.rows + file.digest.lines,
        bytes: sum.bytes + file.decoded_bytes,
    });
    if stored == counts {
        return Ok(files);
    }
    Err(Failure::Retry(anyhow::anyhow!(
        "what was stored ({stored:?}) is not what was written ({counts:?})"
    )))
}
