//! A file to load, or the standard input: opened, and unpacked if it is packed, which is told by its first bytes and not
//! by its name.

use std::{
    fmt,
    fs::File,
    io::{self, BufReader, Cursor, Read},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use flate2::bufread::MultiGzDecoder;

use crate::text;

/// Bytes that are read at once.
const BUFFER: usize = 256 << 10;

/// Packings that are recognised, but not unpacked here; with the programs that do.
const UNKNOWN_PACKINGS: [(&[u8], &str); 4] = [
    (b"\x28\xb5\x2f\xfd", "zstd -dc"),
    (b"\xfd7zXZ", "xz -dc"),
    (b"BZh", "bzip2 -dc"),
    (b"PK\x03\x04", "unzip -p"),
];

/// Where resources are read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Input {
    /// The standard input.
    Standard,
    /// A file.
    File(PathBuf),
}

impl Input {
    pub(super) fn new(argument: &Path) -> Self {
        if argument == Path::new("-") {
            Self::Standard
        } else {
            Self::File(argument.to_owned())
        }
    }

    /// Checks that it can be read, and gives its size where that is known.
    ///
    /// # Errors
    /// It is not there, may not be read, or is a folder.
    pub(super) fn check(&self) -> io::Result<Option<u64>> {
        let Self::File(path) = self else {
            return Ok(None);
        };
        let facts = std::fs::metadata(path)?;
        if facts.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        if facts.is_file() {
            File::open(path)?;
            return Ok(Some(facts.len()));
        }
        // Opening a pipe would wait for its writer, and take what it has written from whom it is for.
        Ok(None)
    }

    /// Opens it. What is read of it, packed as it is, is added to the counter.
    ///
    /// # Errors
    /// It cannot be read, or is packed in a way that is not known.
    pub(super) fn open(&self, counter: &Arc<AtomicU64>) -> io::Result<Box<dyn io::BufRead>> {
        let raw: Box<dyn Read> = match self {
            Self::Standard => Box::new(io::stdin()),
            Self::File(path) => Box::new(File::open(path)?),
        };
        let count = Arc::clone(counter);
        unpack(Counting { raw, count })
    }
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Standard => f.write_str("-"),
            Self::File(path) => f.write_str(&text::clean(&path.to_string_lossy())),
        }
    }
}

fn unpack(mut raw: impl Read + 'static) -> io::Result<Box<dyn io::BufRead>> {
    let mut first = Vec::new();
    raw.by_ref().take(6).read_to_end(&mut first)?;
    if let Some((_, program)) = UNKNOWN_PACKINGS
        .iter()
        .find(|(magic, _)| first.starts_with(magic))
    {
        let advice = format!(
            "packed in a way that is not unpacked here; `{program} FILE | bulk-export load -` does it"
        );
        return Err(io::Error::new(io::ErrorKind::InvalidData, advice));
    }
    let packed = first.starts_with(b"\x1f\x8b");
    let whole = BufReader::with_capacity(BUFFER, Cursor::new(first).chain(raw));
    Ok(if packed {
        Box::new(BufReader::with_capacity(BUFFER, MultiGzDecoder::new(whole)))
    } else {
        Box::new(whole)
    })
}

struct Counting<R> {
    raw: R,
    count: Arc<AtomicU64>,
}

impl<R: Read> Read for Counting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.raw.read(buffer)?;
        self.count.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(bytes).unwrap();
        packed.finish().unwrap()
    }

    fn unpacked(bytes: Vec<u8>) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        unpack(Cursor::new(bytes))?.read_to_end(&mut out)?;
        Ok(out)
    }

    #[test]
    fn gzip_is_known_by_its_bytes_and_may_have_several_members() {
        for plain in ["", "a", "{}\n", "{\"resourceType\":\"Patient\"}\n"] {
            assert_eq!(unpacked(plain.into()).unwrap(), plain.as_bytes());
            assert_eq!(unpacked(gzip(plain.as_bytes())).unwrap(), plain.as_bytes());
        }
        let members = [gzip(b"one\n"), gzip(b""), gzip(b"two\n")].concat();
        assert_eq!(unpacked(members).unwrap(), b"one\ntwo\n");
    }

    #[test]
    fn a_packing_that_is_cut_or_not_known_is_an_error() {
        let mut cut = gzip(&vec![b'x'; 10_000]);
        cut.truncate(cut.len() - 9);
        assert_eq!(
            unpacked(cut).unwrap_err().kind(),
            io::ErrorKind::UnexpectedEof
        );
        let mut broken = gzip(&vec![b'x'; 10_000]);
        let last = broken.len() - 6;
        broken[last] ^= 1;
        assert!(unpacked(broken).is_err());
        let error = unpacked(b"\x28\xb5\x2f\xfdxxxx".to_vec()).unwrap_err();
        assert!(error.to_string().contains("zstd -dc"), "{error}");
    }

    #[test]
    fn a_folder_and_a_file_that_is_not_there_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let check = |path: &Path| Input::new(path).check();
        assert!(check(folder.path()).is_err());
        assert!(check(&folder.path().join("none")).is_err());
        std::fs::write(folder.path().join("a"), "12345").unwrap();
        assert_eq!(check(&folder.path().join("a")).unwrap(), Some(5));
        assert_eq!(check(Path::new("-")).unwrap(), None);
    }
}
