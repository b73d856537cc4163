//! The NetworkPolicy.

use std::collections::BTreeMap;

use k8s_openapi::{
    api::networking::v1::{
        IPBlock, NetworkPolicy, NetworkPolicyEgressRule, NetworkPolicyIngressRule, NetworkPolicyPeer,
        NetworkPolicyPort, NetworkPolicySpec,
    },
    apimachinery::pkg::{
        apis::meta::v1::{LabelSelector, LabelSelectorRequirement},
        util::intstr::IntOrString,
    },
};
use microservice_crds::{NetworkMode, labels};
use serde_json::Value;

use super::{BEFORE_PODS, Child, object};
use crate::plan::{NetworkPlan, Opening, Peer, Plan, PortRange};

/// The label that the API server gives to every namespace: its name.
const NAMESPACE_NAME: &str = "kubernetes.io/metadata.name";

pub(super) struct NetworkPolicyChild;

impl Child for NetworkPolicyChild {
    const KIND: &'static str = "NetworkPolicy";
    const GROUP: &'static str = "networking.k8s.io";
    const PLURAL: &'static str = "networkpolicies";
    const WAVE: u8 = BEFORE_PODS;

    fn desired(plan: &Plan) -> Vec<Value> {
        let enforced = plan.network.as_ref().filter(|network| network.mode == NetworkMode::Enforce);
        enforced.map(|network| object::document(&policy(plan, network))).into_iter().collect()
    }
}

/// The NetworkPolicy that a plan comes to, enforced or not.
pub fn policy(plan: &Plan, network: &NetworkPlan) -> NetworkPolicy {
    let ingress = network.ingress.iter().map(|opening| NetworkPolicyIngressRule {
        from: Some(opening.peers.iter().map(peer).collect()),
        ports: Some(ports(opening)),
    });
    let egress = network.egress.iter().map(|opening| NetworkPolicyEgressRule {
        to: Some(opening.peers.iter().map(peer).collect()),
        ports: Some(ports(opening)),
    });
    let spec = NetworkPolicySpec {
        pod_selector: Some(object::selector(plan)),
        policy_types: Some(vec!["Ingress".to_owned(), "Egress".to_owned()]),
        // An empty list is said, so that it is ours, too: a rule that somebody adds is taken back.
        ingress: Some(ingress.collect()),
        egress: Some(egress.collect()),
    };
    NetworkPolicy { metadata: object::metadata(plan), spec: Some(spec) }
}

fn ports(opening: &Opening) -> Vec<NetworkPolicyPort> {
    let port = |range: &PortRange| NetworkPolicyPort {
        port: Some(IntOrString::Int(range.first)),
        end_port: range.last,
        protocol: Some(range.transport.as_str().to_owned()),
    };
    opening.ports.iter().map(port).collect()
}

fn peer(peer: &Peer) -> NetworkPolicyPeer {
    match peer {
        Peer::Services { namespace, names } => NetworkPolicyPeer {
            namespace_selector: Some(of_namespace(namespace)),
            pod_selector: Some(LabelSelector {
                match_expressions: Some(vec![LabelSelectorRequirement {
                    key: labels::NAME.to_owned(),
                    operator: "In".to_owned(),
                    values: Some(names.iter().cloned().collect()),
                }]),
                ..LabelSelector::default()
            }),
            ..NetworkPolicyPeer::default()
        },
        Peer::Pods { namespace, labels } => NetworkPolicyPeer {
            // None at all would mean the policy's own namespace.
            namespace_selector: Some(namespace.as_ref().map_or_else(LabelSelector::default, |name| of_namespace(name))),
            pod_selector: (!labels.is_empty())
                .then(|| LabelSelector { match_labels: Some(labels.clone()), ..LabelSelector::default() }),
            ..NetworkPolicyPeer::default()
        },
        Peer::Addresses { cidr, except } => NetworkPolicyPeer {
            ip_block: Some(IPBlock { cidr: cidr.clone(), except: object::unless_empty(except.clone()) }),
            ..NetworkPolicyPeer::default()
        },
    }
}

fn of_namespace(name: &str) -> LabelSelector {
    let labels = BTreeMap::from([(NAMESPACE_NAME.to_owned(), name.to_owned())]);
    LabelSelector { match_labels: Some(labels), ..LabelSelector::default() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        graph::tests::node,
        plan::{Facts, class::tests::facts, tests::subject},
        render::render,
    };

    /// The spec of the policy of `shop/web` with such a class, used by these.
    fn spec(class: &str, spec: &str, consumers: &[(&str, &str)]) -> Option<Value> {
        let mut facts: Facts = facts(class);
        facts.neighbourhood.consumers = consumers.iter().map(|(id, spec)| node(id, spec).into()).collect();
        let rendered = render(&subject(&format!("{{image: 'a:1', {spec}}}")), &facts).unwrap();
        rendered.children.into_iter().find(|c| c.entry.kind == "NetworkPolicy").map(|c| c.body["spec"].clone())
    }

    #[test]
    fn only_an_enforced_policy_is_a_child() {
        assert!(spec("{}", "", &[]).is_none());
        assert!(spec("network: {mode: Observe}", "", &[]).is_none());
        assert!(spec("network: {mode: Enforce}", "", &[]).is_some());
    }

    #[test]
    fn who_has_no_callers_is_closed_and_may_still_ask_dns() {
        let policy = spec("network: {mode: Enforce}", "ports: [{name: http, port: 80}]", &[]).unwrap();
        assert_eq!(policy["policyTypes"], json!(["Ingress", "Egress"]));
        assert_eq!(policy["ingress"], json!([]), "owned, so that what is added to it is taken back");
        assert_eq!(
            policy["egress"],
            json!([{
                "ports": [{"port": 53, "protocol": "TCP"}, {"port": 53, "protocol": "UDP"}],
                "to": [{"namespaceSelector": {"matchLabels": {NAMESPACE_NAME: "kube-system"}},
                    "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}}}],
            }])
        );
    }

    #[test]
    fn callers_of_one_namespace_are_one_selector() {
        let uses = "uses: [{service: web, namespace: shop}]";
        let policy = spec(
            "network: {mode: Enforce}",
            "ports: [{name: http, port: 80, targetPort: 8080}], allowFrom: [{namespace: shop}, {namespace: edge}]",
            &[("edge/gate", uses), ("shop/b", uses), ("shop/a", uses), ("other/x", uses)],
        )
        .unwrap();
        let of = |namespace: &str, names: &[&str]| {
            json!({"namespaceSelector": {"matchLabels": {NAMESPACE_NAME: namespace}},
                "podSelector": {"matchExpressions": [{"key": labels::NAME, "operator": "In", "values": names}]}})
        };
        assert_eq!(
            policy["ingress"],
            json!([{"ports": [{"port": 8080, "protocol": "TCP"}], "from": [of("edge", &["gate"]), of("shop", &["a", "b"])]}])
        );
    }
}
