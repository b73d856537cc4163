//! Routes as a whole: from the YAML of a spec to objects, refusals and what is withheld.

mod claims;
mod class;
mod loops;
mod refused;
mod withheld;

use std::sync::Arc;

use microservice_crds::gateway::{BackendRef, GrpcRouteRule, HttpPathMatch, HttpRouteRule};

use crate::plan::{
    Class, ClassFact, Facts, Invalid, Plan, RoutePlan, RouteRules, plan,
    tests::{planned, subject},
};

const PORTS: &str = "image: a:1, ports: [{name: raw, port: 9}, {name: http, port: 80, protocol: http}, \
                     {name: grpc, port: 81, protocol: grpc}, {name: dns, port: 53, protocol: udp}]";

/// A spec with these routes.
fn spec(routes: &str) -> String {
    format!("{{{PORTS}, routes: [{routes}]}}")
}

/// Facts with a class of this `routing`.
fn with_class(routing: &str) -> Facts {
    let spec = serde_saphyr::from_str(&format!("routing: {routing}")).unwrap();
    Facts { class: ClassFact::Found(Arc::new(Class { name: "golden".into(), spec })), ..Facts::default() }
}

fn planned_with(routes: &str, facts: &Facts) -> Plan {
    plan(&subject(&spec(routes)), facts).unwrap()
}

fn refused_with(routes: &str, facts: &Facts) -> Vec<Invalid> {
    plan(&subject(&spec(routes)), facts).unwrap_err()
}

fn http(route: &RoutePlan) -> &[HttpRouteRule] {
    match &route.rules {
        RouteRules::Http(rules) => rules,
        RouteRules::Grpc(_) => panic!("{route:?}"),
    }
}

fn grpc(route: &RoutePlan) -> &[GrpcRouteRule] {
    match &route.rules {
        RouteRules::Grpc(rules) => rules,
        RouteRules::Http(_) => panic!("{route:?}"),
    }
}

fn names(plan: &Plan) -> Vec<&str> {
    plan.routes.iter().map(|r| r.name.as_str()).collect()
}

fn shares(refs: &[BackendRef]) -> Vec<(&str, i32, i32)> {
    refs.iter().map(|r| (r.name.as_str(), r.port, r.weight)).collect()
}

#[test]
fn names_ports_and_paths_follow() {
    let plan = planned(&spec(
        "{gateway: {name: g}, hostnames: ['*.b.io', a.b.io], paths: [/x]}, {name: api, gateway: {name: g}, port: raw}",
    ));
    let ports: Vec<_> = plan.routes.iter().map(|r| http(r)[0].backend_refs[0].port).collect();
    assert_eq!((names(&plan), ports), (vec!["web", "web--api"], vec![80, 9]));
    assert_eq!(http(&plan.routes[1])[0].matches[0].path, Some(HttpPathMatch::default()));
}

#[test]
fn a_grpc_port_has_a_grpc_route_unless_paths_are_written() {
    let kind = |route: &str| {
        let plan = planned(&spec(&format!("{{gateway: {{name: g}}, {route}}}")));
        let port = match &plan.routes[0].rules {
            RouteRules::Http(rules) => rules[0].backend_refs[0].port,
            RouteRules::Grpc(rules) => rules[0].backend_refs[0].port,
        };
        (plan.routes[0].rules.kind(), port)
    };
    assert_eq!(kind("hostnames: [a.io]"), ("HTTPRoute", 80));
    assert_eq!(kind("port: grpc"), ("GRPCRoute", 81));
    assert_eq!(kind("port: 81, paths: [/shop.Cart]"), ("HTTPRoute", 81));
    assert_eq!(kind("port: grpc, matches: [{method: POST}]"), ("HTTPRoute", 81));
    assert_eq!(kind("grpcMatches: [{method: {service: shop.Cart}}]"), ("GRPCRoute", 81));
    assert_eq!(kind("port: grpc, sessionPersistence: {sessionName: s}"), ("GRPCRoute", 81));

    let plan = planned("{image: a:1, ports: [{name: g, port: 1, protocol: grpc}], routes: [{gateway: {name: g}}]}");
    assert!(grpc(&plan.routes[0])[0].matches.is_empty());
}

