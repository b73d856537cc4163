//! What the class decides: gateways, host names, grants, and the redirect to https.

use super::{http, names, planned_with, refused_with, spec, with_class};
use crate::plan::{Blame, Facts, ParentPlan, Plan, RouteRules, Source, plan, tests::subject};

fn parents(plan: &Plan, index: usize) -> Vec<String> {
    let words = |p: &ParentPlan| format!("{}/{}", p.id, p.section_name.as_deref().unwrap_or("*"));
    plan.routes[index].parents.iter().map(words).collect()
}

fn source(plan: &Plan, path: &str) -> Option<Source> {
    plan.provenance.iter().find(|p| p.path == path).map(|p| p.source)
}

#[test]
fn gateways_of_the_class_where_the_route_names_none() {
    let facts = with_class(
        "{gateways: [{name: a, namespace: infra, sectionName: web}, {name: b}, {kind: ListenerSet, name: c, namespace: x}]}",
    );
    let plan = planned_with("{}", &facts);
    assert_eq!(parents(&plan, 0), ["Gateway infra/a/web", "Gateway shop/b/*", "ListenerSet x/c/*"]);
    assert_eq!(source(&plan, "routes[main].gateway"), Some(Source::Class));
    let plan = planned_with("{gateway: {kind: ListenerSet, name: own}}", &facts);
    assert_eq!(parents(&plan, 0), ["ListenerSet shop/own/*"]);

    let invalid = refused_with("{}", &with_class("{}"));
    assert!(
        invalid[0].message.contains("\"golden\"") && invalid[0].message.contains("routing.gateways"),
        "{}",
        invalid[0]
    );
}

#[test]
fn a_class_must_not_name_one_listener_twice() {
    let both = |entries: &str| refused_with("{}", &with_class(&format!("{{gateways: [{entries}]}}")));
    for entries in ["{name: a}, {name: a}", "{name: a, sectionName: x}, {name: a}", "{name: A}"] {
        let invalid = both(entries);
        assert_eq!((invalid[0].field.as_str(), invalid[0].blame), ("routes[main].gateway", Blame::Class), "{entries}");
    }
    let apart = with_class("{gateways: [{name: a, sectionName: x}, {name: a, sectionName: y}]}");
    assert_eq!(planned_with("{}", &apart).routes[0].parents.len(), 2);
}

#[test]
fn host_names_are_made_where_the_route_says_none() {
    let facts = with_class(
        "{gateways: [{name: g}], hostTemplates: ['{name}.{namespace}.example.com', '{route}.{name}.example.com'], hosts: []}",
    );
    let plan = planned_with("{}, {name: api, paths: [/api]}", &facts);
    assert_eq!(plan.routes[0].hostnames, ["web.shop.example.com", "main.web.example.com"]);
    assert_eq!(plan.routes[1].hostnames, ["web.shop.example.com", "api.web.example.com"]);
    assert_eq!(source(&plan, "routes[main].hostnames"), Some(Source::Class));
    // What the templates make may be written out as well.
    assert_eq!(planned_with("{hostnames: [web.shop.example.com]}", &facts).routes[0].hostnames.len(), 1);
    let invalid = refused_with("{hostnames: [other.example.com]}", &facts);
    assert_eq!((invalid[0].field.as_str(), invalid[0].blame), ("routes[main].hostnames", Blame::Rule));

    let invalid = refused_with("{}", &with_class("{gateways: [{name: g}], hostTemplates: ['{team}.example.com']}"));
    assert_eq!(invalid[0].blame, Blame::Class);
    assert!(invalid[0].message.contains("{team}.example.com"), "{}", invalid[0]);
}

#[test]
fn only_granted_host_names_may_be_claimed() {
    let routing = "{gateways: [{name: g}], hosts: [{pattern: '*.{namespace}.example.com'}, {pattern: shop.io}, \
                    {pattern: '*.vip.io', namespaces: {matchLabels: {tier: vip}}}]}";
    let mut facts = with_class(routing);
    let labels = |tier: &str| Some([("tier".to_owned(), tier.to_owned())].into());
    facts.gateways.namespace_labels = labels("plain");
    let hosts = |hosts: &str, facts: &Facts| plan(&subject(&spec(&format!("{{hostnames: [{hosts}]}}"))), facts);
    for granted in ["a.shop.example.com", "'*.shop.example.com'", "b.a.shop.example.com, shop.io"] {
        assert!(hosts(granted, &facts).is_ok(), "{granted}");
    }
    for (refused, named) in [
        ("a.example.com", "a.example.com"),
        ("'*.example.com'", "*.example.com"),
        ("a.shop.io", "a.shop.io"),
        ("x.vip.io", "x.vip.io"),
        ("", "every host"),
    ] {
        let invalid = hosts(refused, &facts).unwrap_err();
        assert_eq!((invalid.len(), invalid[0].blame), (1, Blame::Rule), "{refused}");
        let message = &invalid[0].message;
        for part in [named, "\"golden\"", "\"shop\"", "*.shop.example.com, shop.io"] {
            assert!(message.contains(part), "{part}: {message}");
        }
    }
    facts.gateways.namespace_labels = labels("vip");
    assert!(hosts("x.vip.io", &facts).is_ok());
    // Offline nobody knows the labels.
    facts.gateways.namespace_labels = None;
    assert!(hosts("x.vip.io", &facts).is_ok());
    assert!(hosts("any.where", &with_class("{gateways: [{name: g}]}")).is_ok());
}

