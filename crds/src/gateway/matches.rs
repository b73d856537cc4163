//! Which requests a route takes.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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

/// A gRPC request must fulfil all that is said here.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct GrpcRouteMatch {
    /// By service and method. Default: every method.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<GrpcMethodMatch>,
    /// By headers, all of them.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<HttpValueMatch>,
}

/// A gRPC service, one of its methods, or a method of every service.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq)]
pub struct GrpcMethodMatch {
    /// Exact or RegularExpression. Default: Exact.
    #[serde(default, rename = "type")]
    pub type_: ValueMatchType,
    /// Full name of the service. Default: every service. Example: `shop.v1.Cart`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// Name of the method. Default: every method. Example: `AddItem`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
}
