//! An autoscaler that cannot scale: said, and no reason not to be Ready.

use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use kube::api::{Patch, PatchParams};
use microservice_crds::Microservice;
use microservice_tests::{
    control_plane::Load,
    rig::{Rig, condition},
};
use serde_json::json;

use crate::read::assert_says;

const WEB: &str = "
image: registry.example/web:v1
resources: {requests: {cpu: 100m}}
scaling: {minReplicas: 1, maxReplicas: 3, cpu: 80}
";

fn inactive(autoscaler: &HorizontalPodAutoscaler) -> Option<&str> {
    let conditions = autoscaler.status.as_ref()?.conditions.as_ref()?;
    let active = conditions.iter().find(|c| c.type_ == "ScalingActive" && c.status == "False")?;
    active.reason.as_deref()
}

/// The autoscaler has had no metrics since long ago: its controller keeps the time as long as that lasts.
async fn since_long(rig: &Rig) -> anyhow::Result<()> {
    let found = rig.wait("no metrics", "web", |a: &HorizontalPodAutoscaler| inactive(a).is_some()).await?;
    let mut conditions = serde_json::to_value(found.status.unwrap().conditions)?;
    for condition in conditions.as_array_mut().into_iter().flatten() {
        condition["lastTransitionTime"] = json!("2020-01-01T00:00:00Z");
    }
    let patch = Patch::Merge(json!({"status": {"conditions": conditions}}));
    rig.api::<HorizontalPodAutoscaler>().patch_status("web", &PatchParams::default(), &patch).await?;
    Ok(())
}

#[tokio::test]
async fn missing_metrics_are_told_in_the_autoscalers_words_and_block_nothing() -> anyhow::Result<()> {
    let rig = Rig::start("metrics").await?;
    rig.apply("web", WEB).await?;
    // New pods have no metrics at first: that is no news.
    rig.ready("web").await?;
    rig.condition("web", "Scalable", "Unknown", "NotReported").await?;

    since_long(&rig).await?;
    let scalable = rig.condition("web", "Scalable", "False", "FailedGetResourceMetric").await?;
    let words = ["HorizontalPodAutoscaler \"web\"", "unable to get metrics for resource cpu", "metrics-server"];
    assert_says(&scalable, &words);
    let service: Microservice = rig.get("web").await?;
    assert!(condition(&service, "Ready").is_some_and(|c| c.status == "True"), "{service:?}");
    assert!(condition(&service, "Reconciling").is_none() && condition(&service, "Stalled").is_none(), "{service:?}");

    let _load = rig.cluster.hold_load(&rig.namespace, "app.kubernetes.io/name=web", Load::PerPod(80))?;
    rig.condition("web", "Scalable", "True", "Active").await?;
    Ok(())
}

#[tokio::test]
async fn beside_a_sidecar_missing_metrics_lead_to_the_metrics_server_too() -> anyhow::Result<()> {
    let rig = Rig::start("sidecar-metrics").await?;
    // Only the main container counts then, which the autoscaler calls by another word.
    rig.apply("web", &format!("{WEB}sidecars: [{{name: proxy, image: 'registry.example/proxy:1'}}]")).await?;
    rig.ready("web").await?;
    since_long(&rig).await?;
    let scalable = rig.condition("web", "Scalable", "False", "FailedGetContainerResourceMetric").await?;
    assert_says(&scalable, &["no metrics returned from resource metrics API", "Install metrics-server"]);
    Ok(())
}
