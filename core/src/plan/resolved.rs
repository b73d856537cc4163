//! The plan: what a Microservice means, with nothing left open.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::{
    api::autoscaling::v2::{HorizontalPodAutoscalerBehavior, MetricSpec},
    apimachinery::pkg::util::intstr::IntOrString,
};
use microservice_crds::{
    Protocol,
    gateway::{BackendRef, FilterKind, GrpcRouteRule, HttpRouteRule, RequestRedirect, RouteFilter},
    labels,
};

use super::{Claim, ContractsPlan, Dependency, NetworkPlan, PodPlan, Provenance, Source, Unrequested, routes};
use crate::{
    gateway::ParentId,
    graph::{Id, Template},
};

/// Everything that the children of a Microservice are written from.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Whose plan it is.
    pub identity: Identity,
    /// Generation of the spec.
    pub generation: i64,
    /// Name of the profile that decides what the spec leaves open.
    pub profile: String,
    /// Name of the class whose defaults and rules hold.
    pub class: Option<String>,
    /// Whether the service is Ready only when its routes are taken.
    pub ready_requires_exposed: bool,
    /// `spec.system`.
    pub system: Option<String>,
    /// The tag of the image as a label value.
    pub version: Option<String>,
    /// Labels of the user for every child but the pods.
    pub labels: BTreeMap<String, String>,
    /// Annotations of the user for every child but the pods.
    pub annotations: BTreeMap<String, String>,
    /// The pods.
    pub pod: PodPlan,
    /// The ports, in the order of the spec.
    pub ports: Vec<PortPlan>,
    /// The Service; none without a port.
    pub service: Option<ServicePlan>,
    /// The files that were written in place.
    pub config: Option<ConfigPlan>,
    /// Who decides how many replicas run.
    pub replicas: Replicas,
    /// How a new version replaces the old one.
    pub rollout: RolloutPlan,
    /// The PodDisruptionBudget.
    pub disruption_budget: Option<BudgetPlan>,
    /// The route objects, in the order of the spec.
    pub routes: Vec<RoutePlan>,
    /// Routes of the spec that are not to be made now, though the spec is right.
    pub withheld: Vec<Withheld>,
    /// What the routes claim, those that are withheld too.
    pub claims: Vec<Claim>,
    /// The ServiceAccount.
    pub service_account: ServiceAccountPlan,
    /// What it uses, in the order of the spec.
    pub dependencies: Vec<Dependency>,
    /// Services that use it without its consent, by namespace and name.
    pub uninvited: Vec<Id>,
    /// Who may reach it, and whom it may reach; none where the class says nothing of networks.
    pub network: Option<NetworkPlan>,
    /// What its pods listen on, serve and need. The digest is known once all is rendered.
    pub template: Template,
    /// What versions of APIs mean for it.
    pub contracts: ContractsPlan,
    /// Whether another service depends on what its pods listen on, serve or need.
    pub watched: bool,
    /// Requests that the autoscaler needs and no container makes; known once all is rendered.
    pub unrequested: BTreeSet<Unrequested>,
    /// The autoscaler that the class would give, where the spec's fixed count takes its place.
    pub replaced: Option<Replaced>,
    /// Where each value came from, by path.
    pub provenance: Vec<Provenance>,
}

impl Plan {
    /// Name of the Microservice, and of most of its children.
    pub fn name(&self) -> &str {
        &self.identity.name
    }

    /// Namespace of the Microservice and of all its children.
    pub fn namespace(&self) -> &str {
        &self.identity.namespace
    }

    /// The image of the main container.
    pub fn image(&self) -> &str {
        self.pod.containers.main().map_or("", |c| c.image.as_str())
    }

    /// Labels that select the pods: a function of the name alone, never changed.
    pub fn selector_labels(&self) -> BTreeMap<String, String> {
        [labels::NAME, labels::INSTANCE].map(|key| (key.to_owned(), self.identity.name.clone())).into()
    }

    /// The selector as text, for the scale subresource.
    pub fn selector(&self) -> String {
        format!("{}={name},{}={name}", labels::NAME, labels::INSTANCE, name = self.identity.name)
    }

    /// Who decided on the value at a path.
    pub fn source(&self, path: &str) -> Option<Source> {
        self.provenance.iter().find(|entry| entry.path == path).map(|entry| entry.source)
    }

