//! What is reachable from outside.

use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use crate::gateway::{HttpRouteMatch, HttpRouteTimeouts};

/// Host names and paths on a Gateway that lead to one port of this service.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Route {
    /// Name of the route, unique in this list. Default: main.
    #[serde(default = "main_route")]
    pub name: String,
    /// Host names, which may start with `*.`. None: every host of the Gateway's listener. Example: `[shop.example.com]`.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "Vec::is_empty")]
    pub hostnames: Vec<String>,
    /// The Gateway that the route hangs on. Default: the class's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway: Option<GatewayRef>,
    /// Path prefixes: a short form of `matches`. Default: `/`. Example: `[/api]`.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<String>,
    /// Requests to take, as in an HTTPRoute: by path, headers, query parameters and method.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "Vec::is_empty")]
    pub matches: Vec<HttpRouteMatch>,
    /// Name or number of the port of this service to send to. Default: the first port that speaks HTTP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<IntOrString>,
    /// How long a request may take. Default: the gateway's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeouts: Option<HttpRouteTimeouts>,
}

fn main_route() -> String {
    "main".to_owned()
}

/// A Gateway, which may be in another namespace.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct GatewayRef {
    /// Name of the Gateway.
    pub name: String,
    /// Namespace of the Gateway. Default: that of the Microservice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Listener of the Gateway. Default: every listener that fits. Example: `https`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub section_name: Option<String>,
}
