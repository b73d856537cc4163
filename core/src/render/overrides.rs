//! Overrides: partial objects by kind, merged last over the rendered ones.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Body, merge, places};
use crate::{
    children::CHILDREN,
    plan::{Invalid, Plan},
};

/// Merges the overrides into the objects of their kinds. Answers with what cannot be merged.
pub(super) fn merge(overrides: &BTreeMap<String, Value>, plan: &Plan, bodies: &mut [Body]) -> Vec<Invalid> {
    let mut problems = Vec::new();
    for (kind, wanted) in overrides {
        let field = format!("overrides.{kind}");
        if !wanted.is_object() {
            problems.push(Invalid::spec(
                field,
                "not an object; write the part of it that shall differ, as in {spec: {...}}",
            ));
            continue;
        }
        if let Some(problem) = absent(kind, plan, bodies) {
            problems.push(Invalid::spec(field, problem));
            continue;
        }
        let refused = places::refused(kind, wanted);
        if !refused.is_empty() {
            problems.extend(refused.into_iter().map(|(path, why)| Invalid::spec(format!("{field}{path}"), why)));
            continue;
        }
        for (_, body) in bodies.iter_mut().filter(|(entry, _)| entry.kind == kind) {
            *body = merge::merged(&field, body, wanted, &mut problems);
        }
    }
    problems
}

/// Why there is nothing to override.
fn absent(kind: &str, plan: &Plan, bodies: &[Body]) -> Option<String> {
    if !CHILDREN.iter().any(|entry| entry.kind == kind) {
        let known: Vec<_> = CHILDREN.iter().map(|entry| entry.kind).collect();
        return Some(format!("no child is of this kind; write one of {}", known.join(", ")));
    }
    // A route that is held back for the moment comes again, and its override with it.
    let withheld = || plan.withheld.iter().flat_map(|route| &route.objects).any(|(other, _)| *other == kind);
    // Whether there is one of this kind the class decides: its change must not make a service wrong.
    let by_class = kind == "NetworkPolicy";
    if by_class || bodies.iter().any(|(entry, _)| entry.kind == kind) || withheld() {
        return None;
    }
    let remedy = match kind {
        "Service" => "one is made with the first of ports: write ports, or leave the override out",
        "ServiceAccount" => "one is made unless another is named: leave serviceAccount out, or the override",
        "ConfigMap" => "one is made of config.files: write them, or leave the override out",
        "HorizontalPodAutoscaler" => {
            "one is made where scaling.maxReplicas is said: write it, or leave the override out"
        }
        "PodDisruptionBudget" => "one is made from two replicas on: write disruptionBudget, or leave the override out",
        "HTTPRoute" | "GRPCRoute" => "write a route under routes that makes one, or leave the override out",
        _ => "leave the override out",
    };
    Some(format!("this service has no {kind}; {remedy}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::{
        plan::Blame,
        render::tests::{object, refused},
    };

    #[test]
    fn any_child_can_be_changed() {
        let spec = "ports: [{name: http, port: 80, protocol: http}], scaling: {minReplicas: 2, maxReplicas: 3}, \
            routes: [{gateway: {name: g}}], config: {mountPath: /etc/a, files: {a: x}}, overrides: {\
            ServiceAccount: {metadata: {labels: {n: '1'}}, imagePullSecrets: [{name: r}]}, \
            ConfigMap: {metadata: {labels: {n: '2'}}}, \
            Deployment: {spec: {template: {spec: {shareProcessNamespace: true}}}}, \
            Service: {spec: {publishNotReadyAddresses: true}}, \
            HorizontalPodAutoscaler: {spec: {behavior: {scaleDown: {selectPolicy: Disabled}}}}, \
            PodDisruptionBudget: {spec: {maxUnavailable: 25%}}, \
            HTTPRoute: {metadata: {annotations: {a: b}}}}";
        for (kind, path, value) in [
            ("ServiceAccount", "/metadata/labels/n", json!("1")),
            ("ServiceAccount", "/imagePullSecrets", json!([{"name": "r"}])),
            ("ConfigMap", "/metadata/labels/n", json!("2")),
            ("Deployment", "/spec/template/spec/shareProcessNamespace", json!(true)),
            ("Service", "/spec/publishNotReadyAddresses", json!(true)),
            ("HorizontalPodAutoscaler", "/spec/behavior/scaleDown/selectPolicy", json!("Disabled")),
            ("PodDisruptionBudget", "/spec/maxUnavailable", json!("25%")),
            ("HTTPRoute", "/metadata/annotations/a", json!("b")),
        ] {
            assert_eq!(object("{}", spec, kind).pointer(path), Some(&value), "{kind} {path}");
        }
    }

    #[test]
    fn every_route_object_is_changed() {
        let spec = "ports: [{name: http, port: 80, protocol: http}], overrides: {HTTPRoute: {metadata: {labels: {n: m}}}}, \
                    routes: [{gateway: {name: g}}, {name: api, gateway: {name: g}, paths: [/api]}]";
        let all = crate::render::tests::rendered("{}", spec).unwrap();
        let routes: Vec<_> = all.iter().filter(|(kind, _)| kind == "HTTPRoute").collect();
        assert_eq!(routes.len(), 2);
        assert!(routes.iter().all(|(_, route)| route["metadata"]["labels"]["n"] == "m"));
    }

    #[test]
    fn what_is_not_there_cannot_be_changed() {
        for (overrides, field, words) in [
            (
                "StatefulSet: {}",
                "overrides.StatefulSet",
                "write one of ServiceAccount, ConfigMap, NetworkPolicy, Deployment, Service",
            ),
            ("deployment: {}", "overrides.deployment", "no child is of this kind"),
            ("Service: {}", "overrides.Service", "this service has no Service; one is made with the first of ports"),
            ("ConfigMap: {}", "overrides.ConfigMap", "config.files"),
            ("HorizontalPodAutoscaler: {}", "overrides.HorizontalPodAutoscaler", "scaling.maxReplicas"),
            ("PodDisruptionBudget: {}", "overrides.PodDisruptionBudget", "write disruptionBudget"),
            ("HTTPRoute: {}", "overrides.HTTPRoute", "write a route"),
            ("Deployment: []", "overrides.Deployment", "not an object"),
            ("Deployment: 5", "overrides.Deployment", "not an object"),
        ] {
            let found = refused("{}", &format!("overrides: {{{overrides}}}"));
            assert_eq!((found.len(), found[0].0, found[0].1.as_str()), (1, Blame::Spec, field), "{overrides}");
            assert!(found[0].2.contains(words), "{}", found[0].2);
        }
        assert!(
            crate::render::tests::rendered("{}", "overrides: {NetworkPolicy: {metadata: {labels: {a: b}}}}").is_ok()
        );
        let found = refused("{}", "serviceAccount: {name: x}, overrides: {ServiceAccount: {}}");
        assert!(found[0].2.contains("leave serviceAccount out"), "{}", found[0].2);
    }
}
