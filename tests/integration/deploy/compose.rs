//! The compose file, read strictly: the whole product on one machine, with nothing open beyond it.

mod file;

use std::collections::{BTreeMap, BTreeSet};

pub use file::file;

use super::{
    configuration::{seconds, tokens_are_checked_in_one_way},
    text,
    variables::Program,
};

/// The variables of deploy/.env that a text uses, each with what follows its name: `:?message` or `:-default`.
fn interpolated(text: &str) -> BTreeSet<(&str, &str)> {
    let uses = text
        .split("${")
        .skip(1)
        .map(|rest| rest.split_once('}').unwrap().0);
    uses.map(|used| used.split_at(used.find(':').unwrap_or(used.len())))
        .collect()
}

#[test]
fn the_product_is_there_with_two_workers() {
    let file = file();
    let names: Vec<_> = file.services.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "api", "cli", "kubo", "migrate", "postgres", "redis", "worker"
        ]
    );
    assert_eq!(file.services["worker"].deploy.as_ref().unwrap().replicas, 2);
    assert_eq!(file.services["cli"].profiles, ["tools"]);
}

#[test]
fn nothing_listens_beyond_this_machine_and_only_the_api_there() {
    for (name, service) in file().services {
        let loopback = service
            .ports
            .iter()
            .all(|port| port.starts_with("127.0.0.1:"));
        // The API's port, and its private one.
        let ports = if name == "api" { 2 } else { 0 };
        assert!(
            loopback && service.ports.len() == ports,
            "{name}: {:?}",
            service.ports
        );
    }
}

#[test]
fn only_workers_share_the_networks_of_the_rpc_and_only_the_api_that_of_the_gateway() {
    let file = file();
    let on = |network: &str| {
        let on = file
            .services
            .iter()
            .filter(|(_, s)| s.networks().contains(&network));
        on.map(|(name, _)| name.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(on("rpc"), ["kubo", "worker"]);
    assert_eq!(on("gateway"), ["api", "kubo"]);
    assert_eq!(on("edge"), ["api"]);
    assert_eq!(
        on("data"),
        ["api", "cli", "migrate", "postgres", "redis", "worker"]
    );
    for (name, network) in &file.networks {
        assert_eq!(network.internal, name != "edge", "{name}");
    }

    // Two networks are worth nothing if both ports listen on both.
    let kubo = &file.services["kubo"];
    let address = |network: &str| {
        kubo.networks[network]["ipv4_address"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let (rpc, gateway) = (
        &kubo.environment["KUBO_RPC_LISTEN"],
        &kubo.environment["KUBO_GATEWAY_LISTEN"],
    );
    assert_eq!(
        *rpc,
        format!("/ip4/127.0.0.1/tcp/5001,/ip4/{}/tcp/5001", address("rpc"))
    );
    assert_eq!(*gateway, format!("/ip4/{}/tcp/8080", address("gateway")));
}

#[test]
fn every_variable_is_documented_and_every_required_one_is_set() {
    for (name, service) in file().services {
        Program::named(&name).check(
            &format!("compose: {name}"),
            service.environment.keys().map(String::as_str),
        );
    }
}

#[test]
fn secrets_come_from_the_env_file_and_have_no_default() {
    for (name, service) in file().services {
        let known = Program::named(&name).variables();
        for (variable, value) in &service.environment {
            let hidden = known[variable].secret
                || variable.ends_with("DATABASE_URL")
                || variable.ends_with("PASSWORD");
            let from_file = interpolated(value)
                .iter()
                .any(|(_, rest)| rest.starts_with(":?"));
            assert!(!hidden || from_file, "{name}: {variable}");
        }
    }
}

#[test]
fn the_env_file_has_what_is_used_and_nothing_else() {
    let (compose, example) = (text("deploy/compose.yaml"), text("deploy/.env.example"));
    let used = interpolated(&compose);
    let given: BTreeMap<_, _> = example
        .lines()
        .filter(|l| !l.starts_with('#'))
        .filter_map(|l| l.split_once('='))
        .collect();
    assert_eq!(
        used.iter().map(|(name, _)| *name).collect::<BTreeSet<_>>(),
        given.keys().copied().collect()
    );
    for (name, rest) in used {
        match given[name] {
            // The script puts a random value there; without it, compose refuses.
            "" => assert_eq!(rest, ":?run deploy/tools/new-env", "{name}"),
            default => assert_eq!(rest, format!(":-{default}"), "{name}"),
        }
    }
    Program::Compose.check(
        "compose",
        given.iter().filter(|(_, v)| !v.is_empty()).map(|(n, _)| *n),
    );
}

#[test]
fn the_development_secret_is_for_an_api_on_this_machine() {
    let api = &file().services["api"];
    tokens_are_checked_in_one_way("compose", |name| api.environment.get(name).cloned());
}

#[test]
fn no_container_can_write_its_root_or_gain_rights() {
    for (name, service) in file().services {
        assert!(service.read_only, "{name}");
        assert_eq!(
            (service.cap_drop, service.security_opt),
            (vec!["ALL".into()], vec!["no-new-privileges:true".into()]),
            "{name}"
        );
        // Our images name their user themselves; the others would start as root.
        assert_eq!(service.user.is_none(), service.build.is_some(), "{name}");
    }
}

#[test]
fn what_must_be_there_first_is_waited_for() {
    let file = file();
    for (name, service) in &file.services {
        for (other, dependency) in &service.depends_on {
            let there = &file.services[other];
            let expected = if other == "migrate" {
                "service_completed_successfully"
            } else {
                "service_healthy"
            };
            assert_eq!(dependency.condition, expected, "{name} on {other}");
            assert!(
                other == "migrate"
                    || there
                        .healthcheck
                        .as_ref()
                        .is_some_and(|h| !h.test.is_empty()),
                "{other}"
            );
        }
    }
    for name in ["api", "worker"] {
        let needs: Vec<_> = file.services[name]
            .depends_on
            .keys()
            .map(String::as_str)
            .collect();
        assert_eq!(needs, ["kubo", "migrate", "postgres", "redis"], "{name}");
        // SHUTDOWN_GRACE is not set, so its default holds.
        assert!(
            !file.services[name]
                .environment
                .contains_key("SHUTDOWN_GRACE")
        );
        assert!(
            seconds(file.services[name].stop_grace_period.as_ref().unwrap()) > 25,
            "{name}"
        );
    }
}

#[test]
fn every_volume_is_declared_and_every_file_that_is_mounted_is_there() {
    let file = file();
    for (name, service) in &file.services {
        for volume in &service.volumes {
            let source = volume.split(':').next().unwrap();
            match source.strip_prefix("./") {
                Some(relative) => assert!(
                    super::path("deploy").join(relative).exists() && volume.ends_with(":ro"),
                    "{name}: {volume}"
                ),
                None => assert!(file.volumes.contains_key(source), "{name}: {volume}"),
            }
        }
    }
}
