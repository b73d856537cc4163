//! What stands in the way of nodes that go and services that grow.

use super::found;
use crate::graph::lint::Code;

#[test]
fn a_budget_that_keeps_every_pod_is_told() {
    let blocked = |spec: &str| found(Code::DisruptionBlocked, &[("shop/web", spec)], "");
    for (scaling, budget, path) in [
        ("replicas: 2", "minAvailable: 2", "minAvailable"),
        ("replicas: 2", "minAvailable: 100%", "minAvailable"),
        ("replicas: 1", "minAvailable: 1", "minAvailable"),
        ("replicas: 1", "minAvailable: 10%", "minAvailable"),
        ("replicas: 3", "minAvailable: 67%", "minAvailable"),
        ("minReplicas: 2, maxReplicas: 9", "minAvailable: 2", "minAvailable"),
        ("replicas: 4", "maxUnavailable: 0", "maxUnavailable"),
        ("", "maxUnavailable: 0%", "maxUnavailable"),
        ("", "minAvailable: 100%", "minAvailable"),
    ] {
        let found = blocked(&format!("scaling: {{{scaling}}}, disruptionBudget: {{{budget}}}"));
        assert!(
            found.len() == 1 && found[0].contains(&format!("disruptionBudget.{path}:")),
            "{scaling} {budget} {found:?}"
        );
    }
    for (scaling, budget) in [
        ("replicas: 2", "minAvailable: 1"),
        ("replicas: 3", "minAvailable: 66%"),
        ("replicas: 1", "maxUnavailable: 1%"),
        ("replicas: 0", "minAvailable: 1"),
        ("", "minAvailable: 1"),
        ("replicas: 2", ""),
    ] {
        let found = blocked(&format!("scaling: {{{scaling}}}, disruptionBudget: {{{budget}}}"));
        assert!(found.is_empty(), "{scaling} {budget} {found:?}");
    }
    let overridden = "scaling: {replicas: 2}, overrides: {PodDisruptionBudget: {spec: {maxUnavailable: 0}}}";
    assert_eq!(blocked(overridden).len(), 1);
}

#[test]
fn a_quota_is_held_against_all_services_of_its_namespace() {
    let services = [
        ("shop/web", "scaling: {minReplicas: 1, maxReplicas: 10}, resources: {requests: {cpu: 500m, memory: 100Mi}}"),
        ("shop/cart", "scaling: {replicas: 2}, resources: {limits: {cpu: 250m}}"),
        ("shop/job", "resources: {requests: {cpu: 1}}"),
        ("edge/web", "scaling: {replicas: 99}, resources: {requests: {cpu: 9}}"),
    ];
    let quota = |hard: &str| {
        let quota =
            format!("{{kind: ResourceQuota, metadata: {{name: q, namespace: shop}}, spec: {{hard: {{{hard}}}}}}}");
        found(Code::QuotaTooSmall, &services, &quota)
    };
    assert_eq!(
        quota("requests.cpu: 6"),
        [
            "Warning q+web+job+cart hard[requests.cpu]: At their greatest counts the services of namespace shop come to 6500m \
          requests.cpu, and ResourceQuota q allows 6 (the most at their greatest: web 5, job 1, cart 500m)."
        ]
    );
    assert!(quota("cpu: 6500m").is_empty() && quota("requests.cpu: '7', memory: 1000Mi, pods: 13").is_empty());
    assert!(quota("memory: 999Mi")[0].contains("1000Mi memory"), "{:?}", quota("memory: 999Mi"));
    assert!(quota("pods: 12")[0].contains("come to 13 pods"));
    assert!(quota("limits.cpu: 400m")[0].starts_with("Error"), "even two of cart do not fit");
    assert!(quota("requests.storage: 0, count/secrets: 0").is_empty());
    let scoped =
        "{kind: ResourceQuota, metadata: {name: q, namespace: shop}, spec: {scopes: [BestEffort], hard: {pods: 1}}}";
    assert!(found(Code::QuotaTooSmall, &services, scoped).is_empty());
}
