//! The HTTPRoutes.

use microservice_crds::gateway::{GATEWAY_GROUP, HttpRouteSpec, ParentReference};
use serde_json::{Value, json};

use super::{Child, ROUTES, deployment::verdict, object};
use crate::{
    outcome::{Health, RouteHealth, RouteParent, Verdict},
    plan::{self, ParentPlan, Plan, RoutePlan, RouteRules},
};

pub(super) struct HttpRouteChild;

impl Child for HttpRouteChild {
    const KIND: &'static str = "HTTPRoute";
    const GROUP: &'static str = GATEWAY_GROUP;
    const PLURAL: &'static str = "httproutes";
    const WAVE: u8 = ROUTES;
    const CRD: Option<&'static str> = Some("httproutes.gateway.networking.k8s.io");

    fn desired(plan: &Plan) -> Vec<Value> {
        let route = |route: &RoutePlan| {
            let RouteRules::Http(rules) = &route.rules else { return None };
            let (parent_refs, hostnames) = (parents(plan, route), route.hostnames.clone());
            let spec = HttpRouteSpec { parent_refs, hostnames, rules: rules.clone() };
            Some(document(plan, route, object::document(&spec)))
        };
        plan.routes.iter().filter_map(route).collect()
    }

    fn health(live: &Value) -> Health {
        health(Self::KIND, live)
    }
}

/// The document of a route of either kind.
pub(super) fn document(plan: &Plan, route: &RoutePlan, mut spec: Value) -> Value {
    let rules = spec.get_mut("rules").and_then(Value::as_array_mut).into_iter().flatten();
    rules.for_each(default_mirrors);
    json!({
        "apiVersion": format!("{GATEWAY_GROUP}/v1"),
        "kind": route.rules.kind(),
        "metadata": object::named(plan, &route.name),
        "spec": spec,
    })
}

/// Writes out what the server would fill into the targets of mirrors, which users never have to say.
fn default_mirrors(rule: &mut Value) {
    let filters = rule.get_mut("filters").and_then(Value::as_array_mut).into_iter().flatten();
    for target in filters.filter_map(|filter| filter.pointer_mut("/requestMirror/backendRef")?.as_object_mut()) {
        target.insert("group".to_owned(), json!(""));
        target.insert("kind".to_owned(), json!("Service"));
    }
}

/// What a route of either kind says of itself.
pub(super) fn health(kind: &str, live: &Value) -> Health {
    let generation = live.pointer("/metadata/generation").and_then(Value::as_i64).unwrap_or(0);
    let parents = live.pointer("/status/parents").and_then(Value::as_array);
    let parents = parents.into_iter().flatten().map(|p| parent(p, generation));
    let created = live.pointer("/metadata/creationTimestamp").and_then(Value::as_str);
    Health::Route(RouteHealth {
        created: created.and_then(|t| t.parse().ok()),
        parents: parents.collect(),
        stands: plan::serving(kind, live).map(Box::new),
    })
}

/// All defaults of the server are written out, because lists here are replaced as a whole.
pub(super) fn parents(plan: &Plan, route: &RoutePlan) -> Vec<ParentReference> {
    let reference = |parent: &ParentPlan| ParentReference {
        group: GATEWAY_GROUP.to_owned(),
        kind: parent.id.kind.to_string(),
        namespace: (parent.id.namespace != plan.namespace()).then(|| parent.id.namespace.clone()),
        name: parent.id.name.clone(),
        section_name: parent.section_name.clone(),
    };
    route.parents.iter().map(reference).collect()
}

fn parent(parent: &Value, generation: i64) -> RouteParent {
    let text = |path: &str| parent.pointer(path).and_then(Value::as_str);
    let name = text("/parentRef/name").unwrap_or_default();
    // A verdict of an older generation says nothing of what stands there now.
    let current: Vec<Value> = parent
        .get("conditions")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter(|c| c.get("observedGeneration").and_then(Value::as_i64).unwrap_or(0) >= generation)
        .cloned()
        .collect();
    let current = Value::Array(current);
    let said = |type_: &str| -> Option<Verdict> { verdict(Some(&current), type_) };
    RouteParent {
        kind: text("/parentRef/kind").unwrap_or("Gateway").to_owned(),
        section: text("/parentRef/sectionName").map(str::to_owned),
        gateway: match text("/parentRef/namespace") {
            Some(namespace) => format!("{namespace}/{name}"),
            None => name.to_owned(),
        },
        controller: text("/controllerName").unwrap_or_default().to_owned(),
        accepted: said("Accepted"),
        resolved_refs: said("ResolvedRefs"),
        partially_invalid: said("PartiallyInvalid"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::children::tests::child;

    #[test]
    fn the_servers_defaults_are_written_out() {
        let route = child(
            HttpRouteChild::KIND,
            "{image: a:1, ports: [{name: http, port: 80, targetPort: 8080, protocol: http}], \
             routes: [{gateway: {name: g, namespace: infra}, hostnames: [a.b.io], matches: [{headers: [{name: x, value: y}]}]}]}",
        )
        .unwrap();
        assert_eq!(
            route["spec"],
            json!({
                "parentRefs": [{"group": "gateway.networking.k8s.io", "kind": "Gateway", "namespace": "infra", "name": "g"}],
                "hostnames": ["a.b.io"],
                "rules": [{
                    "matches": [{
                        "path": {"type": "PathPrefix", "value": "/"},
                        "headers": [{"type": "Exact", "name": "x", "value": "y"}],
                    }],
                    "backendRefs": [{"group": "", "kind": "Service", "name": "web", "port": 80, "weight": 1}],
                }],
            })
        );
    }

    #[test]
    fn verdicts_of_older_generations_do_not_count() {
        let live = json!({"metadata": {"generation": 2, "creationTimestamp": "2026-01-31T12:00:00Z"}, "status": {"parents": [{
            "controllerName": "c", "parentRef": {"name": "g", "namespace": "infra", "sectionName": "web"}, "conditions": [
                {"type": "Accepted", "status": "True", "observedGeneration": 2},
                {"type": "ResolvedRefs", "status": "False", "observedGeneration": 1}]}]}});
        let Health::Route(health) = HttpRouteChild::health(&live) else { panic!() };
        assert_eq!(health.created, "2026-01-31T12:00:00Z".parse().ok());
        let parent = &health.parents[0];
        assert_eq!((parent.kind.as_str(), parent.gateway.as_str()), ("Gateway", "infra/g"));
        assert_eq!(parent.section.as_deref(), Some("web"));
        assert!(health.parents[0].accepted.as_ref().unwrap().is_true());
        assert_eq!(health.parents[0].resolved_refs, None);
    }
}
