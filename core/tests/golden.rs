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
    graph::Graph,
    offline::{self, Manifests},
    plan::Subject,
    render::render,
};
use serde_json::{Value, json};

/// The uid of every subject: owner references must not differ from run to run.
const UID: &str = "00000000-0000-4000-8000-000000000000";

#[test]
fn every_input_is_rendered_as_its_golden_file_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let output = root.join("tests/golden/output");
    let mut rendered = BTreeMap::new();
    // An input stands for itself; the files of a sample belong together.
    let inputs = root.join("tests/golden/inputs");
    for file in yaml_files(&inputs) {
        rendered.extend(render_files(&inputs, Path::new(""), &[file]));
    }
    assert!(rendered.len() >= 40, "only {} inputs: are they all there?", rendered.len());
    let samples = root.join("manifests/samples");
    for sample in std::fs::read_dir(&samples).unwrap() {
        rendered.extend(render_files(&samples, Path::new("samples"), &yaml_files(&sample.unwrap().path())));
    }

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

/// Renders every Microservice of some files, with the classes and namespaces in them; the key is the path of the golden
/// file.
fn render_files(folder: &Path, below: &Path, files: &[PathBuf]) -> BTreeMap<PathBuf, String> {
    let read = |path: &PathBuf| -> Vec<Value> {
        let text = std::fs::read_to_string(path).unwrap();
        serde_saphyr::from_multiple(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
    };
    let mut all = Manifests::default();
    for document in files.iter().flat_map(read) {
        all.add(document).unwrap();
    }
    let graph = all.graph("default");
    let mut rendered = BTreeMap::new();
    for path in files {
        let mut own = Manifests::default();
        for document in read(path) {
            own.add(document).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        }
        let text: String =
            own.services.into_iter().map(|service| print(&all, &graph, offline::subject(service, "default"))).collect();
        if !text.is_empty() {
            rendered.insert(below.join(path.strip_prefix(folder).unwrap()), text);
        }
    }
    rendered
}

fn print(manifests: &Manifests, graph: &Graph, subject: Subject) -> String {
    let subject = Subject { uid: UID.into(), ..subject };
    match render(&subject, &manifests.facts(&subject, graph)) {
        Ok(rendered) => rendered.children.iter().map(|child| yaml(&child.body)).collect(),
        Err(invalid) => {
            let entry = |i: &microservice_core::plan::Invalid| {
                let mut entry = json!({"field": i.field, "message": i.message});
                if i.blame != Default::default() {
                    entry["reason"] = i.blame.reason().into();
                }
                entry
            };
            yaml(&json!({"refused": invalid.iter().map(entry).collect::<Vec<_>>()}))
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
