//! Routes that are not to be made now: which, why, and what of them stays.

use std::collections::BTreeSet;

use microservice_crds::ParentKind;

use super::{names, planned_with, with_class};
use crate::{
    gateway::{Channel, Definition, Definitions, Listener, Parent, ParentId, Seen},
    plan::{Facts, Plan, Withheld, claims},
};

const RICH: &str = "{gateway: {name: g}, hostnames: [a.io]}, {name: rich, gateway: {name: g}, hostnames: [b.io], \
                     retry: {attempts: 1}, filters: [{type: CORS, cors: {}}]}";

fn gateway(facts: &mut Facts, name: &str, features: Option<&[&str]>) {
    let id = ParentId { kind: ParentKind::Gateway, namespace: "shop".into(), name: name.into() };
    let features = features.map(|f| f.iter().map(|f| (*f).to_owned()).collect());
    let parent = Parent { class: Some("traefik".into()), features, ..Parent::default() };
    facts.gateways.parents.insert(id, Seen::Present(parent));
}

fn only(plan: &Plan) -> &Withheld {
    assert_eq!(plan.withheld.len(), 1, "{:?}", plan.withheld);
    &plan.withheld[0]
}

fn assert_says(withheld: &Withheld, parts: &[&str]) {
    for part in parts {
        assert!(withheld.message.contains(part), "{part}: {}", withheld.message);
    }
}

#[test]
fn fields_of_the_experimental_channel() {
    let mut facts = Facts::default();
    for (channel, count) in [(Channel::Unknown, 2), (Channel::Experimental, 2), (Channel::Standard, 1)] {
        facts.gateways.definitions = channel.into();
        assert_eq!(planned_with(RICH, &facts).routes.len(), count, "{channel:?}");
    }
    let plan = planned_with(RICH, &facts);
    let withheld = only(&plan);
    assert_eq!((withheld.route.as_str(), withheld.reason, withheld.keep), ("rich", "UnsupportedByGatewayAPI", true));
    assert_eq!(withheld.objects, [("HTTPRoute", "web--rich".to_owned())]);
    assert_says(withheld, &["routes[rich]", "retry", "experimental", "standard", "Remove"]);
    assert!(!withheld.message.contains("sessionPersistence"));
    let grpc = planned_with("{gateway: {name: g}, port: grpc, sessionPersistence: {}}", &facts);
    assert_says(only(&grpc), &["sessionPersistence", "GRPCRoute definition"]);
    // Each kind has a definition of its own.
    facts.gateways.definitions.grpc = Definition::default();
    assert!(planned_with("{gateway: {name: g}, port: grpc, sessionPersistence: {}}", &facts).withheld.is_empty());
    assert_eq!(planned_with(RICH, &facts).withheld.len(), 1);
}

/// Each row: a route, and the first versions of the standard and of the experimental channel that have what it says.
#[test]
fn fields_that_came_with_a_version() {
    let mirror = "filters: [{type: RequestMirror, requestMirror: {backendRef: {name: b, port: 1}, percent: 1}}]";
    let rows = [
        ("timeouts: {request: 1s}", Some(2), 0),
        ("retry: {attempts: 1}", None, 2),
        ("sessionPersistence: {}", None, 1),
        ("port: grpc, sessionPersistence: {}", None, 1),
        ("filters: [{type: CORS, cors: {}}]", Some(5), 3),
        (mirror, Some(3), 2),
        (&format!("port: grpc, {mirror}"), Some(3), 2),
        ("filters: [{type: RequestRedirect, requestRedirect: {hostname: b.io, statusCode: 308}}]", Some(5), 5),
        ("filters: [{type: RequestRedirect, requestRedirect: {hostname: b.io, statusCode: 301}}]", Some(0), 0),
    ];
    for (route, standard, experimental) in rows {
        for minor in 0..=6 {
            for (channel, since) in [(Channel::Standard, standard), (Channel::Experimental, Some(experimental))] {
                let installed = Definition { channel, version: Some((1, minor)) };
                let mut facts = Facts::default();
                facts.gateways.definitions = Definitions { http: installed, grpc: installed };
                let plan = planned_with(&format!("{{gateway: {{name: g}}, hostnames: [a.io], {route}}}"), &facts);
                let withheld = since.is_none_or(|since| minor < since);
                assert_eq!(plan.withheld.len(), usize::from(withheld), "{route} {channel} 1.{minor}");
                let Some(withheld) = plan.withheld.first() else { continue };
                assert_says(withheld, &["routes[main]", "Remove", &format!("{channel} of version 1.{minor}")]);
                match since {
                    Some(since) => assert_says(withheld, &[&format!("needs version 1.{since} of the Gateway API")]),
                    None => assert_says(withheld, &["have the experimental channel installed"]),
                }
            }
        }
    }
}

