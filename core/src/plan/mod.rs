//! From a Microservice to its [`Plan`]: every name, port and default resolved, and for each value where it came from.
//! What the spec says goes first, then its class, then the profile: see [`class`].
//!
//! A plan is complete: `children` only writes it down. What cannot be built comes back as a list of [`Invalid`], each
//! naming the field and what to write instead; nothing here panics, whatever the input.

mod availability;
mod check;
pub mod class;
mod config;
mod containers;
mod contracts;
mod draft;
mod edges;
mod image;
mod ledger;
mod linked;
pub(crate) mod metadata;
mod metric_rules;
mod metrics;
mod network;
mod pod;
pub(crate) mod ports;
mod probes;
mod profile;
mod resolved;
mod resources;
mod rollout;
mod routes;
mod scaling;
mod security;
mod service;
mod volumes;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use microservice_crds::{MicroserviceClassSpec, MicroserviceSpec};

pub use class::needs_namespace;
pub(crate) use edges::field as field_of_use;
pub use ledger::{Provenance, Source};
pub use linked::*;
pub use metrics::Unrequested;
pub use pod::*;
pub use profile::{NEWEST, PROFILES, Profile};
pub use resolved::*;
pub(crate) use routes::duration;
pub use routes::{MixedKinds, claimed_by, claims, mixed_kinds, neighbours, serving, standing, standing_claims};

use crate::{
    gateway::View,
    graph::{self, Holder, Need, Neighbourhood, Node, Template},
};
use draft::{Draft, Problems};
use ledger::Ledger;

/// The Microservice that is planned for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Subject {
    /// `metadata.name`.
    pub name: String,
    /// `metadata.namespace`.
    pub namespace: String,
    /// `metadata.uid`.
    pub uid: String,
    /// `metadata.generation`.
    pub generation: i64,
    /// `spec`.
    pub spec: MicroserviceSpec,
}

/// What was seen in the cluster that a plan depends on. Offline there is nothing: the default.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// A HorizontalPodAutoscaler that scales our Deployment and is not to go: replicas are then left alone.
    pub foreign_scaler: Option<String>,
    /// The profile that this service was first rendered with: that of its status, else of its live Deployment.
    pub sticky_profile: Option<String>,
    /// The MicroserviceClass that holds.
    pub class: ClassFact,
    /// What is known of Gateways, and of the service's own namespace.
    pub gateways: View,
    /// Services of the namespace that exist, for the backends of routes; none where that is not known.
    pub services: Option<BTreeSet<String>>,
    /// Why the Service of this Microservice is not there to lead routes to, where it is refused. A whole sentence.
    pub no_service: Option<String>,
    /// Claims of this service that an older one has made too: who, as `namespace/name`.
    pub taken: BTreeMap<Claim, String>,
    /// The services at the other ends of its edges.
    pub neighbourhood: Neighbourhood,
    /// Templates of this service whose pods run or may still run, oldest first.
    pub templates: Vec<Template>,
    /// What holds its new template back.
    pub hold: Vec<Holder>,
}

/// Which MicroserviceClass holds for a service.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum ClassFact {
    /// The spec names none and there is no default: the built-in defaults of the profile hold.
    #[default]
    None,
    /// This one.
    Found(Arc<Class>),
    /// The spec names one that is not there.
    Missing {
        /// Its name.
        name: String,
        /// Those that are there.
        known: Vec<String>,
    },
}

/// A MicroserviceClass.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Class {
    /// Its name.
    pub name: String,
    /// Its spec.
    pub spec: MicroserviceClassSpec,
}

/// A host and a way to match requests on it, which only one service may have.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Claim {
    /// Where: Gateway or ListenerSet, as text. Example: `Gateway infra/web`.
    pub parent: String,
    /// HTTPRoute or GRPCRoute.
    pub kind: &'static str,
    /// The host name; empty: every host.
    pub host: String,
    /// The match, as canonical JSON.
    pub matching: String,
    /// The listener; none: every one that fits. The last, so that claims that can meet stand side by side.
    pub section: Option<String>,
}

/// Why a Microservice that passed admission cannot be built.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Invalid {
    /// The field, below `spec` unless it starts with `metadata`. Example: `routes[main].gateway`.
    pub field: String,
    /// What is wrong and what to write instead.
    pub message: String,
    /// Who must change something.
    pub blame: Blame,
}

impl Invalid {
    /// What is wrong with the spec itself.
    pub fn spec(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into(), blame: Blame::Spec }
    }
}

