//! Who notices when a service is down, when an API of it ends, or when it goes: its consumers and theirs, host names, and
//! NetworkPolicies.

mod hosts;
mod policies;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use microservice_crds::{Api, Use};
use serde::Serialize;

use super::{Graph, Id, Node, Offer, Provider, Resolution, Survey, lint::in_use, resolve};
use crate::plan;

pub use hosts::Host;
pub use policies::Policy;

/// What happens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Target {
    /// A service is down or wrong. Nothing is written anew because of that.
    Service(Id),
    /// A service no longer exposes an API, or one version of it.
    Api {
        /// The service.
        service: Id,
        /// The API.
        name: String,
        /// One version of it; none: all of them.
        version: Option<String>,
    },
    /// A service goes for good, with all that stands for it.
    Removal(Id),
}

impl Target {
    /// The service.
    pub fn service(&self) -> &Id {
        match self {
            Self::Service(id) | Self::Removal(id) | Self::Api { service: id, .. } => id,
        }
    }

    /// Whether an API is what happens to.
    fn hits(&self, api: &Api) -> bool {
        match self {
            Self::Service(_) | Self::Removal(_) => true,
            Self::Api { name, version, .. } => api.name == *name && version.as_ref().is_none_or(|v| *v == api.version),
        }
    }

    /// What is left of what a service offers.
    fn left(&self, offer: &Offer) -> Offer {
        let exposes = offer.exposes.iter().filter(|api| !self.hits(api)).cloned().collect();
        Offer { exposes, ..offer.clone() }
    }
}

/// Who notices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Impact {
    /// What happens.
    pub target: Target,
    /// Those that use it, and those that use them: the nearest first, then by namespace and name.
    pub consumers: Vec<Consumer>,
    /// Host names whose requests need it, by host, service and route.
    pub hosts: Vec<Host>,
    /// Services whose NetworkPolicy is another one then, by namespace and name.
    pub policies: Vec<Policy>,
}

/// A service that uses the target, or uses one that does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Consumer {
    /// The service.
    pub id: Id,
    /// Calls on the shortest path to the target: 1 for one that uses it itself.
    pub distance: usize,
    /// The next service on that path.
    pub via: Id,
    /// Its uses of that service. Example: `uses[cartservice]`.
    pub uses: Vec<String>,
    /// Whether it cannot do without: there is a path to the target on which no use is optional.
    pub fails: bool,
}

impl Impact {
    /// The shortest path of calls from a consumer to the target, both included. Empty where it is no consumer.
    pub fn path(&self, consumer: &Id) -> Vec<&Id> {
        let by_id: BTreeMap<&Id, &Consumer> = self.consumers.iter().map(|consumer| (&consumer.id, consumer)).collect();
        let mut path = Vec::new();
        let mut here = by_id.get(consumer).copied();
        while let Some(consumer) = here {
            path.push(&consumer.id);
            here = by_id.get(&consumer.via).copied();
            if here.is_none() {
                path.push(&consumer.via);
            }
        }
        path
    }
}

/// Who notices. Each service that is met is looked at once.
pub fn impact(survey: &Survey<'_>, target: Target) -> Impact {
    let consumers = consumers(survey.graph(), &target);
    Impact {
        hosts: hosts::affected(survey, &target, &consumers),
        policies: policies::affected(survey, &target, &consumers),
        consumers,
        target,
    }
}

fn consumers(graph: &Graph, target: &Target) -> Vec<Consumer> {
    let failing = failing(graph, target);
    let origin = target.service();
    let mut found: Vec<Consumer> = Vec::new();
    let mut met = BTreeSet::from([origin.clone()]);
    let mut next = VecDeque::from([(origin.clone(), 0)]);
    while let Some((via, distance)) = next.pop_front() {
        for node in graph.consumers(&via) {
            let uses = concerned(graph, target, node, &via);
            if uses.is_empty() || !met.insert(node.id.clone()) {
                continue;
            }
            found.push(Consumer {
                id: node.id.clone(),
                distance: distance + 1,
                via: via.clone(),
                uses: uses.into_iter().map(plan::field_of_use).collect(),
                fails: failing.contains(&node.id),
            });
            next.push_back((node.id.clone(), distance + 1));
        }
    }
    found.sort_by(|a, b| (a.distance, &a.id).cmp(&(b.distance, &b.id)));
    found
}

/// The uses of one service by another through which the other is concerned.
fn concerned<'a>(graph: &Graph, target: &Target, node: &'a Node, of: &Id) -> Vec<&'a Use> {
    let here = node.uses.iter().filter(|used| node.means(used, of));
    if of != target.service() || !matches!(target, Target::Api { .. }) {
        return here.collect();
    }
    let Some(provider) = graph.get(of) else { return Vec::new() };
    let offer = &provider.offer;
    here.filter(|used| in_use(used, offer).is_some_and(|api| target.hits(api))).collect()
}

/// Whether one use fails: what remains is not what it needs.
fn breaks(graph: &Graph, target: &Target, used: &Use) -> bool {
    if used.optional {
        return false;
    }
    let (Target::Api { .. }, Some(of)) = (target, graph.get(target.service())) else { return true };
    let left = target.left(&of.offer);
    let reached = matches!(resolve(used, Provider::Known(&left)), Resolution::Port(_));
    !reached || in_use(used, &left).is_none()
}

/// Services that fail, the target not among them: back along the uses that are not optional.
fn failing(graph: &Graph, target: &Target) -> BTreeSet<Id> {
    let origin = target.service();
    let mut failing = BTreeSet::new();
    let mut next = vec![origin.clone()];
    while let Some(via) = next.pop() {
        for node in graph.consumers(&via).filter(|node| node.id != *origin) {
            let fails = |used: &&Use| if via == *origin { breaks(graph, target, used) } else { !used.optional };
            if !failing.contains(&node.id) && concerned(graph, target, node, &via).iter().any(fails) {
                failing.insert(node.id.clone());
                next.push(node.id.clone());
            }
        }
    }
    failing
}

#[cfg(test)]
mod tests;
