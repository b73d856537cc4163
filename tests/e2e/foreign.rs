//! Autoscalers of somebody else: on our scale subresource, on our Deployment, and two at once.

use k8s_openapi::api::autoscaling::{v1::Scale, v2::HorizontalPodAutoscaler};
use kube::api::PostParams;
use microservice_crds::Microservice;
use microservice_tests::{control_plane::Load, rig::Rig};
use serde_json::json;

fn web(scaling: &str) -> String {
    format!("{{image: 'registry.example/web:v1', resources: {{requests: {{cpu: 100m}}}}, scaling: {scaling}}}")
}

#[derive(Clone, Copy)]
enum On {
    Deployment,
    Microservice,
}

/// Creates an autoscaler as somebody else would.
async fn create(rig: &Rig, name: &str, on: On, min: i32, max: i32) -> anyhow::Result<()> {
    let (version, kind) = match on {
        On::Deployment => ("apps/v1", "Deployment"),
        On::Microservice => ("microservices.dev/v1alpha1", "Microservice"),
    };
    let autoscaler: HorizontalPodAutoscaler = serde_json::from_value(json!({
        "metadata": {"name": name},
        "spec": {
            "minReplicas": min, "maxReplicas": max,
            "metrics": [{"type": "Resource", "resource": {"name": "cpu",
                "target": {"type": "Utilization", "averageUtilization": 50}}}],
            "scaleTargetRef": {"apiVersion": version, "kind": kind, "name": "web"},
        },
    }))?;
    rig.api::<HorizontalPodAutoscaler>().create(&PostParams::default(), &autoscaler).await?;
    Ok(())
}

#[tokio::test]
async fn one_on_our_deployment_is_seen_and_its_count_left_alone() -> anyhow::Result<()> {
    let rig = Rig::start("foreign").await?;
    rig.apply("web", &web("{replicas: 2}")).await?;
    rig.ready("web").await?;
    let counts = rig.record_counts("web").await?;
    create(&rig, "theirs", On::Deployment, 4, 5).await?;
    rig.replicas("web", 4).await?;
    let scalable = rig.condition("web", "Scalable", "True", "ForeignScaler").await?;
    assert!(scalable.message.contains("HorizontalPodAutoscaler \"theirs\""), "{}", scalable.message);
    let _load = rig.load("web", Load::PerPod(200))?;
    rig.replicas("web", 5).await?;
    rig.idle().await?;
    assert_eq!(counts.so_far().await?, [2, 4, 5]);
    rig.delete::<HorizontalPodAutoscaler>("theirs").await?;
    rig.replicas("web", 2).await?;
    rig.idle().await?;
    let service: Microservice = rig.get("web").await?;
    assert!(microservice_tests::rig::condition(&service, "Scalable").is_none());
    Ok(())
}

#[tokio::test]
async fn one_on_our_scale_subresource_scales_the_deployment() -> anyhow::Result<()> {
    let rig = Rig::start("subresource").await?;
    rig.apply("web", &web("{replicas: 1}")).await?;
    rig.ready("web").await?;
    // What an autoscaler reads.
    let scale: Scale = rig
        .client
        .request(
            http::Request::get(format!(
                "/apis/microservices.dev/v1alpha1/namespaces/{}/microservices/web/scale",
                rig.namespace
            ))
            .body(Vec::new())?,
        )
        .await?;
    assert_eq!(scale.spec.and_then(|s| s.replicas), Some(1));
    let status = scale.status.unwrap();
    assert_eq!(status.replicas, 1);
    assert_eq!(status.selector.as_deref(), Some("app.kubernetes.io/name=web,app.kubernetes.io/instance=web"));

    create(&rig, "theirs", On::Microservice, 1, 4).await?;
    rig.condition("web", "Scalable", "True", "ForeignScaler").await?;
    let load = rig.load("web", Load::PerPod(200))?;
    rig.replicas("web", 4).await?;
    let service = rig.ready("web").await?;
    assert_eq!(service.spec.scaling.and_then(|s| s.replicas), Some(4), "it wrote our spec");
    drop(load);
    let _idle = rig.load("web", Load::PerPod(1))?;
    rig.replicas("web", 1).await?;
    rig.ready("web").await?;
    Ok(())
}

