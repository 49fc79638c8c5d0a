//! The codec's stage: the reader's messages in, the same messages with coded bytes out, on a thread of its own.

use bulk_export_domain::file::Coding;
use bulk_export_ipfs::{Decoded, Encoder};
use bytes::Bytes;
use tokio::sync::mpsc;

use crate::{failure::Failure, lines::Message};

/// Codes file after file until the reader has ended, and tells what each is decoded, in their order. Blocks.
///
/// # Errors
/// The codec's own; [`Failure::Lost`] when the reader or the upload is gone.
pub(super) fn encode(
    coding: Coding,
    mut messages: mpsc::Receiver<Message>,
    sender: &mpsc::Sender<Message>,
) -> Result<Vec<Decoded>, Failure> {
    let send = |message| sender.blocking_send(message).map_err(|_| Failure::Lost);
    let give = |bytes: Bytes| send(Message::Bytes(bytes));
    let (mut files, mut file) = (Vec::new(), None);
    loop {
        let message = messages.blocking_recv().ok_or(Failure::Lost)?;
        // Much may be taken in before something is given out; nobody reads rows for an upload that is gone.
        if sender.is_closed() {
            return Err(Failure::Lost);
        }
        match message {
            Message::Bytes(bytes) => {
                // A file begins with its first bytes: where there are none, there is no file.
                let encoder = match &mut file {
                    Some(encoder) => encoder,
                    None => file.insert(Encoder::new(coding)?),
                };
                encoder.push(&bytes, give)?;
            }
            end @ (Message::NextFile | Message::End) => {
                if let Some(encoder) = file.take() {
                    let (last, decoded) = encoder.finish()?;
                    give(last)?;
                    files.push(decoded);
                }
                let ended = matches!(end, Message::End);
                send(end)?;
                if ended {
                    return Ok(files);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
