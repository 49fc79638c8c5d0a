//! What the manifests refer to: config maps and secrets are in the overlay, or the README says who must bring them.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{ConfigMap, Container, Secret};

use super::{
    objects::{Overlay, Pods},
    scaling, text,
};

/// Where a variable of a container gets its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// It stands in the manifest, or in a config map.
    Clear(String),
    /// A key of a Secret.
    Secret(SecretKey),
}

/// A key of a Secret, and whether a pod starts without it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SecretKey {
    pub secret: String,
    pub key: String,
    pub optional: bool,
}

/// The variables of a container, those of its config maps included.
pub fn environment(overlay: &Overlay, container: &Container) -> BTreeMap<String, Source> {
    let mut variables = BTreeMap::new();
    for from in container.env_from.iter().flatten() {
        assert!(
            from.prefix.is_none() && from.secret_ref.is_none(),
            "{}: only whole ConfigMaps",
            container.name
        );
        let data = config_map(overlay, &from.config_map_ref.as_ref().unwrap().name);
        variables.extend(
            data.into_iter()
                .map(|(name, value)| (name, Source::Clear(value))),
        );
    }
    for variable in container.env.iter().flatten() {
        let source = match (&variable.value, &variable.value_from) {
            (Some(value), None) => Source::Clear(value.clone()),
            (None, Some(from)) => {
                let from = from
                    .secret_key_ref
                    .as_ref()
                    .expect("only Secrets' keys are used");
                let (secret, key) = (from.name.clone(), from.key.clone());
                Source::Secret(SecretKey {
                    secret,
                    key,
                    optional: from.optional == Some(true),
                })
            }
            other => panic!("{}: {other:?}", variable.name),
        };
        variables.insert(variable.name.clone(), source);
    }
    variables
}

fn config_map(overlay: &Overlay, name: &str) -> BTreeMap<String, String> {
    let mut maps = overlay.all::<ConfigMap>().into_iter();
    let map = maps.find(|m| m.metadata.name.as_deref() == Some(name));
    map.unwrap_or_else(|| panic!("{}: there is no ConfigMap {name}", overlay.name))
        .data
        .unwrap_or_default()
}

/// Every key of a Secret that something in the overlay needs.
pub fn secret_keys(overlay: &Overlay) -> BTreeSet<SecretKey> {
    let mut keys: BTreeSet<_> = scaling::secret_keys(overlay).into_iter().collect();
    for pods in overlay.pods() {
        for container in &pods.spec.containers {
            let sources = environment(overlay, container).into_values();
            keys.extend(sources.filter_map(|s| {
                if let Source::Secret(key) = s {
                    Some(key)
                } else {
                    None
                }
            }));
        }
        keys.extend(files(&pods).into_values());
    }
    keys
}

/// The files that come from Secrets, by their path in the container.
pub fn files(pods: &Pods) -> BTreeMap<String, SecretKey> {
    let mut files = BTreeMap::new();
    for volume in pods.spec.volumes.iter().flatten() {
        assert!(
            volume.secret.is_none(),
            "{}: Secrets are projected, so that each key is named",
            pods.owner
        );
        let mounts = pods
            .spec
            .containers
            .iter()
            .flat_map(|c| c.volume_mounts.iter().flatten());
        let mount = mounts
            .into_iter()
            .find(|m| m.name == volume.name)
            .unwrap_or_else(|| panic!("{}: {} is not mounted", pods.owner, volume.name));
        for source in volume
            .projected
            .iter()
            .flat_map(|p| p.sources.iter().flatten())
        {
            let source = source.secret.as_ref().expect("only Secrets are projected");
            for item in source.items.as_ref().expect("each key is named") {
                let key = SecretKey {
                    secret: source.name.clone(),
                    key: item.key.clone(),
                    optional: source.optional == Some(true),
                };
                files.insert(format!("{}/{}", mount.mount_path, item.path), key);
            }
        }
    }
    files
}

#[test]
fn every_config_map_that_is_named_is_there() {
    for overlay in Overlay::both() {
        for pods in overlay.pods() {
            for container in &pods.spec.containers {
                environment(overlay, container);
            }
            let volumes = pods.spec.volumes.iter().flatten();
            for map in volumes.filter_map(|v| v.config_map.as_ref()) {
                let data = config_map(overlay, &map.name);
                assert!(
                    map.items.is_none() && !data.is_empty(),
                    "{}: {}",
                    pods.owner,
                    map.name
                );
            }
        }
    }
}

#[test]
fn dev_has_every_secret_and_prod_has_none_but_documents_each() {
    let made: BTreeSet<_> = Overlay::dev()
        .all::<Secret>()
        .into_iter()
        .flat_map(keys_of)
        .collect();
    for needed in secret_keys(Overlay::dev())
        .into_iter()
        .filter(|k| !k.optional)
    {
        assert!(
            made.contains(&(needed.secret.clone(), needed.key.clone())),
            "dev lacks {needed:?}"
        );
    }
    assert_eq!(
        Overlay::prod().all::<Secret>(),
        [],
        "a Secret of production stands in the repository"
    );

    let documented: BTreeSet<_> = text("deploy/README.md")
        .lines()
        .filter_map(documented_key)
        .collect();
    let needed: BTreeSet<_> = secret_keys(Overlay::prod())
        .into_iter()
        .map(|k| (k.secret, k.key))
        .collect();
    assert_eq!(
        documented, needed,
        "deploy/README.md and the prod overlay differ in the Secrets that must be brought"
    );
}

fn keys_of(secret: Secret) -> Vec<(String, String)> {
    let name = secret.metadata.name.unwrap();
    secret
        .data
        .unwrap_or_default()
        .into_keys()
        .map(|key| (name.clone(), key))
        .collect()
}

/// Reads a row such as ``| `bulk-export-redis` | `password` | … |``.
fn documented_key(line: &str) -> Option<(String, String)> {
    let mut cells = line
        .strip_prefix("| `bulk-export-")?
        .split('|')
        .map(|cell| cell.trim().trim_matches('`'));
    Some((
        format!("bulk-export-{}", cells.next()?),
        cells.next()?.to_owned(),
    ))
}

#[test]
fn the_passwords_of_dev_say_what_they_are() {
    for secret in Overlay::dev().all::<Secret>() {
        for (key, value) in secret.data.unwrap() {
            let value = String::from_utf8(value.0).unwrap();
            assert!(
                value.contains("for-development-only"),
                "{}: {key}",
                secret.metadata.name.as_ref().unwrap()
            );
        }
    }
}
