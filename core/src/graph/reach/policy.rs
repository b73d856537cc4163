//! One NetworkPolicy, read.

use k8s_openapi::{
    api::networking::v1::{NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort},
    apimachinery::pkg::apis::meta::v1::LabelSelector,
};

use super::{
    peer::{Peers, Seen},
    pod::{Pod, Port},
    port::Ports,
};

/// A policy, as far as it decides anything.
#[derive(Debug)]
pub(super) struct Policy<'a> {
    pub(super) namespace: &'a str,
    /// The pods that it isolates; all of its namespace without one.
    pub(super) pods: Option<&'a LabelSelector>,
    /// What may come in to them; none if the policy does not speak of this direction.
    pub(super) ingress: Option<Vec<Rule<'a>>>,
    /// What may go out from them.
    pub(super) egress: Option<Vec<Rule<'a>>>,
}

/// Traffic that one rule lets pass.
#[derive(Debug)]
pub(super) struct Rule<'a> {
    pub(super) peers: Peers<'a>,
    pub(super) ports: Ports<'a>,
}

impl<'a> Policy<'a> {
    pub(super) fn new(policy: &'a NetworkPolicy) -> Self {
        // Where kubectl puts what names no namespace.
        let namespace = policy.metadata.namespace.as_deref().unwrap_or("default");
        let Some(spec) = &policy.spec else {
            return Self { namespace, pods: None, ingress: Some(Vec::new()), egress: None };
        };
        let rule = |peers: Option<&'a Vec<NetworkPolicyPeer>>, ports: Option<&'a Vec<NetworkPolicyPort>>| Rule {
            peers: Peers::new(namespace, peers.map(Vec::as_slice)),
            ports: Ports::new(ports.map(Vec::as_slice)),
        };
        let (ingress, egress) =
            (spec.ingress.as_deref().unwrap_or_default(), spec.egress.as_deref().unwrap_or_default());
        // Rules of a direction that is not among the types are without effect.
        let speaks_of = |direction: &str, unless_said: bool| match spec.policy_types.as_deref().unwrap_or_default() {
            [] => unless_said,
            types => types.iter().any(|said| said == direction),
        };
        Self {
            namespace,
            pods: spec.pod_selector.as_ref(),
            ingress: speaks_of("Ingress", true)
                .then(|| ingress.iter().map(|r| rule(r.from.as_ref(), r.ports.as_ref())).collect()),
            egress: speaks_of("Egress", !egress.is_empty())
                .then(|| egress.iter().map(|r| rule(r.to.as_ref(), r.ports.as_ref())).collect()),
        }
    }
}

impl Rule<'_> {
    /// Whether traffic with this other end may pass, which goes to a port of `to`, if that is a pod.
    pub(super) fn lets_pass(&self, other: Seen<'_>, port: Port, to: Option<&Pod>) -> bool {
        // Ports first: they are cheaper.
        self.ports.open(port, to) && self.peers.include(other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The number of rules for ingress and egress, where the policy speaks of them.
    fn rules(spec: &str) -> (Option<usize>, Option<usize>) {
        let yaml = format!("{{metadata: {{name: x, namespace: a}}, spec: {spec}}}");
        let policy: NetworkPolicy = serde_saphyr::from_str(&yaml).unwrap();
        let policy = Policy::new(&policy);
        (policy.ingress.map(|r| r.len()), policy.egress.map(|r| r.len()))
    }

    #[test]
    fn without_types_ingress_is_always_meant_and_egress_if_it_has_rules() {
        assert_eq!(rules("{podSelector: {}}"), (Some(0), None));
        assert_eq!(rules("{podSelector: {}, ingress: [{}]}"), (Some(1), None));
        assert_eq!(rules("{podSelector: {}, egress: [{}, {}]}"), (Some(0), Some(2)));
        // As the server fills in the types: an egress section without a rule does not count.
        assert_eq!(rules("{podSelector: {}, egress: []}"), (Some(0), None));
        assert_eq!(rules("{podSelector: {}, policyTypes: []}"), (Some(0), None));
    }

    #[test]
    fn with_types_only_those_directions_are_meant() {
        assert_eq!(rules("{podSelector: {}, policyTypes: [Ingress], ingress: [{}], egress: [{}]}"), (Some(1), None));
        assert_eq!(rules("{podSelector: {}, policyTypes: [Egress], ingress: [{}], egress: [{}]}"), (None, Some(1)));
        assert_eq!(rules("{podSelector: {}, policyTypes: [Egress]}"), (None, Some(0)));
        assert_eq!(rules("{podSelector: {}, policyTypes: [Ingress, Egress]}"), (Some(0), Some(0)));
    }

    #[test]
    fn a_policy_that_names_no_namespace_is_in_default() {
        let policy = NetworkPolicy::default();
        let policy = Policy::new(&policy);
        assert_eq!(policy.namespace, "default");
        assert!(policy.pods.is_none() && policy.egress.is_none());
        assert_eq!(policy.ingress.map(|r| r.len()), Some(0));
    }
}
