//! Ports and the Service.

use std::collections::BTreeMap;

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is spoken on a port. It decides `appProtocol` of the Service and the kind of a route.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[schemars(transform = crate::schema::descriptions::of_the_field)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// HTTP/1.1.
    Http,
    /// HTTP over TLS that the service ends itself.
    Https,
    /// HTTP/2 without TLS.
    H2c,
    /// gRPC without TLS.
    Grpc,
    /// WebSocket without TLS.
    Ws,
    /// Any protocol over TCP.
    #[default]
    Tcp,
    /// Any protocol over UDP.
    Udp,
}

/// One port of the service.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Port {
    /// Name of the port, at most 15 lower-case letters, digits and dashes. Example: `http`.
    pub name: String,
    /// Port of the Service, which others call. 1 to 65535. Example: 80.
    pub port: i32,
    /// Port that the container listens on. Default: `port`. Example: 8080.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_port: Option<i32>,
    /// What is spoken: http, https, h2c, grpc, ws, tcp or udp. Default: tcp.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol: Option<Protocol>,
}

/// How the Service is published.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[schemars(transform = crate::schema::descriptions::of_the_field)]
pub enum ServiceType {
    /// An address inside the cluster.
    #[default]
    ClusterIP,
    /// A port on every node as well.
    NodePort,
    /// An address outside the cluster as well.
    LoadBalancer,
}

/// Whether one client keeps to one pod.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[schemars(transform = crate::schema::descriptions::of_the_field)]
pub enum SessionAffinity {
    /// Any pod for each connection.
    #[default]
    None,
    /// One pod per client address.
    ClientIP,
}

/// Where outside traffic may go.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
#[schemars(transform = crate::schema::descriptions::of_the_field)]
pub enum ExternalTrafficPolicy {
    /// To pods on any node.
    Cluster,
    /// To pods of the node that it reached, which keeps the client's address.
    Local,
}

/// Settings of the Service.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct ServiceSpec {
    /// ClusterIP, NodePort or LoadBalancer. Default: ClusterIP.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub type_: Option<ServiceType>,
    /// No address of its own: DNS answers with the pods. Default: false.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "std::ops::Not::not")]
    pub headless: bool,
    /// Annotations of the Service only. Example: what a cloud's load balancer asks for.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// PreferSameZone, PreferSameNode or PreferClose. Default: traffic goes to any pod.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traffic_distribution: Option<String>,
    /// None or ClientIP. Default: None.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_affinity: Option<SessionAffinity>,
    /// Cluster or Local; only for NodePort and LoadBalancer. Default: Cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_traffic_policy: Option<ExternalTrafficPolicy>,
}
