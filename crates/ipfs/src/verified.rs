//! A stream that ends only as the file it should be. It keeps a chunk and two batches of a mebibyte, never the file.

use bulk_export_domain::file::Sha256;
use bytes::Bytes;
use futures::{Stream, StreamExt as _, stream};
use sha2::Digest as _;
use tokio::task::{JoinHandle, spawn_blocking};

use crate::error::Error;

const SIZE: Error = Error::Corrupt("a file of another size");
const BYTES: Error = Error::Corrupt("a file of other bytes");

/// Passes on the chunks of a file of which size and SHA-256 are known. The last chunk is held back until all of it
/// has been right; otherwise an error comes in its place, so that no answer made of this stream can end well.
pub fn verified<S>(
    chunks: S,
    size: u64,
    sha256: Sha256,
) -> impl Stream<Item = Result<Bytes, Error>> + use<S>
where
    S: Stream<Item = Result<Bytes, Error>>,
{
    checked(chunks, size, Some((Hashing::new(), sha256)))
}

/// The same for a file of which the size alone is known.
pub(crate) fn sized<S>(chunks: S, size: u64) -> impl Stream<Item = Result<Bytes, Error>> + use<S>
where
    S: Stream<Item = Result<Bytes, Error>>,
{
    checked(chunks, size, None)
}

fn checked<S>(
    chunks: S,
    size: u64,
    sha256: Option<(Hashing, Sha256)>,
) -> impl Stream<Item = Result<Bytes, Error>> + use<S>
where
    S: Stream<Item = Result<Bytes, Error>>,
{
    let check = Check {
        seen: 0,
        held: None,
        size,
        sha256,
    };
    stream::unfold(
        (Box::pin(chunks), Some(check)),
        |(mut chunks, check)| async {
            let mut check = check?;
            loop {
                match chunks.next().await {
                    Some(Ok(chunk)) => match check.take(chunk).await {
                        Ok(None) => {}
                        Ok(Some(passed)) => return Some((Ok(passed), (chunks, Some(check)))),
                        Err(error) => return Some((Err(error), (chunks, None))),
                    },
                    Some(Err(error)) => return Some((Err(error), (chunks, None))),
                    None => return check.end().await.map(|last| (last, (chunks, None))),
                }
            }
        },
    )
}

struct Check {
    seen: u64,
    held: Option<Bytes>,
    size: u64,
    sha256: Option<(Hashing, Sha256)>,
}

/// How many bytes are hashed in one go: enough that handing them to another thread costs nothing.
const BATCH_BYTES: usize = 1 << 20;

/// A SHA-256 that is computed on a blocking thread while the next bytes are on their way: one batch there, one that
/// grows here.
struct Hashing {
    batch: Vec<Bytes>,
    bytes: usize,
    hasher: Hasher,
}

enum Hasher {
    Idle(sha2::Sha256),
    Busy(JoinHandle<sha2::Sha256>),
}

impl Hashing {
    fn new() -> Self {
        Self {
            batch: Vec::new(),
            bytes: 0,
            hasher: Hasher::Idle(sha2::Sha256::new()),
        }
    }

    async fn update(&mut self, chunk: Bytes) -> Result<(), Error> {
        self.bytes += chunk.len();
        self.batch.push(chunk);
        if self.bytes < BATCH_BYTES {
            return Ok(());
        }
        let mut hasher = self.idle().await?;
        let batch = std::mem::take(&mut self.batch);
        self.bytes = 0;
        self.hasher = Hasher::Busy(spawn_blocking(move || {
            for chunk in &batch {
                hasher.update(chunk);
            }
            hasher
        }));
        Ok(())
    }

    /// Waits for the batch that is being hashed.
    async fn idle(&mut self) -> Result<sha2::Sha256, Error> {
        match std::mem::replace(&mut self.hasher, Hasher::Idle(sha2::Sha256::new())) {
            Hasher::Idle(hasher) => Ok(hasher),
            Hasher::Busy(hashing) => hashing
                .await
                .map_err(|_| Error::Corrupt("a digest that ended early")),
        }
    }

