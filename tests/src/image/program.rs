//! Static programs: they run in an image that holds nothing else.

use std::{
    collections::BTreeMap,
    env,
    path::{Path, PathBuf},
    process::Stdio,
    sync::{Mutex, PoisonError},
};

use anyhow::{Context as _, Result, ensure};
use microservice_release::binary::{StaticBuild, cargo};

use crate::control_plane::cache::say;

/// Builds a program of this workspace as a static one, in a target folder of its own, and returns its path. Blocks; the
/// first time it takes as long as its dependencies do.
///
/// # Errors
/// When it cannot be built; the error has the words of cargo.
pub fn static_binary(package: &str, program: &str) -> Result<PathBuf> {
    static BUILT: Mutex<BTreeMap<(String, String), PathBuf>> = Mutex::new(BTreeMap::new());
    let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
    let key = (package.to_owned(), program.to_owned());
    if let Some(path) = built.get(&key) {
        return Ok(path.clone());
    }
    let path = build(package, program)?;
    built.insert(key, path.clone());
    Ok(path)
}

/// Builds a program of this workspace as `cargo build` does, and returns its path. Blocks. It is built together with
/// these tests, so that what both use is built once.
///
/// # Errors
/// When it cannot be built; the error has the words of cargo.
pub fn debug_binary(package: &str, program: &str) -> Result<PathBuf> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("the workspace is gone")?;
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace.join("target"), PathBuf::from);
    let output = cargo()
        .args(["build", "--quiet", "--package", package, "--package", env!("CARGO_PKG_NAME"), "--bin", program])
        .current_dir(workspace)
        .stdin(Stdio::null())
        .output()
        .context("cannot run cargo")?;
    let words = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "cargo could not build {program}: {}", words.trim());
    Ok(workspace.join(target).join("debug").join(program))
}

fn build(package: &str, program: &str) -> Result<PathBuf> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("the workspace is gone")?;
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace.join("target"), PathBuf::from).join("static");
    let build = StaticBuild { workspace, target: &target, profile: "static", package, program };
    if !build.path()?.is_file() {
        say(&format!("building {program}, static ..."));
    }
    build.run()
}
