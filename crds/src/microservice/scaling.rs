//! How many replicas run.

use k8s_openapi::api::autoscaling::v2::{HorizontalPodAutoscalerBehavior, MetricSpec};
use kube::KubeSchema;
use serde::{Deserialize, Serialize};

/// Either a fixed count (`replicas`), or an autoscaler (`minReplicas` to `maxReplicas`), or nothing: then the count of
/// the Deployment is not the operator's, and any other scaler may own it.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Scaling {
    /// Fixed count of replicas; 0 stops the service. `kubectl scale` and scalers of others on the Microservice write it;
    /// such a scaler needs it to be there once. Example: 3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replicas: Option<i32>,
    /// Least count that the autoscaler keeps; 0 only with a metric of type Object or External. Default: 1. Example: 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_replicas: Option<i32>,
    /// Greatest count that the autoscaler may reach. Its presence, here or in the class, makes an autoscaler. Example: 10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_replicas: Option<i32>,
    /// CPU use to aim for, in percent of the request; beside sidecars that of the main container alone. Default: 80 when
    /// neither `memory` nor `metrics` is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu: Option<i32>,
    /// Memory use to aim for, in percent of the request; beside sidecars that of the main container alone. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<i32>,
    /// Further metrics, as in autoscaling/v2: Resource, ContainerResource, Pods, Object and External.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "Vec::is_empty")]
    pub metrics: Vec<MetricSpec>,
    /// How fast to scale up and down, as in autoscaling/v2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub behavior: Option<HorizontalPodAutoscalerBehavior>,
}
