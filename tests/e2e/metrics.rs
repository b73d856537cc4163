//! Every kind of metric on the real server with its real autoscaler controller: nothing is written at rest, however
//! often the controller looks, fails, or tells of another value.

use futures::future::try_join_all;
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use kube::ResourceExt;
use microservice_crds::Microservice;
use microservice_tests::{
    control_plane::Load,
    rig::{Rig, condition},
};

/// By name: metrics that no adapter serves here, and behaviour that the server completes and rewrites.
const KINDS: [(&str, &str); 8] = [
    ("resource", "[{type: Resource, resource: {name: memory, target: {type: AverageValue, averageValue: 0.5Gi}}}]"),
    (
        "container",
        "[{type: ContainerResource, containerResource: {container: container, name: cpu, target: {type: AverageValue, averageValue: '0.2'}}}]",
    ),
    (
        "pods",
        "[{type: Pods, pods: {metric: {name: rps, selector: {matchLabels: {verb: GET}, matchExpressions: [{key: code, operator: In, values: ['200', '204']}]}}, target: {type: AverageValue, averageValue: 1000m}}}]",
    ),
    (
        "object",
        "[{type: Object, object: {describedObject: {apiVersion: v1, kind: Service, name: x}, metric: {name: hits}, target: {type: Value, value: 10k}}}]",
    ),
    (
        "object-average",
        "[{type: Object, object: {describedObject: {kind: Service, name: x}, metric: {name: hits, selector: {}}, target: {type: AverageValue, averageValue: '1.50'}}}]",
    ),
    ("external", "[{type: External, external: {metric: {name: none}, target: {type: Value, value: '1e3'}}}]"),
    (
        "external-average",
        "[{type: External, external: {metric: {name: none, selector: {matchExpressions: [{key: a, operator: Exists}]}}, target: {type: AverageValue, averageValue: '0.25'}}}]",
    ),
    (
        "all",
        "[{type: External, external: {metric: {name: none}, target: {type: Value, value: 1}}}, {type: Pods, pods: {metric: {name: rps}, target: {type: AverageValue, averageValue: 1}}}]",
    ),
];

const BEHAVIOUR: &str = "{scaleUp: {stabilizationWindowSeconds: 0, selectPolicy: Max, tolerance: '0.05', policies: [{type: Percent, value: 100, periodSeconds: 15}]}, scaleDown: {stabilizationWindowSeconds: 300, tolerance: '0.10'}}";

fn service(scaling: &str) -> String {
    format!(
        "{{image: 'registry.example/web:v1', resources: {{requests: {{cpu: 100m, memory: 64Mi}}}}, scaling: {scaling}}}"
    )
}

#[tokio::test]
async fn no_kind_of_metric_is_written_twice() -> anyhow::Result<()> {
    let rig = Rig::start("metrics").await?;
    for (name, metrics) in KINDS {
        rig.apply(name, &service(&format!("{{maxReplicas: 3, metrics: {metrics}, behavior: {BEHAVIOUR}}}"))).await?;
    }
    let rig = &rig;
    // Their failure is told once they have failed for long: that is said before, so that it does not come between.
    let told = KINDS.map(|(name, _)| async move {
        rig.ready(name).await?;
        rig.autoscaler_says_so_since_long(name, "ScalingActive", "False").await?;
        let told = |s: &Microservice| condition(s, "Scalable").is_some_and(|c| c.status == "False");
        rig.wait("the failure to be told", name, told).await
    });
    for service in try_join_all(told).await? {
        assert!(condition(&service, "Drifted").is_none(), "{service:?}");
    }
    rig.idle().await?;
    let mark = rig.mark().await?;
    try_join_all(KINDS.map(|(name, _)| rig.autoscaler_looks_again(name, 3))).await?;
    rig.idle().await?;
    let sent = rig.since(mark).await?;
    assert_eq!(sent.count(), 0, "{:?}", sent.summary());
    Ok(())
}

#[tokio::test]
async fn a_load_that_moves_within_the_target_is_no_news() -> anyhow::Result<()> {
    let rig = Rig::start("jitter").await?;
    rig.apply("web", &service("{minReplicas: 2, maxReplicas: 5, cpu: 80, memory: 80}")).await?;
    rig.ready("web").await?;
    let told = |loaded: u64| {
        move |autoscaler: &HorizontalPodAutoscaler| {
            let metrics = autoscaler.status.as_ref().and_then(|s| s.current_metrics.clone()).unwrap_or_default();
            let percent = i32::try_from(loaded).ok();
            metrics.iter().any(|m| m.resource.as_ref().is_some_and(|r| r.current.average_utilization == percent))
        }
    };
    let mut load = Some(rig.load("web", Load::PerPod(80))?);
    rig.condition("web", "Scalable", "True", "Active").await?;
    rig.wait("the load to be seen", "web", told(80)).await?;
    rig.idle().await?;
    let mark = rig.mark().await?;
    let mut versions = Vec::new();
    for percent in [78, 82, 79, 83, 81] {
        drop(load.take());
        load = Some(rig.load("web", Load::PerPod(percent))?);
        let seen = rig.wait("the load to be seen", "web", told(percent)).await?;
        versions.push(seen.resource_version());
    }
    versions.dedup();
    assert_eq!(versions.len(), 5, "the autoscaler has told each");
    rig.idle().await?;
    let sent = rig.since(mark).await?;
    assert_eq!(sent.count(), 0, "{:?}", sent.summary());
    Ok(())
}
