//! The edges between the services of a system: uses that lead nowhere, and circles.

use std::{collections::BTreeMap, sync::Arc};

use microservice_crds::DependencyStatus;

use super::Member;
use crate::{
    graph::{self, Graph, Node},
    plan::DependencyState,
};

/// Uses of these services that lead nowhere or are not allowed, a few words for each. `nodes` are the same services: they
/// tell what a service can do without.
pub fn broken_edges(members: &[Member], nodes: &[Arc<Node>]) -> Vec<String> {
    let nodes: BTreeMap<&str, &Node> = nodes.iter().map(|node| (&*node.id.name, &**node)).collect();
    let mut broken = Vec::new();
    for member in members {
        let uses = nodes.get(&*member.name).map(|node| node.uses.as_slice()).unwrap_or_default();
        let can_do_without = |edge: &DependencyStatus| {
            let same = uses.iter().find(|used| {
                (&used.service, &used.namespace, &used.api) == (&edge.service, &edge.namespace, &edge.api)
            });
            edge.state == DependencyState::NotFound.as_str() && same.is_some_and(|used| used.optional)
        };
        let edges = member.uses.iter().filter(|edge| !can_do_without(edge));
        broken.extend(edges.filter_map(|edge| Some(format!("{} uses {}", member.name, wrong(edge)?))));
    }
    broken
}

/// Whom a use means and what is wrong with it, or nothing.
fn wrong(edge: &DependencyStatus) -> Option<String> {
    let state = |state: DependencyState| edge.state == state.as_str();
    let why = match () {
        () if state(DependencyState::NotFound) => "which is not there",
        () if state(DependencyState::NoPort) => "which has no such port",
        () if state(DependencyState::NoApi) => "which has no such API",
        () if state(DependencyState::NoConsent) => "which does not let it",
        () => return None,
    };
    let service = match &*edge.namespace {
        "" => edge.service.clone(),
        namespace => format!("{namespace}/{}", edge.service),
    };
    Some(if edge.api.is_empty() { format!("{service}, {why}") } else { format!("{} of {service}, {why}", edge.api) })
}

/// The sets of these services that use each other in a circle, each by names.
pub fn circles(nodes: &[Arc<Node>]) -> Vec<String> {
    // Who uses nobody closes no circle.
    let graph = Graph::new(nodes.iter().filter(|node| !node.uses.is_empty()).map(|node| (**node).clone()));
    let names = |circle: &Vec<graph::Id>| circle.iter().map(|id| id.name.as_str()).collect::<Vec<_>>().join(", ");
    graph::cycles(&graph).iter().map(names).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{graph::tests::node, status::system::fixtures::ready};

    fn nodes(specs: &[(&str, &str)]) -> Vec<Arc<Node>> {
        specs.iter().map(|(id, spec)| Arc::new(node(id, spec))).collect()
    }

    fn edge(service: &str, namespace: &str, api: &str, state: &str) -> DependencyStatus {
        let (service, namespace, api) = (service.into(), namespace.into(), api.into());
        DependencyStatus { service, namespace, api, state: state.into(), ..DependencyStatus::default() }
    }

    #[test]
    fn each_use_that_leads_nowhere_is_told_and_what_is_not_needed_is_not() {
        let uses = vec![
            edge("cart", "", "", "NotFound"),
            edge("pay", "bank", "money", "NoApi"),
            edge("web", "", "", "Resolved"),
            edge("dns", "", "", "AsWritten"),
            edge("far", "away", "", "Unseen"),
            edge("ads", "", "", "NotFound"),
            edge("mail", "", "", "NoConsent"),
        ];
        let members = [Member { uses, ..ready("a") }, ready("b")];
        let nodes = nodes(&[(
            "n/a",
            "{uses: [{service: cart}, {service: ads, optional: true}, {service: mail, optional: true}]}",
        )]);
        let wanted = [
            "a uses cart, which is not there",
            "a uses money of bank/pay, which has no such API",
            "a uses mail, which does not let it",
        ];
        assert_eq!(broken_edges(&members, &nodes), wanted);
    }

    #[test]
    fn a_circle_is_told_by_the_names_in_it() {
        let nodes = nodes(&[
            ("n/a", "{uses: [{service: b}]}"),
            ("n/b", "{uses: [{service: c}, {service: d}]}"),
            ("n/c", "{uses: [{service: a}]}"),
            ("n/d", "{}"),
        ]);
        assert_eq!(circles(&nodes), ["a, b, c"]);
        assert_eq!(circles(&nodes[1..]), [""; 0]);
    }
}
