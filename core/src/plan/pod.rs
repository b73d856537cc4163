//! The pods of a plan.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    Affinity, EnvFromSource, EnvVar, HostAlias, Lifecycle, PodDNSConfig, Probe, ResourceRequirements, Toleration,
    VolumeMount,
};
use microservice_crds::{Volume, WhenUnsatisfiable};

/// The pods.
#[derive(Clone, Debug, PartialEq)]
pub struct PodPlan {
    /// Labels of the user.
    pub labels: BTreeMap<String, String>,
    /// Annotations of the user, and the time of the last restart.
    pub annotations: BTreeMap<String, String>,
    /// None: the namespace's default.
    pub service_account_name: Option<String>,
    /// Whether pods see the token.
    pub automount_service_account_token: bool,
    /// Whether pods get the addresses of all Services as variables.
    pub service_links: bool,
    /// Names of Secrets.
    pub image_pull_secrets: Vec<String>,
    /// The containers.
    pub containers: Containers,
    /// The volumes of the user, then those of the operator.
    pub volumes: Vec<Volume>,
    /// What holds for all containers.
    pub security: PodSecurityPlan,
    /// Seconds to end.
    pub termination_grace_period_seconds: i64,
    /// How pods spread.
    pub topology_spread: Vec<SpreadPlan>,
    /// As in the spec.
    pub node_selector: BTreeMap<String, String>,
    /// As in the spec.
    pub tolerations: Vec<Toleration>,
    /// As in the spec.
    pub affinity: Option<Affinity>,
    /// As in the spec.
    pub priority_class_name: Option<String>,
    /// As in the spec.
    pub runtime_class_name: Option<String>,
    /// As in the spec.
    pub dns_policy: Option<String>,
    /// As in the spec.
    pub dns_config: Option<PodDNSConfig>,
    /// As in the spec.
    pub host_aliases: Vec<HostAlias>,
}

/// All containers of a pod.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Containers {
    /// Native sidecars: they start before the init containers, which may need them, and run to the end.
    pub sidecars: Vec<ContainerPlan>,
    /// They run to their end before the main container starts.
    pub init: Vec<ContainerPlan>,
    /// The main container, which is called as the Microservice. Exactly one.
    pub main: Vec<ContainerPlan>,
}

impl Containers {
    /// The main container.
    pub fn main(&self) -> Option<&ContainerPlan> {
        self.main.first()
    }

    /// All of them, in the order in which they start.
    pub fn all_mut(&mut self) -> impl Iterator<Item = &mut ContainerPlan> {
        self.sidecars.iter_mut().chain(&mut self.init).chain(&mut self.main)
    }
}

/// One container.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ContainerPlan {
    /// Its name.
    pub name: String,
    /// Its image.
    pub image: String,
    /// None: as Kubernetes decides by the tag.
    pub image_pull_policy: Option<&'static str>,
    /// Entry point.
    pub command: Vec<String>,
    /// Arguments.
    pub args: Vec<String>,
    /// Directory to start in.
    pub working_dir: Option<String>,
    /// Variables, in the order of the spec: later ones may name earlier ones.
    pub env: Vec<EnvVar>,
    /// Sources of variables.
    pub env_from: Vec<EnvFromSource>,
    /// Mounts of the user, then those of the operator.
    pub mounts: Vec<VolumeMount>,
    /// Requests and limits.
    pub resources: Option<ResourceRequirements>,
    /// Ports that are listened on.
    pub ports: Vec<ContainerPortPlan>,
    /// Readiness.
    pub readiness: Option<Probe>,
    /// Liveness.
    pub liveness: Option<Probe>,
    /// Start.
    pub startup: Option<Probe>,
    /// Hooks.
    pub lifecycle: Option<Lifecycle>,
    /// Numeric user, where it is not the pod's.
    pub run_as_user: Option<i64>,
    /// Whether the root file system cannot be written.
    pub read_only_root: bool,
    /// Capabilities beyond none.
    pub capabilities: Vec<String>,
}

/// A port that a container listens on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerPortPlan {
    /// Its name.
    pub name: String,
    /// Its number.
    pub number: i32,
    /// TCP or UDP.
    pub transport: &'static str,
}

/// What holds for all containers of a pod.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PodSecurityPlan {
    /// Numeric user.
    pub run_as_user: Option<i64>,
    /// Numeric group.
    pub run_as_group: Option<i64>,
    /// Group of the volumes.
    pub fs_group: Option<i64>,
    /// false: a user namespace of its own.
    pub host_users: Option<bool>,
}

/// One rule for spreading pods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpreadPlan {
    /// Node label.
    pub topology_key: String,
    /// Greatest difference.
    pub max_skew: i32,
    /// When it cannot be kept.
    pub when_unsatisfiable: WhenUnsatisfiable,
    /// As in the spec.
    pub min_domains: Option<i32>,
}
