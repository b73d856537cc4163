//! What the operator may do, as data: exactly the requests that the rest of this crate sends.
//!
//! `opgen` writes these rules into the chart, and a test holds them against the API server's audit log. There is no
//! wildcard, nothing on Secrets, no write on rights, no exec.

use std::collections::BTreeMap;

use k8s_openapi::api::rbac::v1::PolicyRule;
use microservice_core::children::CHILDREN;
use microservice_crds::{GROUP, gateway::GATEWAY_GROUP};

/// What is done with a child: it is watched, applied (which asks for `create` as well where it makes the object), read
/// again where an apply is refused, and pruned.
const OF_CHILDREN: &[&str] = &["create", "delete", "get", "list", "patch", "watch"];

/// Every Microservice has one of these for as long as it is there: the garbage collector takes them, never the operator.
const NEVER_PRUNED: &str = "deployments";

/// What is only followed.
const FOLLOW: &[&str] = &["list", "watch"];

/// A set of rules that belongs together, by the name of the file that the chart reads.
#[derive(Clone, Debug)]
pub struct Set {
    /// Name of the file. Example: `rules-namespaced`.
    pub name: &'static str,
    /// What it is for, in one sentence.
    pub about: &'static str,
    /// The rules.
    pub rules: Vec<PolicyRule>,
}

/// All sets.
#[must_use]
pub fn all() -> Vec<Set> {
    let set = |name, about, rules| Set { name, about, rules };
    vec![
        set("rules-namespaced", "In every namespace that the operator works in.", in_namespaces()),
        set("rules-cluster", "Reading what is no namespace's. Without it the operator does less.", of_the_cluster()),
        set("rules-classes", "Only where the operator works in all namespaces.", of_classes()),
        set("rules-lease", "In the operator's own namespace: which replica works.", of_the_lease()),
        set("rules-metrics-auth", "Only where metrics are for those who may read them.", of_metrics_auth()),
        set(
            "rules-metrics-reader",
            "For a Prometheus, where metrics are for those who may read them.",
            to_read_metrics(),
        ),
        set("rules-view", "For people who may look.", to_view()),
        set("rules-edit", "For people who may change.", to_edit()),
    ]
}

/// All that the operator itself may get, with every option: what its requests are held against.
#[must_use]
pub fn of_the_operator() -> Vec<PolicyRule> {
    [in_namespaces(), of_the_cluster(), of_classes(), of_the_lease(), of_metrics_auth()].concat()
}

/// What is done inside a namespace: a Role where the operator has one namespace, a ClusterRole otherwise.
#[must_use]
pub fn in_namespaces() -> Vec<PolicyRule> {
    let mut groups: Vec<(&str, Vec<&str>)> = Vec::new();
    for entry in CHILDREN {
        match groups.iter_mut().find(|(group, _)| *group == entry.group) {
            Some((_, plurals)) => plurals.push(entry.plural),
            None => groups.push((entry.group, vec![entry.plural])),
        }
    }
    let children = groups.iter().flat_map(|(group, plurals)| {
        let (kept, pruned): (Vec<&str>, Vec<&str>) = plurals.iter().partition(|plural| **plural == NEVER_PRUNED);
        let kept_verbs: Vec<&str> = OF_CHILDREN.iter().copied().filter(|verb| *verb != "delete").collect();
        let rules = [rule(group, &kept, &kept_verbs), rule(group, &pruned, OF_CHILDREN)];
        rules.into_iter().filter(|rule| rule.resources.as_ref().is_some_and(|resources| !resources.is_empty()))
    });
    let own = [
        rule(GROUP, &["microservices", "microservicesystems"], FOLLOW),
        rule(GROUP, &["microservices/status", "microservicesystems/status"], &["patch"]),
        // The only right that no request uses by itself: clusters that enforce the rights behind ownerReferences ask
        // for it when a child is applied whose owner blocks its deletion.
        rule(GROUP, &["microservices/finalizers"], &["update"]),
        rule("", &["pods"], FOLLOW),
        // Listed for a template that would have to wait: one that has run before need not.
        rule("apps", &["replicasets"], &["list"]),
        // Listed for one pod that waits too long: the kubelet says why in events alone.
        rule("events.k8s.io", &["events"], &["create", "list", "patch"]),
    ];
    own.into_iter().chain(children).collect()
}

