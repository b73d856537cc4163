//! What a class demands and permits.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which images may run. Holds for every container of a service.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct ImageRules {
    /// What the name of an image must start with, one of these: as it is written, up to a `/`, `:` or `@`. Default:
    /// anything. Example: `[registry.example/shop/]`.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "Vec::is_empty")]
    pub allowed_prefixes: Vec<String>,
    /// Whether images must be named by digest, as in `image@sha256:...`. Default: false.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "std::ops::Not::not")]
    pub digest_required: bool,
}

/// How much a service may take, and what it must say.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Limits {
    /// Greatest count of replicas that a service may write or get by default, fixed or autoscaled. Default: none.
    /// Example: 20.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_replicas: Option<i32>,
    /// Resources that every container must request, by its own words or the class's; a limit is a request too, and the
    /// LimitRange of a namespace does not count. Example: `[cpu, memory]`.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "Vec::is_empty")]
    pub required_requests: Vec<String>,
}

/// A loosening of the restricted pod: a field of `security`.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[schemars(transform = crate::schema::descriptions::of_the_field)]
pub enum Loosening {
    /// `runAsUser`.
    RunAsUser,
    /// `runAsGroup`.
    RunAsGroup,
    /// `fsGroup`.
    FsGroup,
    /// `writablePaths`.
    WritablePaths,
    /// `writableRoot`.
    WritableRoot,
    /// `capabilities`.
    Capabilities,
    /// `hostUsers: true`.
    HostUsers,
}

/// Whether services may change their children by `overrides`.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[schemars(transform = crate::schema::descriptions::of_the_field)]
pub enum OverridesPolicy {
    /// They may.
    #[default]
    Allowed,
    /// They may not.
    Forbidden,
}
