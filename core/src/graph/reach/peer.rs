//! The `from` and `to` of a rule.

use std::{collections::BTreeMap, net::IpAddr};

use ipnet::IpNet;
use k8s_openapi::{
    api::networking::v1::{IPBlock, NetworkPolicyPeer},
    apimachinery::pkg::apis::meta::v1::LabelSelector,
};

use super::pod::Pod;
use crate::selector;

/// Who a rule is about.
#[derive(Debug)]
pub(super) enum Peers<'a> {
    /// Everyone, inside and outside: nobody is listed.
    Everyone,
    /// These and no others.
    Listed(Vec<Peer<'a>>),
}

/// One item of the list.
#[derive(Debug)]
pub(super) enum Peer<'a> {
    /// Pods that the selector takes, or all, in some namespaces.
    Pods { namespaces: Namespaces<'a>, pods: Option<&'a LabelSelector> },
    /// Addresses of a network, but for parts of it.
    Block { network: IpNet, except: Vec<IpNet> },
}

/// In which namespaces pods are looked for.
#[derive(Debug)]
pub(super) enum Namespaces<'a> {
    /// In the policy's own.
    Own(&'a str),
    /// In those with such labels.
    Labelled(&'a LabelSelector),
}

/// The other end of a connection, with what policies can see of it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Seen<'a> {
    Pod { pod: &'a Pod, namespace_labels: &'a BTreeMap<String, String> },
    Outside(IpAddr),
}

impl<'a> Peers<'a> {
    /// A list without items is as none. An item that the server would refuse means nobody.
    pub(super) fn new(namespace: &'a str, peers: Option<&'a [NetworkPolicyPeer]>) -> Self {
        match peers.unwrap_or_default() {
            [] => Self::Everyone,
            listed => Self::Listed(listed.iter().filter_map(|peer| Peer::new(namespace, peer)).collect()),
        }
    }

    pub(super) fn include(&self, seen: Seen<'_>) -> bool {
        match self {
            Self::Everyone => true,
            Self::Listed(listed) => listed.iter().any(|peer| peer.includes(seen)),
        }
    }
}

impl<'a> Peer<'a> {
    fn new(namespace: &'a str, peer: &'a NetworkPolicyPeer) -> Option<Self> {
        let pods = peer.pod_selector.as_ref();
        match (&peer.ip_block, &peer.namespace_selector, pods) {
            (Some(block), None, None) => Self::block(block),
            (None, Some(labels), _) => Some(Self::Pods { namespaces: Namespaces::Labelled(labels), pods }),
            (None, None, Some(_)) => Some(Self::Pods { namespaces: Namespaces::Own(namespace), pods }),
            // Neither of the three, or a block together with pods.
            _ => None,
        }
    }

    fn block(block: &IPBlock) -> Option<Self> {
        let network = block.cidr.parse().ok()?;
        let except = block.except.iter().flatten().map(|cidr| cidr.parse().ok()).collect::<Option<Vec<_>>>()?;
        Some(Self::Block { network, except })
    }

    fn includes(&self, seen: Seen<'_>) -> bool {
        match (self, seen) {
            (Self::Pods { namespaces, pods }, Seen::Pod { pod, namespace_labels }) => {
                let here = match namespaces {
                    Namespaces::Own(own) => pod.namespace == *own,
                    Namespaces::Labelled(labels) => selector::matches(labels, namespace_labels),
                };
                here && pods.is_none_or(|pods| selector::matches(pods, &pod.labels))
            }
            (Self::Pods { .. }, Seen::Outside(_)) => false,
            (Self::Block { .. }, Seen::Pod { pod, .. }) => pod.address.is_some_and(|address| self.has(address)),
            (Self::Block { .. }, Seen::Outside(address)) => self.has(address),
        }
    }

