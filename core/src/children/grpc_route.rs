//! The GRPCRoutes.

use microservice_crds::gateway::{GATEWAY_GROUP, GrpcRouteSpec};
use serde_json::Value;

use super::{Child, ROUTES, http_route, object};
use crate::{
    outcome::Health,
    plan::{Plan, RoutePlan, RouteRules},
};

pub(super) struct GrpcRouteChild;

impl Child for GrpcRouteChild {
    const KIND: &'static str = "GRPCRoute";
    const GROUP: &'static str = GATEWAY_GROUP;
    const PLURAL: &'static str = "grpcroutes";
    const WAVE: u8 = ROUTES;
    const CRD: Option<&'static str> = Some("grpcroutes.gateway.networking.k8s.io");

    fn desired(plan: &Plan) -> Vec<Value> {
        let route = |route: &RoutePlan| {
            let RouteRules::Grpc(rules) = &route.rules else { return None };
            let (parent_refs, hostnames) = (http_route::parents(plan, route), route.hostnames.clone());
            let spec = GrpcRouteSpec { parent_refs, hostnames, rules: rules.clone() };
            Some(http_route::document(plan, route, object::document(&spec)))
        };
        plan.routes.iter().filter_map(route).collect()
    }

    fn health(live: &Value) -> Health {
        http_route::health(Self::KIND, live)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::children::tests::child;

    #[test]
    fn the_servers_defaults_are_written_out() {
        let route = child(
            "GRPCRoute",
            "{image: a:1, ports: [{name: grpc, port: 80, protocol: grpc}], routes: [{gateway: {kind: ListenerSet, name: g}, \
             grpcMatches: [{method: {service: shop.Cart}, headers: [{name: x, value: y}]}], \
             filters: [{type: RequestMirror, requestMirror: {backendRef: {name: shadow, port: 80}, fraction: {numerator: 1}}}]}]}",
        )
        .unwrap();
        assert_eq!(
            route["spec"],
            json!({
                "parentRefs": [{"group": "gateway.networking.k8s.io", "kind": "ListenerSet", "name": "g"}],
                "rules": [{
                    "matches": [{
                        "method": {"type": "Exact", "service": "shop.Cart"},
                        "headers": [{"type": "Exact", "name": "x", "value": "y"}],
                    }],
                    "filters": [{
                        "type": "RequestMirror",
                        "requestMirror": {
                            "backendRef": {"group": "", "kind": "Service", "name": "shadow", "port": 80},
                            "fraction": {"numerator": 1, "denominator": 100},
                        },
                    }],
                    "backendRefs": [{"group": "", "kind": "Service", "name": "web", "port": 80, "weight": 1}],
                }],
            })
        );
    }

    #[test]
    fn no_match_is_every_request() {
        let spec = "{image: a:1, ports: [{name: grpc, port: 80, protocol: grpc}], routes: [{gateway: {name: g}}]}";
        let route = child("GRPCRoute", spec).unwrap();
        assert_eq!(route["spec"]["rules"][0].get("matches"), None);
        assert!(child("HTTPRoute", spec).is_none());
    }
}
