//! A real Kubernetes control plane on loopback: etcd, kube-apiserver, kube-controller-manager, kube-scheduler, and kwok
//! in the place of the kubelet. Pods are scheduled and become ready, but no container ever runs.
//!
//! With `USE_EXISTING_CLUSTER=true` it is the cluster of `KUBECONFIG` instead, and nothing is started.

mod access;
pub mod account;
mod audit;
mod binaries;
mod build;
pub(crate) mod cache;
mod certificates;
mod components;
mod existing;
mod kubernetes;
mod load;
mod locks;
mod node;
mod nodes;
mod options;
mod place;
pub(crate) mod ports;
mod processes;
mod programs;
mod shared;
mod stages;
mod start;
mod wait;

use std::{
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use anyhow::{Context as _, Result};
use kube::Config;

use self::{components::Components, processes::Group};
use crate::image::ImageOptions;

pub use self::{
    access::{Output, USER_AGENT_OF_TESTS},
    audit::{AuditLog, Mark, Request, Requests, read_audit_log},
    binaries::Binaries,
    existing::existing_cluster_is_wanted,
    kubernetes::Kubernetes,
    load::{HeldLoad, Load, Usage},
    node::Node,
    options::Options,
    processes::Process,
    stages::{BEHAVIOUR, BEHAVIOURS, CONTAINER, MESSAGE},
};

/// A running control plane. It ends, with all that it left, when this is dropped, and when the process that owns it
/// is gone, however it went. An existing cluster goes on, of course.
pub struct ControlPlane {
    folder: PathBuf,
    kubeconfig: PathBuf,
    config: Config,
    binaries: Binaries,
    group: Mutex<Group>,
    /// The servers, unless the cluster ran already.
    own: Option<Own>,
    /// The namespaces that are to be removed from an existing cluster at the end.
    namespaces: Mutex<Vec<String>>,
    keep: AtomicBool,
    /// For operators.
    account: account::Slot,
}

struct Own {
    components: Components,
    apiserver: Mutex<Process>,
}

impl ControlPlane {
    /// The address of the API server.
    #[must_use]
    pub fn server(&self) -> String {
        access::address(&self.config)
    }

    /// The kubeconfig of an administrator; for an existing cluster it may be several files, as in `KUBECONFIG`.
    #[must_use]
    pub fn kubeconfig(&self) -> PathBuf {
        self.kubeconfig.clone()
    }

    /// The folder with everything that belongs to this control plane; logs are in `logs` below it. For an existing
    /// cluster, these are the logs of what was [spawned](Self::spawn).
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The programs that it is made of.
    #[must_use]
    pub fn binaries(&self) -> &Binaries {
        &self.binaries
    }

    /// The real node.
    ///
    /// # Errors
    /// When the control plane has none: see [`Options::real_node`].
    pub fn node(&self) -> Result<&Node> {
        let node = self.own.as_ref().and_then(|own| own.components.node.as_ref());
        node.context("this control plane has no real node")
    }

    /// Makes an image of one static program, and gives it these names on the real node.
    ///
    /// # Errors
    /// When there is no real node, the program is not there, or containerd does not take the image.
    pub async fn import_image(&self, names: &[&str], program: &Path, options: &ImageOptions) -> Result<()> {
        self.node()?.import_image(names, program, options).await
    }

    /// The log of all requests. That of an existing cluster answers every question with an error.
    #[must_use]
    pub fn audit(&self) -> AuditLog {
        AuditLog::new(self.own.as_ref().map(|own| own.components.audit_log()), self.config.clone())
    }

    /// Starts a program beside the servers, with its output in `logs/NAME.log`: it ends with the control plane at the
    /// latest. `KUBECONFIG` is set to the administrator's unless the command sets it.
    ///
    /// # Errors
    /// When the program cannot be started.
    pub fn spawn(&self, name: &str, mut command: std::process::Command) -> Result<Process> {
        if !command.get_envs().any(|(key, _)| key == "KUBECONFIG") {
            command.env("KUBECONFIG", self.kubeconfig());
        }
        self.group().spawn(name, command)
    }

    /// Kills the API server, as a crash would. That of an existing cluster is left alone, with a word about it.
    pub fn kill_apiserver(&self) {
        match &self.own {
            Some(own) => own.apiserver.lock().unwrap_or_else(PoisonError::into_inner).kill(),
            None => binaries::say(&existing::not_ours("kill the API server")),
        }
    }

    /// Starts the API server again on the same port, and waits until it is ready.
    ///
    /// # Errors
    /// When it does not become ready, and for an existing cluster.
    pub async fn restart_apiserver(&self) -> Result<()> {
        let own = self.own("restart the API server")?;
        self.kill_apiserver();
        let process = self.group().spawn("kube-apiserver", own.components.apiserver())?;
        *own.apiserver.lock().unwrap_or_else(PoisonError::into_inner) = process.clone();
        start::wait_ready(&self.config, &[&process]).await
    }

    /// Keeps the folder, logs and all, when the control plane ends, and says where it is.
    pub fn keep(&self) {
        if !self.keep.swap(true, Ordering::Relaxed) {
            self.group().keep();
            binaries::say(&format!("logs are kept in {}", self.folder().display()));
        }
    }

    /// Ends the control plane. Nothing is left, unless [`keep`](Self::keep) was called or `KEEP=1` is set.
    pub fn stop(self) {
        // Drop does it; this is for those who want to say it.
    }

    /// The servers of our own, or the error that there are none.
    fn own(&self, what: &str) -> Result<&Own> {
        self.own.as_ref().with_context(|| existing::not_ours(what))
    }

    fn group(&self) -> std::sync::MutexGuard<'_, Group> {
        self.group.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for ControlPlane {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ControlPlane")
            .field("server", &self.server())
            .field("folder", &self.folder())
            .finish_non_exhaustive()
    }
}

impl Drop for ControlPlane {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.keep();
        }
        self.remove_namespaces();
        self.group().end();
    }
}

/// A new folder for one control plane.
fn new_folder() -> Result<PathBuf> {
    // Removed by the group at the end, which outlives us; a guard of tempfile would not.
    Ok(tempfile::Builder::new().prefix("control-plane-").tempdir().context("cannot make a temporary folder")?.keep())
}
