//! Static programs: they run in an image that holds nothing else.

use std::{
    collections::BTreeMap,
    env,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Mutex, PoisonError},
};

use anyhow::{Context as _, Result, ensure};

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

fn build(package: &str, program: &str) -> Result<PathBuf> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("the workspace is gone")?;
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace.join("target"), PathBuf::from).join("static");
    let host = host()?;
    let path = workspace.join(&target).join(&host).join("static").join(program);
    if !path.is_file() {
        say(&format!("building {program}, static ..."));
    }
    let output = cargo()
        .args(["build", "--quiet", "--profile=static", "--package", package, "--bin", program])
        // Said although it is the host: so the flags are those of the program, and not of what runs while it is built.
        .args(["--target", &host, "--target-dir"])
        .arg(&target)
        .env("CARGO_ENCODED_RUSTFLAGS", "-Ctarget-feature=+crt-static")
        .current_dir(workspace)
        .stdin(Stdio::null())
        .output()
        .context("cannot run cargo")?;
    let words = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "cargo could not build {program}, static: {}", words.trim());
    Ok(path)
}

/// The target that the compiler builds for by itself.
fn host() -> Result<String> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("-vV").output().context("cannot run rustc")?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).context("rustc does not say what it builds for")
}

fn cargo() -> Command {
    Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}
