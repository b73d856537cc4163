//! Services that call each other in a circle.

use std::collections::BTreeMap;

use super::{Graph, Id};

/// Every set of services that call each other in a circle, each in the order of names: the strongly connected parts of the
/// graph with more than one service. Linear in services and edges, and not recursive: paths may be long.
pub fn cycles(graph: &Graph) -> Vec<Vec<Id>> {
    let ids: Vec<&Id> = graph.nodes().map(|node| &node.id).collect();
    let index: BTreeMap<&Id, usize> = ids.iter().enumerate().map(|(number, id)| (*id, number)).collect();
    let edges: Vec<Vec<usize>> = graph
        .nodes()
        .map(|node| node.providers().iter().filter_map(|provider| index.get(provider).copied()).collect())
        .collect();
    let mut found: Vec<Vec<Id>> = components(&edges)
        .into_iter()
        .filter(|part| part.len() > 1)
        .map(|part| {
            let mut part: Vec<Id> = part.into_iter().filter_map(|number| ids.get(number).copied().cloned()).collect();
            part.sort();
            part
        })
        .collect();
    found.sort();
    found
}

const UNSEEN: usize = usize::MAX;

/// The strongly connected parts, each after all that it leads to. Tarjan's algorithm with a stack of its own.
pub(super) fn components(edges: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut search = Search {
        order: vec![UNSEEN; edges.len()],
        low: vec![0; edges.len()],
        open: vec![false; edges.len()],
        stack: Vec::new(),
        next: 0,
        found: Vec::new(),
    };
    for start in 0..edges.len() {
        search.from(start, edges);
    }
    search.found
}

struct Search {
    order: Vec<usize>,
    low: Vec<usize>,
    open: Vec<bool>,
    stack: Vec<usize>,
    next: usize,
    found: Vec<Vec<usize>>,
}

// All indices are those of `edges`, which every list is as long as.
#[allow(clippy::indexing_slicing)]
impl Search {
    fn from(&mut self, start: usize, edges: &[Vec<usize>]) {
        if self.order[start] != UNSEEN {
            return;
        }
        // Where we are, and how many of its edges were taken.
        let mut path = vec![(start, 0)];
        self.enter(start);
        while let Some((here, taken)) = path.last_mut() {
            let here = *here;
            if let Some(&to) = edges[here].get(*taken) {
                *taken += 1;
                if self.order[to] == UNSEEN {
                    self.enter(to);
                    path.push((to, 0));
                } else if self.open[to] {
                    self.low[here] = self.low[here].min(self.order[to]);
                }
                continue;
            }
            path.pop();
            if let Some((above, _)) = path.last() {
                self.low[*above] = self.low[*above].min(self.low[here]);
            }
            if self.low[here] == self.order[here] {
                self.close(here);
            }
        }
    }

    fn enter(&mut self, number: usize) {
        self.order[number] = self.next;
        self.low[number] = self.next;
        self.next += 1;
        self.open[number] = true;
        self.stack.push(number);
    }

    fn close(&mut self, root: usize) {
        let mut part = Vec::new();
        while let Some(number) = self.stack.pop() {
            self.open[number] = false;
            part.push(number);
            if number == root {
                break;
            }
        }
        self.found.push(part);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::tests::node;

    fn found(edges: &[(&str, &[&str])]) -> Vec<Vec<String>> {
        let graph = Graph::new(edges.iter().map(|(name, uses)| {
            let uses: Vec<String> = uses.iter().map(|used| format!("{{service: {used}}}")).collect();
            node(&format!("shop/{name}"), &format!("uses: [{}]", uses.join(", ")))
        }));
        cycles(&graph).into_iter().map(|part| part.into_iter().map(|id| id.name).collect()).collect()
    }

    #[test]
    fn circles_are_found_and_lines_are_not() {
        assert!(found(&[("a", &["b"]), ("b", &["c"]), ("c", &[])]).is_empty());
        assert_eq!(found(&[("a", &["b"]), ("b", &["c"]), ("c", &["a"])]), [["a", "b", "c"]]);
        let two: &[(&str, &[&str])] = &[("d", &["c"]), ("c", &["d", "a"]), ("b", &["a"]), ("a", &["b"]), ("e", &["a"])];
        assert_eq!(found(two), [["a", "b"], ["c", "d"]]);
        assert!(found(&[("a", &["b"])]).is_empty(), "who is not there is in no circle");
        assert_eq!(found(&[("a", &["b", "b"]), ("b", &["a"])]), [["a", "b"]]);
    }

    #[test]
    fn a_long_path_needs_no_deep_stack() {
        let name = |n: usize| format!("s{n:06}");
        let line = (0..20_000)
            .map(|n| node(&format!("shop/{}", name(n)), &format!("uses: [{{service: {}}}]", name((n + 1) % 20_000))));
        assert_eq!(cycles(&Graph::new(line)).len(), 1);
    }
}
