//! Autoscalers that scale: with the load, within their bounds, as fast as they may.

use k8s_openapi::api::{apps::v1::Deployment, autoscaling::v2::HorizontalPodAutoscaler};
use microservice_crds::Microservice;
use microservice_tests::{
    control_plane::{Load, Usage},
    rig::{Rig, condition, status},
};

fn web(scaling: &str) -> String {
    format!(
        "{{image: 'registry.example/web:v1', ports: [{{name: http, port: 80}}], \
         resources: {{requests: {{cpu: 100m, memory: 100Mi}}}}, scaling: {scaling}}}"
    )
}

/// Waits until the condition `Scalable` says this.
async fn scalable_says(rig: &Rig, words: &str) -> anyhow::Result<()> {
    rig.wait(words, "web", |service: &Microservice| {
        condition(service, "Scalable").is_some_and(|c| c.message.contains(words))
    })
    .await?;
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
async fn scales_with_the_load_to_its_maximum_and_back() -> anyhow::Result<()> {
    let rig = Rig::start("load").await?;
    rig.apply("web", &web("{minReplicas: 2, maxReplicas: 5, cpu: 50}")).await?;
    rig.ready("web").await?;
    let counts = rig.record_counts("web").await?;
    let load = rig.load("web", Load::PerPod(150))?;
    rig.replicas("web", 5).await?;
    scalable_says(&rig, "HorizontalPodAutoscaler \"web\" runs 5 of 2..5 replicas, as many as it wants.").await?;

    // It wants more, and that lasts: only then it is told.
    rig.autoscaler_says("web", "ScalingLimited", "True", "TooManyReplicas").await?;
    rig.autoscaler_says_so_since_long("web", "ScalingLimited", "True").await?;
    let limited = rig.condition("web", "Scalable", "True", "Limited").await?;
    assert!(limited.message.contains("spec.scaling.maxReplicas"), "{}", limited.message);

    drop(load);
    let _idle = rig.load("web", Load::PerPod(1))?;
    rig.replicas("web", 2).await?;
    scalable_says(&rig, "runs 2 of 2..5 replicas, as many as it wants.").await?;
    rig.wait("the status to tell", "web", |s: &Microservice| status(s).replicas == Some(2)).await?;
    let seen = counts.so_far().await?;
    let top = seen.iter().position(|count| *count == 5).unwrap();
    assert!(seen[..=top].is_sorted() && seen[top..].is_sorted_by(|a, b| a >= b), "{seen:?}");
    assert!(seen.iter().all(|count| (2..=5).contains(count)), "{seen:?}");
    Ok(())
}

#[tokio::test]
async fn goes_no_faster_than_its_behaviour_allows() -> anyhow::Result<()> {
    let rig = Rig::start("behaviour").await?;
    let behaviour = "behavior: {scaleUp: {policies: [{type: Pods, value: 1, periodSeconds: 1}]}, \
                     scaleDown: {stabilizationWindowSeconds: 0, selectPolicy: Disabled}}";
    rig.apply("web", &web(&format!("{{minReplicas: 2, maxReplicas: 4, cpu: 50, {behaviour}}}"))).await?;
    rig.ready("web").await?;
    let counts = rig.record_counts("web").await?;
    let load = rig.load("web", Load::PerPod(500))?;
    rig.replicas("web", 4).await?;
    assert_eq!(counts.so_far().await?, [2, 3, 4], "one at a time");

    drop(load);
    let _idle = rig.load("web", Load::PerPod(1))?;
    // Its controller would go down, and may not.
    rig.autoscaler_says("web", "ScalingLimited", "True", "ScaleDownLimit").await?;
    rig.autoscaler_says_so_since_long("web", "ScalingLimited", "True").await?;
    let held = rig.condition("web", "Scalable", "True", "Limited").await?;
    assert!(held.message.contains("runs 4 of 2..4") && held.message.contains("scaleDown"), "{}", held.message);
    assert_eq!(counts.so_far().await?, [2, 3, 4], "nothing goes down");

    // Allowed again, all at once.
    rig.apply(
        "web",
        &web("{minReplicas: 2, maxReplicas: 4, cpu: 50, behavior: {scaleDown: {stabilizationWindowSeconds: 0}}}"),
    )
    .await?;
    rig.replicas("web", 2).await?;
    assert_eq!(counts.so_far().await?, [2, 3, 4, 2]);
    Ok(())
}

#[tokio::test]
async fn beside_a_sidecar_only_the_main_container_counts() -> anyhow::Result<()> {
    let rig = Rig::start("sidecar").await?;
    let sidecar = "sidecars: [{name: proxy, image: 'registry.example/proxy:1', resources: {requests: {cpu: 10m}}}]";
    let spec = web("{minReplicas: 1, maxReplicas: 3, cpu: 50, memory: 50}");
    rig.apply("web", &format!("{}, {sidecar}}}", spec.trim_end_matches('}').to_owned() + "}")).await?;
    rig.ready("web").await?;
    let counts = rig.record_counts("web").await?;
    let use_of = |cpu, memory| Load::Each(Usage { cpu, memory, sidecar_cpu: 900 });

    let load = rig.load("web", use_of(10, 10))?;
    rig.wait("both metrics", "web", |autoscaler: &HorizontalPodAutoscaler| {
        let current = autoscaler.status.as_ref().and_then(|s| s.current_metrics.clone()).unwrap_or_default();
        let measured = |name: &str| {
            let of = |m: &k8s_openapi::api::autoscaling::v2::MetricStatus| m.container_resource.clone();
            current
                .iter()
                .filter_map(of)
                .any(|m| m.container == "web" && m.name == name && m.current.average_utilization == Some(10))
        };
        measured("cpu") && measured("memory")
    })
    .await?;
    rig.autoscaler_says("web", "AbleToScale", "True", "ReadyForNewScale").await?;
    assert_eq!(counts.so_far().await?, [1], "the sidecar's load does not count");

    drop(load);
    let _load = rig.load("web", use_of(10, 120))?;
    rig.replicas("web", 3).await?;
    Ok(())
}
