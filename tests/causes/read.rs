//! What a user reads of a failing service, and how a test makes one.

use anyhow::{Context as _, Result};
use k8s_openapi::{api::core::v1::Pod, apimachinery::pkg::apis::meta::v1::Condition};
use kube::{
    ResourceExt,
    api::{ListParams, Patch, PatchParams},
};
use microservice_crds::Microservice;
use microservice_tests::rig::{Rig, condition};
use serde_json::{Value, json};

/// A service of one pod that behaves like this; `more` is more of its spec, each field with a comma before it.
pub fn web(behaviour: &str, more: &str) -> String {
    format!(
        "{{image: 'registry.example/web:v1', ports: [{{name: http, port: 80, targetPort: 8080, protocol: http}}], \
         podAnnotations: {{test.microservices.dev/behaviour: {behaviour}}}{more}}}"
    )
}

/// Applies a service and waits until it is not Ready for this reason, and nothing is said twice or left out elsewhere.
pub async fn fails(rig: &Rig, spec: &str, reason: &str) -> Result<Condition> {
    rig.apply("web", spec).await?;
    let ready = rig.condition("web", "Ready", "False", reason).await?;
    let service: Microservice = rig.get("web").await?;
    // To kstatus it is on its way: what is wrong may still be put right from outside.
    assert!(condition(&service, "Reconciling").is_some_and(|c| c.status == "True"), "{service:?}");
    assert!(condition(&service, "Stalled").is_none(), "{service:?}");
    Ok(ready)
}

/// All of this is said.
pub fn assert_says(condition: &Condition, words: &[&str]) {
    for word in words {
        assert!(condition.message.contains(word), "{word:?} is not in: {}", condition.message);
    }
}

/// The only pod of the service.
pub async fn pod(rig: &Rig) -> Result<Pod> {
    let pods = rig.api::<Pod>().list(&ListParams::default().labels("app.kubernetes.io/name=web")).await?.items;
    anyhow::ensure!(pods.len() == 1, "{:?}", pods.iter().map(ResourceExt::name_any).collect::<Vec<_>>());
    pods.into_iter().next().context("no pod")
}

/// Writes into the status of a pod, as its kubelet would: lists of conditions and containers are merged by their key.
pub async fn kubelet_says(rig: &Rig, pod: &str, status: Value) -> Result<()> {
    let patch = Patch::Strategic(json!({"status": status}));
    rig.api::<Pod>().patch_status(pod, &PatchParams::default(), &patch).await?;
    Ok(())
}

/// The only pod of the service runs well from now on.
pub async fn recovers(rig: &Rig) -> Result<()> {
    let now = "2026-01-31T12:00:00Z";
    let well = |kind: &str| json!({"type": kind, "status": "True", "lastTransitionTime": now, "reason": null, "message": null});
    let container = json!({
        "name": "web", "ready": true, "started": true,
        "state": {"waiting": null, "terminated": null, "running": {"startedAt": now}},
    });
    let conditions = ["Initialized", "PodReadyToStartContainers", "ContainersReady", "Ready"].map(well);
    let status = json!({"phase": "Running", "containerStatuses": [container], "conditions": conditions});
    kubelet_says(rig, &pod(rig).await?.name_any(), status).await
}
