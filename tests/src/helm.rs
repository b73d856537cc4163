//! Helm, built from the lock file, for the charts of this project and those of its users.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

use anyhow::{Context as _, Result, bail};
use tokio::process::Command;

use crate::control_plane::{ControlPlane, Output};

/// Helm, with a home of its own and the kubeconfig of one control plane.
#[derive(Debug, Clone)]
pub struct Helm {
    program: PathBuf,
    home: PathBuf,
    kubeconfig: PathBuf,
}

impl Helm {
    /// Helm for a control plane. The first time it is built, which takes minutes.
    ///
    /// # Errors
    /// When it cannot be built.
    pub async fn of(cluster: &ControlPlane) -> Result<Self> {
        let binaries = cluster.binaries().clone();
        let program = tokio::task::spawn_blocking(move || binaries.prepare_helm()).await??;
        Ok(Self { program, home: cluster.folder().join("helm"), kubeconfig: cluster.kubeconfig() })
    }

    /// Runs Helm. A failure of Helm is not an error here: look at [`Output::success`].
    ///
    /// # Errors
    /// When Helm cannot be run.
    pub async fn run(&self, args: &[&str]) -> Result<Output> {
        let output = Command::new(&self.program)
            .args(args)
            .env("KUBECONFIG", &self.kubeconfig)
            .env("HELM_CACHE_HOME", self.home.join("cache"))
            .env("HELM_CONFIG_HOME", self.home.join("config"))
            .env("HELM_DATA_HOME", self.home.join("data"))
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await
            .context("cannot run helm")?;
        Ok(Output {
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            success: output.status.success(),
        })
    }

    /// Runs Helm and returns its standard output.
    ///
    /// # Errors
    /// When Helm fails; the error has its words.
    pub async fn ok(&self, args: &[&str]) -> Result<String> {
        let output = self.run(args).await?;
        if !output.success {
            bail!("helm {} failed: {}", args.join(" "), output.stderr.trim());
        }
        Ok(output.stdout)
    }
}

/// The folder of a chart of this project.
#[must_use]
pub fn chart(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../charts").join(name)
}
