//! All services and their edges, by both ends. What a change costs depends on the edges of what changed alone.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use microservice_crds::Use;

use super::{Id, Node};

/// All services and their edges. Cheap to ask: a service is found by name, and those around it by its edges.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    nodes: BTreeMap<Id, Arc<Node>>,
    /// Who uses a service, whether it is there or not.
    consumers: BTreeMap<Id, BTreeSet<Id>>,
    /// Whose routes lead to a service, beside its own.
    routers: BTreeMap<Id, BTreeSet<Id>>,
}

impl Graph {
    /// The graph of these services.
    pub fn new(nodes: impl IntoIterator<Item = Node>) -> Self {
        let mut graph = Self::default();
        for node in nodes {
            graph.put(node);
        }
        graph
    }

    /// A service, if it is there.
    pub fn get(&self, id: &Id) -> Option<&Arc<Node>> {
        self.nodes.get(id).map(visited)
    }

    /// All services, by namespace and name.
    pub fn nodes(&self) -> impl Iterator<Item = &Arc<Node>> {
        self.nodes.values().map(visited)
    }

    /// How many services there are.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Those that use a service, by namespace and name; it need not be there.
    pub fn consumers(&self, id: &Id) -> impl Iterator<Item = &Arc<Node>> {
        self.consumers.get(id).into_iter().flatten().filter_map(|consumer| self.get(consumer))
    }

    /// Those whose routes lead to a service, beside itself.
    pub fn routers(&self, id: &Id) -> impl Iterator<Item = &Arc<Node>> {
        self.routers.get(id).into_iter().flatten().filter_map(|router| self.get(router))
    }

    /// Puts a service in, or what it says now in the place of what it said. Answers whom the news concerns beside itself:
    /// those that it calls or called, and those that call it, as far as what changed matters to them.
    pub fn set(&mut self, node: Node) -> BTreeSet<Id> {
        match self.put(node) {
            Some((before, node)) => self.concerned(&node.id, before.as_deref(), Some(&node)),
            None => BTreeSet::new(),
        }
    }

    /// Puts a service in. Answers what it said before and what it says now, where that is not the same.
    fn put(&mut self, node: Node) -> Option<(Option<Arc<Node>>, Arc<Node>)> {
        let before = self.nodes.get(&node.id).cloned();
        if before.as_deref() == Some(&node) {
            return None;
        }
        let node = Arc::new(node);
        self.link(&node.id, before.as_deref(), Some(&node));
        self.nodes.insert(node.id.clone(), Arc::clone(&node));
        Some((before, node))
    }

    /// Takes a service out. Answers whom that concerns.
    pub fn remove(&mut self, id: &Id) -> BTreeSet<Id> {
        let Some(before) = self.nodes.remove(id) else { return BTreeSet::new() };
        self.link(id, Some(&before), None);
        self.concerned(id, Some(&before), None)
    }

    fn link(&mut self, id: &Id, before: Option<&Node>, after: Option<&Node>) {
        let ends =
            |of: fn(&Node) -> BTreeSet<Id>| (before.map(of).unwrap_or_default(), after.map(of).unwrap_or_default());
        relink(&mut self.consumers, id, ends(Node::providers));
        relink(&mut self.routers, id, ends(Node::routed));
    }

    fn concerned(&self, id: &Id, before: Option<&Node>, after: Option<&Node>) -> BTreeSet<Id> {
        let mut concerned = BTreeSet::new();
        if before.map(|node| &node.offer) != after.map(|node| &node.offer) {
            concerned.extend(self.consumers.get(id).into_iter().flatten().cloned());
        }
        if before.map(says) != after.map(says) {
            concerned.extend([before, after].into_iter().flatten().flat_map(Node::providers));
        }
        if before.map(|node| &node.routes) != after.map(|node| &node.routes) {
            concerned.extend([before, after].into_iter().flatten().flat_map(Node::routed));
        }
        concerned.remove(id);
        concerned
    }
}

/// What a service says to those that it uses.
fn says(node: &Node) -> (&[Use], Option<&str>, BTreeSet<&str>) {
    (&node.uses, node.system.as_deref(), node.needs())
}

/// A node that is looked at: tests hold their number against the size of the graph.
fn visited(node: &Arc<Node>) -> &Arc<Node> {
    #[cfg(test)]
    visits::count();
    node
}

#[cfg(test)]
pub(super) mod visits {
    use std::cell::Cell;

    thread_local!(static VISITS: Cell<usize> = const { Cell::new(0) });

    pub(super) fn count() {
        VISITS.set(VISITS.get() + 1);
    }

    /// How many nodes were looked at on this thread since the last call.
    pub(in crate::graph) fn taken() -> usize {
        VISITS.replace(0)
    }
}

