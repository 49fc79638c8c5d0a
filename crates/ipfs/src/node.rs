//! The node that stores the files, through its RPC port: uploads, pins, garbage collection.
//! It decides nothing: who owns a pin, and when one may go, is the caller's business.

use std::{collections::BTreeMap, fmt, io};

use bulk_export_domain::file::{Cid, FileDigest, PinName};
use bytes::Bytes;
use futures::Stream;
use serde::{Deserialize, de::DeserializeOwned};
use url::Url;

use crate::{
    check::{self, Finding},
    deadline::Deadlines,
    error::Error,
    requests::{
        Add, Collected, DiagSys, DiagSysAnswer, PinAdd, PinAdded, PinLs, PinRm, RepoGc, RepoStat,
        RepoStatAnswer, Version, VersionAnswer,
    },
    rpc::Rpc,
    upload::upload,
};

/// A pin of the node: what keeps a file from the garbage collection.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pin {
    /// The file that is kept.
    pub cid: Cid,
    /// The label that the last writer gave it; empty if it has none, and not necessarily one of ours.
    pub name: String,
}

/// How full the node is, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// What the repository holds, garbage included.
    pub held: u64,
    /// What it may hold (`Datastore.StorageMax`), or what its disk has room for, whichever is less.
    pub capacity: u64,
}

/// A node that stores files. Clones share nothing but the address.
#[derive(Clone)]
pub struct Node {
    rpc: Rpc,
}

impl fmt::Debug for Node {
    /// The address may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node")
            .field("deadlines", &self.rpc.deadlines)
            .finish_non_exhaustive()
    }
}

impl Node {
    /// Takes the URL of the RPC port, such as `http://127.0.0.1:5001`. Connects to nothing.
    pub fn new(url: &Url) -> Result<Self, Error> {
        Ok(Self {
            rpc: Rpc::new(url, Deadlines::default())?,
        })
    }

    /// Changes the deadlines.
    #[must_use]
    pub const fn with_deadlines(mut self, deadlines: Deadlines) -> Self {
        self.rpc.deadlines = deadlines;
        self
    }

    /// Stores a file, not pinned, and proves that the node stored what was sent: its CID is the one computed here.
    /// Until it is pinned a garbage collection may take it.
    ///
    /// # Errors
    ///
    /// An error of the stream is [`Error::Source`]. It, and dropping the future, leave nothing but blocks that no pin
    /// keeps, for the next garbage collection.
    pub async fn add(
        &self,
        chunks: impl Stream<Item = io::Result<Bytes>> + Send,
    ) -> Result<FileDigest, Error> {
        let (digest, stored) = upload(&self.rpc, Add::STORE, chunks).await?;
        if digest.cid == stored {
            Ok(digest)
        } else {
            Err(Error::CidMismatch)
        }
    }

    /// Pins a file under a name. That it succeeds proves that the node has every block of the file.
    /// A file that is pinned already stays pinned once, under the new name.
    ///
    /// # Errors
    ///
    /// [`Error::BlocksLost`]: a garbage collection came between upload and pin; upload the file again.
    pub async fn pin(&self, cid: &Cid, name: &PinName) -> Result<(), Error> {
        let request = PinAdd {
            arg: cid.as_str(),
            name: name.to_string(),
        };
        match self
            .rpc
            .call("pinning a file", self.rpc.deadlines.pin, request)
            .await
        {
            Ok(answer) => {
                let PinAdded { pins } = read(&answer)?;
                let pinned = pins.iter().any(|pinned| pinned == cid.as_str());
                if pinned {
                    Ok(())
                } else {
                    Err(Error::Corrupt("the answer to a pin"))
                }
            }
            Err(Error::Refused(words)) if words.contains("block was not found locally") => {
                Err(Error::BlocksLost)
            }
            Err(other) => Err(other),
        }
    }

