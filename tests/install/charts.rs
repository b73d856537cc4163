//! What the charts make of values.

use std::io::Write as _;

use anyhow::{Result, ensure};
use microservice_tests::helm::chart;
use serde_json::Value;

use crate::{
    stage::{Stage, path},
    values,
};

const OPERATOR: &str = "microservice-operator";
const DEFINITIONS: &str = "microservice-operator-crds";

impl Stage {
    /// The chart with values, as text, or Helm's words.
    async fn template(&self, name: &str, namespace: &str, values: &str) -> Result<Result<String, String>> {
        let mut file = tempfile::NamedTempFile::new()?;
        file.write_all(values.as_bytes())?;
        let chart = chart(name);
        let args = ["template", "try", path(&chart), "--namespace", namespace, "--values", path(file.path())];
        let output = self.helm.run(&args).await?;
        Ok(if output.success { Ok(output.stdout) } else { Err(output.stderr) })
    }
}

#[tokio::test]
async fn lint_has_nothing_to_say() -> Result<()> {
    let stage = Stage::open().await?;
    for name in [OPERATOR, DEFINITIONS] {
        stage.helm.ok(&["lint", "--strict", path(&chart(name))]).await?;
    }
    Ok(())
}

#[tokio::test]
async fn the_server_takes_what_the_chart_makes_of_all_kinds_of_values() -> Result<()> {
    let stage = Stage::open().await?;
    let namespace = stage.namespace("charts").await?;
    for (what, values) in values::MATRIX {
        let values = values.replace("OTHER", "default");
        let yaml = stage.template(OPERATOR, &namespace, &values).await?.map_err(anyhow::Error::msg)?;
        stage.dry_run(what, &yaml).await?;
    }
    for values in ["{}", "{keep: false}", "{labels: {a: b}, annotations: {c: d}}"] {
        let yaml = stage.template(DEFINITIONS, &namespace, values).await?.map_err(anyhow::Error::msg)?;
        stage.dry_run(values, &yaml).await?;
        ensure!(yaml.contains("helm.sh/resource-policy: keep") != values.contains("keep"), "{values}");
    }
    Ok(())
}

#[tokio::test]
async fn what_is_mistyped_is_refused() -> Result<()> {
    let stage = Stage::open().await?;
    for (name, values, word) in [
        (OPERATOR, "{replicas: 3}", "replicas"),
        (OPERATOR, "{image: {tagg: v1}}", "tagg"),
        (OPERATOR, "{networkPolicy: {egress: {ports: [1]}}}", "ports"),
        (OPERATOR, "{replicaCount: two}", "replicaCount"),
        (OPERATOR, "{rbac: {scope: everywhere}}", "scope"),
        (OPERATOR, "{image: {digest: abc}}", "digest"),
        (OPERATOR, "{leaderElection: {enabled: false}}", "leaderElection.enabled"),
        (OPERATOR, "{metrics: {port: 8081}}", "must differ"),
        (OPERATOR, "{metrics: {enabled: false}, podMonitor: {enabled: true}}", "metrics.enabled"),
        (DEFINITIONS, "{kept: true}", "kept"),
    ] {
        let words = stage.template(name, "default", values).await?.err();
        ensure!(words.as_ref().is_some_and(|words| words.contains(word)), "{values}: {words:?}");
    }
    Ok(())
}

#[tokio::test]
async fn values_reach_their_places() -> Result<()> {
    let stage = Stage::open().await?;
    let all = |yaml: &str| -> Result<Vec<Value>> { Ok(serde_saphyr::from_multiple(yaml)?) };
    let render = async |values: &str| all(&stage.template(OPERATOR, "system", values).await?.unwrap());
    let of = |all: &[Value], kind: &str, name: &str| {
        all.iter().find(|object| object["kind"] == kind && object["metadata"]["name"] == name).cloned()
    };

    let objects =
        render("{image: {digest: sha256:DIGEST}, fullnameOverride: op}".replace("DIGEST", &"a".repeat(64)).as_str())
            .await?;
    let pod = of(&objects, "Deployment", "op").unwrap()["spec"]["template"]["spec"].clone();
    let image = pod["containers"][0]["image"].as_str().unwrap();
    assert!(image.starts_with("registry.example/microservice-operator@sha256:aaa"), "{image}");

    // Without a namespace of its own the operator has no Role; in one, no ClusterRole that writes.
    assert!(of(&objects, "Role", "op").is_none());
    let objects = render("{rbac: {scope: namespaced}, fullnameOverride: op, watchNamespace: team}").await?;
    assert_eq!(of(&objects, "Role", "op").unwrap()["metadata"]["namespace"], "team");
    let reader = of(&objects, "ClusterRole", "op-system").unwrap();
    for rule in reader["rules"].as_array().unwrap() {
        assert_eq!(rule["verbs"], serde_json::json!(["list", "watch"]), "{rule}");
    }
    let none = render("{rbac: {scope: namespaced, clusterReader: false, aggregateRoles: false}}").await?;
    assert!(!none.iter().any(|object| object["kind"].as_str().unwrap().starts_with("Cluster")));

    // A level in the ConfigMap needs no new pod.
    let (info, debug) =
        (render("{fullnameOverride: op}").await?, render("{fullnameOverride: op, log: {level: debug}}").await?);
    assert_eq!(of(&info, "Deployment", "op"), of(&debug, "Deployment", "op"));
    assert_eq!(of(&debug, "ConfigMap", "op-log").unwrap()["data"]["filter"], "debug");
    Ok(())
}
