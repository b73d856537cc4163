//! Who may reach a service and whom it may reach, as its NetworkPolicy says, or would say.

use microservice_crds::NetworkMode;

use super::{conditions::Wanted, stands, text};
use crate::{
    outcome::Outcome,
    plan::{NetworkPlan, Opening, Peer, Plan, PortRange},
};

/// Whether the NetworkPolicy holds; none where the class says nothing of networks.
pub(super) fn verdict(plan: &Plan, outcome: &Outcome) -> Option<Wanted> {
    let network = plan.network.as_ref()?;
    let closed = closed(network);
    if network.mode == NetworkMode::Observe {
        let message = format!(
            "Nothing is blocked: the class only observes. A NetworkPolicy would let in {}, and let out to {}.{closed}",
            openings(&network.ingress),
            openings(&network.egress)
        );
        return Some(Wanted::new("False", "Observed", message));
    }
    let child = outcome.children.iter().find(|child| child.kind == "NetworkPolicy");
    if !child.is_some_and(|child| stands(&child.result)) {
        return Some(Wanted::new("Unknown", "NotApplied", "The NetworkPolicy is not made: see Ready."));
    }
    let message = format!(
        "The NetworkPolicy lets in {}, and lets out to {}.{closed}",
        openings(&network.ingress),
        openings(&network.egress)
    );
    Some(Wanted::new("True", "Enforced", message))
}

fn closed(network: &NetworkPlan) -> String {
    if network.closed_hosts.is_empty() {
        return String::new();
    }
    let hosts = text::listed(network.closed_hosts.iter().cloned(), network.closed_hosts.len(), ", ");
    format!(
        " It cannot match host names, and the class knows no addresses of {hosts}: add them to its network.hosts, or write spec.external[].cidrs."
    )
}

/// All peers, each with its ports.
fn openings(openings: &[Opening]) -> String {
    let each: Vec<String> = openings.iter().flat_map(words).collect();
    if each.is_empty() { "nobody".to_owned() } else { text::listed(each.iter().cloned(), each.len(), ", ") }
}

fn words(opening: &Opening) -> Vec<String> {
    let ports: Vec<String> = opening.ports.iter().map(port).collect();
    let ports = ports.join(" and ");
    let on = |who: String| format!("{who} on {ports}");
    let of = |peer: &Peer| match peer {
        Peer::Services { namespace, names } => names.iter().map(|name| on(format!("{namespace}/{name}"))).collect(),
        Peer::Pods { namespace, labels } => {
            let labels: Vec<String> = labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
            let whose = namespace.as_ref().map_or("every namespace".to_owned(), |name| format!("namespace {name}"));
            vec![on(match labels.is_empty() {
                true => format!("pods of {whose}"),
                false => format!("pods {} of {whose}", labels.join(",")),
            })]
        }
        Peer::Addresses { cidr, except } if except.is_empty() => vec![on(cidr.clone())],
        Peer::Addresses { cidr, .. } => vec![on(format!("{cidr} without private ranges"))],
    };
    opening.peers.iter().flat_map(of).collect()
}

fn port(range: &PortRange) -> String {
    let transport = range.transport.as_str();
    range
        .last
        .map_or_else(|| format!("{}/{transport}", range.first), |last| format!("{}-{last}/{transport}", range.first))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        graph::tests::node,
        outcome::ChildResult,
        plan::{class::tests::facts, plan, tests::subject},
        status::fixtures::{child, complete, outcome},
    };

    fn told(class: &str, spec: &str, result: Option<ChildResult>) -> Option<(String, String)> {
        let mut facts = facts(class);
        facts.neighbourhood.consumers = vec![node("shop/a", "uses: [{service: web}]").into()];
        let plan = plan(&subject(&format!("{{image: 'a:1', {spec}}}")), &facts).unwrap();
        let mut outcome = outcome(1, ChildResult::Equal, complete(1));
        outcome.children.extend(result.map(|result| child("NetworkPolicy", result)));
        let wanted = verdict(&plan, &outcome)?;
        Some((format!("{} {}", wanted.status, wanted.say.reason), wanted.say.message))
    }

    const HTTP: &str = "ports: [{name: http, port: 80, targetPort: 8080}]";

    #[test]
    fn what_would_be_and_what_is_are_told_alike() {
        assert_eq!(told("{}", HTTP, None), None);
        let (short, message) = told("network: {mode: Observe}", HTTP, None).unwrap();
        assert_eq!(short, "False Observed");
        assert!(message.contains("would let in shop/a on 8080/TCP, and let out to pods k8s-app=kube-dns"), "{message}");
        let (short, message) = told("network: {mode: Enforce}", HTTP, Some(ChildResult::Applied)).unwrap();
        assert_eq!(short, "True Enforced");
        assert!(message.starts_with("The NetworkPolicy lets in shop/a on 8080/TCP"), "{message}");
        let failed = ChildResult::Failed { message: "x".into() };
        assert_eq!(told("network: {mode: Enforce}", HTTP, Some(failed)).unwrap().0, "Unknown NotApplied");
    }

    #[test]
    fn a_host_that_opens_nothing_is_told() {
        let spec = "external: [{name: bank, hosts: [api.example.com], ports: [{port: 443}]}]";
        let (_, message) = told("network: {mode: Observe}", spec, None).unwrap();
        assert!(message.contains("no addresses of api.example.com"), "{message}");
    }
}
