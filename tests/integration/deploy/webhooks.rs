//! The optional way out to receivers of webhooks: as far as workers go themselves, and for nobody else.

use bulk_export_domain::webhook::is_public;

use super::{
    objects::Overlay,
    policies::{End, Policies},
};

/// Production with the component.
const OVERLAY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/integration/deploy/webhooks");

#[test]
fn the_component_lets_workers_and_nobody_else_out_to_public_addresses() {
    let overlay = Overlay::build(OVERLAY).unwrap_or_else(|error| panic!("{error}"));
    let (policies, pods) = (Policies::of(&overlay), overlay.pods());
    let reaches = |name: &str, address: &str, port: i32| {
        let from = pods.iter().find(|pods| pods.name() == name).unwrap();
        policies.allow(End::Own(from), End::Address(address), port)
    };
    let addresses = [
        "1.1.1.1",
        "8.8.8.8",
        "11.0.0.0",
        "100.128.0.0",
        "172.32.0.0",
        "192.169.0.0",
        "223.255.255.255",
        "0.0.0.1",
        "10.0.0.1",
        "100.64.0.1",
        "127.0.0.1",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.8",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.19.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "255.255.255.255",
        "2606:4700::1111",
        "2a00:1450::1",
        "2001:200::1",
        "::1",
        "::ffff:8.8.8.8",
        "2001::1",
        "2001:db8::1",
        "2002:808::",
        "2620:4f:8000::1",
        "3fff::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "ff02::1",
    ];
    for address in addresses {
        let public = is_public(address.parse().unwrap());
        assert_eq!(reaches("worker", address, 443), public, "{address}");
        assert!(!reaches("worker", address, 80), "{address}");
        for other in ["api", "migrate", "kubo"] {
            assert!(!reaches(other, address, 443), "{other}: {address}");
        }
    }
    // What production has without it stays: its database, and no more than that.
    assert!(reaches("worker", "192.0.2.10", 5432));
}

#[test]
fn without_the_component_workers_get_nowhere() {
    for overlay in Overlay::both() {
        let (policies, pods) = (Policies::of(overlay), overlay.pods());
        let worker = pods.iter().find(|pods| pods.name() == "worker").unwrap();
        assert!(
            !policies.allow(End::Own(worker), End::Address("1.1.1.1"), 443),
            "{}",
            overlay.name
        );
    }
}
