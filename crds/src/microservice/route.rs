//! What is reachable from outside.

use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::gateway::{
    GrpcRouteMatch, HttpRouteMatch, HttpRouteRetry, HttpRouteTimeouts, RouteFilter, SessionPersistence,
};

/// Host names and paths on a Gateway that lead to one port of this service.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Route {
    /// Name of the route, unique in this list. Write it where the route says nothing else. Default: main.
    #[serde(default = "main_route")]
    pub name: String,
    /// Host names, which may start with `*.`. Default: those that the class makes from its templates, or else every
    /// host of the Gateway's listener. Example: `[shop.example.com]`.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "Vec::is_empty")]
    pub hostnames: Vec<String>,
    /// The Gateway or ListenerSet that the route hangs on. Default: those of the class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway: Option<GatewayRef>,
    /// Path prefixes: a short form of `matches`. Default: `/`. Example: `[/api]`.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<String>,
    /// Requests to take, as in an HTTPRoute: by path, headers, query parameters and method.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "Vec::is_empty")]
    pub matches: Vec<HttpRouteMatch>,
    /// gRPC requests to take, as in a GRPCRoute: by service, method and headers. Only for a port whose protocol is grpc,
    /// which gets a GRPCRoute unless `paths` or `matches` are written.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "Vec::is_empty")]
    pub grpc_matches: Vec<GrpcRouteMatch>,
    /// Name or number of the port of this service to send to. Default: the first port that speaks HTTP; with
    /// `grpcMatches` the first whose protocol is grpc.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<IntOrString>,
    /// Services of this namespace that share the requests, by weight; where all weights are 0, requests are answered with
    /// an error. While one of them does not exist, the route stays as it was. Default: this service alone. Example:
    /// `[{weight: 90}, {service: shop-next, port: 80, weight: 10}]`.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "Vec::is_empty")]
    pub backends: Vec<RouteBackend>,
    /// What is done with a request on its way, as in an HTTPRoute: headers, redirect, rewrite, mirror, CORS. A GRPCRoute
    /// has only those for headers, mirrors and extensions.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "Vec::is_empty")]
    pub filters: Vec<RouteFilter>,
    /// How long a request may take. Not for a GRPCRoute. Default: the gateway's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeouts: Option<HttpRouteTimeouts>,
    /// When a request is tried again. Needs the experimental channel of the Gateway API. Default: the gateway's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<HttpRouteRetry>,
    /// Sends the requests of one session to one pod. Needs the experimental channel of the Gateway API. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_persistence: Option<SessionPersistence>,
    /// Serves this route on the class's listener for https alone, and answers with a redirect to https on its listener
    /// for http. A GRPCRoute is served there alone, without a redirect: clients of gRPC follow none. Default: the class's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_redirect: Option<bool>,
}

fn main_route() -> String {
    "main".to_owned()
}

/// A service and its share of the requests.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq)]
pub struct RouteBackend {
    /// Name of a Service of this namespace. Default: this service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// Number of the port; of this service also its name. Default: for this service, that of the route; another service
    /// must say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<IntOrString>,
    /// Its share is this number out of the sum of all. 0: no requests. Default: 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<i32>,
}

/// What a route hangs on, which may be in another namespace.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct GatewayRef {
    /// Gateway or ListenerSet. Default: Gateway.
    #[serde(default)]
    pub kind: ParentKind,
    /// Name of the Gateway or ListenerSet.
    pub name: String,
    /// Its namespace. Default: that of the Microservice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Name of one listener. Default: every listener that fits. Example: `https`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub section_name: Option<String>,
}

/// The kinds of objects that a route may hang on.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[schemars(transform = crate::schema::descriptions::of_the_field)]
pub enum ParentKind {
    /// A Gateway.
    #[default]
    Gateway,
    /// More listeners of a Gateway, in an object of their own.
    ListenerSet,
}

impl std::fmt::Display for ParentKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Gateway => "Gateway",
            Self::ListenerSet => "ListenerSet",
        })
    }
}
