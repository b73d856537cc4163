//! `Microservice` and its `spec`.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    Affinity, EnvFromSource, EnvVar, HostAlias, Lifecycle, PodDNSConfig, ResourceRequirements, Toleration, VolumeMount,
};
use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

use super::{
    Api, ConfigFiles, Consent, DisruptionBudget, External, ExtraContainer, ImagePullPolicy, MicroserviceStatus, Port,
    Probes, PullSecret, Rollout, Route, Scaling, Security, ServiceAccountSpec, ServiceSpec, TopologySpread, Use,
    Volume,
};

/// One service of a system. The operator keeps the Deployment, Service, autoscaler, Gateway API routes, disruption
/// budget and service account that it stands for. Everything but `image` is optional.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[kube(
    group = "microservices.dev",
    version = "v1alpha1",
    kind = "Microservice",
    plural = "microservices",
    singular = "microservice",
    shortname = "msvc",
    namespaced,
    status = "MicroserviceStatus",
    derive = "Default",
    derive = "PartialEq",
    category = "microservices",
    scale(
        spec_replicas_path = ".spec.scaling.replicas",
        status_replicas_path = ".status.replicas",
        label_selector_path = ".status.selector"
    ),
    doc = "One service of a system. The operator keeps the Deployment, Service, autoscaler, Gateway API routes, disruption budget and service account that it stands for. Everything but `spec.image` is optional."
)]
#[serde(rename_all = "camelCase")]
pub struct MicroserviceSpec {
    /// Name of the MicroserviceClass whose defaults and rules hold for this service. Default: the class that is marked
    /// as default in the cluster, or none. Example: `web`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// The system that this service is a part of: the label `app.kubernetes.io/part-of` of its children. Changing it
    /// restarts nothing. Example: `online-boutique`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// The numbered set of defaults to render with. Default: the one that the service was first rendered with, so that
    /// an upgrade of the operator restarts nothing. Example: `v1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// Stops all writes of the operator to the children of this service, and says so in the status. Default: false.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "std::ops::Not::not")]
    pub paused: bool,

    /// Container image, with a tag or a digest. Example: `registry.example/frontend:v0.10.6`.
    pub image: String,
    /// When the kubelet pulls the image: Always, IfNotPresent or Never. Default: as Kubernetes decides by the tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_pull_policy: Option<ImagePullPolicy>,
    /// Secrets of this namespace that hold registry credentials. Example: `[{name: registry}]`.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "Vec::is_empty")]
    pub image_pull_secrets: Vec<PullSecret>,
    /// Entry point, instead of the image's. Example: `[/app/server]`.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
    /// Arguments of the entry point, instead of the image's. Example: `[--port, "8080"]`.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<String>,
    /// Directory to start in, instead of the image's. Example: `/app`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub working_dir: Option<String>,
    /// Environment variables, by name. Example: `[{name: LOG_LEVEL, value: info}]`.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<EnvVar>,
    /// ConfigMaps and Secrets whose keys all become environment variables. A change of their content restarts nothing:
    /// set `restartedAt`.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "Vec::is_empty")]
    pub env_from: Vec<EnvFromSource>,
    /// Volumes of the pod, by name. Only sources that a restricted pod may have.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "Vec::is_empty")]
    pub volumes: Vec<Volume>,
    /// Where the main container sees which volume, by `mountPath`.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "Vec::is_empty")]
    pub volume_mounts: Vec<VolumeMount>,
    /// Files written here in place, mounted as one directory. A change rolls the service; a rollback finds the old files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<ConfigFiles>,
    /// CPU and memory that the main container asks for, and may have at most. Example:
    /// `{requests: {cpu: 100m, memory: 64Mi}, limits: {memory: 128Mi}}`. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<ResourceRequirements>,
    /// Hooks after the start and before the stop of the main container. A `preStop` here replaces `drainSeconds`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifecycle: Option<Lifecycle>,
    /// Any new value restarts all pods, as `kubectl rollout restart` does. Write the time. Example:
    /// `2026-01-31T12:00:00Z`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restarted_at: Option<String>,

