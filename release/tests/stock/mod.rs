//! A small repository, and a release of it.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use microservice_release::{image::Program, pack::Release, plugin::Platform};

/// A repository with what a release takes from it, and nothing else.
pub fn repository(folder: &Path) {
    let write = |path: &str, text: &str| {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    for chart in ["microservice-operator", "microservice-operator-crds"] {
        let about = format!("apiVersion: v2\nname: {chart}\nversion: 0.1.0\nappVersion: 0.1.0\n");
        write(&format!("charts/{chart}/Chart.yaml"), &about);
        write(&format!("charts/{chart}/templates/all.yaml"), "a: 1\n");
    }
    write("manifests/install.yaml", "image: registry.example/microservice-operator:0.1.0\n");
    write("LICENSE", "Apache\n");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    write("crds/yaml/microservices.yaml", &fs::read_to_string(root.join("crds/yaml/microservices.yaml")).unwrap());
}

/// The release of that repository, with programs that are given.
pub fn release(root: PathBuf) -> Release {
    let program = |architecture: &str| Program { architecture: architecture.into(), bytes: vec![1; 100_000] };
    let plugins =
        ["linux/amd64", "darwin/arm64"].map(|platform| (platform.parse::<Platform>().unwrap(), vec![2; 1000]));
    Release {
        root,
        version: "0.1.0".into(),
        image: "registry.example/microservice-operator:0.1.0".into(),
        labels: BTreeMap::new(),
        operators: vec![program("amd64"), program("arm64")],
        plugins: plugins.into(),
        sboms: BTreeMap::from([("microservice-operator".into(), b"{}".to_vec())]),
        url: "https://releases.example/v0.1.0".into(),
    }
}
