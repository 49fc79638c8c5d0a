//! The fields of the compose file that are used here; any other is an error.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::super::{text, yaml};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    #[serde(rename = "name")]
    _name: String,
    pub services: BTreeMap<String, Service>,
    pub networks: BTreeMap<String, Network>,
    pub volumes: BTreeMap<String, Value>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    pub image: String,
    pub build: Option<Build>,
    #[serde(rename = "command")]
    _command: Option<Vec<String>>,
    #[serde(default)]
    pub depends_on: BTreeMap<String, Dependency>,
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    pub networks: Value,
    #[serde(default)]
    pub ports: Vec<String>,
    #[serde(default)]
    pub volumes: Vec<String>,
    #[serde(default, rename = "tmpfs")]
    _tmpfs: Vec<String>,
    #[serde(default)]
    pub profiles: Vec<String>,
    pub healthcheck: Option<HealthCheck>,
    pub deploy: Option<Deploy>,
    #[serde(rename = "restart")]
    _restart: Option<String>,
    pub stop_grace_period: Option<String>,
    #[serde(rename = "mem_limit")]
    _mem_limit: Option<String>,
    #[serde(rename = "shm_size")]
    _shm_size: Option<String>,
    pub user: Option<String>,
    pub read_only: bool,
    pub cap_drop: Vec<String>,
    pub security_opt: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Build {
    pub context: String,
    pub dockerfile: String,
    pub target: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dependency {
    pub condition: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HealthCheck {
    pub test: Vec<String>,
    #[serde(rename = "interval")]
    _interval: String,
    #[serde(rename = "timeout")]
    _timeout: String,
    #[serde(rename = "retries")]
    _retries: u32,
    #[serde(rename = "start_period")]
    _start_period: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deploy {
    pub replicas: u32,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Network {
    pub internal: bool,
    #[serde(rename = "ipam")]
    _ipam: Option<Value>,
}

impl Service {
    /// The names of its networks.
    pub fn networks(&self) -> Vec<&str> {
        match &self.networks {
            Value::Array(names) => names.iter().map(|n| n.as_str().unwrap()).collect(),
            Value::Object(names) => names.keys().map(String::as_str).collect(),
            other => panic!("{other}"),
        }
    }
}

/// Reads the file.
pub fn file() -> File {
    let Value::Object(mut file) = yaml::one(&text("deploy/compose.yaml")) else {
        panic!("an object is expected")
    };
    // Fragments: what is merged from them stands in the services, too.
    file.retain(|name, _| !name.starts_with("x-"));
    serde_json::from_value(Value::Object(file)).unwrap()
}
