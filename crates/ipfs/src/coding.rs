//! The codecs of stored files: NDJSON to stored bytes in the worker, and back, in one pass and constant memory.
//! Equal NDJSON always becomes equal stored bytes, however it is cut into pieces, so that a part that is done again has
//! the same CID. It verifies nothing: a digest of the stored bytes does.

use std::{
    fmt,
    io::{self, Write},
};

use async_compression::{
    tokio::bufread::{GzipDecoder, ZstdDecoder},
    zstd::DParameter,
};
use bulk_export_domain::file::Coding;
use bytes::Bytes;
use flate2::{
    Compression,
    write::{GzEncoder, MultiGzDecoder},
};
use futures::{StreamExt as _, TryStreamExt as _};
use tokio::io::AsyncRead;
use tokio_util::io::{ReaderStream, StreamReader};

use crate::{error::Error, gateway::Chunks, verified::sized};

/// The least that both codecs do. More costs more time than the node takes to store what it saves.
const GZIP_LEVEL: u32 = 1;
const ZSTD_LEVEL: i32 = 1;

/// The size of the blocks in which a codec is given a file, whatever the pieces: what zlib makes of a file depends on
/// where it is cut.
const BLOCK_BYTES: usize = 64 << 10;

/// From how many bytes on a piece of coded bytes is given out.
const PIECE_BYTES: usize = 256 << 10;

/// The size of a decoded chunk.
const CHUNK_BYTES: usize = 64 << 10;

/// The most that a stream may have us look back, as a power of two: what RFC 9659 allows on the web. Ours need 512 KiB.
const WINDOW_LOG: u32 = 23;

/// What a coded file is, decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Decoded {
    /// How many lines (line feeds) it has.
    pub lines: u64,
    /// How many bytes.
    pub bytes: u64,
}

impl Decoded {
    fn add(&mut self, bytes: &[u8]) {
        self.lines += memchr::memchr_iter(b'\n', bytes).count() as u64;
        self.bytes += bytes.len() as u64;
    }
}

/// Codes one file, and counts what it takes.
pub struct Encoder {
    codec: Codec,
    /// The beginning of a block.
    begun: Vec<u8>,
    decoded: Decoded,
}

/// Each writes into the buffer that is given out next.
enum Codec {
    Identity(Vec<u8>),
    // Much larger than the others.
    Gzip(Box<GzEncoder<Vec<u8>>>),
    Zstd(zstd::Encoder<'static, Vec<u8>>),
}

impl fmt::Debug for Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encoder")
            .field("decoded", &self.decoded)
            .finish_non_exhaustive()
    }
}

impl Encoder {
    /// Starts with the empty file.
    ///
    /// # Errors
    /// There is no memory for the codec.
    pub fn new(coding: Coding) -> io::Result<Self> {
        let codec = match coding {
            Coding::Identity => Codec::Identity(buffer()),
            // Neither a name nor a time stands in the header: equal files are equal bytes.
            Coding::Gzip => Codec::Gzip(Box::new(GzEncoder::new(
                buffer(),
                Compression::new(GZIP_LEVEL),
            ))),
            Coding::Zstd => {
                let mut encoder = zstd::Encoder::new(buffer(), ZSTD_LEVEL)?;
                encoder.include_checksum(true)?;
                Codec::Zstd(encoder)
            }
        };
        Ok(Self {
            codec,
            begun: Vec::with_capacity(BLOCK_BYTES),
            decoded: Decoded::default(),
        })
    }

    /// Takes the next bytes of the file, and gives what is coded as soon as it is enough for a piece.
    ///
    /// # Errors
    /// The codec's, or that of `give`.
    pub fn push<E: From<io::Error>>(
        &mut self,
        bytes: &[u8],
        mut give: impl FnMut(Bytes) -> Result<(), E>,
    ) -> Result<(), E> {
        self.decoded.add(bytes);
        let mut rest = bytes;
        if !self.begun.is_empty() {
            let missing = rest.len().min(BLOCK_BYTES - self.begun.len());
            self.begun.extend_from_slice(&rest[..missing]);
            rest = &rest[missing..];
            if self.begun.len() < BLOCK_BYTES {
                return Ok(());
            }
            self.codec.block(&self.begun, &mut give)?;
            self.begun.clear();
        }
        let blocks = rest.chunks_exact(BLOCK_BYTES);
        self.begun.extend_from_slice(blocks.remainder());
        for block in blocks {
            self.codec.block(block, &mut give)?;
        }
        Ok(())
    }

    /// Ends the file: gives its last bytes, and what it is decoded.
    ///
    /// # Errors
    /// The codec's.
    pub fn finish(mut self) -> io::Result<(Bytes, Decoded)> {
        self.codec.writer().write_all(&self.begun)?;
        let last = match self.codec {
            Codec::Identity(buffer) => buffer,
            Codec::Gzip(encoder) => encoder.finish()?,
            Codec::Zstd(encoder) => encoder.finish()?,
        };
        Ok((last.into(), self.decoded))
    }
}

