//! The plan's words for what a service is linked to: what it uses, and who may reach whom.

use std::collections::{BTreeMap, BTreeSet};

use microservice_crds::{ContractMode, NetworkMode, Transport, Use};

use crate::graph::{Ending, Holder, Id, Unmet};

/// A service that is used, and what became of that.
#[derive(Clone, Debug, PartialEq)]
pub struct Dependency {
    /// As in the spec.
    pub used: Use,
    /// Where it stands in the spec. Example: `uses[cartservice]`.
    pub field: String,
    /// The service that is meant.
    pub provider: Id,
    /// What became of it.
    pub state: DependencyState,
    /// What is wrong and what to write, for `NoPort` and `NoApi`. Part of a sentence about the provider.
    pub why: String,
    /// Where it is called; it stays when the provider goes.
    pub address: Option<Address>,
    /// Ports that the provider's pods listen on for this use, those of templates that are going too. None where that is not
    /// known.
    pub targets: BTreeSet<i32>,
    /// What carries the protocol.
    pub transport: Transport,
    /// Whether the provider is a Microservice that is known.
    pub known: bool,
    /// Whether it is known that there is no such Microservice.
    pub absent: bool,
    /// Whether it lets this service use it. So does one that is not known.
    pub consented: bool,
}

impl Dependency {
    /// Whether its pods wait for it before they are made for the first time: the object, not its readiness.
    pub fn is_awaited(&self) -> bool {
        self.state == DependencyState::NotFound && !self.used.optional && self.address.is_none()
    }
}

/// What became of a use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DependencyState {
    /// The port was found.
    Resolved,
    /// The number is taken as it is written.
    AsWritten,
    /// There is no such Microservice.
    NotFound,
    /// The operator does not see that namespace.
    Unseen,
    /// It has no such port.
    NoPort,
    /// It exposes no such API.
    NoApi,
    /// It does not let this service use it.
    NoConsent,
}

impl DependencyState {
    /// The word for it in a status.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Resolved => "Resolved",
            Self::AsWritten => "AsWritten",
            Self::NotFound => "NotFound",
            Self::Unseen => "Unseen",
            Self::NoPort => "NoPort",
            Self::NoApi => "NoApi",
            Self::NoConsent => "NoConsent",
        }
    }

    /// Whether nothing is wrong.
    pub fn is_well(self) -> bool {
        matches!(self, Self::Resolved | Self::AsWritten)
    }
}

/// Where a service is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// DNS name of its Service.
    pub host: String,
    /// Port of its Service.
    pub port: i32,
    /// Scheme of its URL.
    pub scheme: String,
}

/// What versions of APIs mean for a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContractsPlan {
    /// What becomes of what does not fit.
    pub mode: ContractMode,
    /// Seconds after which a template that waits is told as stuck.
    pub hold_timeout_seconds: i32,
    /// Whether it says anything of versions, and somebody looks.
    pub concerned: bool,
    /// What it needs and is not served.
    pub unmet: Vec<Unmet>,
    /// What others need of it and it does not serve.
    pub unmet_by: Vec<Unmet>,
    /// APIs in use that end, at both ends of its edges.
    pub endings: Vec<Ending>,
    /// What holds its new template back.
    pub hold: Vec<Holder>,
}

/// Who may reach a service, and whom it may reach.
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkPlan {
    /// What becomes of the NetworkPolicy: never `Off`.
    pub mode: NetworkMode,
    /// Who may reach it.
    pub ingress: Vec<Opening>,
    /// Whom it may reach.
    pub egress: Vec<Opening>,
    /// Host names of `external` that open nothing, because the class knows no addresses of them.
    pub closed_hosts: Vec<String>,
}

/// These peers on these ports.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Opening {
    /// Ports of pods: never none.
    pub ports: BTreeSet<PortRange>,
    /// The peers: never none.
    pub peers: Vec<Peer>,
}

/// One port, or a range of ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PortRange {
    /// The port, or the first one.
    pub first: i32,
    /// The last one of a range.
    pub last: Option<i32>,
    /// TCP or UDP.
    pub transport: Transport,
}

/// The other end of a connection.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Peer {
    /// Services of one namespace.
    Services {
        /// The namespace.
        namespace: String,
        /// Their names: never none.
        names: BTreeSet<String>,
    },
    /// Pods by label; one of the two is said.
    Pods {
        /// Of this namespace, or of all.
        namespace: Option<String>,
        /// With these labels, or all.
        labels: BTreeMap<String, String>,
    },
    /// Addresses.
    Addresses {
        /// As in `203.0.113.0/24`.
        cidr: String,
        /// Parts of it that are not meant.
        except: Vec<String>,
    },
}