/// Who must change something so that a Microservice can be built, and the word for it in conditions; worst last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Blame {
    /// The spec is wrong in itself: `InvalidSpec`.
    #[default]
    Spec,
    /// A rule of the class forbids what the spec says: `ForbiddenByClass`.
    Rule,
    /// The class contradicts itself or this operator: `InvalidClass`.
    Class,
    /// The class is not for the namespace of the service: `ClassNotAllowed`.
    NotAllowed,
    /// The class that the spec names is not there: `ClassNotFound`.
    NoClass,
}

impl Blame {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Spec, Self::Rule, Self::Class, Self::NotAllowed, Self::NoClass];

    /// The reason of the condition.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Spec => "InvalidSpec",
            Self::Rule => "ForbiddenByClass",
            Self::Class => "InvalidClass",
            Self::NotAllowed => "ClassNotAllowed",
            Self::NoClass => "ClassNotFound",
        }
    }

    /// That of the worst of these problems.
    pub fn worst(problems: &[Invalid]) -> Self {
        problems.iter().map(|problem| problem.blame).max().unwrap_or_default()
    }
}

impl std::fmt::Display for Invalid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.field, self.message)
    }
}

/// Resolves a Microservice, or says all that stands against it.
pub fn plan(subject: &Subject, facts: &Facts) -> Result<Plan, Vec<Invalid>> {
    let one = |problem: Invalid| vec![problem];
    let class = class::choose(subject, facts).map_err(one)?;
    let (profile, profile_source) =
        profile::choose(subject.spec.profile.as_deref(), class, facts.sticky_profile.as_deref()).map_err(one)?;
    let class::Effective { spec, given } = class::effective(&subject.spec, class, profile).map_err(one)?;
    let mut draft = Draft {
        subject,
        spec: &spec,
        facts,
        class,
        profile,
        ledger: Ledger::with(given.clone()),
        problems: Problems::default(),
    };
    draft.ledger.record("profile", &profile.name, profile_source);
    if let Some(class) = class {
        let source = if subject.spec.class.is_some() { Source::Spec } else { Source::Derived };
        draft.ledger.record("class", &class.name, source);
    }
    for (kind, object) in &subject.spec.overrides {
        draft.ledger.record(&format!("overrides.{kind}"), object, Source::Spec);
    }
    class::check(&mut draft);

    metadata::check_name(&mut draft);
    let metadata = metadata::resolve(&mut draft);
    let ports = ports::resolve(&mut draft);
    let service = service::resolve(&mut draft, &ports);
    let config = config::resolve(&mut draft);
    let security = security::resolve(&mut draft);
    let scaling = scaling::resolve(&mut draft);
    let rollout = rollout::resolve(&mut draft, &ports);
    let edges = edges::resolve(&mut draft);
    let containers = containers::resolve(&mut draft, &ports, &rollout, &security, edges.env);
    let volumes = volumes::resolve(&mut draft, containers, config.as_ref());
    let disruption_budget = availability::disruption_budget(&mut draft, scaling.least);
    let topology_spread = availability::topology_spread(&mut draft);
    let service_account = availability::service_account(&mut draft);
    let routes = routes::resolve(&mut draft, &ports);
    let network = network::resolve(&mut draft, &edges.node, &edges.dependencies, service.as_ref());
    let pod = PodPlan {
        labels: metadata.pod_labels,
        annotations: metadata.pod_annotations,
        service_account_name: service_account.name.clone(),
        automount_service_account_token: draft.ledger.pick(
            "automountServiceAccountToken",
            draft.spec.automount_service_account_token,
            profile.automount_service_account_token,
        ),
        service_links: profile.service_links,
        image_pull_secrets: draft.spec.image_pull_secrets.iter().map(|s| s.name.clone()).collect(),
        containers: volumes.containers,
        volumes: volumes.volumes,
        security: security.pod,
        termination_grace_period_seconds: rollout.grace,
        topology_spread,
        node_selector: draft.spec.node_selector.clone(),
        tolerations: draft.spec.tolerations.clone(),
        affinity: draft.spec.affinity.clone(),
        priority_class_name: draft.spec.priority_class_name.clone(),
        runtime_class_name: draft.spec.runtime_class_name.clone(),
        dns_policy: availability::dns_policy(&mut draft),
        dns_config: draft.spec.dns_config.clone(),
        host_aliases: draft.spec.host_aliases.clone(),
    };
    let plan = Plan {
        identity: Identity {
            name: subject.name.clone(),
            namespace: subject.namespace.clone(),
            uid: subject.uid.clone(),
        },
        generation: subject.generation,
        profile: profile.name.to_owned(),
        class: class.map(|class| class.name.clone()),
        ready_requires_exposed: class
            .and_then(|class| class.spec.routing.as_ref())
            .is_some_and(|routing| routing.ready_requires_exposed),
        system: draft.spec.system.clone(),
        version: image::version_label(&draft.spec.image),
        labels: metadata.labels,
        annotations: metadata.annotations,
        pod,
        ports,
        service,
        config,
        replicas: scaling.replicas,
        rollout: rollout.plan,
        disruption_budget,
        routes: routes.objects,
        withheld: routes.withheld,
        claims: routes.claims,
        service_account,
        dependencies: edges.dependencies,
        uninvited: edges.uninvited,
        watched: watched(&draft, network.is_some(), &edges.node),
        network,
        template: template(&edges.node),
        contracts: contracts::resolve(&draft, &edges.node),
        unrequested: BTreeSet::new(),
        replaced: class::replaced(&subject.spec, class),
        provenance: draft.ledger.into_entries(class::said(&subject.spec)),
    };
    if draft.problems.is_empty() {
        return Ok(plan);
    }
    let mut problems = draft.problems.into_list();
    class::blame(&mut problems, &given, class);
    Err(problems)
}

