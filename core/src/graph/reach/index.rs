//! Finds the pods that a policy speaks of without looking at each: by a label that they must have, or by their address.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use super::{
    peer::{Namespaces, Peer, Peers, Seen},
    pod::Pod,
};
use crate::{graph::NamespaceLabels, selector};

/// The label that the API server gives to every namespace: its name.
const NAMESPACE_NAME: &str = "kubernetes.io/metadata.name";

/// Pods and their namespaces. A pod is its place in the list.
#[derive(Debug)]
pub(super) struct Index<'a> {
    pods: &'a [Pod],
    namespaces: NamespaceLabels,
    /// The names of namespaces, by their place in the index of labels.
    names: Vec<String>,
    namespace_labels: Labels,
    pod_labels: BTreeMap<&'a str, Labels>,
    addresses: BTreeMap<IpAddr, Vec<usize>>,
}

impl<'a> Index<'a> {
    pub(super) fn new(namespaces: &NamespaceLabels, pods: &'a [Pod]) -> Self {
        let known = namespaces.keys().chain(pods.iter().map(|pod| &pod.namespace)).collect::<BTreeSet<_>>();
        let with_name = |name: &String| {
            let mut labels = namespaces.get(name).cloned().unwrap_or_default();
            labels.insert(NAMESPACE_NAME.to_owned(), name.clone());
            (name.clone(), labels)
        };
        let namespaces: NamespaceLabels = known.into_iter().map(with_name).collect();
        let mut index = Self {
            pods,
            names: namespaces.keys().cloned().collect(),
            namespace_labels: Labels::default(),
            namespaces,
            pod_labels: BTreeMap::new(),
            addresses: BTreeMap::new(),
        };
        for (place, labels) in index.namespaces.values().enumerate() {
            index.namespace_labels.insert(place, labels);
        }
        for (place, pod) in pods.iter().enumerate() {
            index.pod_labels.entry(&pod.namespace).or_default().insert(place, &pod.labels);
            if let Some(address) = pod.address {
                index.addresses.entry(address).or_default().push(place);
            }
        }
        index
    }

    /// A pod, with what policies see of it.
    pub(super) fn seen(&self, pod: usize) -> Option<Seen<'_>> {
        let pod = self.pods.get(pod)?;
        Some(Seen::Pod { pod, namespace_labels: self.namespaces.get(&pod.namespace)? })
    }

    /// The pods of one namespace that a selector takes, or all.
    pub(super) fn selected(&self, namespace: &str, selector: Option<&LabelSelector>) -> Vec<usize> {
        let Some(labels) = self.pod_labels.get(namespace) else { return Vec::new() };
        let Some(selector) = selector else { return labels.all.clone() };
        let taken = |place: &usize| self.pods.get(*place).is_some_and(|pod| selector::matches(selector, &pod.labels));
        labels.candidates(selector).into_iter().filter(taken).collect()
    }

    /// The pods that a rule is about.
    pub(super) fn included(&self, peers: &Peers<'_>) -> Vec<usize> {
        match peers {
            Peers::Everyone => (0..self.pods.len()).collect(),
            Peers::Listed(listed) => listed.iter().flat_map(|peer| self.of_peer(peer)).collect(),
        }
    }

    fn of_peer(&self, peer: &Peer<'_>) -> Vec<usize> {
        match peer {
            Peer::Pods { namespaces: Namespaces::Own(own), pods } => self.selected(own, *pods),
            Peer::Pods { namespaces: Namespaces::Labelled(labels), pods } => {
                let candidates = self.namespace_labels.candidates(labels).into_iter();
                let names = candidates.filter_map(|place| self.names.get(place)).filter(|name| {
                    self.namespaces.get(*name).is_some_and(|of_namespace| selector::matches(labels, of_namespace))
                });
                names.flat_map(|name| self.selected(name, *pods)).collect()
            }
            Peer::Block { network, .. } => {
                let within = self.addresses.range(network.network()..=network.broadcast());
                within.filter(|(address, _)| peer.has(**address)).flat_map(|(_, pods)| pods.iter().copied()).collect()
            }
        }
    }
}

