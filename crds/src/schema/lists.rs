//! List types: how server-side apply merges each list, and which lists may not repeat themselves.

use serde_json::{Value, json};

use super::tree::{self, field_of};

/// Lists whose items are known by a key, by the name of the field that holds them.
const KEYED: [(&str, &[&str]); 18] = [
    ("conditions", &["type"]),
    ("env", &["name"]),
    ("add", &["name"]),
    ("headers", &["name"]),
    ("hostAliases", &["ip"]),
    ("imagePullSecrets", &["name"]),
    ("initContainers", &["name"]),
    ("ports", &["name"]),
    ("queryParams", &["name"]),
    ("routes", &["name"]),
    ("set", &["name"]),
    ("sidecars", &["name"]),
    ("topologySpread", &["topologyKey", "whenUnsatisfiable"]),
    ("volumeMounts", &["mountPath"]),
    ("volumes", &["name"]),
    ("exposes", &["name", "version"]),
    ("uses", &["service", "namespace", "api"]),
    ("external", &["name"]),
];

/// Lists of plain values that may not repeat themselves, by the end of the path.
const SETS: [&str; 17] = [
    "spec.members",
    "routes[].hostnames",
    "routes[].paths",
    "security.capabilities",
    "security.writablePaths",
    "spec.loosenings",
    "images.allowedPrefixes",
    "limits.requiredRequests",
    "routing.hostTemplates",
    "filters[].cors.allowOrigins",
    "filters[].cors.allowMethods",
    "filters[].cors.allowHeaders",
    "filters[].cors.exposeHeaders",
    "HeaderModifier.remove",
    "retry.codes",
    "cidrs",
    "external[].hosts",
];

/// Gives every list its type: keyed, a set, or atomic, which means that whoever applies it owns all of it.
pub fn apply(schema: &mut Value) {
    tree::walk(schema, &mut |path, node| {
        if node.get("type") != Some(&json!("array")) {
            return;
        }
        let has =
            |key: &str| node.get("items").and_then(|items| items.pointer(&format!("/properties/{key}"))).is_some();
        // Lists of other things may have the same name.
        let keys = KEYED
            .iter()
            .find(|(name, keys)| !path.ends_with("[]") && *name == field_of(path) && keys.iter().all(|key| has(key)))
            .map(|(_, keys)| keys);
        let kind = match keys {
            Some(keys) => {
                node.insert("x-kubernetes-list-map-keys".to_owned(), json!(keys));
                "map"
            }
            None if SETS.iter().any(|end| path.ends_with(end)) => "set",
            None => "atomic",
        };
        node.insert("x-kubernetes-list-type".to_owned(), json!(kind));
    });
}
