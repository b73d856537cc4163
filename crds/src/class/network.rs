//! Who may reach whom, and what versions of APIs mean.

use std::collections::BTreeMap;

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What becomes of the NetworkPolicies of services.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[schemars(transform = crate::schema::descriptions::of_the_field)]
pub enum NetworkMode {
    /// There are none.
    #[default]
    Off,
    /// They are rendered and told in the status, and not applied.
    Observe,
    /// They are applied.
    Enforce,
}

/// Who may reach whom. What services use and consent to says the rest.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Network {
    /// "Off" (in quotes: YAML takes the bare word for a boolean), Observe (NetworkPolicies are rendered and told in the
    /// status, and not applied) or Enforce. Default: Off.
    #[serde(default)]
    pub mode: NetworkMode,
    /// Where the cluster's DNS answers, which every service may ask. Default: pods labelled `k8s-app: kube-dns` in
    /// `kube-system`, port 53. Example: `[{cidrs: [169.254.20.10/32], ports: [53]}]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dns: Option<Vec<DnsPeer>>,
    /// Where the traffic of routes comes from: pods of gateways, or addresses of gateways outside. Default: every pod in
    /// the namespaces of the Gateways that a route hangs on.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "Vec::is_empty")]
    pub gateways: Vec<NetworkPeer>,
    /// Who may read metrics: they reach every port of a service. Default: nobody. Example: `[{namespace: monitoring}]`.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "Vec::is_empty")]
    pub monitoring: Vec<NetworkPeer>,
    /// Which addresses a host name of `external` stands for: the first pattern that fits. A NetworkPolicy cannot match
    /// names. Example: `[{pattern: "*.example.com", cidrs: [203.0.113.0/24]}]`.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<HostAddresses>,
    /// What a host name of `external` opens that no pattern of `hosts` fits: Nothing, or AnyAddress outside the private
    /// ranges. Default: Nothing.
    #[serde(default)]
    pub other_hosts: OtherHosts,
}

/// Pods or addresses.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct NetworkPeer {
    /// Name of the namespace of the pods. Default: every namespace, where `podLabels` are said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Labels of the pods. Default: every pod of `namespace`. Example: `{app.kubernetes.io/name: envoy}`.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub pod_labels: BTreeMap<String, String>,
    /// Addresses, beside the pods or instead of them. Example: `[10.0.0.0/24]`.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "Vec::is_empty")]
    pub cidrs: Vec<String>,
}

/// Where the cluster's DNS answers.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct DnsPeer {
    /// Name of the namespace of its pods. Default: every namespace, where `podLabels` are said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Labels of its pods. Default: every pod of `namespace`. Example: `{dns.operator.openshift.io/daemonset-dns: default}`.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub pod_labels: BTreeMap<String, String>,
    /// Addresses, beside the pods or instead of them. Example: `[169.254.20.10/32]`.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "Vec::is_empty")]
    pub cidrs: Vec<String>,
    /// Ports that its pods listen on, over UDP and TCP. Default: 53. Example: `[5353]`.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<i32>,
}

/// Which addresses host names stand for.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
pub struct HostAddresses {
    /// A host name, or `*.` and the end of host names at any depth. Example: `*.example.com`.
    pub pattern: String,
    /// The addresses. Example: `[203.0.113.0/24]`.
    pub cidrs: Vec<String>,
}

/// What a host name opens of which the class knows no addresses.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[schemars(transform = crate::schema::descriptions::of_the_field)]
pub enum OtherHosts {
    /// Nothing.
    #[default]
    Nothing,
    /// Every address outside the private ranges.
    AnyAddress,
}

/// What becomes of a consumer and a provider whose versions do not fit.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[schemars(transform = crate::schema::descriptions::of_the_field)]
pub enum ContractMode {
    /// Nobody looks.
    Off,
    /// It is told.
    #[default]
    Warn,
    /// A new version waits until they fit.
    Enforce,
}

/// What versions of APIs mean.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Contracts {
    /// "Off" (in quotes: YAML takes the bare word for a boolean), Warn (tell what does not fit) or Enforce (a new version of a service waits until what it needs is served, and
    /// while what it drops is needed). Default: Warn.
    #[serde(default)]
    pub mode: ContractMode,
    /// Seconds after which a version that waits makes its service Stalled. It goes on waiting. Default: 3600.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold_timeout_seconds: Option<i32>,
}
