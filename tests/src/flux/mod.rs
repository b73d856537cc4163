//! Flux, the real one: its kustomize-controller as a process beside the control plane.
//!
//! Flux's source-controller does not run. What it would do is done by hand: a [`Source`] serves an archive over plain HTTP
//! on loopback, and writes into the status of a GitRepository where it is.

mod source;

use std::{path::Path, process::Command};

use anyhow::Result;
use kube::{
    Api, Client,
    api::{ApiResource, DynamicObject, GroupVersionKind, Patch, PatchParams},
};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::{
    control_plane::{ControlPlane, Process, Request, ports},
    rig::PATIENCE,
};

pub use source::{File, Source, files_of};

/// How the audit log shows Flux: the start of its user agent.
pub const USER_AGENT: &str = "kustomize-controller";

/// The namespace that Flux itself is said to run in.
const NAMESPACE: &str = "flux-system";

/// A running kustomize-controller. It ends with its control plane.
pub struct Flux {
    /// The controller.
    pub process: Process,
}

static SHARED: OnceCell<Flux> = OnceCell::const_new();

impl Flux {
    /// The one that all tests of this process share, on the control plane that they share.
    ///
    /// # Errors
    /// When it cannot be built, or does not start.
    pub async fn shared(cluster: &ControlPlane) -> Result<&'static Self> {
        SHARED.get_or_try_init(|| Self::start(cluster)).await
    }

    async fn start(cluster: &ControlPlane) -> Result<Self> {
        // Its definitions are not ours to install in a cluster of somebody else.
        anyhow::ensure!(!cluster.is_existing(), "Flux of the tests is for a control plane of their own");
        let binaries = cluster.binaries().clone();
        let (program, definitions) = tokio::task::spawn_blocking(move || binaries.prepare_flux()).await??;
        install(cluster, &definitions).await?;
        cluster.create_namespace(NAMESPACE).await?;
        let folder = cluster.folder().join("flux");
        std::fs::create_dir_all(&folder)?;
        let mut command = Command::new(program);
        command
            .args(["--enable-leader-election=false", "--log-level=info", "--interval-jitter-percentage=0"])
            // A test that fails shall not wait for retries of its own making.
            .args(["--http-retry=2", "--requeue-dependency=1s"])
            .arg(format!("--metrics-addr=127.0.0.1:{}", ports::free()?))
            .arg(format!("--health-addr=127.0.0.1:{}", ports::free()?))
            .env("RUNTIME_NAMESPACE", NAMESPACE)
            .env("TMPDIR", &folder)
            .env("HOME", &folder)
            .current_dir(&folder);
        Ok(Self { process: cluster.spawn("kustomize-controller", command)? })
    }
}

async fn install(cluster: &ControlPlane, definitions: &Path) -> Result<()> {
    let folder = definitions.to_string_lossy();
    cluster.kubectl_ok(&["apply", "--server-side", "--force-conflicts", "-f", &folder]).await?;
    cluster.kubectl_ok(&["wait", "--for=condition=Established", "--timeout=120s", "-f", &folder]).await?;
    Ok(())
}

/// Whether this is a request of Flux that changes something besides its own objects and events.
#[must_use]
pub fn changes_something(request: &Request) -> bool {
    request.user_agent.starts_with(USER_AGENT)
        && request.is_write()
        && !request.uri.contains("dryRun=All")
        && request.group != "kustomize.toolkit.fluxcd.io"
        && request.resource != "events"
}

/// One Kustomization.
pub struct Kustomization {
    cluster: &'static ControlPlane,
    namespace: String,
    name: String,
    api: Api<DynamicObject>,
}

impl Kustomization {
    /// Applies a Kustomization of this spec, which is a mapping. Its source is that of the same name.
    ///
    /// # Errors
    /// When the server refuses it.
    pub async fn apply(cluster: &'static ControlPlane, namespace: &str, name: &str, spec: &Value) -> Result<Self> {
        let api = api(cluster.client()?, namespace, "kustomize.toolkit.fluxcd.io", "Kustomization");
        let body = json!({
            "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
            "metadata": {"name": name, "namespace": namespace}, "spec": spec,
        });
        api.patch(name, &PatchParams::apply("test").force(), &Patch::Apply(&body)).await?;
        Ok(Self { cluster, namespace: namespace.to_owned(), name: name.to_owned(), api })
    }

    /// Waits until Ready has this status and reason for a revision, and answers with the object.
    ///
    /// # Errors
    /// When it does not come; the error shows what Ready says.
    pub async fn says(&self, status: &str, reason: &str, revision: &str) -> Result<DynamicObject> {
        let ask = || async {
            let object = self.api.get(&self.name).await?;
            let conditions = object.data["status"]["conditions"].as_array().cloned().unwrap_or_default();
            let ready = conditions.into_iter().find(|c| c["type"] == "Ready").unwrap_or_default();
            let fits = ready["status"] == status
                && ready["reason"] == reason
                && object.data["status"]["lastAttemptedRevision"] == revision;
            anyhow::ensure!(fits, "Ready says {ready}");
            Ok(Some(object))
        };
        let what = format!("Kustomization {} to be Ready={status} {reason} at {revision}", self.name);
        self.cluster.wait_until(&what, &self.namespace, PATIENCE, ask).await
    }

    /// Asks Flux to look again, as `flux reconcile` does, and waits until it has.
    ///
    /// # Errors
    /// When it does not.
    pub async fn reconcile(&self, token: &str) -> Result<()> {
        let patch = json!({"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": token}}});
        self.api.patch(&self.name, &PatchParams::default(), &Patch::Merge(patch)).await?;
        let ask = || async {
            let object = self.api.get(&self.name).await?;
            let busy = object.data["status"]["conditions"]
                .as_array()
                .is_some_and(|all| all.iter().any(|c| c["type"] == "Reconciling" && c["status"] == "True"));
            Ok((object.data["status"]["lastHandledReconcileAt"] == token && !busy).then_some(()))
        };
        self.cluster.wait_until("Flux to look again", &self.namespace, PATIENCE, ask).await
    }
}

/// Objects of a kind of Flux, version v1.
fn api(client: Client, namespace: &str, group: &str, kind: &str) -> Api<DynamicObject> {
    let kind = GroupVersionKind::gvk(group, "v1", kind);
    // The plural of a kind that ends with a y is not the kind and an s.
    let plural = match kind.kind.as_str() {
        "GitRepository" => "gitrepositories".to_owned(),
        other => format!("{}s", other.to_lowercase()),
    };
    Api::namespaced_with(client, namespace, &ApiResource::from_gvk_with_plural(&kind, &plural))
}
