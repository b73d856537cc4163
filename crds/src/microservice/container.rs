//! What goes into containers besides the main one's own fields.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{EnvFromSource, EnvVar, ResourceRequirements, VolumeMount};
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Probe;

/// When the kubelet pulls an image.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
#[schemars(transform = crate::schema::descriptions::of_the_field)]
pub enum ImagePullPolicy {
    /// Before every start.
    Always,
    /// When the node has none.
    IfNotPresent,
    /// Never: the node must have it.
    Never,
}

impl ImagePullPolicy {
    /// As Kubernetes spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Always => "Always",
            Self::IfNotPresent => "IfNotPresent",
            Self::Never => "Never",
        }
    }
}

/// A Secret of the same namespace with registry credentials.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
pub struct PullSecret {
    /// Name of the Secret.
    pub name: String,
}

/// Files written in place: an immutable ConfigMap that is named by its content.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct ConfigFiles {
    /// Directory of the main container that holds the files. Example: `/etc/app`.
    pub mount_path: String,
    /// Content by file name. Example: `{app.yaml: "logLevel: info"}`.
    pub files: BTreeMap<String, String>,
}

/// A sidecar or an init container: what such a container needs, and nothing privileged.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct ExtraContainer {
    /// Name of the container, unique in the pod and not the Microservice's own. Example: `proxy`.
    pub name: String,
    /// Container image.
    pub image: String,
    /// When the kubelet pulls the image. Default: as Kubernetes decides by the tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_pull_policy: Option<super::ImagePullPolicy>,
    /// Entry point, instead of the image's.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
    /// Arguments of the entry point, instead of the image's.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<String>,
    /// Directory to start in, instead of the image's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub working_dir: Option<String>,
    /// Environment variables, by name.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<EnvVar>,
    /// ConfigMaps and Secrets whose keys all become environment variables.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "Vec::is_empty")]
    pub env_from: Vec<EnvFromSource>,
    /// Where the container sees which volume, by `mountPath`.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "Vec::is_empty")]
    pub volume_mounts: Vec<VolumeMount>,
    /// CPU and memory that the container asks for, and may have at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<ResourceRequirements>,
    /// Ports that a sidecar listens on, for documentation and for probes. The Service does not carry them.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<ExtraPort>,
    /// Readiness of a sidecar; the pod is ready only with it. Its port must be said. Not for init containers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub readiness_probe: Option<Probe>,
    /// Liveness of a sidecar. Its port must be said. Not for init containers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub liveness_probe: Option<Probe>,
    /// Start of a sidecar: the next container starts after it. Its port must be said. Not for init containers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub startup_probe: Option<Probe>,
    /// Numeric user to run as, instead of the pod's. Example: 65532.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_as_user: Option<i64>,
}

/// A port of a sidecar.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct ExtraPort {
    /// Name of the port, unique in the pod, at most 15 characters.
    pub name: String,
    /// Number of the port, 1 to 65535.
    pub container_port: i32,
}