impl Codec {
    fn block<E: From<io::Error>>(
        &mut self,
        block: &[u8],
        give: &mut impl FnMut(Bytes) -> Result<(), E>,
    ) -> Result<(), E> {
        self.writer().write_all(block)?;
        let coded = self.buffer();
        if coded.len() >= PIECE_BYTES {
            give(std::mem::replace(coded, buffer()).into())?;
        }
        Ok(())
    }

    fn writer(&mut self) -> &mut dyn Write {
        match self {
            Self::Identity(buffer) => buffer,
            Self::Gzip(encoder) => encoder.as_mut(),
            Self::Zstd(encoder) => encoder,
        }
    }

    fn buffer(&mut self) -> &mut Vec<u8> {
        match self {
            Self::Identity(buffer) => buffer,
            Self::Gzip(encoder) => encoder.get_mut(),
            Self::Zstd(encoder) => encoder.get_mut(),
        }
    }
}

/// A buffer that need not grow: what a codec holds back of some blocks is less than a piece.
fn buffer() -> Vec<u8> {
    Vec::with_capacity(2 * PIECE_BYTES)
}

/// Decodes a file into a writer, as its stored bytes are written here, and counts what comes out.
pub struct Decoder<W: Write> {
    codec: Decodec<W>,
}

enum Decodec<W: Write> {
    Identity(Counting<W>),
    Gzip(Box<MultiGzDecoder<Counting<W>>>),
    Zstd(zstd::stream::write::Decoder<'static, Counting<W>>),
}

struct Counting<W> {
    writer: W,
    decoded: Decoded,
}

impl<W: Write> fmt::Debug for Decoder<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoder").finish_non_exhaustive()
    }
}

impl<W: Write> Decoder<W> {
    /// Starts a file.
    ///
    /// # Errors
    /// There is no memory for the codec.
    pub fn new(coding: Coding, writer: W) -> io::Result<Self> {
        let counting = Counting {
            writer,
            decoded: Decoded::default(),
        };
        let codec = match coding {
            Coding::Identity => Decodec::Identity(counting),
            Coding::Gzip => Decodec::Gzip(Box::new(MultiGzDecoder::new(counting))),
            Coding::Zstd => {
                let mut decoder = zstd::stream::write::Decoder::new(counting)?;
                decoder.window_log_max(WINDOW_LOG)?;
                Decodec::Zstd(decoder)
            }
        };
        Ok(Self { codec })
    }

    /// Ends the file: gives the writer back, and what went into it.
    ///
    /// # Errors
    /// The file is not whole, or the writer's.
    pub fn finish(self) -> io::Result<(W, Decoded)> {
        let Counting { writer, decoded } = match self.codec {
            Decodec::Identity(counting) => counting,
            Decodec::Gzip(decoder) => decoder.finish()?,
            Decodec::Zstd(mut decoder) => {
                decoder.flush()?;
                decoder.finish()?
            }
        };
        Ok((writer, decoded))
    }
}

impl<W: Write> Write for Decoder<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.codec {
            Decodec::Identity(counting) => counting.write(bytes),
            Decodec::Gzip(decoder) => decoder.write(bytes),
            Decodec::Zstd(decoder) => decoder.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.codec {
            Decodec::Identity(counting) => counting.flush(),
            Decodec::Gzip(decoder) => decoder.flush(),
            Decodec::Zstd(decoder) => decoder.flush(),
        }
    }
}

impl<W: Write> Write for Counting<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.writer.write(bytes)?;
        self.decoded.add(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

/// Decodes the stored bytes of a file whose decoded size is known, as they come. The last decoded chunk is held back
/// until the stored bytes have ended well and the size is right; otherwise an error comes in its place.
pub fn decoded(stored: Chunks, coding: Coding, size: u64) -> Chunks {
    let reader = StreamReader::new(stored.map_err(io::Error::other));
    // All members are read, so that the stored bytes are asked for to their end, where their verdict is.
    let decoder: Box<dyn AsyncRead + Send + Unpin> = match coding {
        Coding::Identity => Box::new(reader),
        Coding::Gzip => {
            let mut decoder = GzipDecoder::new(reader);
            decoder.multiple_members(true);
            Box::new(decoder)
        }
        Coding::Zstd => {
            let window = DParameter::window_log_max(WINDOW_LOG);
            let mut decoder = ZstdDecoder::with_params(reader, &[window]);
            decoder.multiple_members(true);
            Box::new(decoder)
        }
    };
    let chunks = ReaderStream::with_capacity(decoder, CHUNK_BYTES);
    sized(chunks.map_err(undecodable), size).boxed()
}

/// Gives an error of the stored bytes back as it was; any other is the codec's.
fn undecodable(error: io::Error) -> Error {
    error
        .downcast::<Error>()
        .unwrap_or(Error::Corrupt("a file that cannot be decoded"))
}

#[cfg(test)]
mod tests;
