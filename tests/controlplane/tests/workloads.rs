//! Deployments, as the other tests make them.

use std::time::Duration;

use anyhow::Result;
use k8s_openapi::api::apps::v1::Deployment;
use kube::{Api, api::PostParams};
use microservice_tests::control_plane::ControlPlane;
use serde_json::{Value, json};

/// Long beside what a control plane takes, short beside a test run.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Creates a Deployment `name` whose pods have this label `app` and these annotations.
pub(crate) async fn deployment(
    cluster: &ControlPlane,
    namespace: &str,
    name: &str,
    replicas: i32,
    annotations: &Value,
) -> Result<()> {
    let deployment: Deployment = serde_json::from_value(json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}, "annotations": annotations},
                "spec": {
                    "initContainers": [
                        {"name": "migrate", "image": "example.com/migrate:1"},
                        {"name": "warm", "image": "example.com/warm:1"},
                        {"name": "proxy", "image": "example.com/proxy:1", "restartPolicy": "Always"},
                    ],
                    "containers": [
                        {"name": "app", "image": "example.com/app:1", "resources": {"requests": {"cpu": "100m"}}},
                    ],
                },
            },
        },
    }))?;
    Api::namespaced(cluster.client()?, namespace).create(&PostParams::default(), &deployment).await?;
    Ok(())
}

/// Waits until a Deployment has so many available replicas.
pub(crate) async fn available(cluster: &ControlPlane, namespace: &str, name: &str, replicas: i32) -> Result<()> {
    let api: Api<Deployment> = Api::namespaced(cluster.client()?, namespace);
    let what = format!("{replicas} available replicas of {name}");
    cluster
        .wait_until(&what, namespace, PATIENCE, || async {
            let status = api.get(name).await?.status.unwrap_or_default();
            Ok((status.available_replicas.unwrap_or(0) == replicas).then_some(()))
        })
        .await
}