    async fn finish(mut self) -> Result<Sha256, Error> {
        let mut hasher = self.idle().await?;
        for chunk in &self.batch {
            hasher.update(chunk);
        }
        Ok(Sha256::from_bytes(hasher.finalize().into()))
    }
}

impl Check {
    /// Takes a chunk and gives the one before it.
    async fn take(&mut self, chunk: Bytes) -> Result<Option<Bytes>, Error> {
        if chunk.is_empty() {
            return Ok(None);
        }
        self.seen += chunk.len() as u64;
        if self.seen > self.size {
            return Err(SIZE);
        }
        if let Some((hashing, _)) = &mut self.sha256 {
            hashing.update(chunk.clone()).await?;
        }
        Ok(self.held.replace(chunk))
    }

    /// Gives the last chunk, if all was right; nothing, if the file is empty and should be.
    async fn end(self) -> Option<Result<Bytes, Error>> {
        if self.seen != self.size {
            return Some(Err(SIZE));
        }
        if let Some((hashing, expected)) = self.sha256 {
            match hashing.finish().await {
                Ok(found) if found == expected => {}
                Ok(_) => return Some(Err(BYTES)),
                Err(error) => return Some(Err(error)),
            }
        }
        self.held.map(Ok)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sha256(bytes: &[u8]) -> Sha256 {
        Sha256::from_bytes(sha2::Sha256::digest(bytes).into())
    }

    /// Sends the chunks through, and gives what passed and whether it ended well.
    async fn passed(chunks: &[&'static str], expected: &str) -> (String, bool) {
        let chunks = chunks
            .iter()
            .map(|chunk| Ok(Bytes::from_static(chunk.as_bytes())));
        let results: Vec<_> = verified(
            stream::iter(chunks),
            expected.len() as u64,
            sha256(expected.as_bytes()),
        )
        .collect()
        .await;
        let well = results.iter().all(Result::is_ok);
        let passed = results
            .into_iter()
            .flatten()
            .flat_map(|chunk| chunk.to_vec())
            .collect();
        (String::from_utf8(passed).unwrap(), well)
    }

    #[tokio::test]
    async fn the_right_file_passes_whole() {
        assert_eq!(
            passed(&["{}\n", "{}\n", "", "[]\n"], "{}\n{}\n[]\n").await,
            ("{}\n{}\n[]\n".to_owned(), true)
        );
        assert_eq!(passed(&["{}\n"], "{}\n").await, ("{}\n".to_owned(), true));
        assert_eq!(passed(&[], "").await, (String::new(), true));
        assert_eq!(passed(&[""], "").await, (String::new(), true));
    }

    #[tokio::test]
    async fn a_wrong_file_never_passes_to_its_end() {
        assert_eq!(
            passed(&["aaa", "bbb", "xcc"], "aaabbbccc").await,
            ("aaabbb".to_owned(), false),
            "changed"
        );
        assert_eq!(
            passed(&["aaa", "bbb"], "aaabbbccc").await,
            ("aaa".to_owned(), false),
            "too short"
        );
        assert_eq!(
            passed(&["aaa", "bbb", "ccc", "d"], "aaabbbccc").await,
            ("aaabbb".to_owned(), false),
            "too long"
        );
        assert_eq!(
            passed(&["aaabbbccc"], "aaabbbccd").await,
            (String::new(), false),
            "one chunk"
        );
        assert_eq!(
            passed(&[], "a").await,
            (String::new(), false),
            "nothing at all"
        );
    }

    #[tokio::test]
    async fn an_error_ends_the_stream_and_keeps_its_kind() {
        let chunks = stream::iter([
            Ok(Bytes::from_static(b"aaa")),
            Err(Error::NotFound),
            Ok(Bytes::from_static(b"bbb")),
        ]);
        let results: Vec<_> = verified(chunks, 6, sha256(b"aaabbb")).collect().await;
        assert!(matches!(results[..], [Err(Error::NotFound)]));
    }
}
