//! Control planes start, stand side by side, survive a crash of their API server, and leave nothing.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use k8s_openapi::api::core::v1::Namespace;
use kube::Api;
use microservice_tests::control_plane::{ControlPlane, Options};
use serde_json::json;

use crate::workloads::{PATIENCE, available, deployment};

#[tokio::test]
async fn two_stand_side_by_side_and_leave_nothing() -> Result<()> {
    let options = Options { nodes: 2, ..Options::default().gateway_api() };
    let (one, two) = tokio::try_join!(ControlPlane::start(Options::default()), ControlPlane::start(options))?;
    for cluster in [&one, &two] {
        let namespace = cluster.namespace("pair").await?;
        deployment(cluster, &namespace, "app", 3, &json!({})).await?;
        available(cluster, &namespace, "app", 3).await?;
    }
    one.create_namespace("only-here").await?;
    let namespaces: Api<Namespace> = Api::all(two.client()?);
    assert!(namespaces.get_opt("only-here").await?.is_none());
    assert!(two.kubectl(&["get", "httproutes", "-A"]).await?.success);
    two.remove_gateway_api().await?;
    assert!(!two.kubectl(&["get", "httproutes", "-A"]).await?.success);

    let folders = [one.folder().to_path_buf(), two.folder().to_path_buf()];
    assert!(folders.iter().all(|folder| processes_of(folder) >= 5));
    one.stop();
    two.stop();
    for folder in &folders {
        assert_eq!(processes_of(folder), 0);
        assert!(!folder.exists());
    }
    Ok(())
}

#[tokio::test]
async fn the_api_server_can_crash_and_come_back() -> Result<()> {
    let cluster = ControlPlane::start(Options::default()).await?;
    let namespace = cluster.namespace("crash").await?;
    cluster.kill_apiserver();
    let api: Api<Namespace> = Api::all(cluster.client()?);
    assert!(api.get(&namespace).await.is_err());
    cluster.restart_apiserver().await?;
    deployment(&cluster, &namespace, "app", 1, &json!({})).await?;
    available(&cluster, &namespace, "app", 1).await
}

#[test]
fn a_killed_owner_leaves_nothing() -> Result<()> {
    let mut owner = Command::new(env!("CARGO_BIN_EXE_control-plane")).stdout(Stdio::piped()).spawn()?;
    let stdout = owner.stdout.take().context("no output")?;
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line)?;
    let kubeconfig = line.trim().strip_prefix("export KUBECONFIG=").context(line.clone())?;
    let folder = Path::new(kubeconfig).parent().context("no folder")?;
    assert!(processes_of(folder) >= 5, "its processes were not found");

    owner.kill()?;
    owner.wait()?;
    let deadline = Instant::now() + PATIENCE;
    while processes_of(folder) > 0 || folder.exists() {
        assert!(Instant::now() < deadline, "something is left in {}", folder.display());
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

#[tokio::test]
async fn a_token_has_only_the_rights_of_its_account() -> Result<()> {
    let cluster = ControlPlane::shared(Options::default().hpa()).await?;
    let namespace = cluster.namespace("account").await?;
    let kubeconfig = cluster.kubeconfig_of_account(&namespace, "default").await?;
    let kubeconfig = kubeconfig.display().to_string();
    let output = cluster.kubectl(&["--kubeconfig", &kubeconfig, "get", "secrets", "-n", &namespace]).await?;
    let words = format!("system:serviceaccount:{namespace}:default\" cannot list");
    assert!(output.stderr.contains(&words), "{}", output.stderr);
    Ok(())
}

/// How many processes have this folder in their command line, zombies not counted.
pub(crate) fn processes_of(folder: &Path) -> usize {
    let needle = folder.to_string_lossy();
    let commands = fs::read_dir("/proc").into_iter().flatten().flatten();
    let commands = commands.map(|entry| -> PathBuf { entry.path().join("cmdline") });
    commands
        .filter_map(|file| fs::read(file).ok())
        .filter(|line| String::from_utf8_lossy(line).contains(&*needle))
        .count()
}
