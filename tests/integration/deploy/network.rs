//! Who may talk to whom.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::PodSpec;

use super::{
    objects::{Overlay, Pods},
    policies::{End, Policies},
};

/// Everybody who reaches a port, by name, and what the port belongs to.
fn reach(overlay: &Overlay) -> BTreeMap<(String, i32), Vec<String>> {
    let (policies, pods) = (Policies::of(overlay), overlay.pods());
    let mut reach = BTreeMap::new();
    for to in &pods {
        for port in to
            .spec
            .containers
            .iter()
            .flat_map(|c| c.ports.iter().flatten())
        {
            let reaches =
                |from: &&Pods| policies.allow(End::Own(from), End::Own(to), port.container_port);
            let others = pods.iter().filter(|from| from.owner != to.owner);
            let mut names: Vec<_> = others
                .filter(reaches)
                .map(|from| from.name().to_owned())
                .collect();
            names.sort();
            reach.insert((to.name().to_owned(), port.container_port), names);
        }
    }
    reach
}

#[test]
fn only_workers_reach_the_rpc_port_and_only_the_api_the_gateway() {
    for overlay in Overlay::both() {
        let reach = reach(overlay);
        assert_eq!(
            reach[&("kubo".to_owned(), 5001)],
            ["worker"],
            "{}",
            overlay.name
        );
        assert_eq!(
            reach[&("kubo".to_owned(), 8080)],
            ["api"],
            "{}",
            overlay.name
        );
    }
}

#[test]
fn nobody_else_reaches_anything_that_need_not_be_reached() {
    let dev = reach(Overlay::dev());
    let expected: [(&str, i32, &[&str]); 6] = [
        ("api", 8080, &[]),
        ("kubo", 5001, &["worker"]),
        ("kubo", 8080, &["api"]),
        ("postgres", 5432, &["api", "load", "migrate", "worker"]),
        ("redis", 6379, &["api", "worker"]),
        ("worker", 8081, &[]),
    ];
    let expected = expected.map(|(name, port, who)| {
        (
            (name.to_owned(), port),
            who.iter().map(|w| (*w).to_owned()).collect(),
        )
    });
    assert_eq!(dev, BTreeMap::from(expected));
    assert_eq!(reach(Overlay::prod()).len(), 4);
}

#[test]
fn every_pod_is_shut_in_both_directions() {
    for overlay in Overlay::both() {
        let policies = Policies::of(overlay);
        // One that nobody has thought of, too.
        let stranger = Pods {
            owner: "Pod/stranger".into(),
            labels: BTreeMap::new(),
            spec: PodSpec::default(),
        };
        for pods in overlay.pods().into_iter().chain([stranger]) {
            for direction in ["Ingress", "Egress"] {
                assert!(
                    !policies.for_pods(&pods, direction).is_empty(),
                    "{}: {}",
                    overlay.name,
                    pods.owner
                );
            }
        }
    }
}

#[test]
fn the_api_is_reached_from_the_gateways_namespace_only() {
    let labels = |pairs: &[(&str, &str)]| {
        pairs
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect()
    };
    let (gateway, stranger) = (
        labels(&[("fhir-bulk-export.org/gateway", "true")]),
        labels(&[("kubernetes.io/metadata.name", "default")]),
    );
    let anything = labels(&[
        ("app.kubernetes.io/name", "fhir-bulk-export"),
        ("app.kubernetes.io/component", "worker"),
    ]);
    for overlay in Overlay::both() {
        let policies = Policies::of(overlay);
        for pods in overlay.pods() {
            for port in pods
                .spec
                .containers
                .iter()
                .flat_map(|c| c.ports.iter().flatten())
                .map(|p| p.container_port)
            {
                let from = |namespace| {
                    policies.allow(
                        End::Other {
                            namespace,
                            pod: &anything,
                        },
                        End::Own(&pods),
                        port,
                    )
                };
                assert_eq!(
                    from(&gateway),
                    pods.name() == "api",
                    "{}: {}:{port}",
                    overlay.name,
                    pods.owner
                );
                assert!(!from(&stranger), "{}: {}:{port}", overlay.name, pods.owner);
            }
        }
    }
}

#[test]
fn the_node_can_call_nobody_and_the_others_only_what_they_need_outside() {
    let outside = [
        ("192.0.2.10", 5432),
        ("192.0.2.20", 6379),
        ("192.0.2.30", 443),
        ("198.51.100.1", 443),
    ];
    let policies = Policies::of(Overlay::prod());
    for pods in Overlay::prod().pods() {
        let reaches = outside
            .map(|(address, port)| policies.allow(End::Own(&pods), End::Address(address), port));
        let expected = match pods.name() {
            "api" => [true, true, true, false],
            "worker" => [true, true, false, false],
            "migrate" => [true, false, false, false],
            "kubo" => [false; 4],
            other => panic!("nothing here knows {other}"),
        };
        assert_eq!(reaches, expected, "{}", pods.owner);
    }
}

#[test]
fn everybody_but_the_node_and_the_databases_can_ask_for_names() {
    let labels = |key: &str, value: &str| BTreeMap::from([(key.to_owned(), value.to_owned())]);
    let (namespace, pod) = (
        labels("kubernetes.io/metadata.name", "kube-system"),
        labels("k8s-app", "kube-dns"),
    );
    for overlay in Overlay::both() {
        let policies = Policies::of(overlay);
        for pods in overlay.pods() {
            let asks = policies.allow(
                End::Own(&pods),
                End::Other {
                    namespace: &namespace,
                    pod: &pod,
                },
                53,
            );
            assert_eq!(
                asks,
                !["kubo", "postgres", "redis"].contains(&pods.name()),
                "{}: {}",
                overlay.name,
                pods.owner
            );
        }
    }
}
