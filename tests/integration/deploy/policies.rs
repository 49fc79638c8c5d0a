//! What the network policies of an overlay let through, computed as Kubernetes defines it: a pod that a policy selects for a
//! direction may do in that direction what one of its policies allows, and a connection needs both ends' leave.

use std::{collections::BTreeMap, net::IpAddr};

use k8s_openapi::api::{
    core::v1::Namespace,
    networking::v1::{
        IPBlock, NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort, NetworkPolicySpec,
    },
};

use super::{
    objects::{Overlay, Pods},
    selectors::{port_of, selects},
};

/// One end of a connection.
#[derive(Clone, Copy)]
pub enum End<'a> {
    /// A pod of the overlay.
    Own(&'a Pods),
    /// A pod with these labels in another namespace with those.
    Other {
        namespace: &'a BTreeMap<String, String>,
        pod: &'a BTreeMap<String, String>,
    },
    /// An address outside.
    Address(&'a str),
}

/// The policies of one overlay.
pub struct Policies {
    policies: Vec<NetworkPolicySpec>,
    /// The labels of the overlay's own namespace.
    namespace: BTreeMap<String, String>,
}

impl Policies {
    pub fn of(overlay: &Overlay) -> Self {
        let policies = overlay.all::<NetworkPolicy>().into_iter();
        let namespace = overlay.all::<Namespace>().remove(0).metadata;
        let name = (
            "kubernetes.io/metadata.name".to_owned(),
            namespace.name.unwrap(),
        );
        Self {
            policies: policies.map(|p| p.spec.unwrap()).collect(),
            namespace: namespace
                .labels
                .into_iter()
                .flatten()
                .chain([name])
                .collect(),
        }
    }

    /// Whether a connection from one end to a TCP port of another is let through.
    pub fn allow(&self, from: End<'_>, to: End<'_>, port: i32) -> bool {
        self.lets_out(from, to, port) && self.lets_in(from, to, port)
    }

    fn lets_out(&self, from: End<'_>, to: End<'_>, port: i32) -> bool {
        let End::Own(pods) = from else { return true };
        let policies = self.for_pods(pods, "Egress");
        policies.is_empty()
            || policies
                .iter()
                .flat_map(|p| p.egress.iter().flatten())
                .any(|rule| {
                    self.peer_fits(rule.to.as_deref(), to)
                        && port_fits(rule.ports.as_deref(), to, port)
                })
    }

    fn lets_in(&self, from: End<'_>, to: End<'_>, port: i32) -> bool {
        let End::Own(pods) = to else { return true };
        let policies = self.for_pods(pods, "Ingress");
        policies.is_empty()
            || policies
                .iter()
                .flat_map(|p| p.ingress.iter().flatten())
                .any(|rule| {
                    self.peer_fits(rule.from.as_deref(), from)
                        && port_fits(rule.ports.as_deref(), to, port)
                })
    }

    /// No list of peers: everybody.
    fn peer_fits(&self, peers: Option<&[NetworkPolicyPeer]>, end: End<'_>) -> bool {
        let Some(peers) = peers.filter(|p| !p.is_empty()) else {
            return true;
        };
        peers.iter().any(|peer| {
            let (own, namespace, pod) = match end {
                End::Own(pods) => (true, &self.namespace, &pods.labels),
                End::Other { namespace, pod } => (false, namespace, pod),
                End::Address(address) => {
                    return peer
                        .ip_block
                        .as_ref()
                        .is_some_and(|b| block_fits(b, address));
                }
            };
            // Without a selector of namespaces, pods of the policy's own are meant.
            let here = peer
                .namespace_selector
                .as_ref()
                .map_or(own, |s| selects(s, namespace));
            peer.ip_block.is_none()
                && here
                && peer.pod_selector.as_ref().is_none_or(|s| selects(s, pod))
        })
    }

    /// The policies that hold for these pods in a direction.
    pub fn for_pods(&self, pods: &Pods, direction: &str) -> Vec<&NetworkPolicySpec> {
        let holds = |policy: &&NetworkPolicySpec| {
            // Left out, the types depend on which rules there are: here each policy says them.
            let types = policy
                .policy_types
                .as_ref()
                .expect("policyTypes is written");
            let selector = policy.pod_selector.clone().unwrap_or_default();
            types.iter().any(|t| t == direction) && selects(&selector, &pods.labels)
        };
        self.policies.iter().filter(holds).collect()
    }
}

/// Whether a block holds an address. A wide one may hold those of pods too, which nobody knows here.
fn block_fits(block: &IPBlock, address: &str) -> bool {
    let address: IpAddr = address.parse().expect("an address");
    let excepted = block.except.iter().flatten();
    holds(&block.cidr, address) && !excepted.into_iter().any(|part| holds(part, address))
}

fn holds(cidr: &str, address: IpAddr) -> bool {
    let (first, length) = cidr.split_once('/').expect("a block has a length");
    let length: u32 = length.parse().expect("a length is a number");
    match (
        first.parse().expect("a block begins with an address"),
        address,
    ) {
        (IpAddr::V4(first), IpAddr::V4(address)) => {
            let rest = 32 - length;
            u64::from(u32::from(first)) >> rest == u64::from(u32::from(address)) >> rest
        }
        (IpAddr::V6(first), IpAddr::V6(address)) => {
            let rest = 128 - length;
            rest == 128 || u128::from(first) >> rest == u128::from(address) >> rest
        }
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
    }
}

/// No list of ports: all.
fn port_fits(ports: Option<&[NetworkPolicyPort]>, to: End<'_>, port: i32) -> bool {
    let Some(ports) = ports.filter(|p| !p.is_empty()) else {
        return true;
    };
    ports
        .iter()
        .filter(|rule| rule.protocol.as_deref().unwrap_or("TCP") == "TCP")
        .any(|rule| {
            assert!(rule.end_port.is_none(), "ranges of ports are not read here");
            match (&rule.port, to) {
                (None, _) => true,
                (Some(named), End::Own(pods)) => port_of(pods, named) == Some(port),
                (Some(number), _) => {
                    *number == k8s_openapi::apimachinery::pkg::util::intstr::IntOrString::Int(port)
                }
            }
        })
}
