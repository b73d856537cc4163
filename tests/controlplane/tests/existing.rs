//! A cluster that runs already is used as it is: nothing is started, nothing that was there is taken away.

use std::process::Command;

use anyhow::Result;
use k8s_openapi::{
    api::core::v1::Namespace,
    apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition as Definition,
};
use kube::{
    Api,
    api::{ListParams, Patch, PatchParams},
};
use microservice_tests::control_plane::{ControlPlane, Load, Options};
use serde_json::json;

use crate::{
    lifecycle::processes_of,
    workloads::{PATIENCE, available, deployment},
};

#[tokio::test]
async fn an_existing_cluster_is_used() -> Result<()> {
    let server = ControlPlane::shared(Options::default().hpa()).await?;
    let cluster = ControlPlane::start(Options::default().existing_cluster(server.kubeconfig())).await?;
    assert!(cluster.is_existing() && !server.is_existing());
    assert_eq!(cluster.server(), server.server());
    // Only the supervisor, which waits to remove the logs.
    let alone = || async { Ok((processes_of(cluster.folder()) == 1).then_some(())) };
    cluster.wait_until("the supervisor alone", "default", PATIENCE, alone).await?;

    let namespace = cluster.namespace("existing").await?;
    let config_map = "{apiVersion: v1, kind: ConfigMap, metadata: {name: here}}";
    cluster.apply(&config_map.replace("{name", &format!("{{namespace: {namespace}, name"))).await?;
    deployment(&cluster, &namespace, "app", 2, &json!({})).await?;
    available(&cluster, &namespace, "app", 2).await?;
    let args = ["get", "configmap", "here", "-n", &namespace, "-o", "name"];
    assert_eq!(cluster.kubectl_ok(&args).await?.trim(), "configmap/here");
    assert_eq!(server.kubectl_ok(&args).await?.trim(), "configmap/here");

    let account = cluster.kubeconfig_of_account(&namespace, "default").await?.display().to_string();
    let output = cluster.kubectl(&["--kubeconfig", &account, "get", "pods", "-n", &namespace]).await?;
    assert!(output.stderr.contains(&format!("system:serviceaccount:{namespace}:default")), "{}", output.stderr);

    let mut command = Command::new("sh");
    command.args(["-c", "echo $KUBECONFIG; exec sleep 600"]);
    let process = cluster.spawn("sleeper", command)?;
    let kubeconfig = server.kubeconfig().display().to_string();
    cluster
        .wait_until("the output of a process", &namespace, PATIENCE, || async {
            Ok((std::fs::read_to_string(process.log())?.trim() == kubeconfig).then_some(()))
        })
        .await?;

    let folder = cluster.folder().to_path_buf();
    cluster.stop();
    assert!(process.ended().is_some());
    assert!(!folder.exists());
    assert_eq!(processes_of(&folder), 0);
    let namespaces: Api<Namespace> = Api::all(server.client()?);
    let left = namespaces.get_opt(&namespace).await?;
    assert!(left.is_none_or(|namespace| namespace.metadata.deletion_timestamp.is_some()));
    Ok(())
}

#[tokio::test]
async fn definitions_are_added_and_never_replaced() -> Result<()> {
    let server = ControlPlane::shared(Options::default().hpa()).await?;
    let options = Options::default().existing_cluster(server.kubeconfig()).gateway_api();
    let cluster = ControlPlane::start(options.clone()).await?;
    let definitions: Api<Definition> = Api::all(server.client()?);
    let name = "httproutes.gateway.networking.k8s.io";
    let old = json!({"metadata": {"annotations": {"gateway.networking.k8s.io/bundle-version": "v0.1.0"}}});
    let old = definitions.patch(name, &PatchParams::default(), &Patch::Merge(old)).await?;
    let again = ControlPlane::start(options).await?;
    again.install_gateway_api().await?;
    assert_eq!(definitions.get(name).await?.metadata.resource_version, old.metadata.resource_version);
    let error = again.remove_gateway_api().await.unwrap_err();
    assert!(error.to_string().contains("not for an existing cluster"), "{error}");
    assert!(cluster.has_gateway_api().await?);

    let ours = microservice_crds::schema::crds()?;
    for _ in 0..2 {
        for definition in &ours {
            cluster.install_definition(definition).await?;
        }
    }
    cluster.stop();
    again.stop();
    let left = definitions.list_metadata(&ListParams::default()).await?;
    let left: Vec<_> = left.items.iter().filter_map(|definition| definition.metadata.name.clone()).collect();
    for definition in &ours {
        assert!(left.iter().any(|name| Some(name) == definition.metadata.name.as_ref()), "{left:?}");
    }
    Ok(())
}

#[tokio::test]
async fn what_needs_servers_of_our_own_says_so() -> Result<()> {
    let server = ControlPlane::shared(Options::default().hpa()).await?;
    let cluster = ControlPlane::start(Options::default().existing_cluster(server.kubeconfig())).await?;
    let errors = [
        cluster.audit().mark().await.unwrap_err(),
        cluster.restart_apiserver().await.unwrap_err(),
        cluster.set_load("default", "app=x", Load::PerPod(1)).await.unwrap_err(),
        cluster.hold_load("default", "app=x", Load::PerPod(1)).unwrap_err(),
    ];
    for error in errors {
        assert!(error.to_string().contains("only for a control plane of our own"), "{error}");
    }
    // It is left alone.
    cluster.kill_apiserver();
    server.kubectl_ok(&["get", "--raw", "/readyz"]).await?;

    let missing = Options::default().existing_cluster("/nowhere/kubeconfig");
    let error = ControlPlane::start(missing).await.unwrap_err().to_string();
    assert!(error.contains("/nowhere/kubeconfig"), "{error}");
    Ok(())
}

/// The environment of a child, since that of a test program belongs to all its threads.
#[tokio::test]
async fn the_environment_names_an_existing_cluster() -> Result<()> {
    let server = ControlPlane::shared(Options::default().hpa()).await?;
    let run = |args: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_control-plane"))
            .args(args)
            .env("USE_EXISTING_CLUSTER", "true")
            .env("KUBECONFIG", server.kubeconfig())
            .output()
    };
    let output = run(&["--build-only"])?;
    assert!(output.status.success());
    assert_eq!(String::from_utf8_lossy(&output.stdout), "USE_EXISTING_CLUSTER=true: nothing to build\n");
    let output = run(&[])?;
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("runs already"));
    Ok(())
}
