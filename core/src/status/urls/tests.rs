use microservice_crds::gateway::{GrpcRouteRule, HttpPathMatch, HttpRouteMatch, RequestRedirect, RouteFilter};

use super::*;
use crate::{
    gateway::View,
    outcome::{Health, Outcome},
    plan::Withheld,
    status::fixtures::{gateway_of, public, route_of, routed, rules_of, said_of_route, verdict},
};

fn urls(outcome: &Outcome) -> String {
    of(outcome.plan.as_ref().unwrap(), outcome).join(" ")
}

fn path(kind: PathMatchType, value: &str) -> HttpRouteMatch {
    HttpRouteMatch { path: Some(HttpPathMatch { type_: kind, value: value.into() }), ..HttpRouteMatch::default() }
}

/// Adds a copy of the first route object, changed.
fn another(outcome: &mut Outcome, change: impl FnOnce(&mut crate::plan::RoutePlan)) {
    let mut route = route_of(outcome).clone();
    route.name = format!("web--{}", outcome.children.len());
    change(&mut route);
    let mut child = outcome.children[3].clone();
    (child.kind, child.name) = (route.rules.kind(), route.name.clone());
    outcome.children.push(child);
    outcome.plan.as_mut().unwrap().routes.push(route);
}

#[test]
fn each_host_on_each_listener_https_first() {
    let mut outcome = routed();
    assert_eq!(urls(&outcome), "https://shop.example.com http://shop.example.com");
    // Ports that the scheme implies are left out; wildcards and hosts that no listener has cannot be opened.
    gateway_of(&mut outcome).listeners[0].port = 8080;
    gateway_of(&mut outcome).listeners[1].port = 8443;
    route_of(&mut outcome).hostnames = ["b", "a", "*.x"].map(|host| format!("{host}.example.com")).to_vec();
    route_of(&mut outcome).hostnames.push("shop.example.net".into());
    assert_eq!(
        urls(&outcome),
        "https://b.example.com:8443 http://b.example.com:8080 https://a.example.com:8443 http://a.example.com:8080"
    );
    route_of(&mut outcome).parents[0].section_name = Some("web".into());
    assert_eq!(urls(&outcome), "http://b.example.com:8080 http://a.example.com:8080");
    // What is not spoken in these schemes is nothing to open.
    gateway_of(&mut outcome).listeners[0].protocol = "example.com/h3".into();
    assert_eq!(urls(&outcome), "");
}

#[test]
fn the_path_is_that_of_the_first_rule_that_serves() {
    let mut outcome = routed();
    route_of(&mut outcome).parents[0].section_name = Some("web".into());
    for (matches, wanted) in [
        (
            vec![path(PathMatchType::PathPrefix, "/shop"), path(PathMatchType::Exact, "/x")],
            "http://shop.example.com/shop",
        ),
        (vec![path(PathMatchType::Exact, "/index.html")], "http://shop.example.com/index.html"),
        (vec![path(PathMatchType::RegularExpression, "/[a-z]+")], "http://shop.example.com"),
        (vec![path(PathMatchType::PathPrefix, "/")], "http://shop.example.com"),
        (vec![path(PathMatchType::PathPrefix, &"/x".repeat(600))], "http://shop.example.com"),
        (vec![], "http://shop.example.com"),
    ] {
        rules_of(&mut outcome)[0].matches = matches;
        assert_eq!(urls(&outcome), wanted);
    }
    let mut redirect = rules_of(&mut outcome)[0].clone();
    redirect.backend_refs.clear();
    redirect.filters = vec![RouteFilter {
        type_: FilterKind::RequestRedirect,
        request_redirect: Some(RequestRedirect::default()),
        ..RouteFilter::default()
    }];
    redirect.matches = vec![path(PathMatchType::PathPrefix, "/old")];
    rules_of(&mut outcome).insert(0, redirect.clone());
    assert_eq!(urls(&outcome), "http://shop.example.com");
    // A route that only sends clients elsewhere is nothing to open.
    *rules_of(&mut outcome) = vec![redirect];
    assert_eq!(urls(&outcome), "");
}

