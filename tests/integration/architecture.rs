//! The shape of the workspace: who may depend on whom, and who alone may name what.

use std::{collections::BTreeSet, process::Command};

use bulk_export_tests::binaries::workspace;
use serde_json::Value;

/// Of a crate of ours: the crates of ours that it may name (ARCHITECTURE.md, "tests → api, worker, cli → store, queue, ipfs, service → domain").
const MAY_NAME: [(&str, &[&str]); 9] = [
    ("domain", &[]),
    ("store", &["domain"]),
    ("queue", &["domain"]),
    ("ipfs", &["domain"]),
    ("service", &["domain"]),
    ("api", &["store", "queue", "ipfs", "service", "domain"]),
    ("worker", &["store", "queue", "ipfs", "service", "domain"]),
    ("cli", &["store", "queue", "ipfs", "domain"]),
    (
        "tests",
        &[
            "api", "worker", "cli", "store", "queue", "ipfs", "service", "domain",
        ],
    ),
];

/// Packages that one crate hides from the others.
const ALONE: [(&str, &[&str]); 3] = [
    ("store", &["diesel", "diesel_migrations", "r2d2"]),
    ("queue", &["apalis", "apalis-redis", "redis"]),
    (
        "ipfs",
        &["ipfs-api-backend-hyper", "ipfs-api-prelude", "rust-unixfs"],
    ),
];

/// Packages that do I/O: the rules have none.
const IO: [&str; 6] = ["tokio", "reqwest", "actix-web", "diesel", "redis", "hyper"];

/// Gives our packages with the names of their dependencies for building, by short name.
fn packages() -> Vec<(String, BTreeSet<String>)> {
    let output = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()))
        .args([
            "metadata",
            "--no-deps",
            "--offline",
            "--format-version",
            "1",
        ])
        .current_dir(workspace())
        .output()
        .expect("cargo runs");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo metadata is JSON");
    let ours = metadata["packages"].as_array().unwrap().iter();
    ours.filter_map(|package| {
        let name = package["name"]
            .as_str()?
            .strip_prefix("fhir-bulk-export-")?;
        let dependencies = package["dependencies"].as_array()?.iter();
        let used = dependencies
            .filter(|dependency| dependency["kind"] != "dev")
            .filter_map(|dependency| dependency["name"].as_str());
        Some((name.to_owned(), used.map(str::to_owned).collect()))
    })
    .collect()
}

#[test]
fn crates_depend_downwards_only() {
    let packages = packages();
    assert_eq!(
        packages.len(),
        MAY_NAME.len(),
        "every crate has a rule: {:?}",
        packages.iter().map(|(name, _)| name).collect::<Vec<_>>()
    );
    for (name, dependencies) in packages {
        let (_, allowed) = MAY_NAME
            .iter()
            .find(|(known, _)| *known == name)
            .unwrap_or_else(|| panic!("no rule for {name}"));
        for ours in dependencies
            .iter()
            .filter_map(|dependency| dependency.strip_prefix("fhir-bulk-export-"))
        {
            assert!(allowed.contains(&ours), "{name} must not name {ours}");
        }
    }
}

#[test]
fn each_adapter_alone_names_what_it_hides() {
    for (name, dependencies) in packages().iter().filter(|(name, _)| name != "tests") {
        for (owner, hidden) in ALONE {
            for package in hidden
                .iter()
                .filter(|package| dependencies.contains(**package))
            {
                assert_eq!(
                    name, owner,
                    "{name} must not name {package}: it belongs to {owner}"
                );
            }
        }
    }
}

#[test]
fn the_domain_does_no_io() {
    let packages = packages();
    let (_, domain) = packages.iter().find(|(name, _)| name == "domain").unwrap();
    for package in IO {
        assert!(!domain.contains(package), "domain names {package}");
    }
}

#[test]
fn nothing_is_unsafe_and_every_lint_is_shared() {
    for (name, _) in packages().iter().filter(|(name, _)| name != "tests") {
        let manifest = workspace().join("crates").join(name).join("Cargo.toml");
        let text = std::fs::read_to_string(&manifest).unwrap();
        assert!(
            text.contains("[lints]\nworkspace = true"),
            "{}",
            manifest.display()
        );
    }
}
