//! Pods that no node takes, or whose node cannot give them what they need.

use anyhow::Context as _;
use k8s_openapi::api::{core::v1::Pod, events::v1::Event};
use kube::{ResourceExt, api::PostParams};
use microservice_tests::rig::Rig;
use serde_json::json;

use crate::read::{assert_says, fails, kubelet_says, pod, web};

#[tokio::test]
async fn a_pod_that_no_node_takes_is_told_with_the_schedulers_words() -> anyhow::Result<()> {
    let rig = Rig::start("selector").await?;
    let ready = fails(&rig, &web("ready", ", nodeSelector: {disk: ssd}"), "Unschedulable").await?;
    let pod = pod(&rig).await?;
    let conditions = pod.status.as_ref().and_then(|s| s.conditions.as_ref()).context("no conditions")?;
    let scheduled = conditions.iter().find(|c| c.type_ == "PodScheduled").context("not looked at")?;
    let words = scheduled.message.as_deref().context("no words")?;
    assert_says(&ready, &[&pod.name_any(), words.trim_end_matches('.'), "Correct spec.nodeSelector"]);
    Ok(())
}

#[tokio::test]
async fn a_pod_that_asks_for_too_much_is_told_what_is_short() -> anyhow::Result<()> {
    let rig = Rig::start("greedy").await?;
    let ready = fails(&rig, &web("ready", ", resources: {requests: {cpu: 90k}}"), "Unschedulable").await?;
    assert_says(&ready, &["Insufficient cpu", "Lower spec.resources.requests or add nodes"]);
    Ok(())
}

#[tokio::test]
async fn a_volume_that_cannot_be_mounted_is_told_with_the_kubelets_event() -> anyhow::Result<()> {
    let rig = Rig::start("volume").await?;
    let volume = ", volumes: [{name: tls, secret: {secretName: web-tls}}], \
                  volumeMounts: [{name: tls, mountPath: /etc/tls}]";
    rig.apply("web", &web("stuck-creating", volume)).await?;
    rig.cluster
        .wait_until("the pod to be stuck", &rig.namespace, microservice_tests::rig::PATIENCE, || async {
            Ok(pod(&rig).await?.status.filter(|s| s.start_time.is_some()))
        })
        .await?;
    let pod = pod(&rig).await?;
    let words = "MountVolume.SetUp failed for volume \"tls\" : secret \"web-tls\" not found";
    rig.api::<Event>().create(&PostParams::default(), &mount_event(&rig, &pod, words)).await?;
    // Half a minute has passed since it got its node, and nothing was said about it so far.
    kubelet_says(
        &rig,
        &pod.name_any(),
        json!({"conditions": [{"type": "PodScheduled", "status": "True", "lastTransitionTime": "2020-01-01T00:00:00Z"}]}),
    )
    .await?;
    let ready = rig.condition("web", "Ready", "False", "VolumeNotMounted").await?;
    assert_says(&ready, &[&format!("Pod {}", pod.name_any()), words, "Create or correct what spec.volumes"]);
    Ok(())
}

fn mount_event(rig: &Rig, pod: &Pod, note: &str) -> Event {
    serde_json::from_value(json!({
        "metadata": {"name": format!("{}.1", pod.name_any()), "namespace": rig.namespace},
        "eventTime": "2026-01-31T12:00:00.000000Z", "type": "Warning", "reason": "FailedMount", "note": note,
        "action": "Mounting", "reportingController": "kubelet", "reportingInstance": "node-0",
        "regarding": {
            "apiVersion": "v1", "kind": "Pod", "name": pod.name_any(), "namespace": rig.namespace, "uid": pod.uid(),
        },
    }))
    .expect("an event")
}
