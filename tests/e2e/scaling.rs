//! Who owns the replicas, and how they pass from one to another without a dip.

use std::sync::{
    Arc,
    atomic::{AtomicI32, Ordering},
};

use futures::StreamExt;
use k8s_openapi::api::{apps::v1::Deployment, autoscaling::v2::HorizontalPodAutoscaler};
use kube::{
    api::PostParams,
    runtime::{WatchStreamExt, watcher},
};
use microservice_crds::Microservice;
use microservice_tests::{
    control_plane::Load,
    rig::{Rig, condition, status},
};
use serde_json::json;

fn web(scaling: &str) -> String {
    format!(
        "{{image: 'registry.example/web:v1', ports: [{{name: http, port: 80}}], \
         resources: {{requests: {{cpu: 100m}}}}, scaling: {scaling}}}"
    )
}

/// The least `spec.replicas` of a Deployment from now on: by its watch, so that no value is missed.
fn least_replicas(rig: &Rig, name: &str) -> (Arc<AtomicI32>, tokio::task::JoinHandle<()>) {
    let least = Arc::new(AtomicI32::new(i32::MAX));
    let seen = least.clone();
    let config = watcher::Config::default().fields(&format!("metadata.name={name}"));
    let mut events = Box::pin(watcher(rig.api::<Deployment>(), config).touched_objects());
    let task = tokio::spawn(async move {
        while let Some(Ok(deployment)) = events.next().await {
            seen.fetch_min(deployment.spec.unwrap().replicas.unwrap(), Ordering::SeqCst);
        }
    });
    (least, task)
}

async fn replicas(rig: &Rig, wanted: i32) -> anyhow::Result<()> {
    rig.wait(&format!("{wanted} replicas"), "web", |d: &Deployment| d.spec.as_ref().unwrap().replicas == Some(wanted))
        .await?;
    Ok(())
}

#[tokio::test]
async fn the_autoscaler_comes_and_goes_without_a_dip() -> anyhow::Result<()> {
    let rig = Rig::start("handover").await?;
    rig.apply("web", &web("{replicas: 4}")).await?;
    rig.ready("web").await?;
    let (least, watch) = least_replicas(&rig, "web");

    rig.apply("web", &web("{minReplicas: 3, maxReplicas: 6, cpu: 80}")).await?;
    let load = rig.cluster.hold_load(&rig.namespace, "app.kubernetes.io/name=web", Load::PerPod(200))?;
    replicas(&rig, 6).await?;
    rig.ready("web").await?;
    assert!(least.load(Ordering::SeqCst) >= 4, "dipped to {} when the autoscaler came", least.load(Ordering::SeqCst));
    drop(load);

    rig.apply("web", &web("{replicas: 5}")).await?;
    replicas(&rig, 5).await?;
    rig.ready("web").await?;
    rig.wait_gone::<HorizontalPodAutoscaler>("web", "").await?;
    rig.idle().await?;
    replicas(&rig, 5).await?;
    assert!(least.load(Ordering::SeqCst) >= 4, "dipped to {} when it went", least.load(Ordering::SeqCst));

    rig.apply("web", &web("{minReplicas: 3, maxReplicas: 6, cpu: 80}")).await?;
    rig.wait("the autoscaler", "web", |h: &HorizontalPodAutoscaler| {
        h.status.as_ref().is_some_and(|s| s.current_replicas.is_some())
    })
    .await?;
    // And no owner at all: the count stays as it is.
    rig.apply("web", "{image: 'registry.example/web:v1', ports: [{name: http, port: 80}]}").await?;
    rig.ready("web").await?;
    rig.idle().await?;
    assert!(least.load(Ordering::SeqCst) >= 3, "dipped to {}", least.load(Ordering::SeqCst));
    watch.abort();
    Ok(())
}

#[tokio::test]
async fn a_fixed_count_that_is_dropped_stays_as_it_was() -> anyhow::Result<()> {
    let rig = Rig::start("dropped").await?;
    rig.apply("web", &web("{replicas: 3}")).await?;
    rig.ready("web").await?;
    let (least, watch) = least_replicas(&rig, "web");
    rig.apply("web", "{image: 'registry.example/web:v2', ports: [{name: http, port: 80}]}").await?;
    rig.ready("web").await?;
    rig.idle().await?;
    replicas(&rig, 3).await?;
    assert_eq!(least.load(Ordering::SeqCst), 3);
    watch.abort();
    Ok(())
}

#[tokio::test]
async fn starts_at_the_autoscalers_minimum() -> anyhow::Result<()> {
    let rig = Rig::start("minimum").await?;
    rig.apply("web", &web("{minReplicas: 3, maxReplicas: 6, cpu: 80}")).await?;
    let service = rig.ready("web").await?;
    assert_eq!(status(&service).replicas, Some(3));
    assert_eq!(rig.get::<Deployment>("web").await?.spec.unwrap().replicas, Some(3));
    Ok(())
}

#[tokio::test]
async fn scales_with_the_load_and_back() -> anyhow::Result<()> {
    let rig = Rig::start("load").await?;
    rig.apply("web", &web("{minReplicas: 1, maxReplicas: 3, cpu: 50}")).await?;
    rig.ready("web").await?;
    let load = rig.cluster.hold_load(&rig.namespace, "app.kubernetes.io/name=web", Load::PerPod(150))?;
    replicas(&rig, 3).await?;
    drop(load);
    let _idle = rig.cluster.hold_load(&rig.namespace, "app.kubernetes.io/name=web", Load::PerPod(1))?;
    replicas(&rig, 1).await?;
    rig.wait("the status to tell", "web", |s: &Microservice| status(s).replicas == Some(1)).await?;
    Ok(())
}

#[tokio::test]
async fn a_scaler_of_others_on_our_deployment_is_seen_and_left_alone() -> anyhow::Result<()> {
    let rig = Rig::start("foreign").await?;
    rig.apply("web", &web("{replicas: 2}")).await?;
    rig.ready("web").await?;
    let theirs: HorizontalPodAutoscaler = serde_json::from_value(json!({
        "metadata": {"name": "theirs"},
        "spec": {"minReplicas": 4, "maxReplicas": 5, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}},
    }))?;
    rig.api::<HorizontalPodAutoscaler>().create(&PostParams::default(), &theirs).await?;
    replicas(&rig, 4).await?;
    rig.wait("the status to name the scaler", "web", |s: &Microservice| {
        condition(s, "Scalable").is_some_and(|c| c.message.contains("theirs"))
    })
    .await?;
    rig.idle().await?;
    replicas(&rig, 4).await?;
    rig.delete::<HorizontalPodAutoscaler>("theirs").await?;
    replicas(&rig, 2).await?;
    Ok(())
}

#[tokio::test]
async fn a_scaler_of_others_on_our_scale_subresource_works() -> anyhow::Result<()> {
    let rig = Rig::start("subresource").await?;
    rig.apply("web", &web("{replicas: 1}")).await?;
    rig.ready("web").await?;
    let theirs: HorizontalPodAutoscaler = serde_json::from_value(json!({
        "metadata": {"name": "theirs"},
        "spec": {"minReplicas": 3, "maxReplicas": 5, "scaleTargetRef":
            {"apiVersion": "microservices.dev/v1alpha1", "kind": "Microservice", "name": "web"}},
    }))?;
    rig.api::<HorizontalPodAutoscaler>().create(&PostParams::default(), &theirs).await?;
    replicas(&rig, 3).await?;
    rig.ready("web").await?;
    Ok(())
}
