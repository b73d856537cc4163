//! What is known of the services around one: those at the other ends of its edges.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use microservice_crds::DependencyStatus;

use super::{Graph, Id, NamespaceLabels, Node, Provider, consents};

/// The services at the other ends of the edges of one service. Without a cluster there is nothing: the default.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Neighbourhood {
    /// The services that it uses; none where it is known that there is none. What is not named here cannot be seen.
    pub providers: BTreeMap<Id, Option<Arc<Node>>>,
    /// The services that use it.
    pub consumers: Vec<Arc<Node>>,
    /// The services whose routes lead to it, beside itself.
    pub routers: Vec<Arc<Node>>,
    /// Labels of the namespaces of its consumers.
    pub namespaces: NamespaceLabels,
    /// What became of its uses before: an address that was found once stays.
    pub before: Vec<DependencyStatus>,
}

impl Neighbourhood {
    /// What a graph knows around a service. `sees` says whether all services of a namespace are known.
    pub fn of(graph: &Graph, node: &Node, sees: impl Fn(&str) -> bool) -> Self {
        let providers = node.providers().into_iter().filter_map(|id| {
            let known = graph.get(&id).cloned();
            (known.is_some() || sees(&id.namespace)).then_some((id, known))
        });
        Self {
            providers: providers.collect(),
            consumers: graph.consumers(&node.id).filter(|other| other.id != node.id).cloned().collect(),
            routers: graph.routers(&node.id).cloned().collect(),
            ..Self::default()
        }
    }

    /// What is known of a service that is used.
    pub fn provider(&self, id: &Id) -> Provider<'_> {
        match self.providers.get(id) {
            Some(Some(node)) => Provider::Known(&node.offer),
            Some(None) => Provider::Absent,
            None => Provider::Unseen,
        }
    }

    /// Those of the consumers that `node`, which they use, lets.
    pub fn invited<'a>(&'a self, node: &'a Node) -> impl Iterator<Item = &'a Arc<Node>> {
        let allow_from = node.offer.allow_from.as_deref();
        self.consumers.iter().filter(move |consumer| {
            consents(&node.id, allow_from, &consumer.id, consumer.system.as_deref(), &self.namespaces)
        })
    }

    /// The namespaces of the consumers.
    pub fn namespaces_of_consumers(&self) -> BTreeSet<&str> {
        self.consumers.iter().map(|consumer| consumer.id.namespace.as_str()).collect()
    }
}