#[test]
fn without_a_host_it_is_the_listeners_or_the_address_of_the_gateway() {
    let mut outcome = routed();
    route_of(&mut outcome).hostnames.clear();
    assert_eq!(urls(&outcome), "", "a wildcard cannot be opened");
    gateway_of(&mut outcome).listeners[0].hostname = None;
    gateway_of(&mut outcome).listeners[1].hostname = Some("shop.example.org".into());
    assert_eq!(urls(&outcome), "https://shop.example.org http://192.0.2.1");
    gateway_of(&mut outcome).addresses = vec!["gw.example.org".into(), "2001:db8::1".into()];
    gateway_of(&mut outcome).listeners[0].port = 8080;
    assert_eq!(urls(&outcome), "https://shop.example.org http://[2001:db8::1]:8080 http://gw.example.org:8080");
    // The listener's host is the narrower one, too.
    route_of(&mut outcome).hostnames = vec!["*.example.org".into()];
    assert_eq!(urls(&outcome), "https://shop.example.org");
}

#[test]
fn who_is_known_not_to_serve_is_left_out_where_another_does() {
    let mut outcome = routed();
    gateway_of(&mut outcome).listeners[1].programmed = None;
    assert_eq!(urls(&outcome), "https://shop.example.com http://shop.example.com", "not known is not down");
    gateway_of(&mut outcome).listeners[1].resolved_refs = verdict("False", "InvalidCertificateRef", "");
    assert_eq!(urls(&outcome), "http://shop.example.com");
    // Where nobody serves, this is still where it will be: Exposed says why it is not.
    gateway_of(&mut outcome).programmed = verdict("False", "Pending", "");
    assert_eq!(urls(&outcome), "https://shop.example.com http://shop.example.com");
}

#[test]
fn what_leads_nowhere_is_no_address() {
    let mut absent = routed();
    absent.gateways.parents.insert(public(), Seen::Absent);
    assert_eq!(urls(&absent), "");
    let mut refused = routed();
    said_of_route(&mut refused)[0].accepted = verdict("False", "NotAllowedByListeners", "");
    assert_eq!(urls(&refused), "");
    let mut unserved = routed();
    unserved.children[3].result = ChildResult::KindAbsent { crd: "httproutes.gateway.networking.k8s.io" };
    assert_eq!(urls(&unserved), "");
    let mut missing = routed();
    missing.children.pop();
    assert_eq!(urls(&missing), "");
    for result in [
        ChildResult::Clash { owner: "nobody".into() },
        ChildResult::Leftover,
        ChildResult::Invalid { message: "x".into() },
        ChildResult::Forbidden { message: "x".into() },
        ChildResult::Failed { message: "x".into() },
    ] {
        let mut unmade = routed();
        unmade.children[3].health = Health::Silent;
        unmade.children[3].result = result;
        assert_eq!(urls(&unmade), "", "{:?}", unmade.children[3]);
    }
    let mut elsewhere = routed();
    route_of(&mut elsewhere).hostnames = vec!["shop.example.net".into()];
    assert_eq!(urls(&elsewhere), "");
}

#[test]
fn of_a_gateway_that_is_not_known_the_name_of_the_listener_tells() {
    let mut outcome = routed();
    outcome.gateways = View::default();
    route_of(&mut outcome).hostnames.push("*.example.com".into());
    assert_eq!(urls(&outcome), "http://shop.example.com");
    for section in ["https", "shop-tls"] {
        route_of(&mut outcome).parents[0].section_name = Some(section.into());
        assert_eq!(urls(&outcome), "https://shop.example.com");
    }
    // Routes of two listeners, each address once.
    let secure = route_of(&mut outcome).parents.clone();
    another(&mut outcome, |route| route.parents[0].section_name = Some("web".into()));
    assert_eq!(urls(&outcome), "https://shop.example.com http://shop.example.com");
    another(&mut outcome, |route| route.parents = secure);
    assert_eq!(urls(&outcome), "https://shop.example.com http://shop.example.com");
}

#[test]
fn the_half_that_redirects_to_https_tells_that_the_other_is_secure() {
    let mut outcome = routed();
    outcome.gateways = View::default();
    route_of(&mut outcome).parents[0].section_name = Some("secure".into());
    let redirect =
        RequestRedirect { scheme: Some("https".into()), status_code: Some(301), ..RequestRedirect::default() };
    let filter =
        RouteFilter { type_: FilterKind::RequestRedirect, request_redirect: Some(redirect), ..RouteFilter::default() };
    let rules = vec![HttpRouteRule { filters: vec![filter], ..HttpRouteRule::default() }];
    another(&mut outcome, |route| {
        route.parents[0].section_name = Some("web".into());
        route.rules = RouteRules::Http(rules);
    });
    assert_eq!(urls(&outcome), "https://shop.example.com");
}