#[test]
fn features_that_a_gateway_does_not_list() {
    let mut facts = Facts::default();
    for unknown in [None, Some(&[] as &[&str])] {
        gateway(&mut facts, "g", unknown);
        assert!(planned_with(RICH, &facts).withheld.is_empty(), "an empty list says nothing");
    }
    gateway(&mut facts, "g", Some(&["HTTPRouteRetry"]));
    let plan = planned_with(RICH, &facts);
    let withheld = only(&plan);
    assert_eq!((withheld.reason, withheld.keep), ("UnsupportedByGateway", true));
    assert_says(withheld, &["Gateway shop/g", "traefik", "HTTPRouteCORS", "routes[rich].filters[0]", "choose another"]);
    assert!(!withheld.message.contains("HTTPRouteRetry"));
    gateway(&mut facts, "g", Some(&["HTTPRouteRetry", "HTTPRouteCORS"]));
    assert!(planned_with(RICH, &facts).withheld.is_empty());

    let mut facts = with_class("{gateways: [{name: one}, {name: two}]}");
    gateway(&mut facts, "one", Some(&["GRPCRoute"]));
    gateway(&mut facts, "two", Some(&["HTTPRoute"]));
    for (port, kind, lacking, other) in [("grpc", "GRPCRoute", "two", "one"), ("http", "HTTPRoute", "one", "two")] {
        let plan = planned_with(&format!("{{port: {port}}}"), &facts);
        assert_says(only(&plan), &[&format!("Gateway shop/{lacking}"), kind, "routes[main].gateway"]);
        let message = &plan.withheld[0].message;
        assert!(!message.contains(&format!("Gateway shop/{other}")), "{message}");
    }
    // One that lists only what goes beyond the core says nothing of the core, and what goes beyond a kind implies it.
    gateway(&mut facts, "two", Some(&["SomethingOfItsOwn"]));
    assert!(planned_with("{port: grpc}", &facts).withheld.is_empty());
    gateway(&mut facts, "two", Some(&["Gateway", "GRPCRouteNamedRouteRule"]));
    assert!(planned_with("{port: grpc}", &facts).withheld.is_empty());
}

#[test]
fn a_copy_to_another_namespace_needs_grants() {
    let route = |port: &str, namespace: &str| {
        format!(
            "{{gateway: {{name: g}}, port: {port}, filters: [{{type: RequestMirror, requestMirror: {{backendRef: \
             {{name: b, {namespace} port: 1}}}}}}]}}"
        )
    };
    let all = ["GRPCRoute", "HTTPRoute", "HTTPRouteRequestMirror"];
    let mut facts = Facts::default();
    for port in ["http", "grpc"] {
        gateway(&mut facts, "g", Some(&all));
        let withheld = |namespace: &str| planned_with(&route(port, namespace), &facts).withheld;
        assert!(withheld("").is_empty() && withheld("namespace: shop,").is_empty(), "{port}");
        let other = withheld("namespace: other,");
        assert_says(&other[0], &["ReferenceGrant", "routes[main].filters[0].requestMirror.backendRef.namespace"]);
        gateway(&mut facts, "g", Some(&[all.as_slice(), &["ReferenceGrant"]].concat()));
        assert!(planned_with(&route(port, "namespace: other,"), &facts).withheld.is_empty(), "{port}");
    }
}

