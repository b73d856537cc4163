//! Finding places in a schema. A path reads as one writes the object: `spec.ports[].name` is the name of any port,
//! `spec.labels{}` the value of any label, and the empty path the object itself.

use serde_json::{Map, Value};

/// One node of a schema: what is said of one field, list item or map value.
pub type Node = Map<String, Value>;

/// The schema of every version of a definition.
pub fn schemas_of(definition: &mut Value) -> Vec<&mut Value> {
    definition
        .pointer_mut("/spec/versions")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
        .filter_map(|version| version.pointer_mut("/schema/openAPIV3Schema"))
        .collect()
}

/// Calls `visit` with each node below `schema`, the node itself first, and its path.
pub fn walk(schema: &mut Value, visit: &mut dyn FnMut(&str, &mut Node)) {
    walk_from(String::new(), schema, visit);
}

fn walk_from(path: String, schema: &mut Value, visit: &mut dyn FnMut(&str, &mut Node)) {
    let Some(node) = schema.as_object_mut() else { return };
    visit(&path, node);
    if let Some(Value::Object(properties)) = node.get_mut("properties") {
        for (name, child) in properties {
            let below = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            walk_from(below, child, visit);
        }
    }
    if let Some(items) = node.get_mut("items") {
        walk_from(format!("{path}[]"), items, visit);
    }
    if let Some(values @ Value::Object(_)) = node.get_mut("additionalProperties") {
        walk_from(format!("{path}{{}}"), values, visit);
    }
}

/// Changes the node at a path. Gives the path back when there is no such node.
pub fn edit(schema: &mut Value, path: &str, change: impl FnOnce(&mut Node)) -> Option<String> {
    match find(schema, path).and_then(Value::as_object_mut) {
        Some(node) => {
            change(node);
            None
        }
        None => Some(path.to_owned()),
    }
}

fn find<'a>(schema: &'a mut Value, path: &str) -> Option<&'a mut Value> {
    let mut node = schema;
    for step in path.split('.').filter(|step| !step.is_empty()) {
        let name = step.trim_end_matches(['[', ']', '{', '}']);
        node = node.get_mut("properties")?.get_mut(name)?;
        for into in step.get(name.len()..)?.as_bytes().chunks(2) {
            node = node.get_mut(if into == b"[]" { "items" } else { "additionalProperties" })?;
        }
    }
    Some(node)
}

/// The name of the field that a path ends with: `ports` for `spec.ports[]`.
pub fn field_of(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or_default().trim_end_matches(['[', ']', '{', '}'])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema() -> Value {
        json!({"properties": {"spec": {"properties": {
            "ports": {"items": {"properties": {"name": {"type": "string"}}}},
            "labels": {"additionalProperties": {"type": "string"}},
        }}}})
    }

    #[test]
    fn paths_lead_through_lists_and_maps() {
        let mut schema = schema();
        for path in ["", "spec.ports[].name", "spec.labels{}"] {
            assert_eq!(edit(&mut schema, path, |node| drop(node.insert("found".into(), json!(1)))), None, "{path}");
        }
        assert_eq!(edit(&mut schema, "spec.nothing", |_| ()), Some("spec.nothing".to_owned()));
    }

    #[test]
    fn a_walk_names_every_node_as_edit_finds_it() {
        let mut schema = schema();
        let mut paths = Vec::new();
        walk(&mut schema, &mut |path, _| paths.push(path.to_owned()));
        assert_eq!(
            paths,
            ["", "spec", "spec.labels", "spec.labels{}", "spec.ports", "spec.ports[]", "spec.ports[].name"]
        );
        for path in paths {
            assert_eq!(edit(&mut schema, &path, |_| ()), None);
        }
        assert_eq!(field_of("spec.ports[]"), "ports");
    }
}
