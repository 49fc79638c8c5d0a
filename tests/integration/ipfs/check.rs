//! The check of a node: a private one passes, and each thing that is wrong is found on the running node.

use std::{
    fs::{self, File},
    process::{Child, Command, Stdio},
};

use bulk_export_ipfs::{Error, Finding, Kind};
use bulk_export_tests::{binaries::workspace, poll, secs};
use serde_json::{Value, json};

use super::{
    doubles::{self, Then},
    world::{MIB, Own, chunks, file, node},
};

/// A node of our own, started by hand with another configuration: `deploy/dev/services` only starts private ones.
struct Changed {
    own: Own,
    daemon: Child,
}

impl Changed {
    async fn start(options: &[&str], change: impl FnOnce(&mut Value)) -> Self {
        let own = Own::start();
        own.service.halt();
        let file = own.repository().join("config");
        let mut config = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
        change(&mut config);
        fs::write(&file, config.to_string()).unwrap();
        let log = File::create(own.folder.path().join("changed.log")).unwrap();
        let daemon = Command::new(program())
            .arg("daemon")
            .args(options)
            .env("IPFS_PATH", own.repository())
            .env("IPFS_TELEMETRY", "off")
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .expect("the daemon can be started");
        let changed = Self { own, daemon };
        poll("the node answers", secs(30), async || {
            changed.own.node.ready().await.ok()
        })
        .await;
        changed
    }

    async fn findings(&self) -> Vec<Finding> {
        self.own.node.check().await.unwrap()
    }
}

impl Drop for Changed {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}

/// Gives the path of the node's program.
fn program() -> String {
    let script = workspace().join("deploy/dev/services");
    let output = Command::new(script)
        .arg("ipfs")
        .output()
        .expect("bash runs");
    assert!(
        output.status.success(),
        "there is no ipfs: run deploy/dev/services install"
    );
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn settings(findings: &[Finding]) -> Vec<&str> {
    findings.iter().map(|finding| finding.setting).collect()
}

#[tokio::test]
async fn a_private_node_gives_no_finding() {
    assert_eq!(node().check().await.unwrap(), []);
}

#[tokio::test]
async fn a_node_of_another_import_profile_gives_findings_that_are_not_about_privacy() {
    let changed = Changed::start(&["--offline"], |config| {
        config["Import"] = json!({ "FastProvideRoot": false })
    })
    .await;
    let findings = changed.findings().await;
    let expected = [
        "Import.CidVersion",
        "Import.HashFunction",
        "Import.UnixFSChunker",
        "Import.UnixFSDAGLayout",
        "Import.UnixFSFileMaxLinks",
        "Import.UnixFSRawLeaves",
    ];
    assert_eq!(settings(&findings), expected);
    for finding in findings {
        assert!(
            finding.kind == Kind::Import && !finding.privacy(),
            "{finding}"
        );
        assert!(finding.to_string().contains("unixfs-v1-2025"), "{finding}");
    }
    let stored = changed.own.node.add(chunks(&file(MIB + 1), MIB)).await;
    assert!(
        matches!(stored, Err(Error::CidMismatch | Error::Corrupt(_))),
        "{stored:?}"
    );
}

#[tokio::test]
async fn smaller_blocks_are_found_and_their_files_refused() {
    let changed = Changed::start(&["--offline"], |config| {
        config["Import"]["UnixFSChunker"] = json!("size-262144");
    })
    .await;
    assert_eq!(
        settings(&changed.findings().await),
        ["Import.UnixFSChunker"]
    );
    let stored = changed.own.node.add(chunks(&file(MIB), MIB)).await;
    assert!(matches!(stored, Err(Error::CidMismatch)), "{stored:?}");
}

#[tokio::test]
async fn every_setting_that_would_tell_others_is_found() {
    let peer = "/ip4/127.0.0.1/tcp/1/p2p/12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA";
    let changed = Changed::start(&["--offline"], |config| {
        config["Addresses"]["Swarm"] = json!(["/ip4/127.0.0.1/tcp/0"]);
        config["AutoConf"]["Enabled"] = json!(true);
        // With AutoConf on, the node would ask the network at its start.
        config["AutoConf"]["URL"] = json!("http://127.0.0.1:1/autoconf.json");
        config["AutoTLS"] = json!({});
        config["Bootstrap"] = json!([peer]);
        config["Discovery"]["MDNS"]["Enabled"] = json!(true);
        config["Gateway"]["NoFetch"] = json!(false);
        config["HTTPRetrieval"] = json!({});
        config["Import"]["FastProvideRoot"] = json!(null);
        config["Ipns"]["DelegatedPublishers"] = json!(["http://127.0.0.1:1"]);
        config["Peering"]["Peers"] = json!([{ "ID": "12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA", "Addrs": ["/ip4/127.0.0.1/tcp/1"] }]);
        config["Provide"] = json!({});
        config["Routing"] = json!({ "Type": "auto", "DelegatedRouters": ["http://127.0.0.1:1"] });
    })
    .await;
    let findings = changed.findings().await;
    let expected = [
        "Addresses.Swarm",
        "AutoConf.Enabled",
        "AutoTLS.Enabled",
        "Bootstrap",
        "Discovery.MDNS.Enabled",
        "Gateway.NoFetch",
        "HTTPRetrieval.Enabled",
        "Import.FastProvideRoot",
        "Ipns.DelegatedPublishers",
        "Peering.Peers",
        "Provide.Enabled",
        "Routing.DelegatedRouters",
        "Routing.Type",
    ];
    assert_eq!(settings(&findings), expected);
    for finding in findings {
        assert!(
            finding.privacy() && finding.fix.contains(finding.setting),
            "{finding}"
        );
        assert!(!finding.to_string().contains("12D3"), "{finding}");
    }
}

#[tokio::test]
async fn a_node_that_is_online_is_found_whatever_its_configuration_says() {
    let changed = Changed::start(&[], |_| {}).await;
    let findings = changed.findings().await;
    assert_eq!(settings(&findings), ["the node's network"]);
    assert!(
        findings[0].privacy() && findings[0].to_string().contains("--offline"),
        "{}",
        findings[0]
    );
}

#[tokio::test]
async fn a_node_that_may_not_be_asked_is_no_private_node() {
    let url = doubles::answering(doubles::rpc("403 Forbidden", "403 - Forbidden"), Then::End).await;
    let checked = bulk_export_ipfs::Node::new(&url).unwrap().check().await;
    assert!(matches!(checked, Err(Error::Refused(_))), "{checked:?}");
}