/// Each row: a route, and the features that it needs.
#[test]
fn every_feature_has_its_field() {
    let rows: &[(&str, &[&str])] = &[
        ("paths: [/a], filters: [{type: RequestHeaderModifier, requestHeaderModifier: {remove: [a]}}]", &[]),
        ("matches: [{headers: [{name: a, value: b}]}], backends: [{}, {service: b, port: 1}]", &[]),
        (
            "matches: [{method: GET, queryParams: [{name: a, value: b}]}]",
            &["HTTPRouteMethodMatching", "HTTPRouteQueryParamMatching"],
        ),
        (
            "filters: [{type: ResponseHeaderModifier, responseHeaderModifier: {remove: [a]}}]",
            &["HTTPRouteResponseHeaderModification"],
        ),
        ("filters: [{type: RequestRedirect, requestRedirect: {hostname: b.io}}]", &[]),
        (
            "filters: [{type: RequestRedirect, requestRedirect: {scheme: http, port: 1, statusCode: 307, path: {type: ReplaceFullPath, replaceFullPath: /}}}]",
            &[
                "HTTPRoute307RedirectStatusCode",
                "HTTPRoutePathRedirect",
                "HTTPRoutePortRedirect",
                "HTTPRouteSchemeRedirect",
            ],
        ),
        (
            "filters: [{type: URLRewrite, urlRewrite: {hostname: b.io, path: {type: ReplaceFullPath, replaceFullPath: /}}}]",
            &["HTTPRouteHostRewrite", "HTTPRoutePathRewrite"],
        ),
        (
            "filters: [{type: RequestMirror, requestMirror: {backendRef: {name: b, port: 1}}}]",
            &["HTTPRouteRequestMirror"],
        ),
        (
            "filters: [{type: RequestMirror, requestMirror: {backendRef: {name: b, port: 1}, percent: 1}}, {type: RequestMirror, requestMirror: {backendRef: {name: c, port: 1}}}]",
            &["HTTPRouteRequestMirror", "HTTPRouteRequestMultipleMirrors", "HTTPRouteRequestPercentageMirror"],
        ),
        ("timeouts: {request: 2s, backendRequest: 1s}", &["HTTPRouteBackendTimeout", "HTTPRouteRequestTimeout"]),
        ("port: grpc, paths: [/a]", &["HTTPRouteBackendProtocolH2C"]),
        ("gateway: {kind: ListenerSet, name: g}", &["ListenerSet"]),
    ];
    let mut facts = Facts::default();
    gateway(&mut facts, "g", Some(&["HTTPRoute"]));
    let set = ParentId { kind: ParentKind::ListenerSet, namespace: "shop".into(), name: "g".into() };
    let parent = facts.gateways.parents.values().next().cloned();
    facts.gateways.parents.insert(set, parent.unwrap());
    for (route, features) in rows {
        let gateway = if route.contains("gateway") { "" } else { "gateway: {name: g}, " };
        let plan = planned_with(&format!("{{{gateway}{route}}}"), &facts);
        let message = plan.withheld.first().map(|w| w.message.as_str()).unwrap_or_default();
        let words = message.split(|c: char| !c.is_ascii_alphanumeric());
        let named: BTreeSet<&str> = words
            .filter(|w| *w == "ListenerSet" || w.strip_prefix("HTTPRoute").is_some_and(|rest| !rest.is_empty()))
            .collect();
        assert_eq!(named.into_iter().collect::<Vec<_>>(), *features, "{route}: {message}");
    }
}

#[test]
fn a_service_that_is_not_there() {
    let route = "{gateway: {name: g}, backends: [{}, {service: next, port: 80, weight: 5}], \
                 filters: [{type: RequestMirror, requestMirror: {backendRef: {name: shadow, port: 1}}}, \
                 {type: RequestMirror, requestMirror: {backendRef: {name: far, namespace: other, port: 1}}}]}";
    let mut facts = Facts::default();
    assert!(planned_with(route, &facts).withheld.is_empty(), "nobody looked");
    facts.services = Some(["next".to_owned(), "shadow".to_owned()].into());
    assert!(planned_with(route, &facts).withheld.is_empty(), "ours is ours to make");
    facts.services = Some(["next".to_owned()].into());
    assert_says(
        only(&planned_with(route, &facts)),
        &["\"shadow\"", "filters[0].requestMirror.backendRef.name", "Create it"],
    );
    facts.services = Some(BTreeSet::new());
    let plan = planned_with(route, &facts);
    let withheld = only(&plan);
    assert_eq!((withheld.reason, withheld.keep, names(&plan).len()), ("BackendNotFound", true, 0));
    assert_says(withheld, &["\"next\"", "backends[1].service", "\"shadow\"", "Create them", "stays as it is"]);
}

