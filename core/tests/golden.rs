//! Golden files: what every input and every sample is rendered into, compared as text.
//!
//! `UPDATE_GOLDEN=1` rewrites them (`make golden`). A released profile is frozen: where a change here makes a golden
//! file differ, pods of users would restart, so it belongs into a new profile, unless nothing was released yet.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use microservice_core::{
    children,
    plan::{self, Facts, Subject},
};
use microservice_crds::MicroserviceSpec;
use serde_json::{Value, json};

/// The uid of every subject: owner references must not differ from run to run.
const UID: &str = "00000000-0000-4000-8000-000000000000";

#[test]
fn every_input_is_rendered_as_its_golden_file_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let output = root.join("tests/golden/output");
    let mut rendered = render_folder(&root.join("tests/golden/inputs"), Path::new(""));
    assert!(rendered.len() >= 40, "only {} inputs: are they all there?", rendered.len());
    rendered.extend(render_folder(&root.join("manifests/samples"), Path::new("samples")));

    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let mut wrong = Vec::new();
    for (name, text) in &rendered {
        let path = output.join(name);
        let golden = std::fs::read_to_string(&path).unwrap_or_default();
        if golden == *text {
            continue;
        }
        if update {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, text).unwrap();
        } else {
            wrong.push(format!("{}: {}", path.display(), first_difference(&golden, text)));
        }
    }
    for path in yaml_files(&output) {
        if !rendered.contains_key(path.strip_prefix(&output).unwrap()) {
            match update {
                true => std::fs::remove_file(&path).unwrap(),
                false => wrong.push(format!("{}: no input makes it any more", path.display())),
            }
        }
    }
    assert!(wrong.is_empty(), "run `make golden` and look at the changes:\n{}", wrong.join("\n"));
}

/// Renders every Microservice below a folder; the key is the path of the golden file.
fn render_folder(folder: &Path, below: &Path) -> BTreeMap<PathBuf, String> {
    let mut rendered = BTreeMap::new();
    for path in yaml_files(folder) {
        let text = std::fs::read_to_string(&path).unwrap();
        let documents: Vec<Value> =
            serde_saphyr::from_multiple(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let services: Vec<&Value> = documents.iter().filter(|d| d["kind"] == "Microservice").collect();
        if services.is_empty() {
            continue;
        }
        let text: String = services.iter().map(|document| render(&path, document)).collect();
        rendered.insert(below.join(path.strip_prefix(folder).unwrap()), text);
    }
    rendered
}

fn render(path: &Path, document: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or("default").to_owned();
    let spec: MicroserviceSpec =
        serde_json::from_value(document["spec"].clone()).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let subject = Subject {
        name: text(&document["metadata"]["name"]),
        namespace: text(&document["metadata"]["namespace"]),
        uid: UID.into(),
        generation: 1,
        spec,
    };
    match plan::plan(&subject, &Facts::default()) {
        Ok(plan) => children::desired(&plan).iter().map(|child| yaml(&child.body)).collect(),
        Err(invalid) => {
            let list: Vec<Value> = invalid.iter().map(|i| json!({"field": i.field, "message": i.message})).collect();
            yaml(&json!({"refused": list}))
        }
    }
}

fn yaml(value: &Value) -> String {
    let text = serde_saphyr::to_string(value).unwrap();
    let back: Value = serde_saphyr::from_str(&text).unwrap();
    assert_eq!(back, *value, "the YAML reads back as something else");
    format!("---\n{text}")
}

/// All YAML files below a folder, sorted; kustomizations are no input.
fn yaml_files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(yaml_files(&path));
        } else if path.extension().is_some_and(|e| e == "yaml") && !path.ends_with("kustomization.yaml") {
            files.push(path);
        }
    }
    files.sort();
    files
}

fn first_difference(golden: &str, text: &str) -> String {
    let mut lines = golden.lines().zip(text.lines()).enumerate();
    match lines.find(|(_, (old, new))| old != new) {
        Some((index, (old, new))) => format!("line {}\n  - {old}\n  + {new}", index + 1),
        None => format!("{} lines became {}", golden.lines().count(), text.lines().count()),
    }
}
