//! Everything that is known of a set of services, found once: what lint and impact read.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use k8s_openapi::api::core::v1::ResourceQuota;
use microservice_crds::{ContractMode, Microservice, NetworkMode};

use super::{Front, Graph, Id, NamespaceLabels, Provider, Workload};
use crate::{
    offline::{self, Manifests},
    plan::{self, Claim, Facts, Invalid, Plan, Subject},
    render,
};

/// Of which namespaces all Microservices are known: who is missing there is not there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    /// Of those that have at least one: manifests in files.
    #[default]
    Present,
    /// Of these: what somebody with limited rights may list.
    Namespaces(BTreeSet<String>),
    /// Of all: a whole cluster.
    All,
}

/// A set of services with all that follows from it.
#[derive(Clone, Debug)]
pub struct Survey<'a> {
    pub(super) manifests: &'a Manifests,
    pub(super) namespace: &'a str,
    pub(super) graph: Graph,
    pub(super) labels: NamespaceLabels,
    pub(super) services: BTreeMap<Id, Surveyed>,
    scope: Scope,
    /// Where each service stands among the manifests.
    places: BTreeMap<Id, usize>,
}

/// What is known of one service beside its edges.
#[derive(Clone, Debug, Default)]
pub(super) struct Surveyed {
    pub created: Option<Timestamp>,
    pub network: NetworkMode,
    pub contracts: ContractMode,
    /// What stands against it: then nothing below is known.
    pub problems: Vec<Invalid>,
    /// What its routes claim, and the route where it is known.
    pub claims: Vec<(Claim, Option<String>)>,
    pub fronts: Vec<Front>,
    pub workload: Option<Workload>,
}

impl<'a> Survey<'a> {
    /// Looks at everything that was read. `namespace` is that of objects that name none. Of two documents for one object
    /// the last holds.
    pub fn of(manifests: &'a Manifests, namespace: &'a str, scope: Scope) -> Self {
        let graph = manifests.graph(namespace);
        let namespaces: BTreeSet<&String> = graph.nodes().map(|node| &node.id.namespace).collect();
        let labels = namespaces.into_iter().map(|name| (name.clone(), manifests.labels(name))).collect();
        let places: BTreeMap<Id, usize> = manifests
            .services
            .iter()
            .enumerate()
            .map(|(place, service)| (offline::id(&service.metadata, namespace), place))
            .collect();
        let mut survey = Self { manifests, namespace, graph, labels, scope, places, services: BTreeMap::new() };
        let all = survey.places.iter();
        let all = all.filter_map(|(id, place)| Some((id.clone(), survey.look(manifests.services.get(*place)?))));
        survey.services = all.collect();
        survey
    }

    /// The services and their edges.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// Whether all Microservices of a namespace are known.
    pub fn sees(&self, namespace: &str) -> bool {
        match &self.scope {
            Scope::All => true,
            Scope::Namespaces(some) => some.contains(namespace),
            Scope::Present => self.labels.contains_key(namespace),
        }
    }

    /// Whether all Microservices of all namespaces are known.
    pub(super) fn sees_everything(&self) -> bool {
        self.scope == Scope::All
    }

    /// What is known of the service that a use means.
    pub(super) fn provider(&self, id: &Id) -> Provider<'_> {
        match self.graph.get(id) {
            Some(node) => Provider::Known(&node.offer),
            None if self.sees(&id.namespace) => Provider::Absent,
            None => Provider::Unseen,
        }
    }

    /// A service as it is planned, and what is known around it.
    pub(super) fn subject(&self, id: &Id) -> Option<(Subject, Facts)> {
        let subject = offline::subject(self.manifests.services.get(*self.places.get(id)?)?.clone(), self.namespace);
        let facts = self.manifests.facts(&subject, &self.graph);
        Some((subject, facts))
    }

    /// The namespace of a ResourceQuota.
    pub(super) fn namespace_of<'b>(&'b self, quota: &'b ResourceQuota) -> &'b str {
        quota.metadata.namespace.as_deref().unwrap_or(self.namespace)
    }

    fn look(&self, service: &Microservice) -> Surveyed {
        let class = self.manifests.class(&service.spec);
        let class = class.as_deref().map(|class| &class.spec);
        let known = Surveyed {
            created: service.metadata.creation_timestamp.as_ref().map(|time| time.0),
            network: class.and_then(|class| class.network.as_ref()).map(|network| network.mode).unwrap_or_default(),
            contracts: class.and_then(|class| class.contracts.as_ref()).map(|of| of.mode).unwrap_or_default(),
            ..Surveyed::default()
        };
        let subject = offline::subject(service.clone(), self.namespace);
        // What is read of the plan does not depend on other services: claims, counts and what stands against it.
        let facts = self.manifests.facts_of_one(&subject);
        // What overrides change is only known of the objects, which are not made for everybody: that takes longer.
        let planned = match subject.spec.overrides.is_empty() {
            true => plan::plan(&subject, &facts).map(|plan| (Workload::of(&plan), plan)),
            false => render::render(&subject, &facts).map(|all| (Workload::rendered(&all.children), all.plan)),
        };
        match planned {
            Err(problems) => Surveyed { problems, ..known },
            Ok((workload, plan)) => Surveyed {
                claims: claims(&plan),
                fronts: Front::of(&plan, &subject.spec.routes),
                workload: Some(workload),
                ..known
            },
        }
    }
}

fn claims(plan: &Plan) -> Vec<(Claim, Option<String>)> {
    let made = plan.routes.iter().flat_map(|made| plan::claimed_by(made).into_iter().map(|claim| (claim, &made.route)));
    let made: BTreeMap<Claim, &String> = made.collect();
    let route = |claim: &Claim| made.get(claim).map(|route| (*route).clone());
    plan::claims(plan).into_iter().map(|claim| (claim.clone(), route(&claim))).collect()
}
