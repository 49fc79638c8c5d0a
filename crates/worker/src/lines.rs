//! Rows to NDJSON, in buffers of bounded size, on the reader's thread. What cannot be a resource is left out and
//! told; nothing is lost in silence: rows read are compared with rows written and left out.

use std::{
    ops::ControlFlow,
    sync::{Arc, atomic::Ordering},
};

use bulk_export_domain::{
    outcome::{Code, OperationOutcome},
    part::LeftOut,
    resource_type::ResourceType,
};
use bulk_export_store::{Error as StoreError, source::Row};
use bytes::Bytes;
use tokio::sync::mpsc;

use crate::{failure::Failure, lease::Done};

mod line;

/// The size of a buffer, in bytes. Smaller ones cost CPU, larger ones only memory.
const BUFFER: usize = 256 * 1024;

/// How many left-out resources are told at once.
const PAGE: usize = 100;

/// From the reader to the upload.
#[derive(Debug)]
pub(crate) enum Message {
    /// Bytes of the current file.
    Bytes(Bytes),
    /// The current file is complete; another follows.
    NextFile,
    /// The current file is complete, and the last. A channel that ends without this has lost its reader.
    End,
}

/// How large things may become, in bytes and lines.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) file_bytes: u64,
    pub(crate) file_rows: u64,
    pub(crate) resource_bytes: usize,
}

/// What the reader wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Counts {
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
}

/// Turns the rows of a part into lines.
pub(crate) struct Lines<L> {
    resource_type: ResourceType,
    limits: Limits,
    sender: mpsc::Sender<Message>,
    done: Arc<Done>,
    leave_out: L,
    buffer: Vec<u8>,
    /// Bytes of the current file that were sent.
    file_bytes: u64,
    /// Lines of the current file, those in the buffer too.
    file_rows: u64,
    written: Counts,
    left_out: u64,
    page: Vec<LeftOut>,
    failed: Option<StoreError>,
}

impl<L: FnMut(Vec<LeftOut>) -> Result<(), StoreError>> Lines<L> {
    pub(crate) fn new(
        resource_type: ResourceType,
        limits: Limits,
        sender: mpsc::Sender<Message>,
        done: Arc<Done>,
        leave_out: L,
    ) -> Self {
        Self {
            resource_type,
            limits,
            sender,
            done,
            leave_out,
            buffer: Vec::with_capacity(BUFFER * 2),
            file_bytes: 0,
            file_rows: 0,
            written: Counts::default(),
            left_out: 0,
            page: Vec::new(),
            failed: None,
        }
    }

    /// Takes a row. Breaks when the upload is gone, or when what was left out cannot be told.
    pub(crate) fn row(&mut self, row: &Row) -> ControlFlow<()> {
        let start = self.buffer.len();
        match line::append(self.resource_type, row, &mut self.buffer) {
            Ok(()) => self.keep(start, row)?,
            Err(why) => self.leave_out(&why, Code::Processing)?,
        }
        let file_bytes = self.file_bytes + self.buffer.len() as u64;
        if self.buffer.len() < BUFFER
            && file_bytes < self.limits.file_bytes
            && self.file_rows < self.limits.file_rows
        {
            ControlFlow::Continue(())
        } else {
            self.send()
        }
    }

    /// Counts the line that begins at `start`, unless it is too large.
    fn keep(&mut self, start: usize, row: &Row) -> ControlFlow<()> {
        let bytes = self.buffer.len() - start;
        if bytes > self.limits.resource_bytes {
            self.buffer.truncate(start);
            let text = format!(
                "{} is larger ({bytes} bytes) than this server exports ({} bytes)",
                line::name(self.resource_type, row),
                self.limits.resource_bytes
            );
            return self.leave_out(&text, Code::TooLong);
        }
        self.file_rows += 1;
        self.written.rows += 1;
        self.written.bytes += bytes as u64;
        ControlFlow::Continue(())
    }

    fn leave_out(&mut self, text: &str, code: Code) -> ControlFlow<()> {
        self.left_out += 1;
        self.page.push(LeftOut {
            outcome: OperationOutcome::warning(code, format!("left out: {text}")),
        });
        if self.page.len() < PAGE {
            ControlFlow::Continue(())
        } else {
            self.tell()
        }
    }

    fn tell(&mut self) -> ControlFlow<()> {
        if self.page.is_empty() {
            return ControlFlow::Continue(());
        }
        match (self.leave_out)(std::mem::take(&mut self.page)) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                self.failed = Some(error);
                ControlFlow::Break(())
            }
        }
    }

    /// Sends the buffer, and begins the next file where this one has become large enough.
    fn send(&mut self) -> ControlFlow<()> {
        self.file_bytes += self.buffer.len() as u64;
        let full = std::mem::replace(&mut self.buffer, Vec::with_capacity(BUFFER * 2));
        self.message(Message::Bytes(Bytes::from(full)))?;
        self.done.rows.store(self.written.rows, Ordering::Relaxed);
        self.done.bytes.store(self.written.bytes, Ordering::Relaxed);
        if self.file_bytes < self.limits.file_bytes && self.file_rows < self.limits.file_rows {
            return ControlFlow::Continue(());
        }
        (self.file_bytes, self.file_rows) = (0, 0);
        self.message(Message::NextFile)
    }

    fn message(&self, message: Message) -> ControlFlow<()> {
        match self.sender.blocking_send(message) {
            Ok(()) => ControlFlow::Continue(()),
            // The upload is gone; whoever dropped it knows why.
            Err(_) => ControlFlow::Break(()),
        }
    }

    /// Ends the part. Only a read that went to its end sends [`Message::End`].
    pub(crate) fn finish(mut self, read: Result<u64, StoreError>) -> Result<Counts, Failure> {
        if let Some(error) = self.failed {
            return Err(error.into());
        }
        let read = read?;
        if self.tell().is_break() {
            return Err(self.failed.map_or(Failure::Lost, Into::into));
        }
        if read != self.written.rows + self.left_out {
            return Err(Failure::Retry(anyhow::anyhow!(
                "rows were lost: {read} read, {} written, {} left out",
                self.written.rows,
                self.left_out
            )));
        }
        if !self.buffer.is_empty() && self.send().is_break()
            || self.message(Message::End).is_break()
        {
            return Err(Failure::Lost);
        }
        Ok(self.written)
    }
}

#[cfg(test)]
mod tests;
