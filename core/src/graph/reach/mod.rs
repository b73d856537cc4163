//! Who reaches whom, by NetworkPolicies alone: what the text of `networking.k8s.io/v1` says of a set of policies, as a
//! pure function of policies, namespaces and pods.
//!
//! - A pod that no policy of a direction selects is free in this direction. One that a policy selects is isolated: what
//!   some rule of some of these policies allows may pass, and nothing else. Policies add up, none takes away.
//! - A connection needs both: that the sender may send, and that the receiver may receive. Answers pass by themselves.
//! - Nobody outside of the cluster is isolated, and a pod always reaches itself.
//!
//! What the API server would refuse (a port range without a start, an unknown operator) allows nothing.
//!
//! Not part of the text, so not judged: that a node always reaches its own pods, pods on the host's network, and what a
//! gateway or a cloud's load balancer makes of the address that a pod sees.

mod index;
mod pairs;
mod peer;
mod pod;
mod policy;
mod port;

use std::{collections::BTreeMap, net::IpAddr};

use k8s_openapi::api::networking::v1::NetworkPolicy;

use self::{
    index::Index,
    peer::Seen,
    policy::{Policy, Rule},
};
pub use self::{
    pairs::{PodName, Reached},
    pod::{Pod, PodPort, Port, Protocol, UnknownProtocol},
};
use super::NamespaceLabels;

/// Pods, and the policies between them.
#[derive(Debug)]
pub struct Network<'a> {
    pods: &'a [Pod],
    places: BTreeMap<PodName<'a>, usize>,
    index: Index<'a>,
    policies: Vec<Policy<'a>>,
    /// For each pod the policies that isolate it, as places in the list above.
    ingress: Vec<Vec<usize>>,
    egress: Vec<Vec<usize>>,
}

/// A pod of a [`Network`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PodId(usize);

/// One end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// A pod.
    Pod(PodId),
    /// An address outside of the cluster.
    Outside(IpAddr),
}

#[derive(Debug, Clone, Copy)]
enum Direction {
    Ingress,
    Egress,
}

impl<'a> Network<'a> {
    /// Reads policies, and finds for each pod those that isolate it. Every namespace has its name as a label, whether it
    /// is listed or not.
    #[must_use]
    pub fn new(policies: &'a [NetworkPolicy], namespaces: &NamespaceLabels, pods: &'a [Pod]) -> Self {
        let index = Index::new(namespaces, pods);
        let policies: Vec<Policy<'a>> = policies.iter().map(Policy::new).collect();
        let (mut ingress, mut egress) = (vec![Vec::new(); pods.len()], vec![Vec::new(); pods.len()]);
        for (place, policy) in policies.iter().enumerate() {
            for pod in index.selected(policy.namespace, policy.pods) {
                for (isolating, rules) in [(&mut ingress, &policy.ingress), (&mut egress, &policy.egress)] {
                    if let (Some(isolating), Some(_)) = (isolating.get_mut(pod), rules) {
                        isolating.push(place);
                    }
                }
            }
        }
        let places = pods.iter().enumerate().map(|(place, pod)| (PodName::from(pod), place)).collect();
        Self { pods, places, index, policies, ingress, egress }
    }

    /// A pod, by its namespace and name.
    #[must_use]
    pub fn pod(&self, namespace: &str, name: &str) -> Option<End> {
        self.places.get(&PodName { namespace, name }).map(|place| End::Pod(PodId(*place)))
    }

    /// Whether traffic from one end gets to a port of the other: it may leave there, and it may enter here.
    #[must_use]
    pub fn allows(&self, from: End, to: End, port: Port) -> bool {
        self.allows_egress(from, to, port) && self.allows_ingress(from, to, port)
    }

    /// Whether the policies of the receiver let traffic in; those of the sender are not asked.
    #[must_use]
    pub fn allows_ingress(&self, from: End, to: End, port: Port) -> bool {
        self.judged_by(Direction::Ingress, to, from, to, port)
    }

    /// Whether the policies of the sender let traffic out; those of the receiver are not asked.
    #[must_use]
    pub fn allows_egress(&self, from: End, to: End, port: Port) -> bool {
        self.judged_by(Direction::Egress, from, from, to, port)
    }

    fn judged_by(&self, direction: Direction, judge: End, from: End, to: End, port: Port) -> bool {
        // Nobody judges what is outside.
        let End::Pod(PodId(judge)) = judge else { return true };
        let other = match direction {
            Direction::Ingress => from,
            Direction::Egress => to,
        };
        let seen = match other {
            End::Pod(PodId(other)) if other == judge => return true,
            End::Pod(PodId(other)) => self.index.seen(other),
            End::Outside(address) => Some(Seen::Outside(address)),
        };
        let to = match to {
            End::Pod(PodId(to)) => self.pods.get(to),
            End::Outside(_) => None,
        };
        let free = self.isolating(direction, judge).is_empty();
        free || seen.is_some_and(|seen| self.rules(direction, judge).any(|rule| rule.lets_pass(seen, port, to)))
    }

    /// The policies that isolate a pod in one direction; it is free where there is none.
    fn isolating(&self, direction: Direction, pod: usize) -> &[usize] {
        let of_pods = match direction {
            Direction::Ingress => &self.ingress,
            Direction::Egress => &self.egress,
        };
        of_pods.get(pod).map(Vec::as_slice).unwrap_or_default()
    }

    /// All rules for a pod that is isolated in one direction.
    fn rules(&self, direction: Direction, pod: usize) -> impl Iterator<Item = &Rule<'a>> {
        let policies = self.isolating(direction, pod).iter().filter_map(|place| self.policies.get(*place));
        policies.flat_map(move |policy| match direction {
            Direction::Ingress => policy.ingress.iter().flatten(),
            Direction::Egress => policy.egress.iter().flatten(),
        })
    }
}

#[cfg(test)]
mod tests;