fn relink(index: &mut BTreeMap<Id, BTreeSet<Id>>, id: &Id, (before, after): (BTreeSet<Id>, BTreeSet<Id>)) {
    for gone in before.difference(&after) {
        if let Some(ends) = index.get_mut(gone) {
            ends.remove(id);
            if ends.is_empty() {
                index.remove(gone);
            }
        }
    }
    for new in after.difference(&before) {
        index.entry(new.clone()).or_default().insert(id.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{Neighbourhood, Scope, Survey, Target, impact, lint, lint::tests::manifests, tests::node};

    fn names(ids: BTreeSet<Id>) -> Vec<String> {
        ids.into_iter().map(|id| id.to_string()).collect()
    }

    #[test]
    fn a_change_concerns_those_at_the_other_ends_of_its_edges_and_nobody_else() {
        let mut graph = Graph::default();
        assert_eq!(names(graph.set(node("shop/web", "uses: [{service: cart}]"))), ["shop/cart"]);
        assert_eq!(names(graph.set(node("shop/cart", "ports: [{name: a, port: 1}]"))), ["shop/web"]);
        assert_eq!(names(graph.set(node("shop/other", "{}"))), Vec::<String>::new());
        // The port matters to those who call it, and its own uses do not.
        assert_eq!(names(graph.set(node("shop/cart", "ports: [{name: a, port: 2}]"))), ["shop/web"]);
        let calls = "ports: [{name: a, port: 2}], uses: [{service: redis, port: 6379}]";
        assert_eq!(names(graph.set(node("shop/cart", calls))), ["shop/redis"]);
        assert_eq!(names(graph.set(node("shop/cart", calls))), Vec::<String>::new(), "nothing new");
        assert_eq!(graph.consumers(&Id::new("shop", "redis")).count(), 1);
        assert_eq!(names(graph.remove(&Id::new("shop", "cart"))), ["shop/redis", "shop/web"]);
        assert_eq!(graph.consumers(&Id::new("shop", "redis")).count(), 0);
        assert_eq!(graph.consumers(&Id::new("shop", "cart")).count(), 1, "it may come back");
    }

    #[test]
    fn an_edge_that_moves_concerns_both_ends() {
        let mut graph = Graph::default();
        graph.set(node("shop/web", "uses: [{service: a}]"));
        assert_eq!(names(graph.set(node("shop/web", "uses: [{service: b, namespace: edge}]"))), ["edge/b", "shop/a"]);
        assert_eq!(names(graph.set(node("shop/web", "uses: [{service: b, namespace: edge}], system: s"))), ["edge/b"]);
    }

    /// What is looked at when the port of one service changes, in a ring of so many services that use five others each:
    /// its entry, and what those plan whom it concerns. Then what is looked at for its impact, and for all at once.
    fn visited(services: usize) -> (usize, usize, usize) {
        let name = |number: usize| format!("s{:06}", number % services);
        let spec = |number: usize, port: i32| {
            // Five uses in groups of eight, so that who uses whom does not depend on how many there are.
            let first = number - number % 8;
            let uses = (1..6).map(|step| first + (number + step) % 8).filter(|to| *to > number);
            let uses: Vec<String> = uses.map(|to| format!("{{service: {}}}", name(to))).collect();
            format!("ports: [{{name: http, port: {port}}}], uses: [{}]", uses.join(", "))
        };
        let all: Vec<(String, String)> = (0..services).map(|n| (format!("shop/{}", name(n)), spec(n, 80))).collect();
        let all: Vec<(&str, &str)> = all.iter().map(|(id, spec)| (id.as_str(), spec.as_str())).collect();
        let manifests = manifests(&all, "");
        let survey = Survey::of(&manifests, "shop", Scope::All);
        let mut graph = survey.graph().clone();
        let changed = node(&format!("shop/{}", name(21)), &spec(21, 81));
        visits::taken();
        let concerned = graph.set(changed.clone());
        assert!(concerned.len() > 2, "{concerned:?}");
        for id in concerned.iter().chain([&changed.id]) {
            let service = graph.get(id).unwrap().clone();
            let around = Neighbourhood::of(&graph, &service, |_| true);
            assert!(!around.providers.is_empty() || !around.consumers.is_empty());
        }
        let change = visits::taken();
        assert!(!impact(&survey, Target::Removal(changed.id)).consumers.is_empty());
        let impact = visits::taken();
        lint::lint(&survey, "2027-06-01".parse().unwrap());
        (change, impact, visits::taken())
    }

    #[test]
    fn what_a_change_looks_at_does_not_grow_with_the_graph() {
        let ((change, impact, all), (change_of_many, impact_of_many, all_of_many)) = (visited(80), visited(8000));
        assert_eq!((change, impact), (change_of_many, impact_of_many));
        assert!(change < 100 && impact < 300, "{change} {impact}");
        assert!(all >= 80 && all_of_many >= 100 * all - 100, "the count counts: {all} {all_of_many}");
    }
}
