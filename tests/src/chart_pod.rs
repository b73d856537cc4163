//! The pod of a Deployment, run as a process: with its arguments, its environment, its files and a token of its
//! ServiceAccount. So a chart's rights, flags and configuration are tried where no container can run.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail};
use k8s_openapi::api::{
    apps::v1::Deployment,
    core::v1::{ConfigMap, Container, EnvVar, PodSpec},
};
use kube::Api;

use crate::{
    control_plane::{ControlPlane, Process},
    program::operator_program,
};

/// A pod of the operator that runs as a process.
pub struct ChartPod {
    /// The process.
    pub process: Process,
    /// Its user, as the API server sees it.
    pub user: String,
    /// Its arguments.
    pub arguments: Vec<String>,
    maps: Api<ConfigMap>,
    spec: PodSpec,
    folder: PathBuf,
}

impl ChartPod {
    /// Starts the first container of a Deployment with the operator's program, under the name of a pod.
    ///
    /// # Errors
    /// When the Deployment asks for something that a process cannot have, or the program cannot be built or started.
    pub async fn start(cluster: &ControlPlane, namespace: &str, deployment: &str, pod: &str) -> Result<Self> {
        let program = operator_program().await?;
        let client = cluster.client()?;
        let found: Deployment = Api::namespaced(client.clone(), namespace).get(deployment).await?;
        let spec = found.spec.and_then(|spec| spec.template.spec).context("a Deployment without a pod")?;
        let container = spec.containers.first().context("a pod without containers")?;
        let account = spec.service_account_name.clone().context("no ServiceAccount")?;

        let maps: Api<ConfigMap> = Api::namespaced(client, namespace);
        let folder = cluster.folder().join(pod);
        let volumes = write_volumes(&maps, &spec, &folder).await?;
        let mut env = BTreeMap::new();
        for variable in container.env.iter().flatten() {
            env.insert(variable.name.clone(), value(variable, namespace, pod)?);
        }
        let arguments: Vec<String> = container
            .args
            .iter()
            .flatten()
            .map(|argument| place(&expand(argument, &env), container, &volumes))
            .collect();
        let kubeconfig = cluster.kubeconfig_of_account(namespace, &account).await?;
        let mut command = Command::new(program);
        command.args(&arguments).env_clear().envs(&env).env("KUBECONFIG", kubeconfig);
        let process = cluster.spawn(pod, command)?;
        let user = format!("system:serviceaccount:{namespace}:{account}");
        Ok(Self { process, user, arguments, maps, spec, folder })
    }

    /// Writes the files of its ConfigMaps anew, as the kubelet does some time after one has changed.
    ///
    /// # Errors
    /// When a ConfigMap is gone, or the files cannot be written.
    pub async fn refresh_volumes(&self) -> Result<()> {
        write_volumes(&self.maps, &self.spec, &self.folder).await.map(drop)
    }
}

/// Writes the files of all ConfigMaps that the pod mounts; answers with their folders, by the name of the volume.
async fn write_volumes(maps: &Api<ConfigMap>, spec: &PodSpec, folder: &Path) -> Result<BTreeMap<String, PathBuf>> {
    let mut volumes = BTreeMap::new();
    for volume in spec.volumes.iter().flatten() {
        let source =
            volume.config_map.as_ref().with_context(|| format!("the volume {} is no ConfigMap", volume.name))?;
        let map = maps.get(&source.name).await?;
        let place = folder.join(&volume.name);
        write_volume(&map.data.unwrap_or_default(), &place).with_context(|| volume.name.clone())?;
        volumes.insert(volume.name.clone(), place);
    }
    Ok(volumes)
}

/// Writes files as the kubelet does: they are links by way of `..data`, which is what changes, so all of them do at once.
fn write_volume(files: &BTreeMap<String, String>, place: &Path) -> Result<()> {
    fs::create_dir_all(place)?;
    let version = tempfile::Builder::new().prefix("..version-").tempdir_in(place)?.keep();
    let (data, next) = (place.join("..data"), place.join("..data_tmp"));
    let before = fs::read_link(&data).ok();
    for (file, text) in files {
        fs::write(version.join(file), text)?;
    }
    symlink(version.file_name().context("a folder without a name")?, &next)?;
    fs::rename(&next, &data)?;
    for file in files.keys().filter(|file| fs::symlink_metadata(place.join(file)).is_err()) {
        symlink(Path::new("..data").join(file), place.join(file))?;
    }
    before.map_or(Ok(()), |before| Ok(fs::remove_dir_all(place.join(before))?))
}

fn value(variable: &EnvVar, namespace: &str, pod: &str) -> Result<String> {
    if let Some(value) = &variable.value {
        return Ok(value.clone());
    }
    let field = variable.value_from.as_ref().and_then(|source| source.field_ref.as_ref());
    match field.map(|field| field.field_path.as_str()) {
        Some("metadata.name") => Ok(pod.to_owned()),
        Some("metadata.namespace") => Ok(namespace.to_owned()),
        other => bail!("{}: {other:?} is nothing that a process has", variable.name),
    }
}

/// `$(NAME)` is what the kubelet puts the value in place of.
fn expand(argument: &str, env: &BTreeMap<String, String>) -> String {
    env.iter().fold(argument.to_owned(), |text, (name, value)| text.replace(&format!("$({name})"), value))
}

/// A path below a mount becomes one below the folder that stands for it.
fn place(argument: &str, container: &Container, volumes: &BTreeMap<String, PathBuf>) -> String {
    container.volume_mounts.iter().flatten().fold(argument.to_owned(), |text, mount| match volumes.get(&mount.name) {
        Some(folder) => text.replace(&mount.mount_path, &folder.to_string_lossy()),
        None => text,
    })
}
