//! Edges: what a service offers, what it uses, who may use it, and what it reaches outside.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::{apis::meta::v1::LabelSelector, util::intstr::IntOrString};
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An API that the service offers.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
pub struct Api {
    /// Name of the API. Example: `catalog`.
    pub name: String,
    /// Its version: one to three numbers, and a pre-release after a dash. Two versions of one API may stand side by side.
    /// Example: `1.4.0`.
    pub version: String,
    /// Name of the port that it is served on. Default: the only one, or the only one that is called as the API.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<String>,
    /// Whether its consumers should move on: they and this service say who has not. Default: false.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "std::ops::Not::not")]
    pub deprecated: bool,
    /// The day on which it ends. It is told, and nothing happens by itself. Example: `2027-06-30`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sunset: Option<String>,
}

/// How the address of a service is written into a variable.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[schemars(transform = crate::schema::descriptions::of_the_field)]
pub enum AddressForm {
    /// `cartservice.shop.svc:7070`.
    HostPort,
    /// `cartservice.shop.svc`.
    Host,
    /// `7070`.
    Port,
    /// `http://cartservice.shop.svc:7070`, with the scheme of the port's protocol.
    #[serde(rename = "URL")]
    Url,
}

/// A service that this one calls.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Use {
    /// Name of the service. Example: `cartservice`.
    pub service: String,
    /// Its namespace. Default: that of this service.
    #[serde(default)]
    pub namespace: String,
    /// Name of its API, where it exposes more than one, or where `version` is said. Example: `catalog`.
    #[serde(default)]
    pub api: String,
    /// Name or number of its port. A number is that of its Service: it is taken as written and nothing is looked up, so
    /// it may be anything that has a Service. Default: the port of its API, else its only port. Example: `grpc`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<IntOrString>,
    /// Port that its pods listen on, where `port` is a number and it is not a Microservice: NetworkPolicies speak of pods.
    /// Default: `port`. 1 to 65535.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_port: Option<i32>,
    /// Versions of the API that this service can work with. Example: `^1.2`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Variables of the main container that get the address, and its form: HostPort, Host, Port or URL. Example:
    /// `{CART_SERVICE_ADDR: HostPort}`.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, AddressForm>,
    /// Whether this service works without it: then it is not waited for, and not found is no trouble. Default: false.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
    /// Whether it is a datastore of this service alone: `lint` tells where two services say so. Default: false.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "std::ops::Not::not")]
    pub owned: bool,
    /// How long this service waits for an answer, all attempts together. Nothing enforces it: `lint` compares it along
    /// the path of a call. Example: `2s`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<String>,
    /// How often this service tries, the first time included. Nothing enforces it: `lint` multiplies it along the path
    /// of a call. Default: 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempts: Option<i32>,
}

/// Something outside the cluster that this service reaches.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
pub struct External {
    /// What it is called here. Example: `payments-bank`.
    pub name: String,
    /// Its addresses. Example: `[203.0.113.0/24]`.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "Vec::is_empty")]
    pub cidrs: Vec<String>,
    /// Its host names, which may start with `*.`. A NetworkPolicy cannot match names: the class says which addresses a
    /// name stands for. Example: `[api.example.com]`.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<String>,
    /// Its ports. Example: `[{port: 443}]`.
    pub ports: Vec<ExternalPort>,
    /// Whether it is a datastore of this service alone: `lint` tells where two services say so. Default: false.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "std::ops::Not::not")]
    pub owned: bool,
}

/// A port, or a range of ports, outside the cluster.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct ExternalPort {
    /// The port, or the first of a range. 1 to 65535. Example: 443.
    pub port: i32,
    /// The last port of a range. Default: `port`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_port: Option<i32>,
    /// TCP or UDP. Default: TCP.
    #[serde(default)]
    pub protocol: Transport,
}

/// What carries a protocol.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[schemars(transform = crate::schema::descriptions::of_the_field)]
pub enum Transport {
    /// TCP.
    #[default]
    #[serde(rename = "TCP")]
    Tcp,
    /// UDP.
    #[serde(rename = "UDP")]
    Udp,
}

impl Transport {
    /// As Kubernetes writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tcp => "TCP",
            Self::Udp => "UDP",
        }
    }
}

/// Services that may use this one: those that fit all that is said.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq)]
pub struct Consent {
    /// Name of the service. Default: any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// The system that the service is a part of. Default: any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// Name of the namespace. Default: that of this service, unless `namespaces` says others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Labels of the namespaces. Example: `{matchLabels: {tier: public}}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespaces: Option<LabelSelector>,
    /// The replicas of this service among each other, on all its ports. Stands alone. Default: false.
    #[serde(
        default,
        rename = "self",
        deserialize_with = "crate::null::as_default",
        skip_serializing_if = "std::ops::Not::not"
    )]
    pub replicas: bool,
}
