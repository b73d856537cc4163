//! An autoscaler that goes to zero and comes back: only a metric from outside can tell it when. The API server serves
//! such a metric out of custom objects, as an adapter would.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::{
    Api,
    api::{ApiResource, DynamicObject, GroupVersionKind, Patch, PatchParams},
};
use microservice_tests::{control_plane::Kubernetes, rig::Rig};
use serde_json::json;
use tokio::sync::OnceCell;

/// The address of a metric is its name, so it is the plural of the kind.
async fn install(rig: &Rig) -> anyhow::Result<()> {
    static INSTALLED: OnceCell<()> = OnceCell::const_new();
    let definition: CustomResourceDefinition = serde_json::from_value(json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": "queue-length.external.metrics.k8s.io",
            "annotations": {"api-approved.kubernetes.io": "unapproved, test only"},
        },
        "spec": {
            "group": "external.metrics.k8s.io",
            "scope": "Namespaced",
            "names": {"kind": "ExternalMetricValue", "listKind": "ExternalMetricValueList",
                "plural": "queue-length", "singular": "externalmetricvalue"},
            "versions": [{
                "name": "v1beta1",
                "served": true,
                "storage": true,
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}},
            }],
        },
    }))?;
    INSTALLED.get_or_try_init(|| rig.cluster.install_definition(&definition)).await?;
    Ok(())
}

/// So many messages wait.
async fn queue(rig: &Rig, messages: u32) -> anyhow::Result<()> {
    let kind = GroupVersionKind::gvk("external.metrics.k8s.io", "v1beta1", "ExternalMetricValue");
    let resource = ApiResource::from_gvk_with_plural(&kind, "queue-length");
    let api: Api<DynamicObject> = Api::namespaced_with(rig.client.clone(), &rig.namespace, &resource);
    let value = json!({
        "apiVersion": "external.metrics.k8s.io/v1beta1",
        "kind": "ExternalMetricValue",
        "metadata": {"name": "orders", "labels": {"queue": "orders"}},
        "metricName": "queue-length",
        "timestamp": jiff::Timestamp::now().to_string(),
        "value": messages.to_string(),
    });
    api.patch("orders", &PatchParams::apply("test").force(), &Patch::Apply(&value)).await?;
    Ok(())
}

fn worker(scaling: &str) -> String {
    format!("{{image: 'registry.example/worker:v1', resources: {{requests: {{cpu: 100m}}}}, scaling: {scaling}}}")
}

const FROM_ZERO: &str = "{minReplicas: 0, maxReplicas: 5, metrics: [{type: External, external: {
    metric: {name: queue-length, selector: {matchLabels: {queue: orders}}},
    target: {type: AverageValue, averageValue: 30}}}]}";

#[tokio::test]
async fn an_empty_queue_needs_nobody_and_a_full_one_three() -> anyhow::Result<()> {
    let rig = Rig::start("zero").await?;
    install(&rig).await?;
    queue(&rig, 0).await?;
    rig.apply("web", &worker(FROM_ZERO)).await?;
    let asleep = rig.condition("web", "Ready", "True", "ScaledToZero").await?;
    assert!(asleep.message.contains("Its autoscaler starts it"), "{}", asleep.message);
    let scalable = rig.condition("web", "Scalable", "True", "Active").await?;
    assert!(scalable.message.contains("runs 0 of 0..5 replicas"), "{}", scalable.message);
    rig.idle().await?;

    let counts = rig.record_counts("web").await?;
    queue(&rig, 90).await?;
    rig.replicas("web", 3).await?;
    rig.condition("web", "Ready", "True", "RolledOut").await?;
    queue(&rig, 0).await?;
    rig.replicas("web", 0).await?;
    rig.condition("web", "Ready", "True", "ScaledToZero").await?;
    assert_eq!(counts.so_far().await?, [0, 3, 0]);
    Ok(())
}

#[tokio::test]
async fn another_minimum_wakes_what_the_autoscaler_has_put_to_sleep() -> anyhow::Result<()> {
    let rig = Rig::start("wake").await?;
    install(&rig).await?;
    queue(&rig, 0).await?;
    rig.apply("web", &worker(FROM_ZERO)).await?;
    let said = !Kubernetes::of_environment()?.lacks("an autoscaler that says who put pods to sleep", 37);
    if said {
        rig.autoscaler_says("web", "ScaledToZero", "True", "ScaledToZero").await?;
    }
    rig.condition("web", "Ready", "True", "ScaledToZero").await?;
    // By cpu alone: without a pod there is no metric, and its controller would wait for one for ever.
    rig.apply("web", &worker("{minReplicas: 2, maxReplicas: 4, cpu: 80}")).await?;
    if !said {
        // It cannot be told from what was stopped by hand.
        let rests = rig.condition("web", "Scalable", "False", "ScalingDisabled").await?;
        let (_, command) = rests.message.split_once("kubectl ").unwrap();
        rig.cluster.kubectl_ok(&command.split(' ').collect::<Vec<_>>()).await?;
    }
    rig.replicas("web", 2).await?;
    rig.condition("web", "Ready", "True", "RolledOut").await?;
    Ok(())
}

#[tokio::test]
async fn what_was_stopped_by_hand_stays_stopped_and_says_how_to_start() -> anyhow::Result<()> {
    let rig = Rig::start("by-hand").await?;
    rig.apply("web", &worker("{minReplicas: 1, maxReplicas: 4, cpu: 80}")).await?;
    rig.ready("web").await?;
    rig.cluster.kubectl_ok(&["scale", "-n", &rig.namespace, "deployment/web", "--replicas=0"]).await?;
    rig.condition("web", "Ready", "True", "ScaledToZero").await?;
    let rests = rig.condition("web", "Scalable", "False", "ScalingDisabled").await?;
    rig.idle().await?;
    rig.replicas("web", 0).await?;
    let (_, command) = rests.message.split_once("kubectl ").unwrap();
    rig.cluster.kubectl_ok(&command.split(' ').collect::<Vec<_>>()).await?;
    rig.condition("web", "Ready", "True", "RolledOut").await?;
    rig.condition("web", "Scalable", "Unknown", "Resuming").await?;
    Ok(())
}
