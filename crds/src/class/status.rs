//! The `status` of a MicroserviceClass.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::KubeSchema;
use serde::{Deserialize, Serialize};

/// What the operator makes of the class.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct MicroserviceClassStatus {
    /// The generation of the spec that the rest of this status speaks of. -1: not looked at yet.
    #[serde(default = "never_observed")]
    pub observed_generation: i64,
    /// Ready: whether services can use the class. Default: present where the class is marked as default, and True where
    /// it is the one that holds.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
}

impl Default for MicroserviceClassStatus {
    fn default() -> Self {
        Self { observed_generation: never_observed(), conditions: Vec::new() }
    }
}

fn never_observed() -> i64 {
    -1
}
