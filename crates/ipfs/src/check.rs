//! Whether a node is one that files may be stored on: it must make the CIDs that we compute, and tell nobody of them.
//! A CID is a permanent capability, and what a public node has announced cannot be recalled. It changes nothing on
//! the node, and it cannot see a firewall: it judges the node by its own configuration and by what it answers.

use std::fmt;

use bytes::Bytes;
use futures::stream;
use serde_json::Value;

use crate::{
    error::Error,
    node::read,
    requests::{Add, ConfigShow, Peers, SwarmPeers},
    rpc::Rpc,
    upload::upload,
};

/// What a finding is about, and so whether it may be accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The node makes other CIDs than we compute: no upload would succeed. Never acceptable.
    Import,
    /// The node may tell others of the files. Acceptable only in so many words.
    Privacy,
    /// The node is of a version that nobody tested this with. A warning.
    Version,
}

/// One thing on the node that is not as it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What it is about.
    pub kind: Kind,
    /// The setting's name in the node's configuration, or what else was looked at.
    pub setting: &'static str,
    /// What was found.
    pub found: String,
    /// What should be there.
    pub expected: String,
    /// What to do.
    pub fix: String,
}

impl Finding {
    /// Says whether it is about the privacy of the files.
    #[must_use]
    pub const fn privacy(&self) -> bool {
        matches!(self.kind, Kind::Privacy)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            setting,
            found,
            expected,
            fix,
            ..
        } = self;
        write!(
            f,
            "{setting} is {found}, but should be {expected}; fix: {fix}"
        )
    }
}

