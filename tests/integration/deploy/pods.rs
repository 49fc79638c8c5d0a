//! What each pod may do and use: nothing that it does not need.

use k8s_openapi::api::core::v1::{Container, PodSpec, Probe};

use super::objects::Overlay;

fn each(check: impl Fn(&str, &PodSpec, &Container)) {
    for overlay in Overlay::both() {
        for pods in overlay.pods() {
            assert!(
                pods.spec.init_containers.is_none() && pods.spec.ephemeral_containers.is_none()
            );
            for container in &pods.spec.containers {
                check(
                    &format!("{}: {}", overlay.name, pods.owner),
                    &pods.spec,
                    container,
                );
            }
        }
    }
}

#[test]
fn no_container_is_root_or_can_become_it() {
    each(|place, pod, container| {
        let of_pod = pod.security_context.as_ref().expect(place);
        assert_eq!(of_pod.run_as_non_root, Some(true), "{place}");
        assert!(
            of_pod.run_as_user.is_some_and(|user| user > 0),
            "{place}: the number must be given"
        );
        assert_eq!(
            of_pod.seccomp_profile.as_ref().expect(place).type_,
            "RuntimeDefault",
            "{place}"
        );
        let own = container.security_context.as_ref().expect(place);
        assert_eq!(own.allow_privilege_escalation, Some(false), "{place}");
        assert_eq!(own.read_only_root_filesystem, Some(true), "{place}");
        let capabilities = own.capabilities.as_ref().expect(place);
        assert_eq!(
            (capabilities.drop.as_deref(), capabilities.add.as_ref()),
            (Some(&["ALL".to_owned()][..]), None),
            "{place}"
        );
        assert!(
            own.privileged.is_none() && own.run_as_user.is_none() && own.run_as_non_root.is_none(),
            "{place}"
        );
        assert!(
            pod.host_network.is_none() && pod.host_pid.is_none() && pod.host_ipc.is_none(),
            "{place}"
        );
        assert!(
            pod.volumes.iter().flatten().all(|v| v.host_path.is_none()),
            "{place}"
        );
    });
}

#[test]
fn our_own_images_run_as_their_own_user() {
    each(|place, pod, container| {
        let ours = container
            .image
            .as_deref()
            .unwrap()
            .contains("fhir-bulk-export");
        let user = pod.security_context.as_ref().unwrap().run_as_user;
        assert_eq!(ours, user == Some(65532), "{place}: {user:?}");
    });
}

#[test]
fn no_pod_can_call_kubernetes_or_is_told_of_its_services() {
    each(|place, pod, _| {
        assert_eq!(pod.automount_service_account_token, Some(false), "{place}");
        // A Service named redis would set REDIS_PORT=tcp://…
        assert_eq!(pod.enable_service_links, Some(false), "{place}");
    });
}

#[test]
fn every_container_says_what_it_needs_and_cannot_take_more_memory() {
    each(|place, _, container| {
        let resources = container.resources.as_ref().expect(place);
        for name in ["cpu", "memory"] {
            assert!(
                resources.requests.iter().flatten().any(|(n, _)| n == name),
                "{place}: {name}"
            );
        }
        assert!(
            resources
                .limits
                .iter()
                .flatten()
                .any(|(n, _)| n == "memory"),
            "{place}"
        );
    });
}

#[test]
fn every_image_has_a_tag_that_is_not_the_latest() {
    each(|place, _, container| {
        let image = container.image.as_deref().unwrap();
        let tag = image
            .rsplit_once('/')
            .map_or(image, |(_, last)| last)
            .split_once(':')
            .map(|(_, tag)| tag);
        assert!(tag.is_some_and(|tag| tag != "latest"), "{place}: {image}");
    });
}

#[test]
fn servers_are_probed_and_no_restart_depends_on_another_server() {
    let path = |probe: &Option<Probe>| probe.as_ref()?.http_get.as_ref()?.path.clone();
    for overlay in Overlay::both() {
        for pods in overlay.pods() {
            let container = &pods.spec.containers[0];
            match pods.name() {
                "api" | "worker" => {
                    assert_eq!(path(&container.startup_probe).as_deref(), Some("/healthz"));
                    assert_eq!(path(&container.liveness_probe).as_deref(), Some("/healthz"));
                    assert_eq!(path(&container.readiness_probe).as_deref(), Some("/readyz"));
                }
                "kubo" => {
                    let command = |p: &Option<Probe>| {
                        p.as_ref()?
                            .exec
                            .as_ref()?
                            .command
                            .as_ref()
                            .map(|c| c.join(" "))
                    };
                    let healthy =
                        Some("ipfs --api=/ip4/127.0.0.1/tcp/5001 diag healthy".to_owned());
                    assert_eq!(command(&container.startup_probe), healthy);
                    assert_eq!(command(&container.liveness_probe), healthy);
                    assert!(container.readiness_probe.is_some());
                }
                "postgres" | "redis" => assert!(
                    container.liveness_probe.is_some() && container.readiness_probe.is_some()
                ),
                other => assert!(
                    ["migrate", "load"].contains(&other),
                    "nothing here knows {other}"
                ),
            }
        }
    }
}

#[test]
fn replicas_of_a_server_are_spread() {
    for pods in Overlay::both().into_iter().flat_map(Overlay::pods) {
        if ["api", "worker"].contains(&pods.name()) {
            for spread in pods
                .spec
                .topology_spread_constraints
                .as_ref()
                .expect("a rule")
            {
                let selector = spread.label_selector.as_ref().unwrap();
                assert!(
                    super::selectors::selects(selector, &pods.labels),
                    "{}",
                    pods.owner
                );
            }
        }
    }
}
