//! The objects that an overlay makes, each read as its type. A field that the type does not have is an error: Kubernetes
//! would drop it silently, and with it what it was meant to do.

use std::{collections::BTreeMap, process::Command, sync::LazyLock};

use k8s_openapi::{
    Resource,
    api::{
        apps::v1::{Deployment, StatefulSet},
        batch::v1::{CronJob, Job},
        core::v1::{ConfigMap, Namespace, PodSpec, PodTemplateSpec, Secret, Service},
        networking::v1::NetworkPolicy,
        policy::v1::PodDisruptionBudget,
    },
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{path, scaling, yaml};

/// What `kustomize build` makes of one overlay.
pub struct Overlay {
    /// The overlay's folder.
    pub name: &'static str,
    documents: Vec<Value>,
}

/// Pods of one template.
pub struct Pods {
    /// The object that makes them, such as `Deployment/api`.
    pub owner: String,
    /// The labels of each.
    pub labels: BTreeMap<String, String>,
    /// What each is.
    pub spec: PodSpec,
}

static DEV: LazyLock<Result<Overlay, String>> = LazyLock::new(|| Overlay::build("dev"));
static PROD: LazyLock<Result<Overlay, String>> = LazyLock::new(|| Overlay::build("prod"));

impl Overlay {
    pub fn dev() -> &'static Self {
        DEV.as_ref().unwrap_or_else(|e| panic!("dev: {e}"))
    }

    pub fn prod() -> &'static Self {
        PROD.as_ref().unwrap_or_else(|e| panic!("prod: {e}"))
    }

    pub fn both() -> [&'static Self; 2] {
        [Self::dev(), Self::prod()]
    }

    /// Builds an overlay, by its name or by the path of a kustomization.
    pub fn build(name: &'static str) -> Result<Self, String> {
        let output = Command::new(path("deploy/tools/kustomize-build"))
            .arg(name)
            .output()
            .map_err(|e| e.to_string())?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        let mut documents =
            yaml::all(std::str::from_utf8(&output.stdout).map_err(|e| e.to_string())?);
        for document in &mut documents {
            join_base64(document);
            check(document).map_err(|e| {
                format!("{} {}: {e}", document["kind"], document["metadata"]["name"])
            })?;
        }
        Ok(Self { name, documents })
    }

    /// All objects of a type.
    pub fn all<T: Resource + DeserializeOwned + Serialize>(&self) -> Vec<T> {
        self.of_kind(T::API_VERSION, T::KIND)
            .map(|d| strict(d).unwrap())
            .collect()
    }

    /// All documents of a kind.
    pub fn of_kind(&self, version: &str, kind: &str) -> impl Iterator<Item = &Value> {
        self.documents
            .iter()
            .filter(move |d| d["apiVersion"] == version && d["kind"] == kind)
    }

    /// The pods of every template.
    pub fn pods(&self) -> Vec<Pods> {
        let mut pods = Vec::new();
        let mut add = |kind: &str, meta: ObjectMeta, template: PodTemplateSpec| {
            let labels = template.metadata.and_then(|m| m.labels).unwrap_or_default();
            pods.push(Pods {
                owner: format!("{kind}/{}", meta.name.unwrap()),
                labels,
                spec: template.spec.unwrap(),
            });
        };
        for it in self.all::<Deployment>() {
            add("Deployment", it.metadata, it.spec.template);
        }
        for it in self.all::<StatefulSet>() {
            add("StatefulSet", it.metadata, it.spec.template);
        }
        for it in self.all::<Job>() {
            add("Job", it.metadata, it.spec.unwrap().template);
        }
        for it in self.all::<CronJob>() {
            add(
                "CronJob",
                it.metadata,
                it.spec.job_template.spec.unwrap().template,
            );
        }
        pods
    }
}

impl Pods {
    /// The object's name without its kind.
    pub fn name(&self) -> &str {
        self.owner.split_once('/').unwrap().1
    }
}

