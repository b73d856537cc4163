//! The operator in a process of its own, as it runs in a cluster.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, ensure};
use tokio::sync::OnceCell;

/// The operator's program, built like the tests themselves.
///
/// # Errors
/// When it cannot be built; the error has the words of cargo.
pub async fn operator_program() -> Result<&'static Path> {
    static BUILT: OnceCell<PathBuf> = OnceCell::const_new();
    let built = BUILT.get_or_try_init(|| async { tokio::task::spawn_blocking(build).await? }).await?;
    Ok(built)
}

fn build() -> Result<PathBuf> {
    // Tests stand in `deps`, one folder below the programs.
    let tests = std::env::current_exe()?;
    let target = tests.ancestors().find(|folder| folder.ends_with("deps")).and_then(Path::parent);
    let target = target.context("this is no test of cargo's")?;
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("the workspace is gone")?;
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["build", "--quiet", "--package=microservice-operator", "--bin=microservice-operator", "--target-dir"])
        .arg(target.parent().context("no target folder")?)
        .current_dir(workspace)
        .stdin(Stdio::null())
        .output()
        .context("cannot run cargo")?;
    let words = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "cargo could not build the operator: {}", words.trim());
    Ok(target.join("microservice-operator"))
}
