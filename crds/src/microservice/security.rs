//! Loosenings of the restricted pod.

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

/// What a pod may do beyond the restricted default: non-root, no privilege escalation, no capabilities, the runtime's
/// seccomp profile, and a root file system that is read-only but for `/tmp`.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Security {
    /// Numeric user to run as; needed when the image names its user by a name. 0 is root, which a namespace with the
    /// restricted rules refuses. Default: the image's. Example: 1000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_as_user: Option<i64>,
    /// Numeric group to run as. Default: the image's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_as_group: Option<i64>,
    /// Numeric group that owns mounted volumes. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fs_group: Option<i64>,
    /// Further directories that the main container may write to: an emptyDir each. Example: `[/var/cache/nginx]`.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "Vec::is_empty")]
    pub writable_paths: Vec<String>,
    /// Makes the whole root file system writable. Default: false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub writable_root: Option<bool>,
    /// Capabilities to add. The restricted rules admit only NET_BIND_SERVICE. Example: `[NET_BIND_SERVICE]`.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "Vec::is_empty")]
    pub capabilities: Vec<String>,
    /// false: the pod gets a user namespace of its own, so that root inside is nobody outside. Default: the cluster's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_users: Option<bool>,
}
