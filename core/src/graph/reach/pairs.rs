//! All pairs at once, without asking for each pair.

use std::collections::BTreeSet;

use super::{Direction, End, Network, Pod, PodId, Port, peer::Peers};

/// The name of a pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PodName<'a> {
    /// Its namespace.
    pub namespace: &'a str,
    /// Its name within the namespace.
    pub name: &'a str,
}

impl<'a> From<&'a Pod> for PodName<'a> {
    fn from(pod: &'a Pod) -> Self {
        Self { namespace: &pod.namespace, name: &pod.name }
    }
}

/// A pod, another pod, and a declared port of the other that it reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reached<'a> {
    /// Who sends.
    pub from: PodName<'a>,
    /// Who receives.
    pub to: PodName<'a>,
    /// Where it receives.
    pub port: Port,
}

impl<'a> Network<'a> {
    /// Which pod reaches which other on which of its declared ports. That a pod reaches itself goes without saying.
    ///
    /// The work follows from the number of answers, not from that of pairs: only those are looked at whom a rule of one
    /// of the two ends mentions, unless neither end minds.
    #[must_use]
    pub fn reachable(&self) -> BTreeSet<Reached<'a>> {
        let mut found = BTreeSet::new();
        for to in 0..self.pods.len() {
            self.who_is_mentioned(to, &mut found);
        }
        let open: BTreeSet<usize> = (0..self.pods.len()).filter(|to| self.is_open(*to)).collect();
        for from in 0..self.pods.len() {
            if self.isolating(Direction::Egress, from).is_empty() {
                for to in &open {
                    self.add(from, *to, &mut found, |ends, port| self.allows_ingress(ends.0, ends.1, port));
                }
            } else {
                self.who_is_open(from, &open, &mut found);
            }
        }
        found
    }

    /// Whether a pod receives from everyone, on some port at least.
    fn is_open(&self, pod: usize) -> bool {
        let free = self.isolating(Direction::Ingress, pod).is_empty();
        free || self.rules(Direction::Ingress, pod).any(|rule| matches!(rule.peers, Peers::Everyone))
    }

    /// From those whom a receiver's rules mention.
    fn who_is_mentioned(&self, to: usize, found: &mut BTreeSet<Reached<'a>>) {
        for rule in self.rules(Direction::Ingress, to).filter(|rule| matches!(rule.peers, Peers::Listed(_))) {
            for from in self.index.included(&rule.peers) {
                // Whether the rule means the sender is not asked again: it may list thousands.
                self.add(from, to, found, |ends, port| {
                    rule.ports.open(port, self.pods.get(to)) && self.allows_egress(ends.0, ends.1, port)
                });
            }
        }
    }

    /// From an isolated sender to those who receive from everyone. Mostly nobody does, and nobody is looked for.
    fn who_is_open(&self, from: usize, open: &BTreeSet<usize>, found: &mut BTreeSet<Reached<'a>>) {
        if open.is_empty() {
            return;
        }
        for rule in self.rules(Direction::Egress, from) {
            for to in self.index.included(&rule.peers).into_iter().filter(|to| open.contains(to)) {
                self.add(from, to, found, |ends, port| {
                    rule.ports.open(port, self.pods.get(to)) && self.allows_ingress(ends.0, ends.1, port)
                });
            }
        }
    }

    /// Adds those declared ports of another pod where traffic between the two ends passes.
    fn add(
        &self,
        from: usize,
        to: usize,
        found: &mut BTreeSet<Reached<'a>>,
        passes: impl Fn((End, End), Port) -> bool,
    ) {
        let (Some(sender), Some(receiver)) = (self.pods.get(from), self.pods.get(to)) else { return };
        if from == to {
            return;
        }
        let declared = receiver.ports.iter().map(|declared| declared.port);
        let open = declared.filter(|port| passes((End::Pod(PodId(from)), End::Pod(PodId(to))), *port));
        found.extend(open.map(|port| Reached { from: sender.into(), to: receiver.into(), port }));
    }
}
