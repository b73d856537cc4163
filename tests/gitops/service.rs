//! A Microservice as a tool applies it.

use anyhow::Result;
use serde_json::{Value, json};

use crate::marks::Marks;

/// A Microservice of this spec, which is YAML, with the marks of tools on it.
pub fn marked(name: &str, spec: &str, marks: &Marks) -> Result<Value> {
    let spec: Value = serde_saphyr::from_str(spec)?;
    Ok(json!({
        "apiVersion": "microservices.dev/v1alpha1", "kind": "Microservice",
        "metadata": {"name": name, "labels": marks.labels, "annotations": marks.annotations}, "spec": spec,
    }))
}

/// A Microservice of this spec, which is YAML.
pub fn plain(name: &str, spec: &str) -> Result<Value> {
    marked(name, spec, &Marks::default())
}
