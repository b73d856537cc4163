//! What is known of the Gateways that routes hang on: read from the live objects, judged without a cluster.

pub mod attach;
pub mod hostname;
mod known;
mod read;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use microservice_crds::ParentKind;

pub use known::Known;
pub use read::{GatewayClass, definition, gateway, gateway_class, listener_set};

use crate::outcome::Verdict;

/// A Gateway or ListenerSet by name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ParentId {
    /// Its kind.
    pub kind: ParentKind,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl std::fmt::Display for ParentId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}/{}", self.kind, self.namespace, self.name)
    }
}

/// Whether something is there, as far as that can be known.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Seen<T> {
    /// Nobody looked: offline, without the right to see it, or before the first list is in.
    #[default]
    Unknown,
    /// It is not there.
    Absent,
    /// It is there.
    Present(T),
}

impl<T> Seen<T> {
    /// What is there, if anything is known to be.
    pub fn present(&self) -> Option<&T> {
        match self {
            Self::Present(value) => Some(value),
            Self::Unknown | Self::Absent => None,
        }
    }
}

/// The channel of the installed Gateway API.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Channel {
    /// Not known: everything is taken for possible.
    #[default]
    Unknown,
    /// Standard.
    Standard,
    /// Experimental.
    Experimental,
}

impl std::fmt::Display for Channel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Unknown => "an unknown channel",
            Self::Standard => "the standard channel",
            Self::Experimental => "the experimental channel",
        })
    }
}

/// A version of the Gateway API without its patch: `(1, 6)`.
pub type Version = (u16, u16);

/// What the installed definition of a kind says of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Definition {
    /// Its channel.
    pub channel: Channel,
    /// Its version; none where it is not known, which takes everything for possible.
    pub version: Option<Version>,
}

/// What the installed definitions of routes say of themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Definitions {
    /// Of HTTPRoutes.
    pub http: Definition,
    /// Of GRPCRoutes.
    pub grpc: Definition,
}

impl From<Channel> for Definitions {
    /// The newest version of a channel.
    fn from(channel: Channel) -> Self {
        let newest = Definition { channel, version: None };
        Self { http: newest, grpc: newest }
    }
}

/// What is known of all that the routes of one service may hang on. Offline there is nothing: the default.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct View {
    /// By name; what is not in it is unknown.
    pub parents: BTreeMap<ParentId, Seen<Parent>>,
    /// What the definitions of routes say of themselves.
    pub definitions: Definitions,
    /// Labels of the service's namespace; none where they are not known.
    pub namespace_labels: Option<BTreeMap<String, String>>,
}

impl View {
    /// What is known of one parent.
    pub fn parent(&self, id: &ParentId) -> &Seen<Parent> {
        self.parents.get(id).unwrap_or(&Seen::Unknown)
    }
}

/// A Gateway or ListenerSet.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parent {
    /// Its listeners; those of a ListenerSet are its own alone.
    pub listeners: Vec<Listener>,
    /// The Gateway that a ListenerSet adds its listeners to; none for a Gateway.
    pub gateway: Option<ParentId>,
    /// Its GatewayClass; a ListenerSet has that of its Gateway.
    pub class: Option<String>,
    /// The controller that the GatewayClass names; none where the class is not known.
    pub controller: Option<String>,
    /// Optional features that the GatewayClass says it supports; none where it says nothing, which means unknown.
    pub features: Option<BTreeSet<String>>,
    /// When it was created.
    pub created: Option<Timestamp>,
    /// Addresses; a ListenerSet has those of its Gateway.
    pub addresses: Vec<String>,
    /// Condition Accepted, of the present generation only.
    pub accepted: Option<Verdict>,
    /// Condition Programmed, of the present generation only.
    pub programmed: Option<Verdict>,
}

/// One listener.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listener {
    /// Its name: what a `sectionName` means.
    pub name: String,
    /// The host names it takes; none: all.
    pub hostname: Option<String>,
    /// Its port.
    pub port: i32,
    /// Its protocol. Example: `HTTPS`.
    pub protocol: String,
    /// Namespaces whose routes it takes.
    pub namespaces: AllowedNamespaces,
    /// Kinds of routes it takes; none: those of its protocol.
    pub kinds: Vec<String>,
    /// Secrets with its certificates, as namespace and name.
    pub certificates: Vec<(String, String)>,
    /// Condition Accepted, of the present generation only.
    pub accepted: Option<Verdict>,
    /// Condition Programmed, of the present generation only.
    pub programmed: Option<Verdict>,
    /// Condition ResolvedRefs, of the present generation only.
    pub resolved_refs: Option<Verdict>,
}

impl Listener {
    /// What this listener and a host name of a route have in common: see [`hostname::intersect`].
    pub fn common_host(&self, host: &str) -> Option<String> {
        hostname::intersect(self.hostname.as_deref().unwrap_or(hostname::ANY), host)
    }
}

/// Namespaces whose routes a listener takes.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum AllowedNamespaces {
    /// That of the Gateway or ListenerSet.
    #[default]
    Same,
    /// All.
    All,
    /// Those with these labels.
    Selector(LabelSelector),
}
