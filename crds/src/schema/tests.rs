use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::JSONSchemaProps;
use serde_json::{Value, json};

use super::{SIZE_BUDGET, crds, tree};
use crate::Microservice;

/// Every node of the finished schemas with its path, but not the objects' own metadata.
fn nodes() -> Vec<(String, tree::Node)> {
    let mut nodes = Vec::new();
    for definition in crds().unwrap() {
        let mut definition = serde_json::to_value(definition).unwrap();
        for schema in tree::schemas_of(&mut definition) {
            tree::walk(schema, &mut |path, node| nodes.push((path.to_owned(), node.clone())));
        }
    }
    assert!(nodes.len() > 500, "the walk finds only {} nodes", nodes.len());
    nodes
}

fn assert_none(what: &str, offenders: Vec<String>) {
    assert!(offenders.is_empty(), "{what}:\n{}", offenders.join("\n"));
}

fn paths_where(wrong: impl Fn(&tree::Node) -> bool) -> Vec<String> {
    nodes().into_iter().filter(|(_, node)| wrong(node)).map(|(path, _)| path).collect()
}

fn has_type(node: &tree::Node, name: &str) -> bool {
    node.get("type") == Some(&json!(name))
}

#[test]
fn each_definition_keeps_to_its_budget() {
    for definition in crds().unwrap() {
        let size = serde_json::to_string(&definition).unwrap().len();
        assert!(size < SIZE_BUDGET, "{:?}: {size} bytes of {SIZE_BUDGET}", definition.metadata.name);
    }
}

#[test]
fn everything_has_a_limit() {
    assert_none("lists without maxItems", paths_where(|n| has_type(n, "array") && !n.contains_key("maxItems")));
    assert_none(
        "strings without maxLength",
        paths_where(|n| {
            let bounded = ["maxLength", "enum", "format"].iter().any(|keyword| n.contains_key(*keyword));
            has_type(n, "string") && !bounded
        }),
    );
    assert_none(
        "maps without maxProperties",
        paths_where(|n| n.contains_key("additionalProperties") && !n.contains_key("maxProperties")),
    );
}

#[test]
fn lists_say_how_they_merge_and_keys_are_never_left_out() {
    let mut wrong = Vec::new();
    for (path, node) in nodes().into_iter().filter(|(_, node)| has_type(node, "array")) {
        if !node.contains_key("x-kubernetes-list-type") {
            wrong.push(format!("{path} has no list type"));
        }
        let items = &node["items"];
        for key in node.get("x-kubernetes-list-map-keys").and_then(Value::as_array).into_iter().flatten() {
            let name = key.as_str().unwrap();
            let required = items["required"].as_array().is_some_and(|names| names.contains(key));
            if !required && items["properties"][name].get("default").is_none() {
                wrong.push(format!("{path}: the key {name} is optional and has no default"));
            }
        }
    }
    assert_none("lists", wrong);
}

#[test]
fn every_field_is_documented() {
    let described = |path: &str, node: &tree::Node| {
        node.contains_key("description")
            || path.ends_with([']', '}'])
            || ["", "apiVersion", "kind", "metadata"].contains(&path)
    };
    let silent = nodes().into_iter().filter(|(path, node)| !described(path, node)).map(|(path, _)| path).collect();
    assert_none("fields without a description", silent);
}

#[test]
fn our_own_documentation_is_whole() {
    let (_, scaling) = nodes().into_iter().find(|(path, _)| path == "spec.scaling").unwrap();
    let text = scaling["description"].as_str().unwrap();
    assert!(text.contains("`minReplicas` to `maxReplicas`") && text.contains("1 at first"), "{text}");
}

#[test]
fn rules_have_messages_on_one_line_that_are_not_the_rule() {
    let mut wrong = Vec::new();
    for (path, node) in nodes() {
        for rule in node.get("x-kubernetes-validations").and_then(Value::as_array).into_iter().flatten() {
            let message = rule["message"].as_str().unwrap_or_default();
            if message.is_empty() || message.contains("  ") || message.contains("self.") {
                wrong.push(format!("{path}: {message}"));
            }
        }
    }
    assert_none("messages", wrong);
}

#[test]
fn a_fresh_object_is_not_observed() {
    for definition in crds().unwrap() {
        let schema = definition.spec.versions[0].schema.as_ref().unwrap();
        let properties = |props: &JSONSchemaProps| props.properties.clone().unwrap();
        let status = properties(schema.open_api_v3_schema.as_ref().unwrap()).remove("status").unwrap();
        assert_eq!(status.default.unwrap().0, json!({"observedGeneration": -1}));
    }
}

#[test]
fn nothing_is_nullable() {
    assert_none("nullable", paths_where(|node| node.contains_key("nullable")));
}

#[test]
fn null_is_read_as_unset() {
    let text = "
apiVersion: microservices.dev/v1alpha1
kind: Microservice
metadata: {name: frontend}
spec: {image: a, paused: null, env: null, podLabels: null, scaling: null, ports: [{name: a, port: 1, protocol: null}]}
";
    let read: Microservice = serde_saphyr::from_str(text).unwrap();
    assert!(!read.spec.paused && read.spec.env.is_empty() && read.spec.scaling.is_none());
}

#[test]
fn the_kept_yaml_is_what_the_types_say() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/yaml/microservices.yaml");
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert!(kept == super::yaml().unwrap(), "{path} is not what the types say: run `make generate` and commit it");
}
