//! Rollouts that do not get on.

use k8s_openapi::api::apps::v1::Deployment;
use microservice_crds::Microservice;
use microservice_tests::rig::{Rig, condition, observed};

use crate::read::{assert_says, pod, web};

#[tokio::test]
async fn a_passed_deadline_stalls_with_the_cause_from_below() -> anyhow::Result<()> {
    let rig = Rig::start("deadline").await?;
    rig.apply("web", &web("crash-loop", ", rollout: {progressDeadlineSeconds: 2}")).await?;
    let stalled = rig.condition("web", "Stalled", "True", "ProgressDeadlineExceeded").await?;
    let pod = kube::ResourceExt::name_any(&pod(&rig).await?);
    assert_says(&stalled, &["Deployment \"web\"", "progressDeadlineSeconds", &pod, "exited with 3", "kubectl logs"]);
    let service: Microservice = rig.get("web").await?;
    let ready = condition(&service, "Ready").unwrap();
    assert_eq!((ready.status.as_str(), ready.reason.as_str()), ("False", "CrashLoop"));
    assert_says(ready, &[&pod, "exited with 3"]);
    assert!(condition(&service, "Reconciling").is_none(), "nobody works on it any more");
    let progressing = condition(&service, "Progressing").unwrap();
    assert_eq!((progressing.status.as_str(), progressing.reason.as_str()), ("False", "ProgressDeadlineExceeded"));

    // A stalled rollout ends with the next spec.
    rig.apply("web", &web("ready", ", rollout: {progressDeadlineSeconds: 2}")).await?;
    let service = rig.ready("web").await?;
    assert!(condition(&service, "Stalled").is_none());
    Ok(())
}

#[tokio::test]
async fn old_pods_keep_serving_while_a_new_image_cannot_be_had() -> anyhow::Result<()> {
    let rig = Rig::start("old").await?;
    let scaling = ", scaling: {replicas: 2}";
    rig.apply("web", &web("ready", scaling)).await?;
    rig.ready("web").await?;
    rig.apply("web", &web("image-pull", scaling).replace("web:v1", "web:v2")).await?;
    let ready = rig.condition("web", "Ready", "False", "ImagePullFailed").await?;
    assert_says(&ready, &["\"registry.example/web:v2\""]);
    let service: Microservice = rig.get("web").await?;
    assert!(observed(&service));
    let available = condition(&service, "Available").unwrap();
    assert_eq!((available.status.as_str(), available.reason.as_str()), ("True", "EnoughPods"));
    assert_says(available, &["2 of 2 pods are available"]);
    let deployment: Deployment = rig.get("web").await?;
    assert!(deployment.status.unwrap().available_replicas >= Some(2), "an old pod went before its successor was there");

    rig.apply("web", &web("ready", scaling)).await?;
    rig.ready("web").await?;
    Ok(())
}
