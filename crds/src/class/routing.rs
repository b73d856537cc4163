//! Gateways and host names of routes.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use crate::microservice::ParentKind;

/// Gateways and host names of routes.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Routing {
    /// What a route hangs on that names no gateway: all of these.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "Vec::is_empty")]
    pub gateways: Vec<ClassGateway>,
    /// Host names of a route that names none. `{name}`, `{namespace}` and `{route}` stand for those of the service and
    /// its route. Example: `["{name}.{namespace}.example.com"]`.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "Vec::is_empty")]
    pub host_templates: Vec<String>,
    /// Host names that services may claim. Default: any; an empty list: none but those of `hostTemplates`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hosts: Option<Vec<HostGrant>>,
    /// Whether routes answer http with a redirect to https, unless they say otherwise: needs `listeners` at the gateways.
    /// Default: false.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "std::ops::Not::not")]
    pub tls_redirect: bool,
    /// Whether a service with routes is Ready only when its gateways have taken them. Default: false: a gateway that is
    /// absent or silent does not hold a service back.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "std::ops::Not::not")]
    pub ready_requires_exposed: bool,
}

/// What routes hang on.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct ClassGateway {
    /// Gateway or ListenerSet. Default: Gateway.
    #[serde(default)]
    pub kind: ParentKind,
    /// Name of the Gateway or ListenerSet.
    pub name: String,
    /// Its namespace. Default: that of each service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Name of the listener of routes without `tlsRedirect`. Default: every listener that fits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub section_name: Option<String>,
    /// The two listeners that `tlsRedirect` needs. Example: `{http: web, https: websecure}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listeners: Option<TlsListeners>,
}

/// The two listeners that a redirect to https needs.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsListeners {
    /// Name of the listener for http: it only redirects.
    pub http: String,
    /// Name of the listener for https: it serves.
    pub https: String,
}

/// Host names that services of some namespaces may claim.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq)]
pub struct HostGrant {
    /// A host name, or `*.` and the end of host names at any depth. `{name}` and `{namespace}` stand for those of the
    /// service. Example: `*.{namespace}.example.com`.
    pub pattern: String,
    /// Labels of the namespaces that may claim them. Default: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespaces: Option<LabelSelector>,
}
