//! What kwok makes of a pod: ready at once, or one of the failures that a real node knows.
//!
//! A pod chooses with the annotation [`BEHAVIOUR`]; see `tests/stages` for what each one writes.

use std::{fs, path::Path};

use anyhow::{Context as _, Result};

/// The annotation by which a pod says how it is to behave.
pub const BEHAVIOUR: &str = "test.microservices.dev/behaviour";

/// The annotation that replaces the message of a behaviour that has one.
pub const MESSAGE: &str = "test.microservices.dev/message";

/// The annotation that names the one container that fails; without it, all do. The others run.
pub const CONTAINER: &str = "test.microservices.dev/container";

/// All values of [`BEHAVIOUR`].
pub const BEHAVIOURS: [&str; 12] = [
    "crash-loop",
    "oom-killed",
    "crash-after-ready",
    "image-pull",
    "config-error-root",
    "config-error-name",
    "config-error-configmap",
    "config-error-secret",
    "config-error-key",
    "never-ready",
    "init-crash",
    "stuck-creating",
];

const OURS: [&str; 7] = [
    include_str!("../../stages/pod-ready.yaml"),
    include_str!("../../stages/pod-waiting.yaml"),
    include_str!("../../stages/pod-crash.yaml"),
    include_str!("../../stages/pod-crash-after-ready.yaml"),
    include_str!("../../stages/pod-never-ready.yaml"),
    include_str!("../../stages/pod-init-crash.yaml"),
    include_str!("../../stages/pod-stuck-creating.yaml"),
];

/// One file for kwok: its own Stages, ours, and the caller's.
pub(super) fn all(kwok_stages: &Path, more: &[String]) -> Result<String> {
    let mut files: Vec<_> = fs::read_dir(kwok_stages)
        .with_context(|| format!("cannot read {}", kwok_stages.display()))?
        .filter_map(|entry| entry.ok().map(|e| e.path()))
        .collect();
    files.sort();
    let mut documents = Vec::new();
    for file in files {
        documents.push(fs::read_to_string(file)?);
    }
    documents.extend(OURS.map(String::from));
    documents.extend(more.iter().cloned());
    Ok(documents.join("\n---\n"))
}
