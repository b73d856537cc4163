//! Lint over the samples, and its documentation.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::path::{Path, PathBuf};

use microservice_core::{
    graph::{
        Scope, Survey,
        lint::{Code, Severity, lint},
    },
    offline::Manifests,
};
use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

#[test]
fn the_documentation_has_every_code_and_no_other() {
    let text = std::fs::read_to_string(root().join("docs/lint.md")).unwrap();
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    let documented: Vec<&str> = rows.map(|(code, _)| code).collect();
    let codes: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(documented, codes);
}

/// What people copy has no fault that lint would tell them of. The shop of Online Boutique asks an assistant that is not
/// part of it.
#[test]
fn the_samples_are_well() {
    let mut linted = 0;
    for sample in std::fs::read_dir(root().join("manifests/samples")).unwrap() {
        let sample = sample.unwrap().path();
        let mut manifests = Manifests::default();
        for file in std::fs::read_dir(&sample).unwrap() {
            let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
            for document in serde_saphyr::from_multiple::<Value>(&text).unwrap() {
                manifests.add(document).unwrap();
            }
        }
        linted += manifests.services.len();
        let namespace = sample.file_name().unwrap().to_str().unwrap();
        for finding in lint(&Survey::of(&manifests, namespace, Scope::Present), jiff::civil::date(2027, 6, 1)) {
            let assistant =
                finding.code == Code::NoSuchService && finding.message.contains("/shoppingassistantservice,");
            assert!(assistant || finding.severity == Severity::Info, "{namespace}: {finding:#?}");
        }
    }
    assert!(linted > 15, "{linted}");
}
