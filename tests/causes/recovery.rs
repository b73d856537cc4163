//! From a failure back to Ready.

use k8s_openapi::api::{
    apps::v1::Deployment,
    core::v1::{Pod, Service},
};
use kube::{ResourceExt, api::ListParams};
use microservice_crds::Microservice;
use microservice_tests::rig::{PATIENCE, Rig, condition};
use serde_json::json;

use crate::read::{assert_says, fails, kubelet_says, pod, recovers, web};

#[tokio::test]
async fn a_pod_that_recovers_makes_the_service_ready() -> anyhow::Result<()> {
    let rig = Rig::start("heals").await?;
    fails(&rig, &web("never-ready", ""), "ReadinessProbeFailing").await?;
    recovers(&rig).await?;
    let service = rig.ready("web").await?;
    assert!(condition(&service, "Reconciling").is_none() && condition(&service, "Stalled").is_none(), "{service:?}");
    assert!(condition(&service, "Available").is_some_and(|c| c.status == "True"), "{service:?}");
    Ok(())
}

#[tokio::test]
async fn a_new_image_puts_a_broken_one_right() -> anyhow::Result<()> {
    let rig = Rig::start("fixed").await?;
    fails(&rig, &web("image-pull", ""), "ImagePullFailed").await?;
    rig.apply("web", &web("ready", "").replace("web:v1", "web:v2")).await?;
    let service = rig.ready("web").await?;
    assert_eq!(service.status.unwrap().image.as_deref(), Some("registry.example/web:v2"));
    Ok(())
}

#[tokio::test]
async fn while_a_new_image_is_pulled_the_old_pod_is_no_news() -> anyhow::Result<()> {
    let rig = Rig::start("pulling").await?;
    fails(&rig, &web("crash-loop", ""), "CrashLoop").await?;
    let old = pod(&rig).await?.name_any();
    // The new pod has its sandbox and waits for its image: nothing is wrong with it.
    rig.apply("web", &web("pulling", "").replace("web:v1", "web:v2")).await?;
    let new = newer(&rig, &old).await?;
    let container = json!({"name": "web", "ready": false, "state": {"waiting": {"reason": "ContainerCreating"}}, "image": "", "imageID": "", "restartCount": 0});
    let conditions =
        json!([{"type": "PodReadyToStartContainers", "status": "True"}, {"type": "Ready", "status": "False"}]);
    kubelet_says(&rig, &new, json!({"conditions": conditions, "containerStatuses": [container]})).await?;
    rig.idle().await?;
    let service: Microservice = rig.get("web").await?;
    let ready = condition(&service, "Ready").unwrap();
    assert_eq!((ready.status.as_str(), ready.reason.as_str()), ("False", "Progressing"), "{}", ready.message);
    Ok(())
}

/// The pod that is not this one, on its node.
async fn newer(rig: &Rig, old: &str) -> anyhow::Result<String> {
    rig.cluster
        .wait_until("a new pod", &rig.namespace, PATIENCE, || async {
            let pods = rig.api::<Pod>().list(&ListParams::default()).await?;
            let placed = |p: &Pod| p.spec.as_ref().is_some_and(|s| s.node_name.is_some());
            Ok(pods.items.into_iter().find(|p| p.name_any() != old && placed(p)).map(|p| p.name_any()))
        })
        .await
}

#[tokio::test]
async fn a_service_that_crashes_after_it_was_ready_says_so_and_comes_back() -> anyhow::Result<()> {
    let rig = Rig::start("relapse").await?;
    rig.apply("web", &web("crash-after-ready", "")).await?;
    rig.condition("web", "Ready", "False", "CrashLoop").await?;
    rig.condition("web", "Available", "False", "TooFewPods").await?;
    let broken = pod(&rig).await?.name_any();
    // Its spec is the same: only another pod of it, that is well, makes it so again.
    rig.apply("web", &web("ready", "")).await?;
    rig.ready("web").await?;
    rig.cluster
        .wait_until("the broken pod to go", &rig.namespace, PATIENCE, || async {
            Ok(rig.find::<Pod>(&broken).await?.is_none().then_some(()))
        })
        .await?;
    let service: Microservice = rig.get("web").await?;
    assert!(condition(&service, "Ready").is_some_and(|c| c.status == "True"), "{service:?}");
    let deployment: Deployment = rig.get("web").await?;
    assert_eq!(deployment.status.unwrap().ready_replicas, Some(1));
    Ok(())
}

#[tokio::test]
async fn a_child_that_is_slow_to_go_is_waited_for() -> anyhow::Result<()> {
    let rig = Rig::start("slow").await?;
    rig.apply("web", &web("ready", "")).await?;
    rig.ready("web").await?;
    // Somebody's controller wants to clean up first.
    rig.edit::<Service>("web", json!({"metadata": {"finalizers": ["example.com/cleanup"]}})).await?;
    let uid = rig.get::<Service>("web").await?.uid().unwrap();
    rig.delete::<Service>("web").await?;
    let ready = rig.condition("web", "Ready", "False", "WaitingForDeletion").await?;
    assert_says(&ready, &["Service \"web\" is being deleted", "made anew when it is gone"]);
    rig.edit::<Service>("web", json!({"metadata": {"finalizers": null}})).await?;
    rig.wait_gone::<Service>("web", &uid).await?;
    rig.wait("a new Service", "web", |service: &Service| service.uid().unwrap() != uid).await?;
    rig.ready("web").await?;
    Ok(())
}
