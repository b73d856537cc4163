//! JSON schemas for editors, one for each kind and version, from what the CRDs say.

use std::{collections::BTreeMap, mem};

use anyhow::{Context as _, Result};
use serde_json::{Map, Value, json};

/// The schemas of all CRDs in a YAML file, by file name: `microservice_v1alpha1.json`, as catalogues of schemas call them.
///
/// # Errors
/// When the text is no YAML, or a CRD lacks what every CRD has.
pub fn schemas(crds: &str) -> Result<BTreeMap<String, Vec<u8>>> {
    let documents: Vec<Value> = serde_saphyr::from_multiple(crds).context("the CRDs are no YAML")?;
    let mut schemas = BTreeMap::new();
    for crd in documents.iter().filter(|document| document["kind"] == "CustomResourceDefinition") {
        let text = |pointer: &str| {
            let value = crd.pointer(pointer).and_then(Value::as_str);
            value.with_context(|| format!("a CRD has no {pointer}"))
        };
        let (group, kind) = (text("/spec/group")?, text("/spec/names/kind")?);
        let versions = crd.pointer("/spec/versions").and_then(Value::as_array).context("a CRD has no versions")?;
        for version in versions {
            let name = version["name"].as_str().context("a version has no name")?;
            let schema = version.pointer("/schema/openAPIV3Schema").context("a version has no schema")?;
            let schema = for_editors(schema.clone(), &format!("{group}/{name}"), kind);
            let mut bytes = serde_json::to_vec_pretty(&schema)?;
            bytes.push(b'\n');
            schemas.insert(format!("{}_{name}.json", kind.to_lowercase()), bytes);
        }
    }
    Ok(schemas)
}

/// The schema of a kind as editors want it.
fn for_editors(mut schema: Value, api_version: &str, kind: &str) -> Value {
    convert(&mut schema);
    if let Some(fields) = schema.as_object_mut() {
        fields.insert("$schema".into(), "http://json-schema.org/draft-07/schema#".into());
        fields.insert("title".into(), format!("{kind} {api_version}").into());
        fields.insert("required".into(), required(fields.get("required")));
        let properties = fields.entry("properties").or_insert_with(|| json!({}));
        if let Some(properties) = properties.as_object_mut() {
            properties.insert("apiVersion".into(), json!({"type": "string", "enum": [api_version]}));
            properties.insert("kind".into(), json!({"type": "string", "enum": [kind]}));
            // A CRD says nothing about it, and the API server checks it by rules of its own.
            properties.insert("metadata".into(), json!({"type": "object"}));
        }
    }
    schema
}

/// The API server wants these of every object, whatever the CRD says.
fn required(said: Option<&Value>) -> Value {
    let mut all = vec!["apiVersion", "kind", "metadata"];
    let said = said.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    all.extend(said.filter(|name| !["apiVersion", "kind", "metadata"].contains(name)));
    json!(all)
}

/// Turns a schema of Kubernetes into one of JSON Schema, downwards: what only the API server understands goes, and a
/// field that the schema does not name is an error, as it is for `kubectl apply`.
fn convert(schema: &mut Value) {
    let Some(fields) = schema.as_object_mut() else { return };
    let is_set = |name: &str| fields.get(name) == Some(&Value::Bool(true));
    let (any, number_or_text, nullable) =
        (is_set("x-kubernetes-preserve-unknown-fields"), is_set("x-kubernetes-int-or-string"), is_set("nullable"));
    fields.retain(|name, _| !name.starts_with("x-kubernetes-") && name != "nullable");
    if number_or_text {
        fields.insert("type".into(), json!(["integer", "string"]));
    }
    if nullable && let Some(kind) = fields.get_mut("type") {
        let mut kinds = match mem::take(kind) {
            Value::Array(kinds) => kinds,
            one => vec![one],
        };
        kinds.push("null".into());
        *kind = kinds.into();
    }
    convert_below(fields);
    if fields.contains_key("properties") && !any {
        fields.entry("additionalProperties").or_insert(Value::Bool(false));
    }
}

fn convert_below(fields: &mut Map<String, Value>) {
    for (name, value) in fields {
        match (name.as_str(), value) {
            ("properties", Value::Object(properties)) => properties.values_mut().for_each(convert),
            ("items" | "additionalProperties", value) => convert(value),
            // Inside these a CRD only repeats, narrower, what it says beside them: nothing new is forbidden there.
            (_, _) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_kubernetes_become_words_of_json_schema() {
        let mut schema = json!({
            "type": "object",
            "x-kubernetes-validations": [{"rule": "true"}],
            "properties": {
                "port": {"x-kubernetes-int-or-string": true},
                "text": {"type": "string", "nullable": true},
                "any": {"type": "object", "x-kubernetes-preserve-unknown-fields": true, "properties": {"a": {}}},
                "list": {"type": "array", "items": {"type": "object", "properties": {}}},
                "map": {"type": "object", "additionalProperties": {"x-kubernetes-int-or-string": true}},
                // Also a field may be called so.
                "nullable": {"type": "boolean"},
            },
        });
        convert(&mut schema);
        let expected = json!({
            "type": "object",
            "additionalProperties": false,
            "properties": {
                "port": {"type": ["integer", "string"]},
                "text": {"type": ["string", "null"]},
                "any": {"type": "object", "properties": {"a": {}}},
                "list": {"type": "array", "items": {"type": "object", "properties": {}, "additionalProperties": false}},
                "map": {"type": "object", "additionalProperties": {"type": ["integer", "string"]}},
                "nullable": {"type": "boolean"},
            },
        });
        assert_eq!(schema, expected);
    }
}