#[test]
fn backends_share_by_weight() {
    let plan = planned(&spec(
        "{gateway: {name: g}, backends: [{weight: 90}, {service: web, port: raw}, {service: next, port: 80, weight: 0}]}",
    ));
    let rule = &http(&plan.routes[0])[0];
    assert_eq!(shares(&rule.backend_refs), [("web", 80, 90), ("web", 9, 1), ("next", 80, 0)]);
    // Without any backend of ours, no port of ours is needed.
    let plan = planned(
        "{image: a:1, ports: [{name: raw, port: 9}], routes: [{gateway: {name: g}, backends: [{service: b, port: 80}]}]}",
    );
    assert_eq!(shares(&http(&plan.routes[0])[0].backend_refs), [("b", 80, 1)]);
    // No share at all is a drained route, not a mistake.
    assert_eq!(planned(&spec("{gateway: {name: g}, backends: [{weight: 0}]}")).routes.len(), 1);
}

#[test]
fn a_redirect_answers_itself_and_needs_no_port() {
    let route = "{gateway: {name: g}, filters: [{type: RequestRedirect, requestRedirect: {hostname: b.io}}]}";
    let plan = planned(&format!("{{image: a:1, ports: [{{name: raw, port: 9}}], routes: [{route}]}}"));
    let rule = &http(&plan.routes[0])[0];
    assert!(rule.backend_refs.is_empty());
    assert_eq!(rule.filters[0].request_redirect.as_ref().unwrap().status_code, Some(302));
}

#[test]
fn a_replaced_prefix_has_a_rule_of_its_own() {
    let rewrite =
        "filters: [{type: URLRewrite, urlRewrite: {path: {type: ReplacePrefixMatch, replacePrefixMatch: /}}}]";
    let plan = planned(&spec(&format!("{{gateway: {{name: g}}, paths: [/a, /b], {rewrite}}}")));
    assert_eq!(http(&plan.routes[0]).iter().map(|r| r.matches.len()).collect::<Vec<_>>(), [1, 1]);
    let paths: Vec<_> = (0..17).map(|i| format!("/{i}")).collect();
    let plan = planned(&spec(&format!("{{gateway: {{name: g}}, paths: [{}], {rewrite}}}", paths.join(", "))));
    assert_eq!(names(&plan), ["web", "web--main--1-2"]);
}

#[test]
fn appending_never_moves_what_is_there() {
    let route = |hosts: usize| {
        let hosts: Vec<_> = (0..hosts).map(|i| format!("h{i}.io")).collect();
        planned(&spec(&format!("{{gateway: {{name: g}}, hostnames: [{}]}}", hosts.join(", "))))
    };
    for (count, expected) in [(1, 1), (16, 1), (17, 2), (33, 3), (64, 4)] {
        assert_eq!(route(count).routes.len(), expected);
    }
    let (before, after) = (route(40), route(41));
    for (old, new) in before.routes.iter().zip(&after.routes) {
        assert_eq!(old.name, new.name);
        assert!(new.hostnames.starts_with(&old.hostnames), "{old:?} {new:?}");
    }
}

#[test]
fn retries_and_sessions_are_written_where_the_channel_is_not_known() {
    let plan = planned(&spec(
        "{gateway: {name: g}, timeouts: {request: 10s}, retry: {codes: [503], attempts: 2, backoff: 100ms}, \
         sessionPersistence: {type: Cookie, absoluteTimeout: 1h, cookieConfig: {lifetimeType: Permanent}}}",
    ));
    let rule = &http(&plan.routes[0])[0];
    assert!(rule.timeouts.is_some() && rule.retry.is_some() && rule.session_persistence.is_some());
    assert!(http(&planned(&spec("{gateway: {name: g}, timeouts: {}}")).routes[0])[0].timeouts.is_none());
}