    /// Containers that start before the main one and run beside it (native sidecars).
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "Vec::is_empty")]
    pub sidecars: Vec<ExtraContainer>,
    /// Containers that run to their end before the main one starts, in this order.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "Vec::is_empty")]
    pub init_containers: Vec<ExtraContainer>,

    /// Labels of the pods, besides the operator's own. A change rolls the service.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub pod_labels: BTreeMap<String, String>,
    /// Annotations of the pods. A change rolls the service.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub pod_annotations: BTreeMap<String, String>,
    /// Labels of every child but the pods. Example: `{team: checkout}`.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Annotations of every child but the pods.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,

    /// How the Service of this microservice is made. There is one as soon as there is a port.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<ServiceSpec>,
    /// Ports that the service listens on, by name. None at all: a worker without a Service.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<Port>,
    /// How Kubernetes learns whether the service is started, alive and ready.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probes: Option<Probes>,
    /// How many replicas run: either a fixed count (`replicas`), or an autoscaler (`minReplicas` to `maxReplicas`).
    /// Default: neither; the count is left to whoever sets it on the Deployment (1 at first).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scaling: Option<Scaling>,
    /// How a new version replaces the old one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollout: Option<Rollout>,

    /// How many pods a node drain may take away at once. Default: one, as soon as two replicas are the minimum.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disruption_budget: Option<DisruptionBudget>,
    /// How the pods spread over zones and nodes. Default: evenly over both where possible. An empty list: no spread.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topology_spread: Option<Vec<TopologySpread>>,
    /// Seconds that a pod has to end, draining included. Default: 30.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub termination_grace_period_seconds: Option<i64>,
    /// Seconds that a stopping pod still serves while clients learn that it goes. Default: 5 where there is a port, else 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drain_seconds: Option<i64>,

    /// Labels that a node must have. Example: `{kubernetes.io/arch: arm64}`.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub node_selector: BTreeMap<String, String>,
    /// Node taints that the pods bear.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "Vec::is_empty")]
    pub tolerations: Vec<Toleration>,
    /// Rules for nodes and neighbours, as in a pod.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub affinity: Option<Affinity>,
    /// PriorityClass of the pods. Example: `business-critical`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority_class_name: Option<String>,
    /// RuntimeClass of the pods. Example: `gvisor`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runtime_class_name: Option<String>,
    /// DNS policy of the pods: ClusterFirst, Default or None. Default: ClusterFirst.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dns_policy: Option<String>,
    /// Resolver settings, besides those of `dnsPolicy`. Example: `{options: [{name: ndots, value: "1"}]}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dns_config: Option<PodDNSConfig>,
    /// Lines for `/etc/hosts`, by ip. Example: `[{ip: 192.0.2.7, hostnames: [legacy]}]`.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "Vec::is_empty")]
    pub host_aliases: Vec<HostAlias>,

    /// What is reachable from outside, by name: host names and paths on a Gateway.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "Vec::is_empty")]
    pub routes: Vec<Route>,

    /// APIs that the service offers, by name and version.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "Vec::is_empty")]
    pub exposes: Vec<Api>,
    /// Services that this one calls, by service, namespace and api. Their addresses, the NetworkPolicies of both sides
    /// and the checks of versions follow. Example: `[{service: cartservice, env: {CART_SERVICE_ADDR: HostPort}}]`.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "Vec::is_empty")]
    pub uses: Vec<Use>,
    /// What this service reaches outside the cluster, by name.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "Vec::is_empty")]
    pub external: Vec<External>,
    /// Services that may use this one, if they say so in their `uses`. Default: all of the same namespace; an empty list:
    /// nobody. What is written here replaces that. Example: `[{system: online-boutique}, {namespace: reports}]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow_from: Option<Vec<Consent>>,

    /// The ServiceAccount that the pods run as. Default: one of their own, named as the Microservice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_account: Option<ServiceAccountSpec>,
    /// Whether the pods see the token of their ServiceAccount. Default: false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub automount_service_account_token: Option<bool>,
    /// Loosenings of the restricted pod. Nothing is needed here for a pod that runs as non-root and writes to `/tmp`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub security: Option<Security>,

    /// Partial objects by kind of child, merged last over what the operator renders, as a server-side apply would: lists
    /// of named things by name, other lists as a whole. Names, owners and selectors cannot be changed, and the class may
    /// forbid all of it. Example: `{Deployment: {spec: {template: {spec: {shareProcessNamespace: true}}}}}`.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub overrides: BTreeMap<String, serde_json::Value>,
}
