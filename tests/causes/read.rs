//! What a user reads of a failing service, and how a test makes one.

use anyhow::Result;
use k8s_openapi::api::core::v1::Pod;
use kube::{
    ResourceExt,
    api::{Patch, PatchParams},
};
use microservice_tests::rig::Rig;
use serde_json::{Value, json};

pub use microservice_tests::failures::{assert_says, fails, pod};

/// A service of one pod that behaves like this; `more` is more of its spec, each field with a comma before it.
pub fn web(behaviour: &str, more: &str) -> String {
    format!(
        "{{image: 'registry.example/web:v1', ports: [{{name: http, port: 80, targetPort: 8080, protocol: http}}], \
         podAnnotations: {{test.microservices.dev/behaviour: {behaviour}}}{more}}}"
    )
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
