//! Calls between the services that are there, by number: what the questions about paths are asked of.

use std::collections::{BTreeMap, VecDeque};

use microservice_crds::Use;

use crate::graph::{Graph, Id, cycles::components};

/// All calls. A service that is not there is called by nobody.
pub(super) struct Calls<'a> {
    ids: Vec<&'a Id>,
    numbers: BTreeMap<&'a Id, usize>,
    edges: Vec<Vec<Call<'a>>>,
    /// Services that call each other in a circle are of one part, any other is a part of its own. Each part comes after all
    /// that it leads to.
    pub parts: Vec<Vec<usize>>,
    part_of: Vec<usize>,
}

/// One use of a service that is there.
#[derive(Clone, Copy)]
pub(super) struct Call<'a> {
    /// The number of the service.
    pub to: usize,
    pub used: &'a Use,
}

impl<'a> Calls<'a> {
    pub fn of(graph: &'a Graph) -> Self {
        let ids: Vec<&Id> = graph.nodes().map(|node| &node.id).collect();
        let numbers: BTreeMap<&Id, usize> = ids.iter().enumerate().map(|(number, id)| (*id, number)).collect();
        let edges: Vec<Vec<Call<'_>>> = graph
            .nodes()
            .map(|node| {
                let call = |used| Some(Call { to: numbers.get(&node.provider(used)).copied()?, used });
                node.uses.iter().filter_map(call).filter(|call| ids.get(call.to) != Some(&&node.id)).collect()
            })
            .collect();
        let ends: Vec<Vec<usize>> = edges.iter().map(|calls| calls.iter().map(|call| call.to).collect()).collect();
        let parts = components(&ends);
        let mut part_of = vec![0; ids.len()];
        for (part, members) in parts.iter().enumerate() {
            for member in members {
                if let Some(of) = part_of.get_mut(*member) {
                    *of = part;
                }
            }
        }
        Self { ids, numbers, edges, parts, part_of }
    }

    /// How many services there are.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// The service of a number.
    pub fn id(&self, number: usize) -> Option<&'a Id> {
        self.ids.get(number).copied()
    }

    /// The services of these numbers.
    pub fn named(&self, numbers: &[usize]) -> Vec<&'a Id> {
        numbers.iter().filter_map(|number| self.id(*number)).collect()
    }

    /// The number of a service.
    pub fn number(&self, id: &Id) -> Option<usize> {
        self.numbers.get(id).copied()
    }

    /// What a service calls, in the order of its spec.
    pub fn from(&self, number: usize) -> &[Call<'a>] {
        self.edges.get(number).map(Vec::as_slice).unwrap_or_default()
    }

    /// Every call: the caller's number, and the call.
    pub fn all(&self) -> impl Iterator<Item = (usize, &Call<'a>)> {
        self.edges.iter().enumerate().flat_map(|(from, calls)| calls.iter().map(move |call| (from, call)))
    }

    /// Whether a call is one of a circle.
    pub fn is_inside(&self, from: usize, to: usize) -> bool {
        self.part_of.get(from) == self.part_of.get(to)
    }

    /// The fewest calls from one service to another of the same circle, both ends included; from one to itself around the
    /// circle. None where it was not found among the first `most` services that were met.
    pub fn around(&self, from: usize, to: usize, most: usize) -> Vec<usize> {
        let mut came_from = BTreeMap::new();
        let mut next = VecDeque::from([from]);
        while let Some(here) = next.pop_front() {
            for call in self.from(here).iter().filter(|call| self.is_inside(from, call.to)) {
                if call.to == to {
                    let mut path = vec![to, here];
                    while let Some(before) = path.last().filter(|last| **last != from).and_then(|l| came_from.get(l)) {
                        path.push(*before);
                    }
                    path.reverse();
                    return path;
                }
                if call.to != from && came_from.len() < most && !came_from.contains_key(&call.to) {
                    came_from.insert(call.to, here);
                    next.push_back(call.to);
                }
            }
        }
        Vec::new()
    }
}
