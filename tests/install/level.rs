//! Another log level by the chart's ConfigMap, while the operator runs.

use anyhow::{Result, ensure};
use k8s_openapi::api::apps::v1::Deployment;
use microservice_tests::{helm::chart, rig::PATIENCE};

use crate::{
    rights::Installed,
    stage::{Stage, path},
};

#[tokio::test]
async fn another_log_level_reaches_the_operator_that_runs() -> Result<()> {
    let stage = Stage::open().await?;
    let team = stage.namespace("log-level").await?;
    let values = ["rbac.scope=namespaced", "log.level=warn"];
    let installed = Installed::start(&stage, &team, "levels", &values).await?;
    let rig = stage.rig(&team)?;
    let log = || std::fs::read_to_string(installed.pod.process.log());
    rig.apply("quiet", "{image: registry.example/web:v1}").await?;
    rig.ready("quiet").await?;
    ensure!(!log()?.contains("applied"), "it is not quiet:\n{}", log()?);

    let before: Deployment = rig.get("levels").await?;
    let chart = chart("microservice-operator");
    let args = ["upgrade", "levels", path(&chart), "--namespace", &team, "--reuse-values", "--set", "log.level=info"];
    stage.helm.ok(&args).await?;
    let after: Deployment = rig.get("levels").await?;
    assert_eq!(after.metadata.generation, before.metadata.generation, "its pods are replaced");
    installed.pod.refresh_volumes().await?;

    let says = async |words: &'static str| {
        let ask = || async { Ok(log()?.contains(words).then_some(())) };
        stage.cluster.wait_until(words, &team, PATIENCE, ask).await
    };
    says("log level changed").await?;
    rig.apply("loud", "{image: registry.example/web:v1}").await?;
    rig.ready("loud").await?;
    says("applied").await
}
