//! The core stays pure: no client, no async runtime, no network in what it is built from.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::process::Command;

/// Crates that would mean I/O.
const IMPURE: &[&str] =
    &["kube-client", "kube-runtime", "tokio", "hyper", "tower", "async-std", "reqwest", "rand", "proptest"];

#[test]
fn no_client_and_no_runtime_among_the_dependencies() {
    let mut command = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".into()));
    command.args(["tree", "-p", "microservice-core", "-e", "normal", "--prefix", "none", "--offline", "--locked"]);
    let output = command.current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tree = String::from_utf8(output.stdout).unwrap();
    let names: Vec<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    assert!(names.contains(&"microservice-core") && names.contains(&"serde_json"), "{tree}");
    for crate_ in IMPURE {
        assert!(!names.contains(crate_), "microservice-core depends on {crate_}:\n{tree}");
    }
}
