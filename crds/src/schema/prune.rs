//! Parts of embedded types that can not work in a Microservice. What is not in the schema is refused as an unknown
//! field, which is better than a child that the API server refuses later.

use serde_json::{Value, json};

use super::tree;

/// Property names to take out, with the node that has them.
const GONE: [(&str, &[&str]); 6] = [
    // Claims name entries of a pod's resourceClaims, and a Microservice has none.
    ("spec.resources", &["claims"]),
    ("spec.sidecars[].resources", &["claims"]),
    ("spec.initContainers[].resources", &["claims"]),
    // Needs the pod to say its operating system.
    ("spec.lifecycle", &["stopSignal"]),
    // Never implemented by Kubernetes; its own API takes it only for the sake of old objects.
    ("spec.lifecycle.postStart", &["tcpSocket"]),
    ("spec.lifecycle.preStop", &["tcpSocket"]),
];

/// Of the metadata of a claim template, all that Kubernetes reads.
const CLAIM_METADATA: (&str, [&str; 2]) =
    ("spec.volumes[].ephemeral.volumeClaimTemplate.metadata", ["annotations", "labels"]);

/// Fields that are there only to be refused with a message: what would stand in them does not matter.
const REFUSED: [&str; 3] = ["readinessProbe", "livenessProbe", "startupProbe"];

/// Takes the parts of a class out. Gives back the paths that do not exist.
pub fn class(schema: &mut Value) -> Vec<String> {
    keep(schema, "spec.defaults.resources", |name| name != "claims").into_iter().collect()
}

/// Takes the parts of a Microservice out. Gives back the paths that do not exist.
pub fn microservice(schema: &mut Value) -> Vec<String> {
    let mut unknown = Vec::new();
    for (path, names) in GONE {
        unknown.extend(keep(schema, path, |name| !names.contains(&name)));
    }
    let (path, names) = CLAIM_METADATA;
    unknown.extend(keep(schema, path, |name| names.contains(&name)));
    for name in REFUSED {
        unknown.extend(tree::edit(schema, &format!("spec.initContainers[].{name}"), |node| {
            node.remove("properties");
            node.insert("x-kubernetes-preserve-unknown-fields".to_owned(), json!(true));
            node.insert("description".to_owned(), json!("Not for init containers: they run to their end."));
        }));
    }
    unknown
}

fn keep(schema: &mut Value, path: &str, wanted: impl Fn(&str) -> bool) -> Option<String> {
    tree::edit(schema, path, |node| {
        if let Some(Value::Object(properties)) = node.get_mut("properties") {
            properties.retain(|name, _| wanted(name));
        }
    })
}
