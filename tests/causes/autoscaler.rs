//! An autoscaler that cannot scale: said, and no reason not to be Ready.

use k8s_openapi::api::{apps::v1::Deployment, autoscaling::v2::HorizontalPodAutoscaler, core::v1::LimitRange};
use kube::api::PostParams;
use microservice_crds::Microservice;
use microservice_tests::{
    control_plane::{ControlPlane, Load, Options},
    faults::Script,
    rig::{Rig, condition},
};
use serde_json::json;

use crate::read::assert_says;

const WEB: &str = "
image: registry.example/web:v1
resources: {requests: {cpu: 100m}}
scaling: {minReplicas: 1, maxReplicas: 3, cpu: 80}
";

#[tokio::test]
async fn missing_metrics_are_told_in_the_autoscalers_words_and_block_nothing() -> anyhow::Result<()> {
    let rig = Rig::start("metrics").await?;
    rig.apply("web", WEB).await?;
    // New pods have no metrics at first: that is no news.
    rig.ready("web").await?;
    rig.condition("web", "Scalable", "Unknown", "NotReported").await?;

    rig.autoscaler_says_so_since_long("web", "ScalingActive", "False").await?;
    let scalable = rig.condition("web", "Scalable", "False", "FailedGetResourceMetric").await?;
    let words = ["HorizontalPodAutoscaler \"web\"", "unable to get metrics for resource cpu", "metrics-server"];
    assert_says(&scalable, &words);
    let service: Microservice = rig.get("web").await?;
    assert!(condition(&service, "Ready").is_some_and(|c| c.status == "True"), "{service:?}");
    assert!(condition(&service, "Reconciling").is_none() && condition(&service, "Stalled").is_none(), "{service:?}");

    let _load = rig.load("web", Load::PerPod(80))?;
    rig.condition("web", "Scalable", "True", "Active").await?;
    Ok(())
}

#[tokio::test]
async fn beside_a_sidecar_missing_metrics_lead_to_the_metrics_server_too() -> anyhow::Result<()> {
    let rig = Rig::start("sidecar-metrics").await?;
    // Only the main container counts then, which the autoscaler calls by another word.
    rig.apply("web", &format!("{WEB}sidecars: [{{name: proxy, image: 'registry.example/proxy:1'}}]")).await?;
    rig.ready("web").await?;
    rig.autoscaler_says_so_since_long("web", "ScalingActive", "False").await?;
    let scalable = rig.condition("web", "Scalable", "False", "FailedGetContainerResourceMetric").await?;
    assert_says(&scalable, &["no metrics returned from resource metrics API", "Install metrics-server"]);
    Ok(())
}

const WITHOUT_REQUESTS: &str = "
image: registry.example/web:v1
scaling: {minReplicas: 2, maxReplicas: 3, cpu: 80}
sidecars: [{name: proxy, image: 'registry.example/proxy:1'}]
";

#[tokio::test]
async fn a_missing_request_is_told_at_once_and_then_in_the_autoscalers_words() -> anyhow::Result<()> {
    let rig = Rig::start("requests").await?;
    rig.apply("web", WITHOUT_REQUESTS).await?;
    let told = rig.condition("web", "Scalable", "Unknown", "NoRequests").await?;
    assert_says(&told, &["HorizontalPodAutoscaler \"web\"", "no spec.resources.requests.cpu", "LimitRange"]);
    rig.ready("web").await?;

    let _load = rig.load("web", Load::PerPod(80))?;
    // Before it has metrics it does not look at requests.
    rig.wait("the autoscaler to miss the request", "web", |a: &HorizontalPodAutoscaler| {
        let conditions = a.status.as_ref().and_then(|s| s.conditions.as_ref());
        let message = |c: &&_| -> bool {
            let c: &k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscalerCondition = c;
            c.message.as_deref().is_some_and(|m| m.contains("missing request for cpu in container web of Pod web-"))
        };
        conditions.is_some_and(|all| all.iter().any(|c| message(&c)))
    })
    .await?;
    rig.autoscaler_says_so_since_long("web", "ScalingActive", "False").await?;
    let told = rig.condition("web", "Scalable", "False", "FailedGetContainerResourceMetric").await?;
    assert_says(&told, &["missing request for cpu in container web.", "Set spec.resources.requests.cpu."]);

    // Of two pods the controller names one or the other. To us it is the same.
    rig.idle().await?;
    let mark = rig.mark().await?;
    rig.autoscaler_looks_again("web", 5).await?;
    rig.idle().await?;
    let sent = rig.since(mark).await?;
    assert_eq!(sent.count(), 0, "{:?}", sent.summary());
    Ok(())
}

#[tokio::test]
async fn a_limit_range_sets_what_is_missing() -> anyhow::Result<()> {
    let rig = Rig::start("limit-range").await?;
    let range: LimitRange = serde_json::from_value(json!({
        "metadata": {"name": "defaults"},
        "spec": {"limits": [{"type": "Container", "defaultRequest": {"cpu": "100m"}}]},
    }))?;
    rig.api::<LimitRange>().create(&PostParams::default(), &range).await?;
    rig.apply("web", WITHOUT_REQUESTS).await?;
    rig.ready("web").await?;
    let _load = rig.load("web", Load::PerPod(80))?;
    rig.condition("web", "Scalable", "True", "Active").await?;
    Ok(())
}

/// Kubernetes before 1.37, where the feature is off.
#[tokio::test]
async fn a_cluster_that_lets_nothing_go_to_zero_says_what_to_write() -> anyhow::Result<()> {
    let options = Options::default().apiserver_arg("--feature-gates=HPAScaleToZero=false");
    let cluster: &'static ControlPlane = Box::leak(Box::new(ControlPlane::start(options).await?));
    let result = no_zero(cluster).await;
    // A leaked one would not end by itself.
    cluster.kill_apiserver();
    result
}

async fn no_zero(cluster: &'static ControlPlane) -> anyhow::Result<()> {
    let mut rig = Rig::on(cluster, "no-zero").await?;
    rig.start_operator(&Script::record())?;
    let spec = |min: i32| {
        format!(
            "{{image: 'registry.example/web:v1', scaling: {{minReplicas: {min}, maxReplicas: 3, metrics: [\
             {{type: External, external: {{metric: {{name: queue}}, target: {{type: AverageValue, averageValue: 30}}}}}}]}}}}"
        )
    };
    rig.apply("web", &spec(0)).await?;
    let told = rig.condition("web", "Stalled", "True", "ChildInvalid").await?;
    let words = ["spec.minReplicas: Invalid value: 0", "HPAScaleToZero", "Set spec.scaling.minReplicas to 1 or more."];
    assert_says(&told, &words);
    // It runs all the same, and is well as soon as that is written.
    assert_eq!(rig.get::<Deployment>("web").await?.spec.and_then(|s| s.replicas), Some(1));
    rig.apply("web", &spec(1)).await?;
    rig.ready("web").await?;
    Ok(())
}
