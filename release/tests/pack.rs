//! A release, packed twice from programs that are given.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod stock;

use std::{collections::BTreeMap, fs, path::Path};

use microservice_release::{archive::sha256, pack};

use crate::stock::{release, repository};

fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.insert(path.strip_prefix(folder).unwrap().display().to_string(), fs::read(&path).unwrap());
            }
        }
    }
    found
}

#[test]
fn two_packings_in_two_places_are_the_same_bytes() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let packed = [one, other].map(|folder| {
        let root = folder.path().join("repository");
        repository(&root);
        let out = folder.path().join("out");
        pack::write(&out, &release(root.clone()).files().unwrap()).unwrap();
        // A second time over the first: what a release before it left is gone.
        fs::write(out.join("left-over"), "").unwrap();
        pack::write(&out, &release(root).files().unwrap()).unwrap();
        contents(&out)
    });
    let names: Vec<&str> = packed[0].keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "LICENSE",
            "SHA256SUMS",
            "crds.yaml",
            "install.yaml",
            "kubectl-msvc-0.1.0-darwin-arm64.tar.gz",
            "kubectl-msvc-0.1.0-darwin-arm64.tar.gz.sha256",
            "kubectl-msvc-0.1.0-linux-amd64.tar.gz",
            "kubectl-msvc-0.1.0-linux-amd64.tar.gz.sha256",
            "microservice-operator-0.1.0.cdx.json",
            "microservice-operator-0.1.0.oci.tar",
            "microservice-operator-0.1.0.tgz",
            "microservice-operator-crds-0.1.0.tgz",
            "msvc.krew.yaml",
            "schemas/microservice_v1alpha1.json",
            "schemas/microserviceclass_v1alpha1.json",
            "schemas/microservicesystem_v1alpha1.json",
        ]
    );
    assert!(packed[0] == packed[1], "the two releases differ");
    let sums = String::from_utf8(packed[0]["SHA256SUMS"].clone()).unwrap();
    let expected = |name: &&str| format!("{}  {name}\n", sha256(&packed[0][*name]));
    let expected: String = names.iter().filter(|name| **name != "SHA256SUMS").map(expected).collect();
    assert_eq!(sums, expected);
}

#[test]
fn what_is_missing_or_of_another_version_is_named() {
    let folder = tempfile::tempdir().unwrap();
    repository(folder.path());
    let release = release(folder.path().to_owned());
    fs::write(folder.path().join("manifests/install.yaml"), "image: microservice-operator:0.0.9\n").unwrap();
    let error = release.files().unwrap_err().to_string();
    assert!(error.contains("does not install microservice-operator:0.1.0"), "{error}");
    fs::remove_file(folder.path().join("manifests/install.yaml")).unwrap();
    fs::remove_dir_all(folder.path().join("charts/microservice-operator-crds")).unwrap();
    let error = release.files().unwrap_err().to_string();
    for path in ["manifests/install.yaml", "charts/microservice-operator-crds/Chart.yaml"] {
        assert!(error.contains(path), "{error}");
    }
}
