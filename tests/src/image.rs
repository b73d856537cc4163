//! Images for a real node: made of one static program by what makes the operator's image, and never pulled.

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use anyhow::{Context as _, Result};
use microservice_release::{
    binary::StaticBuild,
    image::{Program, host_architecture},
};

pub use microservice_release::image::ImageOptions;

use crate::control_plane::cache::say;

/// A program of this machine, for an image.
///
/// # Errors
/// When it cannot be read.
pub fn program(path: &Path) -> Result<Program> {
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(Program { architecture: host_architecture().into(), bytes })
}

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

fn build(package: &str, program: &str) -> Result<PathBuf> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("the workspace is gone")?;
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace.join("target"), PathBuf::from).join("static");
    let build = StaticBuild { workspace, target: &target, profile: "static", package, program };
    if !build.path()?.is_file() {
        say(&format!("building {program}, static ..."));
    }
    build.run()
}
