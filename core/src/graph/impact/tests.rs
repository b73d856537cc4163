use super::*;
use crate::graph::{Scope, lint::tests::manifests};

const ENFORCE: &str =
    "{kind: MicroserviceClass, metadata: {name: c, annotations: {microservices.dev/is-default-class: 'true'}},
    spec: {network: {mode: Enforce}, routing: {gateways: [{name: g, namespace: infra}]}}}";

/// A shop: web → cart → store, and web → ads, which it can do without. The ads are looked at by a robot, too.
const SHOP: &[(&str, &str)] = &[
    (
        "shop/web",
        "ports: [{name: http, port: 80, protocol: http}], routes: [{hostnames: [shop.io]}],
        uses: [{service: cart}, {service: ads, optional: true}]",
    ),
    ("shop/cart", "ports: [{name: grpc, port: 7070}], uses: [{service: store, api: kv, version: ^1}]"),
    ("shop/ads", "ports: [{name: http, port: 80, protocol: http}], routes: [{hostnames: [ads.io]}]"),
    ("shop/robot", "uses: [{service: ads}]"),
    ("shop/report", "uses: [{service: store, api: kv, version: '>=1'}]"),
    ("shop/store", "ports: [{name: kv, port: 6379}], exposes: [{name: kv, version: '1'}, {name: kv, version: '2'}]"),
];

fn of(target: Target) -> Impact {
    let manifests = manifests(SHOP, ENFORCE);
    impact(&Survey::of(&manifests, "shop", Scope::Present), target)
}

fn id(name: &str) -> Id {
    Id::new("shop", name)
}

fn consumers(impact: &Impact) -> Vec<String> {
    let one = |consumer: &Consumer| {
        let mark = if consumer.fails { "" } else { "?" };
        format!("{}{mark} {} {}", consumer.id.name, consumer.distance, consumer.uses.join("+"))
    };
    impact.consumers.iter().map(one).collect()
}

fn hosts(impact: &Impact) -> Vec<(&str, bool)> {
    impact.hosts.iter().map(|host| (host.host.as_str(), host.fails)).collect()
}

fn policies(impact: &Impact) -> Vec<(&str, bool)> {
    impact.policies.iter().map(|policy| (policy.service.name.as_str(), policy.goes)).collect()
}

#[test]
fn consumers_of_consumers_fail_where_no_use_is_optional() {
    let store = of(Target::Service(id("store")));
    assert_eq!(consumers(&store), ["cart 1 uses[store/kv]", "report 1 uses[store/kv]", "web 2 uses[cart]"]);
    assert_eq!(store.path(&id("web")), [&id("web"), &id("cart"), &id("store")]);
    assert_eq!((hosts(&store), policies(&store)), (vec![("shop.io", true)], vec![]));
    let ads = of(Target::Service(id("ads")));
    assert_eq!(consumers(&ads), ["robot 1 uses[ads]", "web? 1 uses[ads]"]);
    assert_eq!(hosts(&ads), [("ads.io", true), ("shop.io", false)]);
    assert!(of(Target::Service(id("nobody"))).consumers.is_empty());
}

#[test]
fn an_api_that_ends_fails_those_who_work_with_nothing_else() {
    let kv = |version: Option<&str>| {
        of(Target::Api { service: id("store"), name: "kv".into(), version: version.map(str::to_owned) })
    };
    assert_eq!(consumers(&kv(Some("1"))), ["cart 1 uses[store/kv]", "web 2 uses[cart]"]);
    // The report can work with version 1 as well.
    assert_eq!(consumers(&kv(Some("2"))), ["report? 1 uses[store/kv]"]);
    assert_eq!(consumers(&kv(None)), ["cart 1 uses[store/kv]", "report 1 uses[store/kv]", "web 2 uses[cart]"]);
    // Version 2 is on the same port; without any version no port is known.
    assert!(policies(&kv(Some("1"))).is_empty());
    assert_eq!(policies(&kv(None)), [("cart", false), ("report", false), ("store", false)]);
}

#[test]
fn a_removal_changes_the_policies_at_the_other_ends_of_its_edges() {
    assert_eq!(policies(&of(Target::Removal(id("cart")))), [("cart", true), ("store", false), ("web", false)]);
    assert_eq!(policies(&of(Target::Removal(id("web")))), [("ads", false), ("cart", false), ("web", true)]);
    assert_eq!(policies(&of(Target::Removal(id("robot")))), [("ads", false), ("robot", true)]);
    assert!(of(Target::Removal(id("web"))).policies.iter().all(|policy| policy.enforced));
}
