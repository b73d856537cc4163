//! Helm takes the operator away, and everything runs on.

use anyhow::{Result, ensure};
use k8s_openapi::api::apps::v1::Deployment;
use kube::ResourceExt as _;
use microservice_crds::Microservice;

use crate::{
    rights::Installed,
    stage::{SYSTEM, Stage},
};

#[tokio::test]
async fn workloads_and_definitions_stay_and_services_can_still_be_deleted() -> Result<()> {
    let stage = Stage::open().await?;
    let team = stage.namespace("removal").await?;
    let installed = Installed::start(&stage, &team, "removed", &["rbac.scope=namespaced"]).await?;
    let rig = stage.rig(&team)?;
    rig.apply("web", "{image: registry.example/web:v1, scaling: {replicas: 2}}").await?;
    rig.ready("web").await?;
    let before: Deployment = rig.get("web").await?;
    installed.pod.process.kill();

    let ended = ["uninstall", "removed", "--namespace", &team, "--wait"];
    stage.helm.ok(&ended).await?;
    ensure!(rig.find::<Deployment>("removed").await?.is_none(), "the operator is still there");
    let left = stage.cluster.kubectl_ok(&["get", "clusterroles,clusterrolebindings", "-o", "name"]).await?;
    ensure!(!left.contains("/removed"), "rights are left: {left}");
    stage.helm.ok(&["uninstall", "microservice-operator-crds", "--namespace", SYSTEM, "--wait"]).await?;

    let after: Deployment = rig.get("web").await?;
    assert_eq!((before.uid(), &before.spec), (after.uid(), &after.spec));
    let service: Microservice = rig.get("web").await?;
    rig.delete::<Microservice>("web").await?;
    rig.wait_gone::<Microservice>("web", &service.uid().unwrap_or_default()).await?;
    rig.wait_gone::<Deployment>("web", &after.uid().unwrap_or_default()).await?;

    // The definitions that stayed are taken up again.
    stage.install_definitions().await
}
