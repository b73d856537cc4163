//! Two who want one thing: a datastore, or a host name.

use serde_json::json;

use super::{found, manifests};
use crate::graph::{
    Scope, Survey,
    lint::{Code, lint},
};

#[test]
fn a_datastore_has_one_owner() {
    let owners = |one: &str, two: &str| found(Code::SharedDatastore, &[("shop/a", one), ("shop/b", two)], "");
    let uses = "uses: [{service: redis, port: 6379, owned: true}]";
    assert_eq!(
        owners(uses, uses),
        ["Warning a+b uses[redis]: shop/a, shop/b each say that shop/redis is theirs alone."]
    );
    assert!(owners(uses, "uses: [{service: redis, port: 6379}]").is_empty());
    let external = |at: &str, port: &str| format!("external: [{{name: db, {at}, ports: [{port}], owned: true}}]");
    let pg = "{port: 5432}";
    for (one, two, shared) in [
        (external("hosts: [db.example.com]", pg), external("hosts: [DB.example.com]", pg), true),
        (external("hosts: [db.example.com]", pg), external("hosts: ['*.example.com']", pg), true),
        (external("hosts: [db.example.com]", pg), external("hosts: [db.example.net]", pg), false),
        (external("hosts: [db.example.com]", pg), external("hosts: [db.example.com]", "{port: 5433}"), false),
        (
            external("hosts: [db.example.com]", pg),
            external("hosts: [db.example.com]", "{port: 5000, endPort: 6000}"),
            true,
        ),
        (
            external("hosts: [db.example.com]", pg),
            external("hosts: [db.example.com]", "{port: 5432, protocol: UDP}"),
            false,
        ),
        (external("cidrs: [10.0.0.0/8]", pg), external("cidrs: [10.1.2.3/32]", pg), true),
        (external("cidrs: [10.0.0.0/16]", pg), external("cidrs: [10.1.0.0/16]", pg), false),
    ] {
        assert_eq!(!owners(&one, &two).is_empty(), shared, "{one} {two}");
    }
    let twice = "external: [{name: a, hosts: [x.io], ports: [{port: 1}], owned: true},
        {name: b, hosts: [x.io], ports: [{port: 1}], owned: true}]";
    assert!(owners(twice, "").is_empty(), "one service is one owner");
    let elsewhere = twice.replace("port: 1", "port: 2");
    assert!(owners(twice, &elsewhere).is_empty(), "who meets himself meets nobody");
}

const ROUTE: &str =
    "ports: [{name: http, port: 80, protocol: http}], routes: [{hostnames: [a.io], gateway: {name: g}}]";

#[test]
fn a_host_has_one_owner_and_the_older_keeps_it() {
    let young = found(Code::HostTaken, &[("shop/a", ROUTE), ("shop/b", ROUTE)], "");
    assert_eq!(
        young,
        [
            "Error b+a routes[main]: shop/b and shop/a both want a.io with path prefix \"/\" on Gateway shop/g; whoever is created \
          first gets it."
        ]
    );
    let other = ROUTE.replace("hostnames: [a.io]", "hostnames: [a.io], paths: [/api]");
    assert!(found(Code::HostTaken, &[("shop/a", ROUTE), ("shop/b", &other)], "").is_empty());
    assert!(found(Code::HostTaken, &[("shop/a", ROUTE), ("edge/b", ROUTE)], "").is_empty(), "another gateway");
    let mut aged = manifests(&[("shop/a", ROUTE), ("shop/b", ROUTE)], "");
    for (service, second) in aged.services.iter_mut().zip([200, 100]) {
        let metadata = json!({"name": service.metadata.name, "namespace": "shop",
            "creationTimestamp": format!("2027-01-01T00:{:02}:00Z", second / 100)});
        service.metadata = serde_json::from_value(metadata).unwrap();
    }
    let found = lint(&Survey::of(&aged, "shop", Scope::Present), "2027-06-01".parse().unwrap());
    assert!(found[0].message.contains("shop/b is older and has it"), "{found:?}");
    assert_eq!(found[0].objects[0].name, "a");
}

#[test]
fn listeners_keep_claims_apart_and_a_route_on_all_meets_each() {
    let on = |section: &str| ROUTE.replace("{name: g}", &format!("{{name: g{section}}}"));
    let (one, two, all) = (on(", sectionName: one"), on(", sectionName: two"), on(""));
    let taken = |services: &[(&str, &str)]| found(Code::HostTaken, services, "").len();
    assert_eq!(taken(&[("shop/a", &one), ("shop/b", &two)]), 0);
    assert_eq!(taken(&[("shop/a", &one), ("shop/b", &two), ("shop/c", &all)]), 1);
    assert_eq!(taken(&[("shop/a", &one), ("shop/b", &two), ("shop/c", &two)]), 1);
}

#[test]
fn grpc_and_http_on_one_host_are_told_once() {
    let grpc = "ports: [{name: grpc, port: 1, protocol: grpc}], routes: [{hostnames: ['*.io'], gateway: {name: g}}]";
    let found = found(Code::MixedRouteKinds, &[("shop/a", ROUTE), ("shop/b", grpc)], "");
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].starts_with("Warning b+a routes[main]: On Gateway shop/g *.io has GRPCRoute of this service"),
        "{found:?}"
    );
}
