//! The `status` of a MicroserviceSystem.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::KubeSchema;
use serde::{Deserialize, Serialize};

/// What the services of the system come to.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct MicroserviceSystemStatus {
    /// The generation of the spec that the rest of this status speaks of. -1: not looked at yet.
    #[serde(default = "never_observed")]
    pub observed_generation: i64,
    /// Ready: every member is there and every service of the system is Ready. Reconciling and Stalled are present only
    /// while True. DependenciesResolved is there where a service says what it uses.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
    /// How many services there should be, and how they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub services: Option<ServiceCounts>,
    /// Services that are Ready, of those that there should be. Example: `11/12`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub services_ready: Option<String>,
    /// Number of declared uses that lead nowhere or are not allowed. Example: 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broken_edges: Option<i32>,
    /// Sets of services that use each other in a circle, the first 16. Example: `["cart, pay"]`.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "Vec::is_empty")]
    pub cycles: Vec<String>,
    /// Number of host names at which services of the system can be opened from outside. Example: 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_count: Option<i32>,
    /// Those host names, sorted, the first 128. Example: `[shop.example.com]`.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<String>,
}

impl Default for MicroserviceSystemStatus {
    fn default() -> Self {
        Self {
            observed_generation: never_observed(),
            conditions: Vec::new(),
            services: None,
            services_ready: None,
            broken_edges: None,
            cycles: Vec::new(),
            host_count: None,
            hosts: Vec::new(),
        }
    }
}

fn never_observed() -> i64 {
    -1
}

/// Services by how they are. Each counts once, so the others add up to `total`.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct ServiceCounts {
    /// Services that say this system, and members that are missing. Example: 12.
    #[serde(default)]
    pub total: i32,
    /// Services that are Ready. Example: 11.
    #[serde(default)]
    pub ready: i32,
    /// Services that are on their way. Example: 0.
    #[serde(default)]
    pub progressing: i32,
    /// Services that something is wrong with. Example: 1.
    #[serde(default)]
    pub degraded: i32,
    /// Services whose new version is held back by a contract with another service. Example: 0.
    #[serde(default)]
    pub blocked: i32,
    /// Members that do not exist, or do not say this system. Example: 0.
    #[serde(default)]
    pub missing: i32,
}
