//! The schemas for editors, against what users write.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::{collections::BTreeMap, fs, path::Path};

use jsonschema::Validator;
use microservice_release::schemas::schemas;
use serde_json::{Value, json};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// A validator for each kind.
fn validators() -> BTreeMap<String, Validator> {
    let crds = fs::read_to_string(root().join("crds/yaml/microservices.yaml")).unwrap();
    let all = schemas(&crds).unwrap();
    assert!(all.contains_key("microservice_v1alpha1.json"), "{:?}", all.keys());
    let read = |bytes: &Vec<u8>| -> (String, Validator) {
        let schema: Value = serde_json::from_slice(bytes).unwrap();
        let kind = schema["properties"]["kind"]["enum"][0].as_str().unwrap().to_owned();
        (kind, jsonschema::draft7::new(&schema).unwrap())
    };
    all.values().map(read).collect()
}

fn files(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            found.push(path);
        }
    }
}

#[test]
fn every_sample_is_valid() {
    let validators = validators();
    let mut paths = Vec::new();
    files(&root().join("manifests/samples"), &mut paths);
    let mut seen = 0;
    for path in paths {
        let documents: Vec<Value> = serde_saphyr::from_multiple(&fs::read_to_string(&path).unwrap()).unwrap();
        for document in documents.iter().filter(|document| {
            document["apiVersion"].as_str().is_some_and(|version| version.starts_with("microservices.dev/"))
        }) {
            let validator = &validators[document["kind"].as_str().unwrap()];
            let errors: Vec<String> =
                validator.iter_errors(document).map(|error| format!("{}: {error}", error.instance_path())).collect();
            assert!(errors.is_empty(), "{}: {errors:?}", path.display());
            seen += 1;
        }
    }
    assert!(seen >= 12, "{seen} samples");
}

#[test]
fn mistakes_are_found_while_typing() {
    let validator = &validators()["Microservice"];
    let service = |spec: Value| json!({"apiVersion": "microservices.dev/v1alpha1", "kind": "Microservice", "metadata": {"name": "a"}, "spec": spec});
    let fine = service(json!({"image": "registry.example/a:1", "ports": [{"name": "http", "port": 80}]}));
    assert!(validator.is_valid(&fine));
    let mistakes = [
        ("an unknown field", service(json!({"image": "a:1", "replica": 2}))),
        ("an unknown field below", service(json!({"image": "a:1", "ports": [{"name": "http", "prot": 80}]}))),
        ("a text for a number", service(json!({"image": "a:1", "ports": [{"name": "http", "port": "eighty"}]}))),
        (
            "no name",
            json!({"apiVersion": "microservices.dev/v1alpha1", "kind": "Microservice", "spec": {"image": "a:1"}}),
        ),
        ("another kind", json!({"apiVersion": "v1", "kind": "Service", "metadata": {}, "spec": {"image": "a:1"}})),
    ];
    for (what, document) in mistakes {
        assert!(!validator.is_valid(&document), "{what}");
    }
}
