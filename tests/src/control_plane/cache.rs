//! The folder that survives a fresh clone: what is built or fetched once stays there.

use std::{
    env, fs,
    fs::File,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};

pub(crate) use super::binaries::say;

/// The project's own cache folder.
pub(crate) fn root() -> Result<PathBuf> {
    let base = match env::var_os("XDG_CACHE_HOME").filter(|v| !v.is_empty()) {
        Some(folder) => PathBuf::from(folder),
        None => PathBuf::from(
            env::var_os("HOME")
                .context("neither XDG_CACHE_HOME nor HOME is set: no place to keep the control plane's programs")?,
        )
        .join(".cache"),
    };
    Ok(base.join("microservice-operator"))
}

/// Makes a folder, in which nobody else builds or fetches while the answer is held. `what` completes the sentence
/// "waiting for another process that …".
pub(crate) fn lock(folder: &Path, what: &str) -> Result<File> {
    fs::create_dir_all(folder).with_context(|| format!("cannot create the cache folder {}", folder.display()))?;
    let lock = File::create(folder.join(".lock"))?;
    if lock.try_lock().is_err() {
        say(&format!("waiting for another process that {what}"));
        lock.lock()?;
    }
    Ok(lock)
}
