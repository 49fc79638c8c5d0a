//! The requests and answers of the node's RPC that we use: the client crate has no pin names, no garbage collection
//! and no status codes. They do nothing but give names to the fields on the wire.

use bulk_export_domain::file::Cid;
use ipfs_api_prelude::ApiRequest;
use serde::{Deserialize, Serialize};

/// Stores a file. The import profile is the node's own (`unixfs-v1-2025`, which `check` demands), so no option
/// names any of it. Never `pin=true`: that holds the node's pin lock for the whole upload, and then one frozen client
/// and one waiting garbage collection stop every other upload on the node.
#[derive(Debug, Serialize)]
pub(crate) struct Add {
    pin: bool,
    #[serde(rename = "only-hash")]
    only_hash: Option<bool>,
}

impl Add {
    pub(crate) const STORE: Self = Self {
        pin: false,
        only_hash: None,
    };
    pub(crate) const ONLY_HASH: Self = Self {
        pin: false,
        only_hash: Some(true),
    };
}

/// One line of the answer to [`Add`].
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Added {
    pub(crate) hash: Option<Cid>,
}

#[derive(Debug, Serialize)]
pub(crate) struct PinAdd<'a> {
    pub(crate) arg: &'a str,
    pub(crate) name: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct PinAdded {
    pub(crate) pins: Vec<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct PinRm<'a> {
    pub(crate) arg: &'a str,
}

/// Lists pins. Never `stream=true`: an error in the middle of a streamed list is told in an HTTP trailer, which the
/// client's hyper 0.14 drops, so that half a list would look like a whole one. Without it an error has its status.
#[derive(Debug, Serialize)]
pub(crate) struct PinLs<'a> {
    arg: Option<&'a str>,
    r#type: &'static str,
    names: bool,
}

impl<'a> PinLs<'a> {
    pub(crate) const ALL: Self = Self {
        arg: None,
        r#type: "recursive",
        names: true,
    };

    pub(crate) const fn one(cid: &'a str) -> Self {
        Self {
            arg: Some(cid),
            r#type: "recursive",
            names: false,
        }
    }
}

/// Collects the garbage. Errors come as lines of their own; else they would be in a trailer, which nobody reads.
#[derive(Debug, Serialize)]
pub(crate) struct RepoGc {
    #[serde(rename = "stream-errors")]
    pub(crate) stream_errors: bool,
}

/// One line of the answer to [`RepoGc`]: a block that is gone, or an error.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Collected {
    pub(crate) error: Option<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct ConfigShow {}

/// How large the repository is and may become; without counting its objects, which takes long.
#[derive(Debug, Serialize)]
pub(crate) struct RepoStat {
    #[serde(rename = "size-only")]
    pub(crate) size_only: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct RepoStatAnswer {
    pub(crate) repo_size: u64,
    pub(crate) storage_max: u64,
}

/// What the node sees of its machine.
#[derive(Debug, Serialize)]
pub(crate) struct DiagSys {}

#[derive(Debug, Deserialize)]
pub(crate) struct DiagSysAnswer {
    pub(crate) diskinfo: Option<DiskInfo>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct DiskInfo {
    pub(crate) free_space: u64,
}

#[derive(Debug, Serialize)]
pub(crate) struct SwarmPeers {}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Peers {
    pub(crate) peers: Option<Vec<serde::de::IgnoredAny>>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Version {}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct VersionAnswer {
    pub(crate) version: String,
}

/// The node's error document.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Refusal {
    pub(crate) message: String,
}

macro_rules! path {
    ($($request:ty: $path:literal),* $(,)?) => {
        $(impl ApiRequest for $request {
            const PATH: &'static str = $path;
        })*
    };
}

path! {
    Add: "/add",
    ConfigShow: "/config/show",
    DiagSys: "/diag/sys",
    PinAdd<'_>: "/pin/add",
    PinLs<'_>: "/pin/ls",
    PinRm<'_>: "/pin/rm",
    RepoGc: "/repo/gc",
    RepoStat: "/repo/stat",
    SwarmPeers: "/swarm/peers",
    Version: "/version",
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(request: &impl ApiRequest) -> String {
        request
            .absolute_url(&"http://node/api/v0".parse().unwrap())
            .unwrap()
            .to_string()
    }

    #[test]
    fn an_upload_neither_pins_nor_names_any_option_of_the_import() {
        assert_eq!(url(&Add::STORE), "http://node/api/v0/add?pin=false");
        assert_eq!(
            url(&Add::ONLY_HASH),
            "http://node/api/v0/add?pin=false&only-hash=true"
        );
    }

    #[test]
    fn the_pins_are_listed_whole_and_with_their_names() {
        assert_eq!(
            url(&PinLs::ALL),
            "http://node/api/v0/pin/ls?type=recursive&names=true"
        );
        assert_eq!(
            url(&PinLs::one("b")),
            "http://node/api/v0/pin/ls?arg=b&type=recursive&names=false"
        );
    }

    #[test]
    fn a_name_is_one_parameter_whatever_it_holds() {
        let request = PinAdd {
            arg: "b",
            name: "job:1:2&x=y".to_owned(),
        };
        assert_eq!(
            url(&request),
            "http://node/api/v0/pin/add?arg=b&name=job%3A1%3A2%26x%3Dy"
        );
        assert_eq!(
            url(&RepoGc {
                stream_errors: true
            }),
            "http://node/api/v0/repo/gc?stream-errors=true"
        );
        assert_eq!(url(&Version {}), "http://node/api/v0/version?");
    }
}