/// Objects by the values of their labels. An object is a number.
#[derive(Debug, Default)]
struct Labels {
    all: Vec<usize>,
    values: BTreeMap<String, BTreeMap<String, Vec<usize>>>,
}

impl Labels {
    fn insert(&mut self, object: usize, labels: &BTreeMap<String, String>) {
        self.all.push(object);
        for (key, value) in labels {
            self.values.entry(key.clone()).or_default().entry(value.clone()).or_default().push(object);
        }
    }

    /// Those among whom all are that a selector takes: the fewest that one of its parts leaves. A part that asks for
    /// values is looked up; the others leave everyone.
    fn candidates(&self, selector: &LabelSelector) -> Vec<usize> {
        let equal = selector.match_labels.iter().flatten().map(|(key, value)| (key, std::slice::from_ref(value)));
        let parts = selector.match_expressions.iter().flatten().filter(|part| part.operator == "In");
        let parts = parts.map(|part| (&part.key, part.values.as_deref().unwrap_or_default()));
        let narrowed = equal.chain(parts).map(|(key, values)| self.having(key, values));
        narrowed
            .min_by_key(|lists| lists.iter().map(|list| list.len()).sum::<usize>())
            .map_or_else(|| self.all.clone(), |lists| lists.concat())
    }

    fn having(&self, key: &str, values: &[String]) -> Vec<&[usize]> {
        let of_key = self.values.get(key);
        values.iter().filter_map(|value| of_key?.get(value)).map(Vec::as_slice).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(yaml: &str) -> BTreeMap<String, String> {
        serde_saphyr::from_str(yaml).unwrap()
    }

    #[test]
    fn the_part_that_leaves_the_fewest_is_looked_up() {
        let mut index = Labels::default();
        for number in 0..100 {
            index.insert(number, &labels(&format!("{{app: a{number}, by: us, half: h{}}}", number % 2)));
        }
        let candidates = |yaml: &str| index.candidates(&serde_saphyr::from_str(yaml).unwrap());
        assert_eq!(candidates("matchLabels: {app: a7, by: us}"), [7]);
        assert_eq!(candidates("matchLabels: {by: us, half: h0, app: a8}"), [8]);
        let listed = "{matchLabels: {by: us}, matchExpressions: [{key: app, operator: In, values: [a9, b, a3]}]}";
        assert_eq!(candidates(listed), [9, 3]);
        assert_eq!(candidates("matchLabels: {app: nobody}"), [0; 0]);
        assert_eq!(candidates("matchLabels: {unknown: x}"), [0; 0]);
        assert_eq!(candidates("matchExpressions: [{key: app, operator: NotIn, values: [a9]}]").len(), 100);
        assert_eq!(candidates("{}").len(), 100);
    }

    #[test]
    fn a_namespace_has_its_name_as_a_label() {
        let pods = ["a", "b"].map(|namespace| Pod { namespace: namespace.into(), ..Pod::default() });
        let namespaces = BTreeMap::from([("a".to_owned(), labels("{team: blue}"))]);
        let index = Index::new(&namespaces, &pods);
        let pods_of = |yaml: &str| {
            let peers = serde_saphyr::from_str::<Vec<_>>(yaml).unwrap();
            index.included(&Peers::new("a", Some(&peers)))
        };
        assert_eq!(pods_of("[{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: b}}}]"), [1]);
        let both = "{kubernetes.io/metadata.name: a, team: blue}";
        assert_eq!(pods_of(&format!("[{{namespaceSelector: {{matchLabels: {both}}}}}]")), [0]);
        assert_eq!(pods_of("[{namespaceSelector: {matchLabels: {team: red}}}]"), [0; 0]);
    }
}