/// What is read of the whole cluster.
#[must_use]
pub fn of_the_cluster() -> Vec<PolicyRule> {
    vec![
        rule("", &["namespaces"], FOLLOW),
        rule(GROUP, &["microserviceclasses"], FOLLOW),
        rule(GATEWAY_GROUP, &["gatewayclasses", "gateways", "listenersets"], FOLLOW),
        rule("apiextensions.k8s.io", &["customresourcedefinitions"], FOLLOW),
    ]
}

/// The status of classes, which only an operator of all namespaces keeps.
#[must_use]
pub fn of_classes() -> Vec<PolicyRule> {
    vec![rule(GROUP, &["microserviceclasses/status"], &["patch"])]
}

/// Which of several operators works.
#[must_use]
pub fn of_the_lease() -> Vec<PolicyRule> {
    vec![rule("coordination.k8s.io", &["leases"], &["create", "get", "list", "update", "watch"])]
}

/// Asking the API server who wants to read metrics, and whether they may.
#[must_use]
pub fn of_metrics_auth() -> Vec<PolicyRule> {
    vec![
        rule("authentication.k8s.io", &["tokenreviews"], &["create"]),
        rule("authorization.k8s.io", &["subjectaccessreviews"], &["create"]),
    ]
}

/// Reading the operator's metrics.
#[must_use]
pub fn to_read_metrics() -> Vec<PolicyRule> {
    let verbs = vec!["get".to_owned()];
    vec![PolicyRule { non_resource_urls: Some(vec!["/metrics".to_owned()]), verbs, ..PolicyRule::default() }]
}

/// What people need who look at services.
#[must_use]
pub fn to_view() -> Vec<PolicyRule> {
    vec![
        rule(GROUP, &["microserviceclasses", "microservices", "microservicesystems"], &["get", "list", "watch"]),
        rule(GROUP, &["microservices/scale", "microservices/status", "microservicesystems/status"], &["get"]),
    ]
}

/// What people need, beside [`to_view`], who change services. Classes are the platform's.
#[must_use]
pub fn to_edit() -> Vec<PolicyRule> {
    vec![
        rule(
            GROUP,
            &["microservices", "microservicesystems"],
            &["create", "delete", "deletecollection", "patch", "update"],
        ),
        rule(GROUP, &["microservices/scale"], &["patch", "update"]),
    ]
}

/// The (verb, group, resource) triples of rules, a subresource after a slash: what an audit log can be held against.
#[must_use]
pub fn triples(rules: &[PolicyRule]) -> BTreeMap<(String, String, String), usize> {
    let mut triples = BTreeMap::new();
    for rule in rules {
        for group in rule.api_groups.iter().flatten() {
            for resource in rule.resources.iter().flatten() {
                for verb in &rule.verbs {
                    *triples.entry((verb.clone(), group.clone(), resource.clone())).or_insert(0) += 1;
                }
            }
        }
    }
    triples
}

fn rule(group: &str, resources: &[&str], verbs: &[&str]) -> PolicyRule {
    let texts = |all: &[&str]| all.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let mut resources = texts(resources);
    resources.sort();
    PolicyRule {
        api_groups: Some(vec![group.to_owned()]),
        resources: Some(resources),
        verbs: texts(verbs),
        ..PolicyRule::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_right_is_said_once_and_none_is_dangerous() {
        for ((verb, group, resource), times) in triples(&of_the_operator()) {
            let what = format!("{verb} {group}/{resource}");
            assert_eq!(times, 1, "{what}");
            for text in [&verb, &group, &resource] {
                assert!(!text.contains('*'), "{what}");
            }
            assert_ne!(group, "rbac.authorization.k8s.io", "{what}");
            assert!(!resource.starts_with("secrets"), "{what}");
            assert!(!resource.starts_with("pods/"), "{what}");
            assert!(!["escalate", "bind", "impersonate", "deletecollection"].contains(&verb.as_str()), "{what}");
        }
    }

    #[test]
    fn all_children_can_be_applied_and_pruned() {
        let triples = triples(&in_namespaces());
        for entry in CHILDREN {
            for verb in OF_CHILDREN.iter().filter(|verb| **verb != "delete" || entry.plural != NEVER_PRUNED) {
                let triple = ((*verb).to_owned(), entry.group.to_owned(), entry.plural.to_owned());
                assert!(triples.contains_key(&triple), "{triple:?}");
            }
        }
    }

    #[test]
    fn nothing_of_the_whole_cluster_is_written_but_the_status_of_classes() {
        let reads = triples(&of_the_cluster()).into_keys().all(|(verb, ..)| FOLLOW.contains(&verb.as_str()));
        assert!(reads);
        assert_eq!(triples(&of_classes()).len(), 1);
    }
}