#[test]
fn a_service_of_ours_that_is_refused() {
    let routes = "{gateway: {name: g}, hostnames: [a.io]}, \
         {name: other, gateway: {name: g}, hostnames: [b.io], backends: [{service: next, port: 80}]}, \
         {name: shared, gateway: {name: g}, hostnames: [c.io], backends: [{service: next, port: 80}, {weight: 0}]}, \
         {name: away, gateway: {name: g}, hostnames: [d.io], filters: [{type: RequestRedirect, requestRedirect: {hostname: e.io}}]}";
    let facts = Facts { no_service: Some("Somebody has it. Delete one.".into()), ..Facts::default() };
    let plan = planned_with(routes, &facts);
    assert_eq!(names(&plan), ["web--other", "web--away"]);
    let withheld: Vec<_> = plan.withheld.iter().map(|w| (w.route.as_str(), w.before, w.reason, w.keep)).collect();
    assert_eq!(withheld, [("main", 0, "BackendNotFound", true), ("shared", 1, "BackendNotFound", true)]);
    assert_says(&plan.withheld[0], &["routes[main]", "Service \"web\"", "Somebody has it. Delete one.", "stays"]);
    let grpc = planned_with("{gateway: {name: g}, port: grpc}", &facts);
    assert_eq!(only(&grpc).reason, "BackendNotFound");
}

#[test]
fn a_host_that_an_older_service_has() {
    let routes =
        "{gateway: {name: g}, hostnames: [a.io]}, {name: api, gateway: {name: g}, hostnames: [b.io], paths: [/x]}";
    let mut facts = Facts::default();
    let free = planned_with(routes, &facts);
    let claim = claims(&free).into_iter().find(|claim| claim.host == "b.io").unwrap();
    facts.taken.insert(claim, "other/old".into());
    let plan = planned_with(routes, &facts);
    assert_eq!(names(&plan), ["web"]);
    let withheld = only(&plan);
    assert_eq!((withheld.route.as_str(), withheld.reason, withheld.keep), ("api", "HostTaken", false));
    assert_says(withheld, &["other/old", "b.io", "path prefix \"/x\"", "Gateway shop/g", "older", "routes[api]"]);
    assert_eq!(claims(&plan), claims(&free), "what is claimed does not follow from what is taken");
    assert!(!plan.keeps("HTTPRoute", "web--api"));
}

#[test]
fn what_is_kept_is_all_of_the_route_whatever_it_looked_like() {
    let mut facts = Facts::default();
    facts.gateways.definitions = Channel::Standard.into();
    let plan = planned_with(RICH, &facts);
    for (kind, name) in
        [("HTTPRoute", "web--rich"), ("HTTPRoute", "web--rich--2"), ("GRPCRoute", "web--rich--redirect")]
    {
        assert!(plan.keeps(kind, name), "{kind} {name}");
    }
    for (kind, name) in
        [("HTTPRoute", "web"), ("HTTPRoute", "web--main--2"), ("Service", "web--rich"), ("HTTPRoute", "web--richer")]
    {
        assert!(!plan.keeps(kind, name), "{kind} {name}");
    }
}

#[test]
fn a_redirect_on_a_listener_that_speaks_https() {
    let mut facts = with_class("{gateways: [{name: g, listeners: {http: web, https: websecure}}], tlsRedirect: true}");
    gateway(&mut facts, "g", None);
    let listener =
        |name: &str, protocol: &str| Listener { name: name.into(), protocol: protocol.into(), ..Listener::default() };
    for (web, withheld) in [("HTTP", 0), ("HTTPS", 1)] {
        for seen in facts.gateways.parents.values_mut() {
            let Seen::Present(parent) = seen else { continue };
            parent.listeners = vec![listener("web", web), listener("websecure", "HTTPS")];
        }
        let plan = planned_with("{}", &facts);
        assert_eq!(plan.withheld.len(), withheld, "{web}");
        if let Some(loops) = plan.withheld.first() {
            assert_eq!(loops.reason, "RedirectLoop");
            assert_says(loops, &["\"web\"", "Gateway shop/g", "tlsRedirect: false"]);
        }
    }
}
