//! How long a request may take, how often it is tried, and where a session stays.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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

/// When a gateway sends a request to a backend once more. Experimental in the Gateway API.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
pub struct HttpRouteRetry {
    /// HTTP status codes of the backend after which it is tried again, 400 to 599. Example: `[502, 503]`.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "Vec::is_empty")]
    pub codes: Vec<i32>,
    /// Greatest number of further tries. Default: the gateway's. Example: 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempts: Option<i32>,
    /// Least time between two tries, as a duration. Default: the gateway's. Example: `100ms`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backoff: Option<String>,
}

/// Requests of one session go to one pod. Experimental in the Gateway API.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct SessionPersistence {
    /// Name of the cookie or header. Default: the gateway's. Example: `shop-session`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_name: Option<String>,
    /// Greatest age of a session, as a duration. Default: none. Example: `12h`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub absolute_timeout: Option<String>,
    /// Cookie or Header. Default: Cookie.
    #[serde(default, rename = "type")]
    pub type_: SessionKind,
    /// How the cookie is made; only for the type Cookie.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cookie_config: Option<CookieConfig>,
}

/// What carries a session.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[schemars(transform = crate::schema::descriptions::of_the_field)]
pub enum SessionKind {
    /// A cookie.
    #[default]
    Cookie,
    /// A header.
    Header,
}

/// How a session's cookie is made.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct CookieConfig {
    /// Session: it ends with the browser; Permanent: it lives as long as `absoluteTimeout`. Default: Session.
    #[serde(default)]
    pub lifetime_type: CookieLifetime,
}

/// How long a cookie lives.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[schemars(transform = crate::schema::descriptions::of_the_field)]
pub enum CookieLifetime {
    /// Until the browser ends.
    #[default]
    Session,
    /// As long as the session may.
    Permanent,
}
