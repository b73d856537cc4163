//! Pods that admission refuses: the Deployment tells of it in ReplicaFailure.

use k8s_openapi::api::core::v1::{LimitRange, Namespace, ResourceQuota};
use kube::{
    Api,
    api::{Patch, PatchParams, PostParams},
};
use microservice_tests::rig::Rig;
use serde_json::json;

use crate::read::{assert_says, fails, web};

#[tokio::test]
async fn a_quota_is_told_and_raising_it_is_enough() -> anyhow::Result<()> {
    let rig = Rig::start("quota").await?;
    let quota: ResourceQuota =
        serde_json::from_value(json!({"metadata": {"name": "team"}, "spec": {"hard": {"pods": "0"}}}))?;
    rig.api::<ResourceQuota>().create(&PostParams::default(), &quota).await?;
    rig.wait("the quota to be counted", "team", |q: &ResourceQuota| {
        q.status.as_ref().is_some_and(|s| s.hard.as_ref().is_some_and(|h| h.contains_key("pods")))
    })
    .await?;
    let ready = fails(&rig, &web("ready", ""), "QuotaExceeded").await?;
    let words = ["Deployment \"web\"", "exceeded quota: team", "requested: pods=1", "Raise the ResourceQuota"];
    assert_says(&ready, &words);
    rig.edit::<ResourceQuota>("team", json!({"spec": {"hard": {"pods": "5"}}})).await?;
    rig.ready("web").await?;
    Ok(())
}

#[tokio::test]
async fn a_denial_by_pod_security_names_the_loosening() -> anyhow::Result<()> {
    let rig = Rig::start("security").await?;
    let label = json!({"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}});
    Api::<Namespace>::all(rig.client.clone())
        .patch(&rig.namespace, &PatchParams::default(), &Patch::Merge(label))
        .await?;
    let ready = fails(&rig, &web("ready", ", security: {runAsUser: 0}"), "PodsRefused").await?;
    let words = ["Deployment \"web\"", "violates PodSecurity \"restricted", "runAsUser=0", "spec.security"];
    assert_says(&ready, &words);
    // Without the loosening a pod passes the strictest rules.
    rig.apply("web", &web("ready", "")).await?;
    rig.ready("web").await?;
    Ok(())
}

#[tokio::test]
async fn a_limit_range_is_told() -> anyhow::Result<()> {
    let rig = Rig::start("limits").await?;
    let range: LimitRange = serde_json::from_value(json!({
        "metadata": {"name": "small"}, "spec": {"limits": [{"type": "Container", "max": {"memory": "64Mi"}}]},
    }))?;
    rig.api::<LimitRange>().create(&PostParams::default(), &range).await?;
    let ready = fails(&rig, &web("ready", ", resources: {limits: {memory: 1Gi}}"), "PodsRefused").await?;
    assert_says(&ready, &["maximum memory usage per Container is 64Mi", "Write spec.resources within the LimitRange"]);
    Ok(())
}
