//! Selectors, and whether what they should select is there.

use std::collections::BTreeMap;

use k8s_openapi::{
    api::{
        apps::v1::{Deployment, StatefulSet},
        core::v1::{Service, ServicePort},
        policy::v1::PodDisruptionBudget,
    },
    apimachinery::pkg::{apis::meta::v1::LabelSelector, util::intstr::IntOrString},
};

use super::objects::{Overlay, Pods};

type Labels = BTreeMap<String, String>;

/// Whether a selector selects something with these labels. No label and no expression: everything.
pub fn selects(selector: &LabelSelector, labels: &Labels) -> bool {
    let equal = |(key, value): (&String, &String)| labels.get(key) == Some(value);
    let by_labels = selector.match_labels.iter().flatten().all(equal);
    by_labels
        && selector
            .match_expressions
            .iter()
            .flatten()
            .all(|expression| {
                let value = labels.get(&expression.key);
                let among = || {
                    value
                        .is_some_and(|v| expression.values.iter().flatten().any(|other| other == v))
                };
                match expression.operator.as_str() {
                    "In" => among(),
                    "NotIn" => !among(),
                    "Exists" => value.is_some(),
                    "DoesNotExist" => value.is_none(),
                    other => panic!("no such operator: {other}"),
                }
            })
}

fn by_labels(labels: &Labels) -> LabelSelector {
    LabelSelector {
        match_labels: Some(labels.clone()),
        match_expressions: None,
    }
}

/// The number of the port of a container of these pods, by name or by number; none if they have no such port.
pub fn port_of(pods: &Pods, port: &IntOrString) -> Option<i32> {
    let mut ports = pods
        .spec
        .containers
        .iter()
        .flat_map(|c| c.ports.iter().flatten());
    let found = ports.find(|p| match port {
        IntOrString::Int(number) => p.container_port == *number,
        IntOrString::String(name) => p.name.as_ref() == Some(name),
    });
    found.map(|p| p.container_port)
}

#[test]
fn selectors_match_the_labels_of_their_own_pods_and_no_others() {
    for overlay in Overlay::both() {
        let pods = overlay.pods();
        let mut selectors = Vec::new();
        for it in overlay.all::<Deployment>() {
            selectors.push((
                format!("Deployment/{}", it.metadata.name.unwrap()),
                it.spec.selector,
            ));
        }
        for it in overlay.all::<StatefulSet>() {
            selectors.push((
                format!("StatefulSet/{}", it.metadata.name.unwrap()),
                it.spec.selector,
            ));
        }
        for (owner, selector) in selectors {
            let owners: Vec<_> = pods
                .iter()
                .filter(|p| selects(&selector, &p.labels))
                .map(|p| &p.owner)
                .collect();
            assert_eq!(owners, [&owner], "{}", overlay.name);
        }
    }
}

#[test]
fn every_service_has_pods_with_each_of_its_ports() {
    for overlay in Overlay::both() {
        let pods = overlay.pods();
        for service in overlay.all::<Service>() {
            let (name, spec) = (service.metadata.name.unwrap(), service.spec.unwrap());
            let selector = by_labels(spec.selector.as_ref().unwrap());
            let behind: Vec<_> = pods
                .iter()
                .filter(|p| selects(&selector, &p.labels))
                .collect();
            assert_eq!(behind.len(), 1, "{}: Service/{name}", overlay.name);
            for port in spec.ports.unwrap() {
                assert!(
                    port_of(behind[0], &target(&port)).is_some(),
                    "{}: Service/{name}: {port:?}",
                    overlay.name
                );
            }
        }
    }
}

fn target(port: &ServicePort) -> IntOrString {
    port.target_port
        .clone()
        .unwrap_or(IntOrString::Int(port.port))
}

#[test]
fn a_disruption_takes_one_pod_of_a_server_and_can_take_one() {
    for overlay in Overlay::both() {
        let pods = overlay.pods();
        let mut protected = Vec::new();
        for budget in overlay.all::<PodDisruptionBudget>() {
            let spec = budget.spec.unwrap();
            let selector = spec.selector.unwrap();
            let behind: Vec<_> = pods
                .iter()
                .filter(|p| selects(&selector, &p.labels))
                .collect();
            assert_eq!(behind.len(), 1, "{}", overlay.name);
            match behind[0].name() {
                "api" => assert_eq!(spec.min_available, Some(IntOrString::Int(1))),
                // There may be one worker only, which a minimum of one would tie to its node.
                "worker" => assert_eq!(
                    (spec.min_available, spec.max_unavailable),
                    (None, Some(IntOrString::Int(1)))
                ),
                other => panic!("no budget is expected for {other}"),
            }
            protected.push(behind[0].name());
        }
        assert_eq!(protected, ["api", "worker"], "{}", overlay.name);
        let api = overlay
            .all::<Deployment>()
            .into_iter()
            .find(|d| d.metadata.name.as_deref() == Some("api"))
            .unwrap();
        assert!(
            api.spec.replicas.unwrap() > 1,
            "{}: else no API pod could ever be moved",
            overlay.name
        );
    }
}

#[test]
fn a_cid_lives_on_one_node() {
    for overlay in Overlay::both() {
        let mut nodes = overlay
            .all::<StatefulSet>()
            .into_iter()
            .filter(|s| s.metadata.name.as_deref() == Some("kubo"));
        assert_eq!(
            nodes.next().unwrap().spec.replicas,
            Some(1),
            "{}",
            overlay.name
        );
    }
}
