//! A cluster that runs already, in the place of a control plane of our own: `USE_EXISTING_CLUSTER=true`, as envtest of
//! controller-runtime calls it, and the cluster of `KUBECONFIG`.
//!
//! Nothing is started but what a caller spawns, and nothing that was there is taken away: the namespaces that a caller
//! made go away at the end, definitions stay.

use std::{
    env,
    path::{Path, PathBuf},
    sync::{Mutex, atomic::AtomicBool},
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::{
    Api, Client, Config, ResourceExt as _,
    api::{ListParams, Patch, PatchParams},
};

use super::{ControlPlane, USER_AGENT_OF_TESTS, access, binaries::Binaries, new_folder, processes::Group};

/// How long the cluster may take to answer the first question.
const PATIENCE: Duration = Duration::from_secs(20);

/// Whether the environment asks for a cluster that runs already: `USE_EXISTING_CLUSTER=true`.
#[must_use]
pub fn existing_cluster_is_wanted() -> bool {
    env::var("USE_EXISTING_CLUSTER").is_ok_and(|value| value.eq_ignore_ascii_case("true"))
}

/// The kubeconfig files that the environment names, as in `KUBECONFIG`, or the default one.
pub(super) fn kubeconfig_of_environment() -> Result<PathBuf> {
    if let Some(files) = env::var_os("KUBECONFIG").filter(|files| !files.is_empty()) {
        return Ok(files.into());
    }
    let home = env::var_os("HOME").context("USE_EXISTING_CLUSTER=true, but neither KUBECONFIG nor HOME is set")?;
    Ok(Path::new(&home).join(".kube").join("config"))
}

/// What the methods answer that only a control plane of our own can serve.
pub(super) fn not_ours(what: &str) -> String {
    format!("{what}: only for a control plane of our own, not for an existing cluster (USE_EXISTING_CLUSTER=true)")
}

impl ControlPlane {
    /// Uses a cluster that runs already.
    pub(super) async fn connect(kubeconfig: &Path) -> Result<Self> {
        let kubeconfig = absolute(kubeconfig)?;
        let config = access::read_config(&kubeconfig).await.with_context(|| {
            format!("an existing cluster was asked for, by the kubeconfig {}", kubeconfig.display())
        })?;
        answers(&config).await?;
        let binaries = tokio::task::spawn_blocking(Binaries::for_existing_cluster).await??;
        let folder = new_folder()?;
        let group = Group::create(&folder)?;
        let control_plane = Self {
            folder,
            kubeconfig,
            config,
            binaries,
            group: Mutex::new(group),
            own: None,
            namespaces: Mutex::default(),
            keep: AtomicBool::new(false),
            account: super::account::Slot::default(),
        };
        Ok(control_plane)
    }

    /// Whether this is a cluster that ran already, not a control plane of our own.
    #[must_use]
    pub fn is_existing(&self) -> bool {
        self.own.is_none()
    }

    /// Whether any definition of the Gateway API is there.
    ///
    /// # Errors
    /// When the API server does not answer.
    pub async fn has_gateway_api(&self) -> Result<bool> {
        let api: Api<CustomResourceDefinition> = Api::all(self.client()?);
        let found = api.list_metadata(&ListParams::default()).await?;
        Ok(found.iter().any(|definition| definition.name_any().ends_with(".gateway.networking.k8s.io")))
    }

    /// Applies a definition; one that somebody else changed to something else is not overwritten.
    pub(super) async fn apply_definition(&self, definition: &CustomResourceDefinition) -> Result<()> {
        let api: Api<CustomResourceDefinition> = Api::all(self.client()?);
        let name = definition.name_any();
        let params = PatchParams::apply(USER_AGENT_OF_TESTS);
        let mut body = serde_json::to_value(definition)?;
        if let Some(fields) = body.as_object_mut() {
            fields.remove("status");
        }
        api.patch(&name, &params, &Patch::Apply(&body))
            .await
            .with_context(|| format!("cannot apply {name}; the cluster may have another version of it"))?;
        Ok(())
    }

    /// The words by which a namespace is told from those of other runs.
    pub(super) fn namespace_suffix() -> String {
        let now = jiff::Timestamp::now().as_millisecond();
        format!("{:x}{:x}", now & 0xff_ffff, std::process::id() & 0xffff)
    }

    /// Deletes the namespaces that were made for a caller, and does not wait until they are gone.
    pub(super) fn remove_namespaces(&self) {
        let mut names = self.namespaces.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if names.is_empty() {
            return;
        }
        let mut command = std::process::Command::new(self.binaries.program("kubectl"));
        command
            .args(["delete", "namespace", "--wait=false", "--ignore-not-found", "--request-timeout=20s"])
            .args(names.drain(..))
            .env("KUBECONFIG", &self.kubeconfig)
            .env("KUBECACHEDIR", self.folder.join("kubectl"));
        let _ = command.output();
    }
}

async fn answers(config: &Config) -> Result<()> {
    let client = Client::try_from(config.clone())?;
    let answer = tokio::time::timeout(PATIENCE, client.apiserver_version()).await;
    let url = access::address(config);
    answer
        .with_context(|| format!("the existing cluster {url} does not answer"))?
        .with_context(|| format!("the existing cluster {url} does not answer as it should"))?;
    Ok(())
}

/// The same files, wherever a child process runs; those that are not there are left out, as kubectl does.
fn absolute(kubeconfig: &Path) -> Result<PathBuf> {
    let named: Vec<PathBuf> = env::split_paths(kubeconfig).filter(|file| !file.as_os_str().is_empty()).collect();
    let mut files = Vec::new();
    for file in named.iter().filter(|file| file.is_file()) {
        files.push(std::path::absolute(file)?);
    }
    ensure!(
        !files.is_empty(),
        "an existing cluster was asked for (USE_EXISTING_CLUSTER=true), but there is no kubeconfig {}",
        kubeconfig.display()
    );
    Ok(env::join_paths(files)?.into())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::absolute;

    #[test]
    fn missing_files_of_a_list_are_left_out() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let list = std::env::join_paths([Path::new("/nowhere/config"), file.path()]).unwrap();
        assert_eq!(absolute(Path::new(&list)).unwrap(), file.path());
        let error = absolute(Path::new("/nowhere/config")).unwrap_err().to_string();
        assert!(error.ends_with("there is no kubeconfig /nowhere/config"), "{error}");
    }
}