    /// Whether an address is in the block and in no exception of it.
    pub(super) fn has(&self, address: IpAddr) -> bool {
        match self {
            Self::Pods { .. } => false,
            Self::Block { network, except } => {
                network.contains(&address) && !except.iter().any(|part| part.contains(&address))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of three pods and four addresses outside, those that a list of a policy in namespace `a` includes. Pods are
    /// `a/web`, `a/db` and `b/web`, with the addresses 10.0.0.1, 10.0.0.2 and fd00::1; namespace `b` has `team: blue`.
    fn included(yaml: &str) -> Vec<String> {
        let listed: Option<Vec<NetworkPolicyPeer>> = serde_saphyr::from_str(yaml).unwrap();
        let peers = Peers::new("a", listed.as_deref());
        let mut found = Vec::new();
        let one = |key: &str, value: &str| BTreeMap::from([(key.to_owned(), value.to_owned())]);
        for (namespace, app, address) in [("a", "web", "10.0.0.1"), ("a", "db", "10.0.0.2"), ("b", "web", "fd00::1")] {
            let address = address.parse().ok();
            let pod = Pod { namespace: namespace.into(), labels: one("app", app), address, ..Pod::default() };
            let labels = if namespace == "b" { one("team", "blue") } else { BTreeMap::new() };
            if peers.include(Seen::Pod { pod: &pod, namespace_labels: &labels }) {
                found.push(format!("{namespace}/{app}"));
            }
        }
        for address in ["10.0.0.9", "192.0.2.1", "fd00::2", "2001:db8::1"] {
            if peers.include(Seen::Outside(address.parse().unwrap())) {
                found.push(address.to_owned());
            }
        }
        found
    }

    #[test]
    fn no_list_and_an_empty_one_are_everyone() {
        assert_eq!(included("null").len(), 7);
        assert_eq!(included("[]").len(), 7);
    }

    #[test]
    fn pods_alone_are_of_the_policys_own_namespace() {
        assert_eq!(included("[{podSelector: {matchLabels: {app: web}}}]"), ["a/web"]);
        assert_eq!(included("[{podSelector: {}}]"), ["a/web", "a/db"]);
    }

    #[test]
    fn namespaces_alone_are_all_their_pods_and_nobody_outside() {
        assert_eq!(included("[{namespaceSelector: {matchLabels: {team: blue}}}]"), ["b/web"]);
        assert_eq!(included("[{namespaceSelector: {}}]"), ["a/web", "a/db", "b/web"]);
    }

    #[test]
    fn both_in_one_item_must_hold_and_in_two_items_either() {
        let web = "podSelector: {matchLabels: {app: web}}";
        let blue = "namespaceSelector: {matchExpressions: [{key: team, operator: DoesNotExist}]}";
        assert_eq!(included(&format!("[{{{web}, {blue}}}]")), ["a/web"]);
        assert_eq!(included(&format!("[{{{web}}}, {{{blue}}}]")), ["a/web", "a/db"]);
        assert_eq!(included(&format!("[{{{web}, namespaceSelector: {{}}}}]")), ["a/web", "b/web"]);
    }

    #[test]
    fn a_block_takes_addresses_of_its_family_but_for_its_exceptions() {
        assert_eq!(included("[{ipBlock: {cidr: 10.0.0.0/8}}]"), ["a/web", "a/db", "10.0.0.9"]);
        assert_eq!(included("[{ipBlock: {cidr: 10.0.0.0/8, except: [10.0.0.0/30]}}]"), ["10.0.0.9"]);
        assert_eq!(included("[{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8]}}]"), ["192.0.2.1"]);
        assert_eq!(included("[{ipBlock: {cidr: 'fd00::/8', except: ['fd00::2/128']}}]"), ["b/web"]);
        assert_eq!(included("[{ipBlock: {cidr: '::/0'}}]"), ["b/web", "fd00::2", "2001:db8::1"]);
    }

    #[test]
    fn a_block_may_be_written_with_the_address_of_a_host() {
        assert_eq!(included("[{ipBlock: {cidr: 10.0.0.9/31}}]"), ["10.0.0.9"]);
        assert_eq!(included("[{ipBlock: {cidr: 10.0.0.2/31}}]"), ["a/db"]);
    }

    #[test]
    fn a_pod_whose_address_is_not_known_is_in_no_block() {
        let listed: Vec<NetworkPolicyPeer> = serde_saphyr::from_str("[{ipBlock: {cidr: 0.0.0.0/0}}]").unwrap();
        let seen = Seen::Pod { pod: &Pod::default(), namespace_labels: &BTreeMap::new() };
        assert!(!Peers::new("a", Some(&listed)).include(seen));
    }

    #[test]
    fn what_the_server_would_refuse_is_nobody() {
        for yaml in [
            "[{}]",
            "[{ipBlock: {cidr: 10.0.0.0/8}, podSelector: {}}]",
            "[{ipBlock: {cidr: 10.0.0.0/8}, namespaceSelector: {}}]",
            "[{ipBlock: {cidr: 10.0.0.0}}]",
            "[{ipBlock: {cidr: 10.0.0.0/8, except: [nonsense]}}]",
        ] {
            assert_eq!(included(yaml), [""; 0], "{yaml}");
        }
    }
}
