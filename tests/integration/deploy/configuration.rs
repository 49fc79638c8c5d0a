//! The environment that the manifests give to the programs: documented, whole, and with no secret in the clear.

use std::collections::BTreeMap;

use super::{
    objects::{Overlay, Pods},
    references::{Source, environment, files},
    variables::Program,
};

fn containers(overlay: &Overlay) -> Vec<(Pods, Program, BTreeMap<String, Source>)> {
    let of = |pods: Pods| {
        let [container] = pods.spec.containers.as_slice() else {
            panic!("{}: one container is expected", pods.owner)
        };
        assert_eq!(container.name, pods.name());
        let variables = environment(overlay, container);
        (Program::named(&container.name), variables, pods)
    };
    overlay
        .pods()
        .into_iter()
        .map(of)
        .map(|(program, variables, pods)| (pods, program, variables))
        .collect()
}

#[test]
fn every_variable_is_documented_and_every_required_one_is_set() {
    for overlay in Overlay::both() {
        for (pods, program, variables) in containers(overlay) {
            program.check(
                &format!("{}: {}", overlay.name, pods.owner),
                variables.keys().map(String::as_str),
            );
        }
    }
}

#[test]
fn no_secret_stands_in_the_clear() {
    for overlay in Overlay::both() {
        for (pods, program, variables) in containers(overlay) {
            let known = program.variables();
            for (name, source) in variables {
                let hidden = known[&name].secret
                    || name.ends_with("DATABASE_URL")
                    || name.ends_with("PASSWORD");
                let clear = matches!(source, Source::Clear(_));
                assert!(
                    !(hidden && clear),
                    "{}: {}: {name} comes from no Secret",
                    overlay.name,
                    pods.owner
                );
            }
        }
    }
}

#[test]
fn every_file_that_a_variable_names_is_mounted() {
    for overlay in Overlay::both() {
        for (pods, _, variables) in containers(overlay) {
            let files = files(&pods);
            let named: Vec<_> = variables
                .iter()
                .filter(|(name, _)| name.ends_with("_FILE"))
                .collect();
            for (name, source) in &named {
                let Source::Clear(path) = source else {
                    panic!("{name} is a path, not a secret")
                };
                assert!(
                    files.contains_key(path),
                    "{}: {}: {name} names {path}",
                    overlay.name,
                    pods.owner
                );
            }
            assert_eq!(
                named.len(),
                files.len(),
                "{}: {}: a file that nothing names",
                overlay.name,
                pods.owner
            );
        }
    }
}

/// The development secret makes anybody an administrator who can read it, so it goes with an API on this machine only.
pub fn tokens_are_checked_in_one_way(place: &str, value: impl Fn(&str) -> Option<String>) {
    let ways = [
        "AUTH_JWKS_URL",
        "AUTH_JWKS_FILE",
        "AUTH_DEV_SECRET",
        "AUTH_DEV_SECRET_FILE",
    ];
    let set: Vec<_> = ways
        .into_iter()
        .filter(|name| value(name).is_some())
        .collect();
    assert_eq!(set.len(), 1, "{place}: {set:?}");
    if set[0].starts_with("AUTH_DEV_SECRET") {
        let base = value("PUBLIC_BASE_URL").unwrap();
        assert!(
            base.starts_with("http://localhost:"),
            "{place}: {base} with a development secret"
        );
    }
}

#[test]
fn the_development_secret_is_for_an_api_on_this_machine() {
    for overlay in Overlay::both() {
        for (pods, _, variables) in containers(overlay)
            .into_iter()
            .filter(|(_, p, _)| *p == Program::Api)
        {
            tokens_are_checked_in_one_way(&format!("{}: {}", overlay.name, pods.owner), |name| {
                match variables.get(name)? {
                    Source::Clear(value) => Some(value.clone()),
                    Source::Secret(_) => Some(String::new()),
                }
            });
        }
    }
}

/// Seconds of a duration such as `25s` or `24h`.
pub fn seconds(text: &str) -> i64 {
    let (number, unit) = text.split_at(text.len() - 1);
    let factor = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        other => panic!("{text}: {other} is no unit here"),
    };
    number.parse::<i64>().unwrap() * factor
}

#[test]
fn kubernetes_waits_longer_than_a_shutdown_takes() {
    for overlay in Overlay::both() {
        for (pods, program, variables) in containers(overlay) {
            let patience = pods.spec.termination_grace_period_seconds.unwrap_or(30);
            let needed = match program {
                Program::Api | Program::Worker => {
                    let Some(Source::Clear(grace)) = variables.get("SHUTDOWN_GRACE") else {
                        panic!("{}", pods.owner)
                    };
                    seconds(grace)
                }
                Program::Kubo => {
                    let script = super::text("deploy/kubo/private-node.sh");
                    let line = script
                        .lines()
                        .find(|l| l.contains("Internal.ShutdownTimeout"))
                        .unwrap();
                    seconds(line.split('"').nth(1).unwrap())
                }
                _ => continue,
            };
            assert!(
                patience > needed,
                "{}: {}: {patience} s for {needed} s",
                overlay.name,
                pods.owner
            );
        }
    }
}
