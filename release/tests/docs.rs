//! The commands of `docs/supply-chain.md`, run over a release that is made here.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod stock;

use std::{fs, path::Path, process::Command};

use microservice_release::pack;

use crate::stock::{release, repository};

/// The blocks of `sh` on the page.
fn commands() -> Vec<String> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/supply-chain.md");
    let text = fs::read_to_string(page).unwrap();
    let blocks = text.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap().to_owned());
    blocks.collect()
}

/// What a command says, run in this folder.
fn run(command: &str, folder: &Path) -> String {
    let output = Command::new("sh").args(["-e", "-c", command]).current_dir(folder).output().unwrap();
    let words = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{command}{words}{}", String::from_utf8_lossy(&output.stderr));
    words
}

#[test]
fn a_release_is_checked_read_and_compared_by_the_commands_of_the_page() {
    let folder = tempfile::tempdir().unwrap();
    repository(folder.path());
    let theirs = folder.path().join("theirs");
    let ours = folder.path().join("target/release-artifacts/0.1.0");
    for place in [&theirs, &ours] {
        pack::write(place, &release(folder.path().to_owned()).files().unwrap()).unwrap();
    }
    let [check, read, compare] = commands().try_into().unwrap();
    let said = run(&check, &theirs);
    assert!(said.contains("install.yaml: OK") && said.contains(".oci.tar: OK"), "{said}");
    let index: serde_json::Value = serde_json::from_str(&run(&read, &theirs)).unwrap();
    assert!(index["manifests"][0]["digest"].as_str().unwrap().starts_with("sha256:"), "{index}");
    let compare = compare.replace("/path/to/the/release", theirs.to_str().unwrap());
    assert_eq!(run(&compare, folder.path()), "");
    fs::write(ours.join("install.yaml"), "another").unwrap();
    assert!(!Command::new("sh").args(["-c", &compare]).current_dir(folder.path()).output().unwrap().status.success());
}
