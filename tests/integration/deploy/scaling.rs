//! The scaling of the workers: KEDA's objects, read strictly by hand, and the number that never falls below one.

use std::collections::BTreeMap;

use k8s_openapi::api::{apps::v1::Deployment, autoscaling::v2::HorizontalPodAutoscalerBehavior};
use serde::Deserialize;
use serde_json::Value;

use super::{
    objects::Overlay,
    references::{SecretKey, Source, environment},
};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Object<S> {
    #[serde(rename = "apiVersion")]
    _version: String,
    #[serde(rename = "kind")]
    _kind: String,
    metadata: Metadata,
    spec: S,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Metadata {
    name: String,
    #[serde(rename = "namespace")]
    _namespace: String,
    #[serde(rename = "labels")]
    _labels: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ScaledObject {
    scale_target_ref: Name,
    #[serde(rename = "pollingInterval")]
    _polling_interval: u32,
    min_replica_count: u32,
    max_replica_count: u32,
    fallback: Fallback,
    advanced: Advanced,
    triggers: Vec<Trigger>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Name {
    name: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Fallback {
    #[serde(rename = "failureThreshold")]
    _failure_threshold: u32,
    replicas: u32,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Advanced {
    horizontal_pod_autoscaler_config: Autoscaler,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Autoscaler {
    behavior: HorizontalPodAutoscalerBehavior,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Trigger {
    #[serde(rename = "type")]
    kind: String,
    metadata: Query,
    authentication_ref: Name,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Query {
    query: String,
    target_query_value: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct TriggerAuthentication {
    secret_target_ref: Vec<Target>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Target {
    parameter: String,
    name: String,
    key: String,
}

fn read<T: serde::de::DeserializeOwned>(document: &Value) -> Result<Object<T>, String> {
    serde_json::from_value(document.clone()).map_err(|e| e.to_string())
}

/// Reads one of KEDA's objects as its type.
pub fn check(document: &Value) -> Result<(), String> {
    if document["kind"] == "ScaledObject" {
        read::<ScaledObject>(document).map(drop)
    } else {
        read::<TriggerAuthentication>(document).map(drop)
    }
}

fn scaled_objects(overlay: &Overlay) -> Vec<Object<ScaledObject>> {
    overlay
        .of_kind("keda.sh/v1alpha1", "ScaledObject")
        .map(|d| read(d).unwrap())
        .collect()
}

fn authentications(overlay: &Overlay) -> Vec<Object<TriggerAuthentication>> {
    overlay
        .of_kind("keda.sh/v1alpha1", "TriggerAuthentication")
        .map(|d| read(d).unwrap())
        .collect()
}

/// The keys of Secrets that the scaler needs.
pub fn secret_keys(overlay: &Overlay) -> Vec<SecretKey> {
    let targets = authentications(overlay)
        .into_iter()
        .flat_map(|a| a.spec.secret_target_ref);
    targets
        .map(|t| SecretKey {
            secret: t.name,
            key: t.key,
            optional: false,
        })
        .collect()
}

fn workers(overlay: &Overlay) -> Deployment {
    let mut deployments = overlay.all::<Deployment>().into_iter();
    deployments
        .find(|d| d.metadata.name.as_deref() == Some("worker"))
        .unwrap()
}

#[test]
fn there_is_always_a_worker_because_workers_also_sweep() {
    assert_eq!(workers(Overlay::dev()).spec.replicas, Some(2));

    let scaled = scaled_objects(Overlay::prod());
    let [scaled] = scaled.as_slice() else {
        panic!("one ScaledObject is expected")
    };
    assert_eq!(scaled.spec.scale_target_ref.name, "worker");
    assert!(scaled.spec.min_replica_count >= 1 && scaled.spec.fallback.replicas >= 1);
    assert!(scaled.spec.max_replica_count > scaled.spec.min_replica_count);
    // A number in the file would be set again by every apply.
    assert_eq!(workers(Overlay::prod()).spec.replicas, None);
}

#[test]
fn a_worker_comes_for_every_worker_parts_due_or_running_parts() {
    let scaled = scaled_objects(Overlay::prod());
    let [trigger] = scaled[0].spec.triggers.as_slice() else {
        panic!("one trigger is expected")
    };
    assert_eq!(trigger.kind, "postgresql");
    assert_eq!(
        trigger.metadata.query,
        "SELECT count(*) FROM bulk_export_parts WHERE state = 'running' OR (state = 'due' AND next_at <= now())"
    );
    let container = &workers(Overlay::prod())
        .spec
        .template
        .spec
        .unwrap()
        .containers[0];
    let parts = Source::Clear(trigger.metadata.target_query_value.clone());
    assert_eq!(
        environment(Overlay::prod(), container)["WORKER_PARTS"],
        parts
    );
}

#[test]
fn workers_leave_slowly() {
    let scaled = scaled_objects(Overlay::prod());
    let behavior = &scaled[0]
        .spec
        .advanced
        .horizontal_pod_autoscaler_config
        .behavior;
    assert!(
        behavior
            .scale_down
            .as_ref()
            .unwrap()
            .stabilization_window_seconds
            >= Some(60)
    );
}

#[test]
fn the_scaler_has_a_role_of_its_own() {
    let (scaled, authentications) = (
        scaled_objects(Overlay::prod()),
        authentications(Overlay::prod()),
    );
    let [authentication] = authentications.as_slice() else {
        panic!("one TriggerAuthentication is expected")
    };
    assert_eq!(
        scaled[0].spec.triggers[0].authentication_ref.name,
        authentication.metadata.name
    );
    let mut parameters: Vec<_> = authentication
        .spec
        .secret_target_ref
        .iter()
        .map(|t| t.parameter.as_str())
        .collect();
    parameters.sort_unstable();
    assert_eq!(
        parameters,
        ["dbName", "host", "password", "port", "sslmode", "userName"]
    );
    assert!(
        secret_keys(Overlay::prod())
            .iter()
            .all(|key| key.secret == "bulk-export-scaler")
    );
}