#[test]
fn hosts_of_grpc_come_last_and_many_are_cut() {
    let mut outcome = routed();
    route_of(&mut outcome).rules = RouteRules::Grpc(vec![GrpcRouteRule::default()]);
    outcome.children[3].kind = "GRPCRoute";
    route_of(&mut outcome).hostnames = vec!["grpc.example.com".into()];
    another(&mut outcome, |route| {
        route.rules = RouteRules::Http(vec![]);
        route.hostnames = vec!["shop.example.com".into()];
    });
    // A route without rules serves nothing; one with a rule does.
    assert_eq!(urls(&outcome), "https://grpc.example.com http://grpc.example.com");
    let rules = rules_of(&mut routed()).clone();
    outcome.plan.as_mut().unwrap().routes[1].rules = RouteRules::Http(rules);
    assert_eq!(
        urls(&outcome),
        "https://shop.example.com http://shop.example.com https://grpc.example.com http://grpc.example.com"
    );
    route_of(&mut outcome).hostnames = (0..99).map(|n| format!("h{n}.example.com")).collect();
    let all = of(outcome.plan.as_ref().unwrap(), &outcome);
    assert_eq!((all.len(), all[0].as_str()), (COUNT, "https://shop.example.com"));
}

/// The plan moves the host; what stands has the old one, with a path.
fn older() -> Outcome {
    let mut outcome = routed();
    let mut stands = route_of(&mut outcome).clone();
    stands.route = String::new();
    if let RouteRules::Http(rules) = &mut stands.rules {
        rules[0].matches = vec![path(PathMatchType::PathPrefix, "/old")];
    }
    route_of(&mut outcome).hostnames = vec!["new.example.com".into()];
    if let Health::Route(health) = &mut outcome.children[3].health {
        health.stands = Some(Box::new(stands));
    }
    outcome
}

const OLD: &str = "https://shop.example.com/old http://shop.example.com/old";

#[test]
fn what_cannot_be_changed_is_where_it_was() {
    let mut outcome = older();
    assert_eq!(urls(&outcome), "https://new.example.com http://new.example.com");
    for result in [ChildResult::Failed { message: "x".into() }, ChildResult::Invalid { message: "x".into() }] {
        outcome.children[3].result = result;
        assert_eq!(urls(&outcome), OLD);
    }
}

#[test]
fn a_withheld_route_that_stays_keeps_its_addresses() {
    let mut outcome = older();
    outcome.children[3].result = ChildResult::Kept;
    let withheld = Withheld {
        route: "main".into(),
        before: 0,
        objects: vec![],
        keep: true,
        reason: "BackendNotFound",
        message: "It is not there.".into(),
    };
    let plan = outcome.plan.as_mut().unwrap();
    plan.routes.clear();
    plan.withheld.push(withheld);
    assert_eq!(urls(&outcome), OLD);
    // It keeps its place before those that come after it in the spec.
    let mut two = outcome.clone();
    let next = route_of(&mut routed()).clone();
    let next = crate::plan::RoutePlan { name: "web--next".into(), hostnames: vec!["next.example.com".into()], ..next };
    two.plan.as_mut().unwrap().routes.push(next);
    two.children.push(crate::outcome::ChildOutcome { name: "web--next".into(), ..routed().children[3].clone() });
    assert_eq!(urls(&two), format!("{OLD} https://next.example.com http://next.example.com"));
    two.plan.as_mut().unwrap().withheld[0].before = 1;
    assert_eq!(urls(&two), format!("https://next.example.com http://next.example.com {OLD}"));
    // A controller that has refused it counts as ever.
    said_of_route(&mut outcome)[0].accepted = verdict("False", "NotAllowedByListeners", "");
    assert_eq!(urls(&outcome), "");
    // What does not stand is nowhere.
    outcome.children.pop();
    assert_eq!(urls(&outcome), "");
}
