//! An Application stays Synced while the operator and autoscalers work: the object in the cluster is, in every field that
//! Argo CD has written, what Argo CD has written.

use anyhow::{Context as _, Result};
use k8s_openapi::api::core::v1::Service;
use kube::Api;
use kube::api::{ApiResource, DynamicObject};
use microservice_crds::Microservice;
use microservice_tests::{
    control_plane::Load,
    rig::{Rig, condition, status},
};
use serde_json::{Value, json};

use crate::{marks, service};

/// How Argo CD applies, and how it compares: the field manager is its own.
const WAYS: [(&str, &[&str]); 2] = [
    ("server-side", &["--server-side", "--force-conflicts", "--field-manager=argocd-controller"]),
    ("client-side", &["--field-manager=argocd-controller"]),
];

/// What is asked for: as much as makes the operator and an autoscaler work.
const SPEC: &str = "
image: registry.example/web:v1
ports: [{name: http, port: 80, targetPort: 8080, protocol: http}]
resources: {requests: {cpu: 100m, memory: 64Mi}, limits: {memory: 0.125Gi}}
scaling: {minReplicas: 2, maxReplicas: 5, cpu: 50}
config: {mountPath: /etc/web, files: {web.yaml: 'level: info'}}
env: [{name: LEVEL, value: info}]
";

/// All that a tool or a person has said of the object, and which fields each field manager owns, but for the status.
fn said(object: &DynamicObject) -> Result<Value> {
    let meta = &object.metadata;
    let owned: Vec<Value> = meta
        .managed_fields
        .iter()
        .flatten()
        .filter(|entry| entry.subresource.is_none())
        .map(|entry| json!(entry))
        .collect();
    Ok(json!({
        "spec": object.data["spec"], "labels": meta.labels, "annotations": meta.annotations,
        "generation": meta.generation, "finalizers": meta.finalizers, "owners": meta.owner_references, "fields": owned,
    }))
}

#[tokio::test]
async fn an_application_stays_synced() -> Result<()> {
    for (way, flags) in WAYS {
        let rig = Rig::start(&format!("synced-{way}")).await?;
        stays_synced(&rig, flags).await.with_context(|| way.to_owned())?;
    }
    Ok(())
}

async fn stays_synced(rig: &Rig, flags: &[&str]) -> Result<()> {
    let kind = ApiResource::erase::<Microservice>(&());
    let api: Api<DynamicObject> = Api::namespaced_with(rig.client.clone(), &rig.namespace, &kind);
    let desired = service::marked("web", SPEC, &marks::all(&rig.namespace))?.to_string();
    let kubectl = async |verb: &str| {
        let args: Vec<&str> = [verb, "-n", &rig.namespace, "-f", "-"].iter().chain(flags).copied().collect();
        rig.cluster.kubectl_with_input(&args, &desired).await
    };
    let output = kubectl("apply").await?;
    assert!(output.success, "{}", output.stderr);
    let applied = said(&api.get("web").await?)?;

    rig.ready("web").await?;
    let load = rig.load("web", Load::PerPod(100))?;
    rig.replicas("web", 5).await?;
    drop(load);
    let load = rig.load("web", Load::PerPod(5))?;
    rig.replicas("web", 2).await?;
    drop(load);
    // Something to repair, and to tell of.
    let before: Service = rig.get("web").await?;
    rig.delete::<Service>("web").await?;
    rig.wait_gone::<Service>("web", before.metadata.uid.as_deref().unwrap_or_default()).await?;
    rig.wait("the Service to come back", "web", |_: &Service| true).await?;
    rig.ready("web").await?;
    // Counts may be told a moment later than the rest: that is no answer to what comes now.
    rig.wait("the status to tell of two pods", "web", |service: &Microservice| {
        let told =
            condition(service, "Scalable").is_some_and(|c| c.message.contains("runs 2 of 2..5 replicas, as many"));
        told && status(service).replicas == Some(2) && status(service).ready_replicas == Some(2)
    })
    .await?;
    rig.idle().await?;

    assert_eq!(said(&api.get("web").await?)?, applied);
    // The comparison of Argo CD: what would the next apply change?
    let diff = kubectl("diff").await?;
    assert!(diff.success, "OutOfSync: {}{}", diff.stdout, diff.stderr);
    // And the next one indeed changes nothing, and gives the operator nothing to do.
    let mark = rig.mark().await?;
    let output = kubectl("apply").await?;
    assert!(output.success, "{}", output.stderr);
    rig.idle().await?;
    assert_eq!(said(&api.get("web").await?)?, applied);
    let sent = rig.since(mark).await?;
    assert_eq!(sent.count(), 0, "{:?}", sent.summary());
    Ok(())
}
