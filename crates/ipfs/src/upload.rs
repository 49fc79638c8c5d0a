//! The upload of one file: digested, framed and sent in one pass, at constant memory.
//! An upload that is cut short, by an error of its source or because its future is dropped, never ends well formed,
//! so that the node cannot take what has arrived for a shorter file.

use std::{io, pin::pin};

use bulk_export_domain::file::{Cid, FileDigest};
use bytes::Bytes;
use futures::{Stream, StreamExt as _, stream};
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::{
    deadline::within,
    digest::Digester,
    error::{BoxError, Error},
    measure::measured,
    requests::{Add, Added},
    rpc::{Rpc, Upload},
};

/// The most that is digested and sent in one go, so that a large chunk does not hold the executor's thread.
const PIECE_BYTES: usize = 256 << 10;

/// Pieces that wait for the connection while the next one is digested.
const PIECES_WAITING: usize = 1;

const TAKE: &str = "taking the next bytes of an upload";
const ANSWER: &str = "answering an upload";

/// What the connection is to send next. Only [`Piece::Last`] ends the body; a channel that closes without it breaks it.
/// The last bytes and the end are one piece: the node answers as soon as it has those bytes, and an answer before the
/// end is an error.
enum Piece {
    Bytes(Bytes),
    Last(Bytes),
}

/// Sends a file, and gives what was sent and the CID that the node gave it.
pub(crate) async fn upload(
    rpc: &Rpc,
    request: Add,
    chunks: impl Stream<Item = io::Result<Bytes>> + Send,
) -> Result<(FileDigest, Cid), Error> {
    measured("add", send(rpc, request, chunks)).await
}

async fn send(
    rpc: &Rpc,
    request: Add,
    chunks: impl Stream<Item = io::Result<Bytes>> + Send,
) -> Result<(FileDigest, Cid), Error> {
    let (sender, receiver) = mpsc::channel(PIECES_WAITING);
    let boundary = Uuid::new_v4().simple().to_string();
    let content_type = format!("multipart/form-data; boundary={boundary}");
    let mut answer = rpc.send(request, &content_type, body(receiver))?;
    let feeder = Feeder {
        sender,
        rpc,
        boundary,
    };
    let mut answer = pin!(async move {
        let mut text = Vec::new();
        while let Some(bytes) = answer.next().await {
            text.extend_from_slice(&bytes?);
        }
        Ok(text)
    });
    let fed = tokio::select! {
        early = &mut answer => return Err(before_the_end(early)),
        fed = feeder.feed(chunks) => fed?,
    };
    let text = within(ANSWER, rpc.deadlines.progress, answer).await?;
    match fed {
        Some(digest) => Ok((digest, cid_of(&text?)?)),
        // The connection ended while we were sending; the answer tells why.
        None => Err(before_the_end(text)),
    }
}

fn before_the_end(answer: Result<Vec<u8>, Error>) -> Error {
    answer
        .err()
        .unwrap_or(Error::Corrupt("an answer before the end of the upload"))
}

/// Reads the last CID of the answer, which is one JSON document a line.
fn cid_of(answer: &[u8]) -> Result<Cid, Error> {
    let lines = answer
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty());
    let mut last = None;
    for line in lines {
        let added: Added =
            serde_json::from_slice(line).map_err(|_| Error::Corrupt("the answer to an upload"))?;
        last = added.hash.or(last);
    }
    last.ok_or(Error::Corrupt("the answer to an upload"))
}

/// The body of the request: what comes through the channel.
fn body(receiver: mpsc::Receiver<Piece>) -> Upload {
    Box::new(Box::pin(stream::unfold(Some(receiver), |receiver| async {
        let mut receiver = receiver?;
        match receiver.recv().await {
            Some(Piece::Bytes(bytes)) => Some((Ok(bytes), Some(receiver))),
            Some(Piece::Last(bytes)) => Some((Ok(bytes), None)),
            None => Some((Err(BoxError::from("the upload was given up")), None)),
        }
    })))
}

struct Feeder<'a> {
    sender: mpsc::Sender<Piece>,
    rpc: &'a Rpc,
    boundary: String,
}

impl Feeder<'_> {
    /// Digests and sends the chunks as a form with one file (RFC 7578). `None`: nobody takes them any more.
    async fn feed(
        self,
        chunks: impl Stream<Item = io::Result<Bytes>> + Send,
    ) -> Result<Option<FileDigest>, Error> {
        let mut chunks = pin!(chunks);
        let mut digester = Digester::new();
        let head = format!(
            "--{}\r\ncontent-disposition: form-data; name=\"file\"; filename=\"file\"\r\ncontent-type: application/octet-stream\r\n\r\n",
            self.boundary
        );
        if !self.send(Piece::Bytes(head.into())).await? {
            return Ok(None);
        }
        while let Some(chunk) = chunks.next().await {
            let mut chunk = chunk.map_err(Error::Source)?;
            while !chunk.is_empty() {
                let piece = chunk.split_to(chunk.len().min(PIECE_BYTES));
                digester.update(&piece);
                if !self.send(Piece::Bytes(piece)).await? {
                    return Ok(None);
                }
            }
        }
        let tail = format!("\r\n--{}--\r\n", self.boundary);
        let ended = self.send(Piece::Last(tail.into())).await?;
        Ok(ended.then(|| digester.finish()))
    }

    /// Hands a piece to the connection as soon as it takes one; `false` when the connection is gone.
    async fn send(&self, piece: Piece) -> Result<bool, Error> {
        let sent = within(TAKE, self.rpc.deadlines.progress, self.sender.send(piece)).await?;
        Ok(sent.is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CID: &str = "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku";

    #[test]
    fn the_cid_is_the_last_of_the_answer() {
        let answer = format!(
            "{{\"Name\":\"file\",\"Bytes\":5}}\n{{\"Name\":\"file\",\"Hash\":\"{CID}\",\"Size\":\"0\"}}\n"
        );
        assert_eq!(cid_of(answer.as_bytes()).unwrap().as_str(), CID);
        for wrong in [
            "",
            "\n",
            "{}",
            "{\"Hash\":\"\"}",
            "{\"Hash\":\"Qm\"}",
            "<html>",
        ] {
            assert!(
                matches!(cid_of(wrong.as_bytes()), Err(Error::Corrupt(_))),
                "{wrong}"
            );
        }
    }

    #[tokio::test]
    async fn a_body_that_is_given_up_ends_in_an_error_and_one_that_is_ended_does_not() {
        for (end, well_formed) in [(Some(Piece::Last(Bytes::new())), true), (None, false)] {
            let (sender, receiver) = mpsc::channel(3);
            sender
                .send(Piece::Bytes(Bytes::from_static(b"{}\n")))
                .await
                .unwrap_or_default();
            if let Some(end) = end {
                sender.send(end).await.unwrap_or_default();
            }
            drop(sender);
            let sent: Vec<_> = Box::into_pin(body(receiver)).collect().await;
            assert_eq!(sent.iter().all(Result::is_ok), well_formed);
            assert!(matches!(&sent[0], Ok(bytes) if bytes == "{}\n"));
        }
    }
}
