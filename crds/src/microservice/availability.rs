//! What keeps the service available while nodes come and go, and whom its pods run as.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The PodDisruptionBudget: one of `maxUnavailable` and `minAvailable`.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct DisruptionBudget {
    /// false: no budget at all. Default: true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Pods that may be gone at once, as a number or percent. Default: 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_unavailable: Option<IntOrString>,
    /// Pods that must stay, as a number or percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_available: Option<IntOrString>,
    /// Whether pods that are not ready may always go: AlwaysAllow or IfHealthyBudget. Default: AlwaysAllow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unhealthy_pod_eviction_policy: Option<String>,
}

/// What happens when the spread cannot be kept.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[schemars(transform = crate::schema::descriptions::of_the_field)]
pub enum WhenUnsatisfiable {
    /// The pod is placed all the same.
    #[default]
    ScheduleAnyway,
    /// The pod waits.
    DoNotSchedule,
}

impl WhenUnsatisfiable {
    /// As Kubernetes spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ScheduleAnyway => "ScheduleAnyway",
            Self::DoNotSchedule => "DoNotSchedule",
        }
    }
}

/// One rule for spreading pods. The selector is the operator's.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct TopologySpread {
    /// Node label whose values are the groups to spread over. Example: `topology.kubernetes.io/zone`.
    pub topology_key: String,
    /// Greatest difference between two groups, in pods. Default: 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_skew: Option<i32>,
    /// ScheduleAnyway or DoNotSchedule. Default: ScheduleAnyway.
    #[serde(default)]
    pub when_unsatisfiable: WhenUnsatisfiable,
    /// Least number of groups; only with DoNotSchedule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_domains: Option<i32>,
}

/// The ServiceAccount of the pods.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceAccountSpec {
    /// Whether the operator makes it. Default: true, unless `name` is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub create: Option<bool>,
    /// An existing ServiceAccount of this namespace to run as.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Annotations of the ServiceAccount that is made. Example: a cloud's identity binding.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}
