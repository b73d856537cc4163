//! Pods that come, and pods that are not ready.

use std::collections::BTreeSet;

use anyhow::Result;
use http::{Method, StatusCode};
use k8s_openapi::api::core::v1::Pod;
use kube::{ResourceExt, api::ListParams};
use microservice_crds::Microservice;
use microservice_tests::rig::condition;
use serde_json::json;

use super::stage::{Stage, service};

#[tokio::test]
async fn three_pods_of_a_scaled_service_are_all_seen() -> Result<()> {
    let stage = Stage::start("scaled").await?;
    let host = stage.host();
    let routes = format!("scaling: {{replicas: 1}}\nroutes: [{{hostnames: [{host}], gateway: GATEWAY}}]");
    stage.apply("web", &service("web", &routes)).await?;
    stage.answers(&host, "/", "web").await?;

    stage.rig.edit::<Microservice>("web", json!({"spec": {"scaling": {"replicas": 3}}})).await?;
    let mut seen = BTreeSet::new();
    stage
        .until("three pods to be seen", async || {
            let answer = stage.client.get(&host, "/").await?;
            seen.insert(answer.who()?.uid);
            Ok((seen.len() == 3).then_some(()))
        })
        .await?;
    // By the uids that the API server gave them.
    let pods = stage.rig.api::<Pod>().list(&ListParams::default()).await?;
    assert_eq!(seen, pods.iter().filter_map(ResourceExt::uid).collect());
    Ok(())
}

#[tokio::test]
async fn a_service_without_a_ready_pod_answers_503_and_recovers() -> Result<()> {
    let stage = Stage::start("unready").await?;
    let host = stage.host();
    stage.apply("web", &service("web", &format!("routes: [{{hostnames: [{host}], gateway: GATEWAY}}]"))).await?;
    stage.answers(&host, "/", "web").await?;

    let set_ready = async |ready: bool| -> Result<()> {
        // Past the gateway: a pod that is not ready is not reached through it.
        let client = stage.pod("web").await?;
        let change = json!({"ready": ready}).to_string();
        let answer = client.request(Method::PUT, "web", "/control", &[], change.into()).await?;
        anyhow::ensure!(answer.status == StatusCode::OK, "{answer:?}");
        Ok(())
    };
    set_ready(false).await?;
    let unavailable = || async {
        let answer = stage.client.get(&host, "/").await?;
        Ok((answer.status == StatusCode::SERVICE_UNAVAILABLE).then_some(()))
    };
    stage.until("503", unavailable).await?;
    let unavailable = |s: &Microservice| condition(s, "Available").is_some_and(|c| c.status == "False");
    stage.rig.wait("web to be called unavailable", "web", unavailable).await?;

    set_ready(true).await?;
    stage.answers(&host, "/", "web").await?;
    stage.rig.ready("web").await?;
    Ok(())
}
