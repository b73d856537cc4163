//! The files of the chart and the docs.

use std::path::{Path, PathBuf};

use serde_json::Value;

/// A path in the project.
pub fn path(relative: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(relative)
}

/// The text of a file in the project.
pub fn text(relative: &str) -> String {
    std::fs::read_to_string(path(relative)).unwrap_or_else(|error| panic!("{relative}: {error}"))
}

/// The groups of rules.
pub fn rules() -> Value {
    serde_saphyr::from_str(&text("charts/microservice-operator/monitoring/rules.yaml")).expect("rules.yaml")
}

/// All alerts.
pub fn alerts() -> Vec<Value> {
    let rules = rules();
    let groups = rules["groups"].as_array().expect("groups");
    groups.iter().flat_map(|group| group["rules"].as_array().expect("rules").clone()).collect()
}

/// The dashboard.
pub fn dashboard() -> Value {
    serde_json::from_str(&text("charts/microservice-operator/monitoring/dashboard.json")).expect("dashboard.json")
}

/// What stands in double braces after this beginning, as in `{{ $labels.pod }}`.
pub fn placeholders(text: &str, beginning: &str) -> Vec<String> {
    let name = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
    text.split("{{")
        .skip(1)
        .filter_map(|rest| rest.split("}}").next()?.trim().strip_prefix(beginning).map(str::to_owned))
        .map(|rest| rest.chars().take_while(name).collect::<String>())
        .filter(|rest| !rest.is_empty())
        .collect()
}
