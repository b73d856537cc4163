//! Places that no override can change, each with what to write instead.
//!
//! Of the metadata only labels and annotations can be changed, so names, namespaces and owners are out of reach whatever
//! an override says. The rest is what selectors, scalers and the rules of a class rely on.

use serde_json::Value;

use crate::plan::metadata;

/// Kinds of routes.
const ROUTES: &[&str] = &["HTTPRoute", "GRPCRoute"];

/// Kinds (none: all), place, and the way that is meant.
const REFUSED: &[(&[&str], &str, &str)] = &[
    (&[], "/apiVersion", "the kind says it already; leave it out"),
    (&[], "/kind", "it stands above already; leave it out"),
    (&[], "/status", "the cluster writes it; leave it out"),
    (&["Deployment"], "/spec/selector", "it finds the pods of this service and never changes; leave it out"),
    (&["Deployment"], "/spec/replicas", "write scaling.replicas, or scaling.minReplicas and maxReplicas"),
    (&["Service"], "/spec/selector", "it finds the pods of this service and never changes; leave it out"),
    (&["Service"], "/spec/clusterIP", "the cluster gives addresses; for none at all write service.headless: true"),
    (&["Service"], "/spec/clusterIPs", "the cluster gives addresses; for none at all write service.headless: true"),
    (&["PodDisruptionBudget"], "/spec/selector", "it finds the pods of this service and never changes; leave it out"),
    (&["HorizontalPodAutoscaler"], "/spec/scaleTargetRef", "it is this service's Deployment; leave it out"),
    (&["HorizontalPodAutoscaler"], "/spec/minReplicas", "write scaling.minReplicas"),
    (&["HorizontalPodAutoscaler"], "/spec/maxReplicas", "write scaling.maxReplicas"),
    (&["ConfigMap"], "/data", "it is named by its content; write config.files"),
    (&["ConfigMap"], "/binaryData", "it is named by its content; write config.files"),
    (&["ConfigMap"], "/immutable", "it is named by its content and never changes; leave it out"),
    (&["NetworkPolicy"], "/spec", "write uses, allowFrom and external: both sides of an edge follow from them"),
    (ROUTES, "/spec/hostnames", "write routes[].hostnames"),
    (ROUTES, "/spec/parentRefs", "write routes[].gateway"),
    // They are what claims of hosts, the features of a gateway, existing backends and redirects are judged by.
    (ROUTES, "/spec/rules", "write spec.routes: its matches, filters, backends and policies"),
];

/// Metadata: kind (none: all), place, and the fields of the spec that say the same for labels and annotations.
const METADATA: &[(Option<&str>, &str, [&str; 2])] = &[
    (None, "/metadata", ["labels", "annotations"]),
    (Some("Deployment"), "/spec/template/metadata", ["podLabels", "podAnnotations"]),
];

/// What `kubectl rollout restart` writes: it would be ours, and the next restart by hand would be taken back.
const RESTART: &str = "kubectl.kubernetes.io/restartedAt";

/// What an override of this kind must not say: places below the kind, and why.
pub(super) fn refused(kind: &str, over: &Value) -> Vec<(String, String)> {
    let fits = |(kinds, place, _): &&(&[&str], &str, &str)| {
        (kinds.is_empty() || kinds.contains(&kind)) && over.pointer(place).is_some()
    };
    let mut found: Vec<(String, String)> = REFUSED
        .iter()
        .filter(fits)
        .map(|(_, place, instead)| (place.replace('/', "."), (*instead).to_owned()))
        .collect();
    for (_, place, instead) in METADATA.iter().filter(|(of, ..)| of.is_none_or(|of| of == kind)) {
        if let Some(object) = over.pointer(place) {
            found.extend(metadata_of(&place.replace('/', "."), object, instead));
        }
    }
    found
}