/// What the pods listen on, serve and need, by the new spec.
fn template(node: &Node) -> Template {
    let number = |port: &microservice_crds::Port| port.target_port.unwrap_or(port.port);
    let ports = node.offer.ports.iter().map(|port| (port.name.clone(), (number(port), graph::transport(port))));
    let needs = node.uses.iter().filter(|used| !used.optional).filter_map(|used| Need::of(&node.id.namespace, used));
    Template {
        digest: String::new(),
        ports: ports.collect(),
        serves: Template::serving(&node.offer.exposes),
        needs: needs.map(|need| need.write()).collect(),
    }
}

/// Whether anybody depends on what the pods of a service listen on, serve or need.
fn watched(draft: &Draft<'_>, network: bool, node: &Node) -> bool {
    let versions = !node.offer.exposes.is_empty() || node.uses.iter().any(|used| used.version.is_some());
    network || versions || !draft.facts.neighbourhood.consumers.is_empty()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A subject from the YAML of a `spec`.
    pub(crate) fn subject(spec: &str) -> Subject {
        Subject {
            name: "web".into(),
            namespace: "shop".into(),
            uid: "00000000-0000-0000-0000-000000000001".into(),
            generation: 1,
            spec: serde_saphyr::from_str(spec).unwrap(),
        }
    }

    /// The plan of a `spec` that can be built.
    pub(crate) fn planned(spec: &str) -> Plan {
        plan(&subject(spec), &Facts::default()).unwrap()
    }

    /// The fields that stand against a `spec`.
    pub(crate) fn refused(spec: &str) -> Vec<String> {
        plan(&subject(spec), &Facts::default()).unwrap_err().into_iter().map(|i| i.field).collect()
    }

    #[test]
    fn an_image_is_enough() {
        let plan = planned("image: registry.example/web:v1.2.3");
        assert_eq!(plan.profile, "v1");
        assert_eq!(plan.replicas, Replicas::Unmanaged);
        assert!(plan.service.is_none() && plan.routes.is_empty() && plan.disruption_budget.is_none());
        assert_eq!(plan.version.as_deref(), Some("v1.2.3"));
        assert_eq!(plan.selector(), "app.kubernetes.io/name=web,app.kubernetes.io/instance=web");
    }

    #[test]
    fn all_that_is_wrong_is_said_at_once() {
        let fields = refused("{image: '', routes: [{name: a}], scaling: {minReplicas: 3, maxReplicas: 2}}");
        assert_eq!(fields, ["image", "routes[a].gateway", "routes[a].port", "scaling.minReplicas"]);
    }

    #[test]
    fn a_name_that_could_meet_another_childs_is_refused() {
        for name in ["a--b", "default", "A", "1a", "", &"a".repeat(51)] {
            let subject = Subject { name: name.to_owned(), ..subject("image: a:1") };
            let invalid = plan(&subject, &Facts::default()).unwrap_err();
            assert_eq!(invalid[0].field, "metadata.name", "{name}");
        }
    }
}