    /// Whether an object that is not wanted must stay all the same, because its route is withheld and kept as it is.
    pub fn keeps(&self, kind: &str, name: &str) -> bool {
        self.kept(kind, name).is_some()
    }

    /// The route of the spec that is withheld and whose object this is, if it stays as it is.
    pub fn kept(&self, kind: &str, name: &str) -> Option<&Withheld> {
        let route = matches!(kind, "HTTPRoute" | "GRPCRoute");
        let of = |withheld: &&Withheld| withheld.keep && routes::belongs(self.name(), &withheld.route, name);
        self.withheld.iter().filter(|_| route).find(of)
    }

    /// Whether the Gateway API is needed.
    pub fn uses_routes(&self) -> bool {
        !self.routes.is_empty() || !self.withheld.is_empty()
    }
}

/// Whose plan it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// `metadata.name`.
    pub name: String,
    /// `metadata.namespace`.
    pub namespace: String,
    /// `metadata.uid`.
    pub uid: String,
}

/// One port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortPlan {
    /// Its name.
    pub name: String,
    /// Port of the Service.
    pub port: i32,
    /// Port of the container.
    pub target: i32,
    /// Name of the container port: that of the first port of the spec with the same target.
    pub target_name: String,
    /// What is spoken.
    pub protocol: Protocol,
}

impl PortPlan {
    /// TCP or UDP.
    pub fn transport(&self) -> &'static str {
        if self.protocol == Protocol::Udp { "UDP" } else { "TCP" }
    }

    /// `appProtocol` of the Service port; none where nothing but the transport is known.
    pub fn app_protocol(&self) -> Option<&'static str> {
        match self.protocol {
            Protocol::Http => Some("http"),
            Protocol::Https => Some("https"),
            Protocol::H2c | Protocol::Grpc => Some("kubernetes.io/h2c"),
            Protocol::Ws => Some("kubernetes.io/ws"),
            Protocol::Tcp | Protocol::Udp => None,
        }
    }

    /// Whether an HTTPRoute may lead here unasked.
    pub fn speaks_http(&self) -> bool {
        !matches!(self.protocol, Protocol::Tcp | Protocol::Udp)
    }
}

/// The Service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServicePlan {
    /// ClusterIP, NodePort or LoadBalancer.
    pub type_: &'static str,
    /// No address of its own.
    pub headless: bool,
    /// Annotations of the Service only.
    pub annotations: BTreeMap<String, String>,
    /// As in the spec.
    pub traffic_distribution: Option<String>,
    /// As in the spec.
    pub session_affinity: Option<&'static str>,
    /// As in the spec.
    pub external_traffic_policy: Option<&'static str>,
}

/// Files that were written in place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigPlan {
    /// Name of the ConfigMap, with a digest of its content.
    pub name: String,
    /// Where the main container sees them.
    pub mount_path: String,
    /// Content by file name.
    pub files: BTreeMap<String, String>,
}

/// Who decides how many replicas run.
#[derive(Clone, Debug, PartialEq)]
pub enum Replicas {
    /// Whoever sets the count on the Deployment.
    Unmanaged,
    /// The spec.
    Fixed(i32),
    /// A HorizontalPodAutoscaler of ours.
    Autoscaled {
        /// Least count.
        min: i32,
        /// Greatest count.
        max: i32,
        /// What it looks at.
        metrics: Vec<MetricSpec>,
        /// How fast it goes.
        behavior: Option<HorizontalPodAutoscalerBehavior>,
    },
}

/// A fixed count of the spec in the place of an autoscaler of the class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replaced {
    /// The count.
    pub count: i32,
    /// Least count of the autoscaler.
    pub min: i32,
    /// Its greatest count.
    pub max: i32,
}

/// How a new version replaces the old one.
#[derive(Clone, Debug, PartialEq)]
pub struct RolloutPlan {
    /// None: all old pods end before new ones start (Recreate).
    pub rolling: Option<RollingPlan>,
    /// As in the spec.
    pub min_ready_seconds: Option<i32>,
    /// As in the spec.
    pub progress_deadline_seconds: Option<i32>,
    /// As in the spec.
    pub revision_history_limit: Option<i32>,
}