/// kustomize breaks long base64 into lines, which Kubernetes reads and the type does not.
fn join_base64(document: &mut Value) {
    if document["kind"] == "Secret" {
        for value in document["data"]
            .as_object_mut()
            .into_iter()
            .flat_map(|data| data.values_mut())
        {
            *value = Value::String(value.as_str().unwrap().split_whitespace().collect());
        }
    }
}

fn check(document: &Value) -> Result<(), String> {
    match document["kind"].as_str().unwrap_or_default() {
        "Namespace" => strict::<Namespace>(document).map(drop),
        "ConfigMap" => strict::<ConfigMap>(document).map(drop),
        "Secret" => strict::<Secret>(document).map(drop),
        "Service" => strict::<Service>(document).map(drop),
        "Deployment" => strict::<Deployment>(document).map(drop),
        "StatefulSet" => strict::<StatefulSet>(document).map(drop),
        "Job" => strict::<Job>(document).map(drop),
        "CronJob" => strict::<CronJob>(document).map(drop),
        "NetworkPolicy" => strict::<NetworkPolicy>(document).map(drop),
        "PodDisruptionBudget" => strict::<PodDisruptionBudget>(document).map(drop),
        "ScaledObject" | "TriggerAuthentication" => scaling::check(document),
        other => Err(format!("nothing here knows the kind {other:?}")),
    }
}

/// Reads a document as a type, and compares what the type has kept with what the document says.
fn strict<T: DeserializeOwned + Serialize>(document: &Value) -> Result<T, String> {
    let typed: T = serde_json::from_value(document.clone()).map_err(|e| e.to_string())?;
    let kept = serde_json::to_value(&typed).map_err(|e| e.to_string())?;
    match difference(document, &kept, String::new()) {
        None => Ok(typed),
        Some(place) => Err(format!(
            "the type has no such field, or another form of it: {place}"
        )),
    }
}

fn difference(said: &Value, kept: &Value, place: String) -> Option<String> {
    match (said, kept) {
        (Value::Object(said), Value::Object(kept)) => {
            let names = said
                .keys()
                .chain(kept.keys().filter(|name| !said.contains_key(*name)));
            let at = |name| {
                (
                    said.get(name).unwrap_or(&Value::Null),
                    kept.get(name).unwrap_or(&Value::Null),
                )
            };
            names
                .map(|name| (at(name), format!("{place}.{name}")))
                .find_map(|((s, k), place)| difference(s, k, place))
        }
        (Value::Array(said), Value::Array(kept)) if said.len() == kept.len() => said
            .iter()
            .zip(kept)
            .enumerate()
            .find_map(|(i, (s, k))| difference(s, k, format!("{place}[{i}]"))),
        _ => (said != kept).then_some(place),
    }
}

#[test]
fn every_document_is_what_its_kind_allows() {
    for overlay in Overlay::both() {
        assert!(
            overlay.documents.len() > 20,
            "{}: {} documents",
            overlay.name,
            overlay.documents.len()
        );
    }
}

#[test]
fn a_misspelt_field_is_found_however_deep_it_lies() {
    let right = Overlay::prod()
        .of_kind("apps/v1", "Deployment")
        .next()
        .unwrap();
    strict::<Deployment>(right).unwrap();
    let mut wrong = right.clone();
    wrong["spec"]["template"]["spec"]["containers"][0]["securityContext"]["readOnlyRootFileSystem"] =
        Value::Bool(true);
    let error = strict::<Deployment>(&wrong).unwrap_err();
    assert!(
        error.ends_with(".spec.template.spec.containers[0].securityContext.readOnlyRootFileSystem"),
        "{error}"
    );
}

#[test]
fn everything_lies_in_the_namespace_that_the_overlay_makes() {
    for overlay in Overlay::both() {
        let namespaces = overlay.all::<Namespace>();
        let [namespace] = namespaces.as_slice() else {
            panic!("{}: one namespace is expected", overlay.name)
        };
        for document in overlay
            .documents
            .iter()
            .filter(|d| d["kind"] != "Namespace")
        {
            let own = document["metadata"]["namespace"].as_str();
            assert_eq!(
                own,
                namespace.metadata.name.as_deref(),
                "{} {}",
                document["kind"],
                document["metadata"]["name"]
            );
        }
    }
}
