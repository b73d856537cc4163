//! A route object as it stands in the cluster: what it takes, where, and what it does with it.
//!
//! It may be older than the plan, and somebody may have written into it what no plan of ours has: that is passed over.

use microservice_crds::{
    ParentKind,
    gateway::{FilterKind, GrpcRouteRule, HttpRouteRule},
};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{
    gateway::ParentId,
    plan::{ParentPlan, RoutePlan, RouteRules},
};

/// A live route, as far as claims and addresses follow from it: parents, host names, matches, filters and backends. None
/// for another kind, and for one that hangs on nothing that we know.
pub fn standing(kind: &str, live: &Value) -> Option<RoutePlan> {
    let text = |path: &str| live.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
    let namespace = text("/metadata/namespace");
    let spec = live.get("spec")?;
    let rules = list(spec, "rules");
    let rules = match kind {
        "HTTPRoute" => RouteRules::Http(rules.iter().map(http).collect()),
        "GRPCRoute" => RouteRules::Grpc(rules.iter().map(grpc).collect()),
        _ => return None,
    };
    let parents: Vec<ParentPlan> = list(spec, "parentRefs").iter().filter_map(|p| parent(p, &namespace)).collect();
    let hostnames = each(spec, "hostnames");
    (!parents.is_empty()).then(|| RoutePlan {
        route: String::new(),
        name: text("/metadata/name"),
        parents,
        hostnames,
        rules,
    })
}

/// The same, short: one rule with one match, the first that serves requests, else the first that sends clients elsewhere.
pub fn serving(kind: &str, live: &Value) -> Option<RoutePlan> {
    let mut route = standing(kind, live)?;
    match &mut route.rules {
        RouteRules::Http(rules) => {
            let first = rules.iter().position(|rule| !rule.backend_refs.is_empty()).unwrap_or_default();
            rules.rotate_left(first);
            rules.truncate(1);
            for rule in rules {
                rule.matches.truncate(1);
                rule.backend_refs.truncate(1);
                rule.filters.retain(|filter| filter.type_ == FilterKind::RequestRedirect);
            }
        }
        RouteRules::Grpc(rules) => *rules = vec![GrpcRouteRule::default()],
    }
    Some(route)
}

fn list<'a>(value: &'a Value, field: &str) -> &'a [Value] {
    value.get(field).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// The items of a list that can be read.
fn each<T: DeserializeOwned>(value: &Value, field: &str) -> Vec<T> {
    list(value, field).iter().filter_map(|item| serde_json::from_value(item.clone()).ok()).collect()
}

fn http(rule: &Value) -> HttpRouteRule {
    HttpRouteRule {
        matches: each(rule, "matches"),
        filters: each(rule, "filters"),
        backend_refs: each(rule, "backendRefs"),
        ..HttpRouteRule::default()
    }
}

fn grpc(rule: &Value) -> GrpcRouteRule {
    GrpcRouteRule {
        matches: each(rule, "matches"),
        filters: each(rule, "filters"),
        backend_refs: each(rule, "backendRefs"),
        ..GrpcRouteRule::default()
    }
}

fn parent(reference: &Value, own: &str) -> Option<ParentPlan> {
    let text = |field: &str| reference.get(field).and_then(Value::as_str).map(str::to_owned);
    let kind = match text("kind").as_deref() {
        None | Some("Gateway") => ParentKind::Gateway,
        Some("ListenerSet") => ParentKind::ListenerSet,
        Some(_) => return None,
    };
    let id = ParentId { kind, namespace: text("namespace").unwrap_or_else(|| own.to_owned()), name: text("name")? };
    Some(ParentPlan { id, section_name: text("sectionName") })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        plan::{Facts, claims, standing_claims, tests::subject},
        render::render,
    };

    #[test]
    fn what_was_written_is_read_back_with_all_that_it_claims() {
        let spec = "{image: a:1, ports: [{name: http, port: 80, protocol: http}, {name: grpc, port: 81, protocol: grpc}], routes: [
            {gateway: {name: g, namespace: infra, sectionName: s}, hostnames: [a.io, '*.b.io'], paths: [/x/, /y]},
            {name: all, gateway: {kind: ListenerSet, name: l}, matches: [{method: GET, headers: [{name: A, value: b}]},
                {queryParams: [{name: q, value: v}]}], filters: [{type: CORS, cors: {}}]},
            {name: any, gateway: {name: g}, port: grpc},
            {name: some, gateway: {name: g}, hostnames: [c.io], grpcMatches: [{method: {service: shop.Cart}}, {}]}]}";
        let rendered = render(&subject(spec), &Facts::default()).unwrap();
        let mut stand = Vec::new();
        for child in &rendered.children {
            if let Some(route) = standing(child.entry.kind, &child.body) {
                let planned = rendered.plan.routes.iter().find(|plan| plan.name == route.name).unwrap();
                assert_eq!((&route.parents, &route.hostnames), (&planned.parents, &planned.hostnames));
                assert_eq!(route.rules, planned.rules);
            }
            stand.extend(standing_claims(child.entry.kind, &child.body));
        }
        stand.sort();
        let mut planned = claims(&rendered.plan);
        planned.sort();
        assert_eq!(stand, planned);
    }

    #[test]
    fn what_no_plan_has_is_passed_over() {
        let live = json!({"metadata": {"name": "web", "namespace": "shop"}, "spec": {
            "parentRefs": [{"name": "g"}, {"kind": "Service", "group": "", "name": "mesh"}],
            "rules": [{"matches": [{"path": {"type": "New", "value": "/"}}, {"method": "GET"}],
                "filters": [{"type": "ExternalAuth"}]}]}});
        let claims = standing_claims("HTTPRoute", &live);
        assert_eq!(claims.len(), 1, "{claims:?}");
        assert_eq!((claims[0].parent.as_str(), claims[0].host.as_str()), ("Gateway shop/g", ""));
        assert!(standing("Service", &live).is_none() && standing("HTTPRoute", &json!({})).is_none());
        assert!(standing("HTTPRoute", &json!({"spec": {"rules": 1}})).is_none());
    }
}