/// A few pods at a time.
#[derive(Clone, Debug, PartialEq)]
pub struct RollingPlan {
    /// Pods above the count.
    pub max_surge: IntOrString,
    /// Pods below the count.
    pub max_unavailable: IntOrString,
}

/// The PodDisruptionBudget.
#[derive(Clone, Debug, PartialEq)]
pub struct BudgetPlan {
    /// What it allows.
    pub limit: BudgetLimit,
    /// Whether pods that are not ready may always go.
    pub unhealthy_pod_eviction_policy: String,
}

/// What a PodDisruptionBudget allows.
#[derive(Clone, Debug, PartialEq)]
pub enum BudgetLimit {
    /// So many may be gone.
    MaxUnavailable(IntOrString),
    /// So many must stay.
    MinAvailable(IntOrString),
}

/// One object of a route: a route that does not fit into one has several.
#[derive(Clone, Debug, PartialEq)]
pub struct RoutePlan {
    /// Name of the route in the spec.
    pub route: String,
    /// Name of the object.
    pub name: String,
    /// What it hangs on.
    pub parents: Vec<ParentPlan>,
    /// Host names.
    pub hostnames: Vec<String>,
    /// What goes where.
    pub rules: RouteRules,
}

impl RoutePlan {
    /// Whether requests, or copies of them, go to this Service of the namespace.
    pub fn leads_to(&self, service: &str) -> bool {
        let (refs, filters): (Vec<&BackendRef>, Vec<&RouteFilter>) = match &self.rules {
            RouteRules::Http(rules) => (
                rules.iter().flat_map(|rule| &rule.backend_refs).collect(),
                rules.iter().flat_map(|rule| &rule.filters).collect(),
            ),
            RouteRules::Grpc(rules) => (
                rules.iter().flat_map(|rule| &rule.backend_refs).collect(),
                rules.iter().flat_map(|rule| &rule.filters).collect(),
            ),
        };
        let mirrors =
            filters.iter().filter_map(|filter| filter.request_mirror.as_ref()).map(|mirror| &mirror.backend_ref);
        refs.iter().any(|backend| backend.name == service)
            || mirrors.into_iter().any(|target| target.name == service && target.namespace.is_none())
    }

    /// Whether all that it does is to send clients from http to https: the companion of a route with `tlsRedirect`.
    pub fn redirects_to_https(&self) -> bool {
        let RouteRules::Http(rules) = &self.rules else { return false };
        rules.iter().all(|rule| rule.backend_refs.is_empty() && rule.filters.as_slice() == [to_https()])
    }
}

/// The answer on the listener for http of a route that is served with TLS alone.
pub(super) fn to_https() -> RouteFilter {
    let redirect =
        RequestRedirect { scheme: Some("https".to_owned()), status_code: Some(301), ..RequestRedirect::default() };
    RouteFilter { type_: FilterKind::RequestRedirect, request_redirect: Some(redirect), ..RouteFilter::default() }
}

/// What a route hangs on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ParentPlan {
    /// The Gateway or ListenerSet.
    pub id: ParentId,
    /// One listener; none: every one that fits.
    pub section_name: Option<String>,
}

/// The rules of a route, by its kind.
#[derive(Clone, Debug, PartialEq)]
pub enum RouteRules {
    /// An HTTPRoute.
    Http(Vec<HttpRouteRule>),
    /// A GRPCRoute.
    Grpc(Vec<GrpcRouteRule>),
}

impl RouteRules {
    /// The kind of the object.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Http(_) => "HTTPRoute",
            Self::Grpc(_) => "GRPCRoute",
        }
    }
}

/// A route of the spec that is not to be made now, though the spec is right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Withheld {
    /// Name of the route in the spec.
    pub route: String,
    /// How many route objects of the plan come before it, in the order of the spec.
    pub before: usize,
    /// Its objects, as kind and name.
    pub objects: Vec<(&'static str, String)>,
    /// Whether objects of it that are there stay as they are; else they are removed.
    pub keep: bool,
    /// One CamelCase word.
    pub reason: &'static str,
    /// What is wrong and what to do.
    pub message: String,
}

/// The ServiceAccount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceAccountPlan {
    /// Its name; none: the namespace's default.
    pub name: Option<String>,
    /// Whether it is a child.
    pub create: bool,
    /// Annotations of the ServiceAccount only.
    pub annotations: BTreeMap<String, String>,
}
