//! The audit log counts exactly what a client did.

use anyhow::Result;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::{
    Api,
    api::{ListParams, Patch, PatchParams, PostParams},
};
use microservice_tests::control_plane::{ControlPlane, Options};
use serde_json::json;

use crate::workloads::{available, deployment};

#[tokio::test]
async fn each_request_is_one_line() -> Result<()> {
    let cluster = ControlPlane::shared(Options::default().hpa()).await?;
    let namespace = cluster.namespace("audit").await?;
    let api: Api<ConfigMap> = Api::namespaced(cluster.client_named("audited/1.0")?, &namespace);
    let mut object = ConfigMap::default();
    object.metadata.name = Some("settings".into());
    api.create(&PostParams::default(), &object).await?;

    let mark = cluster.audit().mark().await?;
    for value in 0..20 {
        let patch = Patch::Merge(json!({"data": {"value": value.to_string()}}));
        api.patch("settings", &PatchParams::default(), &patch).await?;
    }
    api.get("settings").await?;
    api.list(&ListParams::default()).await?;
    assert!(api.get_opt("absent").await?.is_none());
    let watch = api.watch(&kube::api::WatchParams::default(), "0").await?;

    let requests = cluster.audit().since(mark).await?.agent("audited/");
    drop(watch);
    let expected = [("get configmaps", 2), ("list configmaps", 1), ("patch configmaps", 20), ("watch configmaps", 1)];
    let expected = expected.map(|(kind, count)| (kind.to_owned(), count));
    assert_eq!(requests.summary().into_iter().collect::<Vec<_>>(), expected);
    assert_eq!(requests.clone().writes().count(), 20);
    assert_eq!(requests.clone().name("absent").0[0].code, 404);
    assert_eq!(requests.namespace(&namespace).count(), 24);
    Ok(())
}

#[tokio::test]
async fn the_control_plane_itself_is_not_counted() -> Result<()> {
    let cluster = ControlPlane::shared(Options::default().hpa()).await?;
    let namespace = cluster.namespace("silent").await?;
    let mark = cluster.audit().mark().await?;
    deployment(cluster, &namespace, "app", 1, &json!({})).await?;
    available(cluster, &namespace, "app", 1).await?;
    let requests = cluster.audit().since(mark).await?.namespace(&namespace);
    // Ours alone: one create, and the reads of the wait.
    assert_eq!(requests.clone().writes().count(), 1, "{:?}", requests.summary());
    Ok(())
}