fn metadata_of(place: &str, object: &Value, instead: &[&str; 2]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let Some(fields) = object.as_object() else {
        return vec![(place.to_owned(), "not an object; write labels or annotations in it".to_owned())];
    };
    for (field, value) in fields {
        let at = format!("{place}.{field}");
        match (field.as_str(), value) {
            ("labels" | "annotations", Value::Object(map)) => {
                for (key, value) in map {
                    found.extend(pair(field, key, value).into_iter().map(|why| (format!("{at}[{key}]"), why)));
                }
            }
            ("labels" | "annotations", _) => found.push((at, "not a map; write it as in {key: value}".to_owned())),
            _ => {
                let [labels, annotations] = instead;
                let why = format!(
                    "name, namespace, owner and whatever else stands in metadata are the operator's; only labels and \
                     annotations can be changed, best by spec.{labels} and spec.{annotations}"
                );
                found.push((at, why));
            }
        }
    }
    found
}

fn pair(field: &str, key: &str, value: &Value) -> Vec<String> {
    let Some(text) = value.as_str() else { return vec!["not a text; write it in quotes".to_owned()] };
    match field {
        "labels" => metadata::label(key, text),
        _ if key == RESTART => vec!["kubectl writes it; to restart the pods write restartedAt".to_owned()],
        _ => metadata::annotation(key),
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        children::CHILDREN,
        plan::Blame,
        render::tests::{refused, rendered},
    };

    /// A service that has a child of every kind.
    const ALL: &str = "ports: [{name: http, port: 80, protocol: http}], scaling: {minReplicas: 2, maxReplicas: 3}, \
        config: {mountPath: /etc/a, files: {a: x}}, routes: [{gateway: {name: g}}]";

    fn assert_refused(kind: &str, over: &str, field: &str, words: &str) {
        let found = refused("{}", &format!("{ALL}, overrides: {{{kind}: {over}}}"));
        let wanted = format!("overrides.{kind}.{field}");
        assert_eq!((found.len(), found[0].0, found[0].1.as_str()), (1, Blame::Spec, wanted.as_str()), "{over}");
        assert!(found[0].2.contains(words), "{}", found[0].2);
    }

    #[test]
    fn identity_is_out_of_reach_for_every_kind() {
        // GRPCRoute needs a spec of its own; its metadata is checked alike.
        for entry in CHILDREN.iter().filter(|entry| entry.kind != "GRPCRoute") {
            for (over, field, words) in [
                ("{apiVersion: v2}", "apiVersion", "leave it out"),
                ("{kind: X}", "kind", "leave it out"),
                ("{status: {}}", "status", "the cluster writes it"),
                ("{metadata: {name: x}}", "metadata.name", "are the operator's"),
                ("{metadata: {generateName: x}}", "metadata.generateName", "are the operator's"),
                ("{metadata: {namespace: x}}", "metadata.namespace", "are the operator's"),
                ("{metadata: {uid: x}}", "metadata.uid", "are the operator's"),
                ("{metadata: {resourceVersion: '1'}}", "metadata.resourceVersion", "are the operator's"),
                ("{metadata: {finalizers: []}}", "metadata.finalizers", "are the operator's"),
                ("{metadata: {ownerReferences: []}}", "metadata.ownerReferences", "spec.labels and spec.annotations"),
                ("{metadata: 5}", "metadata", "not an object"),
                ("{metadata: {labels: []}}", "metadata.labels", "not a map"),
                ("{metadata: {labels: {a: 5}}}", "metadata.labels[a]", "not a text"),
                (
                    "{metadata: {labels: {app.kubernetes.io/managed-by: x}}}",
                    "metadata.labels[app.kubernetes.io/managed-by]",
                    "is reserved",
                ),
                (
                    "{metadata: {annotations: {microservices.dev/digest: x}}}",
                    "metadata.annotations[microservices.dev/digest]",
                    "is reserved",
                ),
            ] {
                assert_refused(entry.kind, over, field, words);
            }
        }
    }

    #[test]
    fn what_others_rely_on_is_out_of_reach() {
        for (kind, over, field, words) in [
            ("Deployment", "{spec: {selector: {}}}", "spec.selector", "never changes"),
            ("Deployment", "{spec: {replicas: 3}}", "spec.replicas", "scaling.replicas"),
            (
                "Deployment",
                "{spec: {template: {metadata: {labels: {app.kubernetes.io/name: x}}}}}",
                "spec.template.metadata.labels[app.kubernetes.io/name]",
                "is reserved",
            ),
            (
                "Deployment",
                "{spec: {template: {metadata: {name: x}}}}",
                "spec.template.metadata.name",
                "spec.podLabels",
            ),
            (
                "Deployment",
                "{spec: {template: {metadata: {annotations: {kubectl.kubernetes.io/restartedAt: x}}}}}",
                "spec.template.metadata.annotations[kubectl.kubernetes.io/restartedAt]",
                "restartedAt",
            ),
            ("Service", "{spec: {selector: {a: b}}}", "spec.selector", "never changes"),
            ("Service", "{spec: {clusterIP: None}}", "spec.clusterIP", "service.headless"),
            ("Service", "{spec: {clusterIPs: [None]}}", "spec.clusterIPs", "service.headless"),
            ("PodDisruptionBudget", "{spec: {selector: {}}}", "spec.selector", "never changes"),
            ("HorizontalPodAutoscaler", "{spec: {scaleTargetRef: {}}}", "spec.scaleTargetRef", "Deployment"),
            ("HorizontalPodAutoscaler", "{spec: {minReplicas: 1}}", "spec.minReplicas", "scaling.minReplicas"),
            ("HorizontalPodAutoscaler", "{spec: {maxReplicas: 9}}", "spec.maxReplicas", "scaling.maxReplicas"),
            ("ConfigMap", "{data: {a: y}}", "data", "config.files"),
            ("ConfigMap", "{binaryData: {a: y}}", "binaryData", "config.files"),
            ("ConfigMap", "{immutable: false}", "immutable", "leave it out"),
            ("NetworkPolicy", "{spec: {ingress: []}}", "spec", "write uses, allowFrom and external"),
            ("HTTPRoute", "{spec: {hostnames: [x.example.com]}}", "spec.hostnames", "routes[].hostnames"),
            ("HTTPRoute", "{spec: {parentRefs: []}}", "spec.parentRefs", "routes[].gateway"),
            ("HTTPRoute", "{spec: {rules: []}}", "spec.rules", "write spec.routes"),
        ] {
            assert_refused(kind, over, field, words);
        }
    }

    #[test]
    fn rules_of_a_grpc_route_are_those_of_the_spec() {
        let grpc = "ports: [{name: grpc, port: 9000, protocol: grpc}], routes: [{gateway: {name: g}}]";
        let found = refused("{}", &format!("{grpc}, overrides: {{GRPCRoute: {{spec: {{rules: []}}}}}}"));
        assert_eq!((found.len(), found[0].1.as_str()), (1, "overrides.GRPCRoute.spec.rules"));
        assert!(found[0].2.contains("write spec.routes"), "{}", found[0].2);
    }

    #[test]
    fn labels_and_annotations_of_ones_own_can_be_changed() {
        let over = "{metadata: {labels: {team: a}, annotations: {example.com/note: b}}, \
                    spec: {template: {metadata: {labels: {team: c}, annotations: {note: d}}}}}";
        let all = rendered("{}", &format!("{ALL}, labels: {{team: z}}, overrides: {{Deployment: {over}}}")).unwrap();
        let deployment = &all.iter().find(|(kind, _)| kind == "Deployment").unwrap().1;
        assert_eq!(deployment["metadata"]["labels"]["team"], "a");
        assert_eq!(deployment["metadata"]["annotations"]["example.com/note"], "b");
        assert_eq!(deployment["spec"]["template"]["metadata"]["labels"]["team"], "c");
        assert_eq!(deployment["spec"]["template"]["metadata"]["annotations"]["note"], "d");
    }
}