/// What a setting must be.
#[derive(Clone, Copy)]
enum Must {
    Be(&'static str),
    BeNumber(u64),
    BeTrue,
    BeFalse,
    BeEmpty,
}

/// The settings of the profile unixfs-v1-2025 that shape a file's CID.
const IMPORT: [(&str, Must); 6] = [
    ("Import.CidVersion", Must::BeNumber(1)),
    ("Import.HashFunction", Must::Be("sha2-256")),
    ("Import.UnixFSChunker", Must::Be("size-1048576")),
    ("Import.UnixFSDAGLayout", Must::Be("balanced")),
    ("Import.UnixFSFileMaxLinks", Must::BeNumber(1024)),
    ("Import.UnixFSRawLeaves", Must::BeTrue),
];

/// The settings by which a node would speak to others. Most are on when they are not set.
const PRIVACY: [(&str, Must); 13] = [
    ("Addresses.Swarm", Must::BeEmpty),
    ("AutoConf.Enabled", Must::BeFalse),
    ("AutoTLS.Enabled", Must::BeFalse),
    ("Bootstrap", Must::BeEmpty),
    ("Discovery.MDNS.Enabled", Must::BeFalse),
    ("Gateway.NoFetch", Must::BeTrue),
    ("HTTPRetrieval.Enabled", Must::BeFalse),
    ("Import.FastProvideRoot", Must::BeFalse),
    ("Ipns.DelegatedPublishers", Must::BeEmpty),
    ("Peering.Peers", Must::BeEmpty),
    ("Provide.Enabled", Must::BeFalse),
    ("Routing.DelegatedRouters", Must::BeEmpty),
    ("Routing.Type", Must::Be("none")),
];

/// What sets all of [`IMPORT`].
const PROFILE: &str = "ipfs config profile apply unixfs-v1-2025, and restart the node";

const SERIES: &str = "0.43.";

/// Compares a node of this version with what it must be.
pub(crate) async fn check(rpc: &Rpc, version: &str) -> Result<Vec<Finding>, Error> {
    let config: Value = read(
        &rpc.call(
            "the node's configuration",
            rpc.deadlines.call,
            ConfigShow {},
        )
        .await?,
    )?;
    let mut findings = settings(&config);
    // Settings that are wrong are told by name; the upload shows what no setting tells.
    if findings.iter().all(|finding| finding.kind != Kind::Import) && !makes_our_cids(rpc).await? {
        findings.push(Finding {
            kind: Kind::Import,
            setting: "the CID of a file of 1 MiB and 1 byte",
            found: "another".to_owned(),
            expected: "that of the profile unixfs-v1-2025".to_owned(),
            fix: PROFILE.to_owned(),
        });
    }
    findings.extend(network(rpc).await?);
    if !version.starts_with(SERIES) {
        findings.push(Finding {
            kind: Kind::Version,
            setting: "the node's version",
            found: version.to_owned(),
            expected: format!("{SERIES}x"),
            fix: "run Kubo 0.43.0, or try this version with the tests first".to_owned(),
        });
    }
    findings.sort_by_key(|finding| finding.kind);
    Ok(findings)
}

/// Asks the node for the CID of a known file, stores nothing, and compares. A CID of another version does not parse.
async fn makes_our_cids(rpc: &Rpc) -> Result<bool, Error> {
    let bytes = stream::iter([Ok(Bytes::from(vec![b'\n'; (1 << 20) + 1]))]);
    match upload(rpc, Add::ONLY_HASH, bytes).await {
        Ok((known, made)) => Ok(known.cid == made),
        Err(Error::Corrupt(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

fn settings(config: &Value) -> Vec<Finding> {
    let of_kind =
        |kind| move |(setting, must): &(&'static str, Must)| judge(config, kind, setting, *must);
    let import = IMPORT.iter().filter_map(of_kind(Kind::Import));
    let privacy = PRIVACY.iter().filter_map(of_kind(Kind::Privacy));
    import.chain(privacy).collect()
}

/// Compares one setting.
fn judge(config: &Value, kind: Kind, setting: &'static str, must: Must) -> Option<Finding> {
    let value = config
        .pointer(&format!("/{}", setting.replace('.', "/")))
        .unwrap_or(&Value::Null);
    let right = match must {
        Must::Be(text) => value == text,
        Must::BeNumber(number) => *value == number,
        Must::BeTrue => *value == true,
        Must::BeFalse => *value == false,
        Must::BeEmpty => value.is_null() || value.as_array().is_some_and(Vec::is_empty),
    };
    let expected = match must {
        Must::Be(text) => format!("{text:?}"),
        Must::BeNumber(number) => number.to_string(),
        Must::BeTrue => "true".to_owned(),
        Must::BeFalse => "false".to_owned(),
        Must::BeEmpty => "[]".to_owned(),
    };
    let fix = match kind {
        Kind::Import => PROFILE.to_owned(),
        Kind::Privacy | Kind::Version => {
            format!("ipfs config --json {setting} '{expected}', and restart the node")
        }
    };
    (!right).then(|| Finding {
        kind,
        setting,
        found: shown(value),
        expected,
        fix,
    })
}

/// Shows a value without what may be somebody's address or key.
fn shown(value: &Value) -> String {
    match value {
        Value::Null => "not set".to_owned(),
        Value::Array(entries) => format!("a list of {}", entries.len()),
        Value::Object(_) => "an object".to_owned(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(text) if text.len() <= 40 => format!("{text:?}"),
        Value::String(_) => "a long text".to_owned(),
    }
}

/// Looks whether the node is on a network at all, whatever its configuration says since it was started.
async fn network(rpc: &Rpc) -> Result<Option<Finding>, Error> {
    match rpc
        .call("the node's peers", rpc.deadlines.call, SwarmPeers {})
        .await
    {
        Err(Error::Refused(words)) if words.contains("online mode") => Ok(None),
        Err(other) => Err(other),
        Ok(answer) => {
            let peers = read::<Peers>(&answer)?.peers.unwrap_or_default().len();
            Ok(Some(Finding {
                kind: Kind::Privacy,
                setting: "the node's network",
                found: format!("online, with {peers} peers"),
                expected: "offline".to_owned(),
                fix: "start it with ipfs daemon --offline".to_owned(),
            }))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn private() -> Value {
        json!({
            "Addresses": { "Swarm": [], "API": "/ip4/127.0.0.1/tcp/5001" }, "AutoConf": { "Enabled": false }, "AutoTLS": { "Enabled": false },
            "Bootstrap": null, "Discovery": { "MDNS": { "Enabled": false } }, "Gateway": { "NoFetch": true },
            "HTTPRetrieval": { "Enabled": false },
            "Import": {
                "CidVersion": 1, "HashFunction": "sha2-256", "UnixFSChunker": "size-1048576", "UnixFSDAGLayout": "balanced",
                "UnixFSFileMaxLinks": 1024, "UnixFSRawLeaves": true, "FastProvideRoot": false,
            },
            "Ipns": { "DelegatedPublishers": null }, "Peering": { "Peers": null }, "Provide": { "Enabled": false },
            "Routing": { "DelegatedRouters": null, "Type": "none" },
        })
    }

    #[test]
    fn a_private_node_gives_no_finding() {
        assert_eq!(settings(&private()), []);
    }

    #[test]
    fn a_node_that_sets_nothing_gives_every_finding_but_the_empty_lists() {
        let found: Vec<_> = settings(&json!({}))
            .into_iter()
            .map(|finding| finding.setting)
            .collect();
        let all = IMPORT
            .iter()
            .chain(&PRIVACY)
            .filter(|(_, must)| !matches!(must, Must::BeEmpty));
        assert_eq!(found, all.map(|(setting, _)| *setting).collect::<Vec<_>>());
    }

    #[test]
    fn each_setting_that_is_wrong_is_found_alone_with_its_fix() {
        for (setting, must) in IMPORT.iter().chain(&PRIVACY) {
            let mut config = private();
            let wrong = match must {
                Must::BeEmpty => json!(["/ip4/192.0.2.1/tcp/4001"]),
                Must::BeTrue => json!(false),
                Must::BeFalse => json!(true),
                Must::Be(_) | Must::BeNumber(_) => json!("auto"),
            };
            *config
                .pointer_mut(&format!("/{}", setting.replace('.', "/")))
                .unwrap() = wrong;
            let findings = settings(&config);
            let [finding] = &findings[..] else {
                panic!("{setting}: {findings:?}")
            };
            assert_eq!(finding.setting, *setting);
            let named = if finding.privacy() {
                *setting
            } else {
                "unixfs-v1-2025"
            };
            assert!(
                finding.fix.contains(named) && !finding.to_string().contains("192.0.2.1"),
                "{finding}"
            );
        }
    }

    #[test]
    fn a_finding_says_what_is_and_what_should_be() {
        let finding = judge(
            &json!({ "Routing": { "Type": "auto" } }),
            Kind::Privacy,
            "Routing.Type",
            Must::Be("none"),
        )
        .unwrap();
        assert!(finding.privacy());
        let said = r#"Routing.Type is "auto", but should be "none"; fix: ipfs config --json Routing.Type '"none"', and restart the node"#;
        assert_eq!(finding.to_string(), said);
    }
}