#[tokio::test]
async fn one_on_our_scale_subresource_needs_replicas_once() -> anyhow::Result<()> {
    let rig = Rig::start("optin").await?;
    let spec = |version: u8| format!("{{image: 'registry.example/web:v{version}'}}");
    rig.apply("web", &spec(1)).await?;
    rig.ready("web").await?;
    create(&rig, "theirs", On::Microservice, 3, 4).await?;
    // The API server gives no scale of an object without replicas.
    rig.autoscaler_says("theirs", "AbleToScale", "False", "FailedGetScale").await?;
    let told = rig.condition("web", "Scalable", "False", "ReplicasNotSet").await?;
    let (_, command) = told.message.split_once("kubectl ").unwrap();
    rig.cluster.kubectl_ok(&command.split(' ').collect::<Vec<_>>()).await?;
    rig.replicas("web", 3).await?;
    rig.condition("web", "Scalable", "True", "ForeignScaler").await?;

    // Who applies the manifest again, as a GitOps client does, takes nothing back.
    let counts = rig.record_counts("web").await?;
    rig.apply("web", &spec(2)).await?;
    rig.ready("web").await?;
    rig.idle().await?;
    assert_eq!(counts.so_far().await?, [3]);
    Ok(())
}

#[tokio::test]
async fn two_at_once_are_named_with_what_to_delete() -> anyhow::Result<()> {
    let rig = Rig::start("rivals").await?;
    rig.apply("web", &web("{minReplicas: 1, maxReplicas: 3, cpu: 80}")).await?;
    rig.ready("web").await?;
    create(&rig, "theirs", On::Deployment, 1, 5).await?;
    let told = rig.condition("web", "Scalable", "False", "MultipleScalers").await?;
    for part in
        ["HorizontalPodAutoscaler \"web\"", "Delete HorizontalPodAutoscaler \"theirs\"", "spec.scaling.maxReplicas"]
    {
        assert!(told.message.contains(part), "{}", told.message);
    }
    // That is so: the controller lets neither of them scale.
    rig.autoscaler_says("web", "ScalingActive", "False", "AmbiguousSelector").await?;
    rig.autoscaler_says("theirs", "ScalingActive", "False", "AmbiguousSelector").await?;

    // Without ours it is alone; a second one of theirs is one too many.
    rig.apply("web", "{image: 'registry.example/web:v1'}").await?;
    rig.condition("web", "Scalable", "True", "ForeignScaler").await?;
    create(&rig, "younger", On::Deployment, 1, 5).await?;
    let told = rig.condition("web", "Scalable", "False", "MultipleScalers").await?;
    assert!(told.message.contains("\"theirs\" and HorizontalPodAutoscaler \"younger\""), "{}", told.message);
    rig.delete::<HorizontalPodAutoscaler>("younger").await?;
    rig.condition("web", "Scalable", "True", "ForeignScaler").await?;
    Ok(())
}

#[tokio::test]
async fn one_on_our_scale_subresource_beside_ours_is_named() -> anyhow::Result<()> {
    let rig = Rig::start("beside-ours").await?;
    rig.apply("web", &web("{minReplicas: 1, maxReplicas: 3, cpu: 80}")).await?;
    rig.ready("web").await?;
    create(&rig, "theirs", On::Microservice, 2, 5).await?;
    let told = rig.condition("web", "Scalable", "False", "MultipleScalers").await?;
    assert!(told.message.contains("write spec.scaling.replicas: 1"), "{}", told.message);
    // As the message says it.
    rig.apply("web", &web("{replicas: 1}")).await?;
    rig.replicas("web", 2).await?;
    rig.condition("web", "Scalable", "True", "ForeignScaler").await?;
    Ok(())
}