const TLS: &str = "{gateways: [{name: a, sectionName: web, listeners: {http: web, https: websecure}}, \
                    {name: b, listeners: {http: h, https: s}}], tlsRedirect: true}";

#[test]
fn https_serves_and_http_redirects() {
    let facts = with_class(TLS);
    let plan = planned_with("{hostnames: [a.io], paths: [/x]}", &facts);
    assert_eq!(names(&plan), ["web", "web--main--redirect"]);
    assert_eq!(parents(&plan, 0), ["Gateway shop/a/websecure", "Gateway shop/b/s"]);
    assert_eq!(parents(&plan, 1), ["Gateway shop/a/web", "Gateway shop/b/h"]);
    let rule = &http(&plan.routes[1])[0];
    assert_eq!(rule.matches, http(&plan.routes[0])[0].matches);
    assert!(
        rule.backend_refs.is_empty() && plan.routes[1].redirects_to_https() && !plan.routes[0].redirects_to_https()
    );
    assert_eq!(source(&plan, "routes[main].tlsRedirect"), Some(Source::Class));

    let plan = planned_with("{tlsRedirect: false}", &facts);
    assert_eq!(
        (names(&plan), parents(&plan, 0)),
        (vec!["web"], vec!["Gateway shop/a/web".into(), "Gateway shop/b/*".into()])
    );
    // gRPC clients follow no redirect.
    let plan = planned_with("{name: rpc, port: grpc}", &facts);
    assert_eq!(
        (names(&plan), parents(&plan, 0)),
        (vec!["web--rpc"], vec!["Gateway shop/a/websecure".into(), "Gateway shop/b/s".into()])
    );
    assert!(matches!(plan.routes[0].rules, RouteRules::Grpc(_)));
}

/// Whatever a class says: no listener has both an object that serves and one that redirects.
#[test]
fn no_loop_can_arise() {
    let listeners = ["x", "y", "z"];
    let mut planned = 0;
    for (http_a, https_a) in listeners.iter().flat_map(|a| listeners.iter().map(move |b| (a, b))) {
        for (http_b, https_b) in listeners.iter().flat_map(|a| listeners.iter().map(move |b| (a, b))) {
            let facts = with_class(&format!(
                "{{gateways: [{{name: a, listeners: {{http: {http_a}, https: {https_a}}}}}, \
                  {{name: a, listeners: {{http: {http_b}, https: {https_b}}}}}], tlsRedirect: true}}"
            ));
            let loops = [http_a, http_b].iter().any(|http| [https_a, https_b].contains(http));
            let twice = http_a == http_b || https_a == https_b;
            match plan(&subject(&spec("{}")), &facts) {
                Err(invalid) => {
                    assert!(loops || twice, "{invalid:?}");
                    assert!(invalid.iter().all(|i| i.blame == Blame::Class));
                }
                Ok(plan) => {
                    planned += 1;
                    assert!(!loops && !twice);
                    let on = |redirects: bool| -> Vec<&ParentPlan> {
                        let objects = plan.routes.iter().filter(|r| r.redirects_to_https() == redirects);
                        objects.flat_map(|r| &r.parents).collect()
                    };
                    assert!(on(true).iter().all(|p| p.section_name.is_some() && !on(false).contains(p)));
                }
            }
        }
    }
    assert_eq!(planned, 0, "of three listeners, two cannot serve and two others redirect");
    let four = "{gateways: [{name: a, listeners: {http: w, https: x}}, {name: a, listeners: {http: y, https: z}}]}";
    assert_eq!(planned_with("{tlsRedirect: true}", &with_class(four)).routes.len(), 2);
}

#[test]
fn a_redirect_needs_the_classs_listeners() {
    let facts = with_class(TLS);
    let plan = planned_with("{gateway: {name: b}}", &facts);
    assert_eq!(
        (parents(&plan, 0), parents(&plan, 1)),
        (vec!["Gateway shop/b/s".into()], vec!["Gateway shop/b/h".into()])
    );
    assert_eq!(planned_with("{gateway: {name: b, sectionName: s}}", &facts).routes.len(), 2);
    for (route, field) in [
        ("{gateway: {name: c}}", "routes[main].tlsRedirect"),
        ("{gateway: {name: b, sectionName: h}}", "routes[main].tlsRedirect"),
        (
            "{filters: [{type: RequestRedirect, requestRedirect: {scheme: https}}]}",
            "routes[main].filters[0].requestRedirect",
        ),
        (
            "{filters: [{type: RequestRedirect, requestRedirect: {scheme: http}}]}",
            "routes[main].filters[0].requestRedirect",
        ),
    ] {
        let invalid = refused_with(route, &facts);
        assert_eq!(invalid.iter().map(|i| i.field.as_str()).collect::<Vec<_>>(), [field], "{route}");
        assert!(invalid[0].message.contains("tlsRedirect: false"), "{}", invalid[0]);
    }
    let invalid = refused_with("{}", &with_class("{gateways: [{name: g}], tlsRedirect: true}"));
    assert!(invalid[0].message.contains("listeners: {http: ..., https: ...}"), "{}", invalid[0]);
}
