//! What routes claim, and where kinds of routes meet.

use super::{planned_with, with_class};
use crate::plan::{Claim, Facts, claims, mixed_kinds};

fn of(routes: &str) -> Vec<Claim> {
    claims(&planned_with(routes, &Facts::default()))
}

#[test]
fn one_claim_for_each_listener_host_and_match() {
    let all = of("{gateway: {name: g, sectionName: s}, hostnames: [a.io, '*.a.io'], paths: [/x, /y]}");
    assert_eq!(all.len(), 4);
    assert!(
        all.iter().all(|c| c.parent == "Gateway shop/g" && c.section.as_deref() == Some("s") && c.kind == "HTTPRoute")
    );
    assert_eq!(of("{gateway: {name: g}}")[0].host, "");
    assert_eq!(of("{gateway: {name: g}, port: grpc}")[0].kind, "GRPCRoute");
    let class = with_class("{gateways: [{name: g, listeners: {http: h, https: s}}], tlsRedirect: true}");
    let sections: Vec<_> = claims(&planned_with("{}", &class)).into_iter().map(|c| c.section.unwrap()).collect();
    assert_eq!(sections, ["h", "s"]);
}

#[test]
fn what_means_the_same_is_the_same() {
    let same = |one: &str, two: &str| {
        let claim = |text: &str| of(&format!("{{gateway: {{name: g}}, {text}}}"));
        claim(one) == claim(two)
    };
    assert!(same("paths: [/x]", "matches: [{path: {value: /x/}}]"));
    assert!(same("hostnames: []", "paths: [/]"));
    assert!(same(
        "matches: [{headers: [{name: A, value: x}, {name: b, value: y}]}]",
        "matches: [{headers: [{name: B, value: y}, {name: a, value: x}]}]"
    ));
    assert!(!same("paths: [/x]", "matches: [{path: {type: Exact, value: /x}}]"));
    assert!(!same(
        "matches: [{queryParams: [{name: A, value: x}]}]",
        "matches: [{queryParams: [{name: a, value: x}]}]"
    ));
}

#[test]
fn a_route_without_a_listener_meets_those_of_all() {
    let on = |gateway: &str| of(&format!("{{gateway: {gateway}, hostnames: [a.io]}}")).remove(0);
    let (all, one, two) = (on("{name: g}"), on("{name: g, sectionName: x}"), on("{name: g, sectionName: y}"));
    assert!(all.meets(&one) && one.meets(&all) && one.meets(&one) && !one.meets(&two));
    assert_eq!(all.place(), two.place());
    assert!(!all.meets(&on("{name: h}")));
}

#[test]
fn kinds_that_meet_on_a_host_are_told() {
    let web = of("{gateway: {name: g}, hostnames: ['*.a.io', c.io]}");
    let rpc = of("{gateway: {name: g, sectionName: s}, hostnames: [b.a.io, d.io], port: grpc}");
    let found = mixed_kinds(&web, rpc.iter().map(|claim| (claim, "shop/rpc")));
    assert_eq!(found.len(), 1, "{found:?}");
    let text = found[0].to_string();
    for part in ["Gateway shop/g", "*.a.io", "HTTPRoute", "GRPCRoute", "shop/rpc", "a host name of its own"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(mixed_kinds(&web, []).is_empty());
    let elsewhere = of("{gateway: {name: h}, hostnames: [c.io], port: grpc}");
    assert!(mixed_kinds(&web, elsewhere.iter().map(|claim| (claim, "shop/rpc"))).is_empty());
}

#[test]
fn kinds_of_one_service_that_meet_are_told_once() {
    let both = |web: &str, rpc: &str| {
        of(&format!(
            "{{gateway: {{name: g}}, {web} paths: [/a, /b]}}, {{name: rpc, gateway: {{name: g}}, {rpc} port: grpc}}"
        ))
    };
    for (web, rpc) in [
        ("hostnames: [a.io],", "hostnames: [a.io],"),
        ("hostnames: ['*.io'],", "hostnames: [a.io],"),
        ("hostnames: [a.io],", ""),
        ("", ""),
    ] {
        let found = mixed_kinds(&both(web, rpc), []);
        assert_eq!(found.len(), 1, "{web} {rpc} {found:?}");
        assert_eq!(found[0].ours, "GRPCRoute");
        assert!(found[0].to_string().contains("both of this service"), "{}", found[0]);
    }
    assert!(mixed_kinds(&both("hostnames: [a.io],", "hostnames: [b.io],"), []).is_empty());
}

#[test]
fn hosts_are_compared_as_they_are_written() {
    let on = |hosts: &str| of(&format!("{{gateway: {{name: g, sectionName: s}}, {hosts}}}")).remove(0);
    assert!(!on("").meets(&on("hostnames: [a.io]")) && !on("hostnames: ['*.io']").meets(&on("hostnames: [a.io]")));
    assert!(on("hostnames: [a.io]").meets(&on("hostnames: [a.io], paths: [/]")));
}