    /// Takes the pin away, under whatever name; `false` when there was none. The file stays until the next garbage
    /// collection.
    pub async fn unpin(&self, cid: &Cid) -> Result<bool, Error> {
        let request = PinRm { arg: cid.as_str() };
        match self
            .rpc
            .call("unpinning a file", self.rpc.deadlines.pin, request)
            .await
        {
            Ok(_) => Ok(true),
            Err(Error::Refused(words)) if words.contains("not pinned") => Ok(false),
            Err(other) => Err(other),
        }
    }

    /// Says whether the file itself is pinned (not merely a part of another pinned file).
    pub async fn is_pinned(&self, cid: &Cid) -> Result<bool, Error> {
        let request = PinLs::one(cid.as_str());
        match self
            .rpc
            .call("looking up a pin", self.rpc.deadlines.call, request)
            .await
        {
            Ok(answer) => Ok(read::<Listed>(&answer)?.keys.contains_key(cid.as_str())),
            Err(Error::Refused(words)) if words.contains("not pinned") => Ok(false),
            Err(other) => Err(other),
        }
    }

    /// Lists the pins, whole or not at all. Pins that are not ours are listed too, except those whose CID is not a
    /// version 1 in base32: we never make such, so nobody here may unpin them.
    pub async fn pins(&self) -> Result<Vec<Pin>, Error> {
        let answer = self
            .rpc
            .call("listing the pins", self.rpc.deadlines.list, PinLs::ALL)
            .await?;
        let listed = read::<Listed>(&answer)?.keys.into_iter();
        let ours = listed.filter_map(|(cid, key)| {
            Some(Pin {
                cid: cid.parse().ok()?,
                name: key.name,
            })
        });
        Ok(ours.collect())
    }

    /// Removes every block that no pin keeps, and gives their number. It may take the blocks of an upload under way.
    /// It goes on only as long as it is waited for.
    pub async fn collect_garbage(&self) -> Result<u64, Error> {
        let mut removed = 0;
        let mut first_error = None;
        let request = RepoGc {
            stream_errors: true,
        };
        let each = |line: &[u8]| {
            match read::<Collected>(line)?
                .error
                .filter(|words| !words.is_empty())
            {
                Some(words) => _ = first_error.get_or_insert(words),
                None => removed += 1,
            }
            Ok(())
        };
        self.rpc
            .lines(
                "collecting garbage",
                self.rpc.deadlines.collect,
                request,
                each,
            )
            .await?;
        first_error.map_or(Ok(removed), |words| Err(Error::refused(&words)))
    }

    /// Asks for nothing, to see whether the node answers.
    pub async fn ready(&self) -> Result<(), Error> {
        self.version().await.map(drop)
    }

    /// Says how full the node is. Where it does not tell how much of its disk is free, what it may hold counts alone.
    pub async fn usage(&self) -> Result<Usage, Error> {
        let call = self.rpc.deadlines.call;
        let what = "measuring the repository";
        let stat = RepoStat { size_only: true };
        let stat: RepoStatAnswer = read(&self.rpc.call(what, call, stat).await?)?;
        let system = self.rpc.call(what, call, DiagSys {}).await;
        let free = system
            .ok()
            .and_then(|answer| read::<DiagSysAnswer>(&answer).ok())
            .and_then(|system| system.diskinfo)
            .map_or(u64::MAX, |disk| disk.free_space);
        Ok(Usage {
            held: stat.repo_size,
            capacity: stat.storage_max.min(stat.repo_size.saturating_add(free)),
        })
    }

    /// Compares the node with what it must be: its import profile, its privacy, its version.
    pub async fn check(&self) -> Result<Vec<Finding>, Error> {
        check::check(&self.rpc, &self.version().await?).await
    }

    async fn version(&self) -> Result<String, Error> {
        let answer = self
            .rpc
            .call("a sign of life", self.rpc.deadlines.call, Version {})
            .await?;
        Ok(read::<VersionAnswer>(&answer)?.version)
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    #[serde(default)]
    keys: BTreeMap<String, Key>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Key {
    #[serde(default)]
    name: String,
}

/// Reads an answer in JSON.
pub(crate) fn read<T: DeserializeOwned>(answer: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(answer)
        .map_err(|_| Error::Corrupt("an answer that is not the JSON it should be"))
}
