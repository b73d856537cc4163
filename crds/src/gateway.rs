//! The part of the Gateway API (`gateway.networking.k8s.io/v1`) that the operator writes and reads.
//!
//! Own types, because the gateway-api crate follows an older kube. Each writes out the defaults that the server would
//! fill in, so that what was applied and what stands there can be compared exactly.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Group of the Gateway API.
pub const GATEWAY_GROUP: &str = "gateway.networking.k8s.io";

/// Routes HTTP requests from Gateways to Services.
#[derive(CustomResource, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[kube(
    group = "gateway.networking.k8s.io",
    version = "v1",
    kind = "HTTPRoute",
    root = "HttpRoute",
    plural = "httproutes",
    namespaced,
    status = "RouteStatus",
    schema = "disabled",
    derive = "Default",
    derive = "PartialEq"
)]
#[serde(rename_all = "camelCase")]
pub struct HttpRouteSpec {
    /// The Gateways that the route hangs on.
    pub parent_refs: Vec<ParentReference>,
    /// Host names to take. None: all of the listener.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "Vec::is_empty")]
    pub hostnames: Vec<String>,
    /// What goes where.
    pub rules: Vec<HttpRouteRule>,
}

/// A Gateway, or one listener of it.
#[derive(Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct ParentReference {
    /// API group of the parent.
    pub group: String,
    /// Kind of the parent.
    pub kind: String,
    /// Namespace of the parent, when it is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Name of the parent.
    pub name: String,
    /// Listener of the parent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub section_name: Option<String>,
}

/// Requests that match go to the backends.
#[derive(Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct HttpRouteRule {
    /// Any one of these must match.
    pub matches: Vec<HttpRouteMatch>,
    /// Where the request goes.
    pub backend_refs: Vec<BackendRef>,
    /// How long it may take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeouts: Option<HttpRouteTimeouts>,
}

/// A Service and its share of the requests.
#[derive(Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
pub struct BackendRef {
    /// API group of the backend: empty for a Service.
    pub group: String,
    /// Kind of the backend.
    pub kind: String,
    /// Name of the backend.
    pub name: String,
    /// Port of the Service.
    pub port: i32,
    /// Share of the requests, against the sum of all weights.
    pub weight: i32,
}

/// A request must fulfil all that is said here.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct HttpRouteMatch {
    /// By path. Default: every path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<HttpPathMatch>,
    /// By headers, all of them.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<HttpValueMatch>,
    /// By query parameters, all of them.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "Vec::is_empty")]
    pub query_params: Vec<HttpValueMatch>,
    /// By method. Example: GET.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
}

/// How a path is compared.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[schemars(transform = crate::schema::descriptions::of_the_field)]
pub enum PathMatchType {
    /// The whole path.
    Exact,
    /// Whole elements from the start of the path.
    #[default]
    PathPrefix,
    /// As the gateway understands it.
    RegularExpression,
}

/// A path.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, PartialEq)]
pub struct HttpPathMatch {
    /// Exact, PathPrefix or RegularExpression. Default: PathPrefix.
    #[serde(default, rename = "type")]
    pub type_: PathMatchType,
    /// The path. Default: `/`.
    #[serde(default = "root_path")]
    pub value: String,
}

fn root_path() -> String {
    "/".to_owned()
}

impl Default for HttpPathMatch {
    fn default() -> Self {
        Self { type_: PathMatchType::PathPrefix, value: root_path() }
    }
}

/// How a value is compared.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[schemars(transform = crate::schema::descriptions::of_the_field)]
pub enum ValueMatchType {
    /// Equal.
    #[default]
    Exact,
    /// As the gateway understands it.
    RegularExpression,
}

/// A header or a query parameter.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq)]
pub struct HttpValueMatch {
    /// Exact or RegularExpression. Default: Exact.
    #[serde(default, rename = "type")]
    pub type_: ValueMatchType,
    /// Name of the header or parameter.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// How long a request may take. Durations as in the Gateway API. Example: `10s`.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct HttpRouteTimeouts {
    /// For the whole request, retries included. Example: `10s`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// For one try of a backend; at most `request`. Example: `2s`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backend_request: Option<String>,
}

/// What the parents say of a route.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
pub struct RouteStatus {
    /// One entry for each parent and controller.
    #[serde(default)]
    pub parents: Vec<RouteParentStatus>,
}

/// What one parent says of a route.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct RouteParentStatus {
    /// The controller that speaks.
    #[serde(default)]
    pub controller_name: String,
    /// Accepted, ResolvedRefs and others.
    #[serde(default)]
    pub conditions: Vec<Condition>,
}
