//! Load for autoscalers: PodMetrics objects, which the API server serves where the metrics server would.

use std::time::Duration;

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use k8s_openapi::{
    api::core::v1::Pod, apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition,
};
use kube::{
    Api, Client, ResourceExt as _,
    api::{ApiResource, DynamicObject, GroupVersionKind, ListParams, Patch, PatchParams},
};
use serde_json::json;

use super::ControlPlane;

/// How much the pods of a service use; cpu in thousandths of a core.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Load {
    /// The main container of each pod uses this much, however many there are.
    PerPod(u64),
    /// All pods together use this much, shared evenly: what a constant stream of requests looks like.
    Total(u64),
    /// Each pod uses this.
    Each(Usage),
}

/// What one pod uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Cpu of the main container.
    pub cpu: u64,
    /// Memory of the main container in MiB.
    pub memory: u64,
    /// Cpu of each other container.
    pub sidecar_cpu: u64,
}

/// A load that is kept up as pods come and go; it ends when this is dropped.
#[derive(Debug)]
pub struct HeldLoad(tokio::task::JoinHandle<()>);

impl Drop for HeldLoad {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl ControlPlane {
    /// Sets the load of the pods that match a label selector, once. Pods that appear later have no metrics yet.
    ///
    /// # Errors
    /// When the control plane runs without `hpa`, or no pod matches, and for an existing cluster.
    pub async fn set_load(&self, namespace: &str, selector: &str, load: Load) -> Result<()> {
        self.own("simulate a load")?;
        let pods = apply(&self.client()?, namespace, selector, load)
            .await
            .context("cannot set a load; was the control plane started with the option hpa?")?;
        anyhow::ensure!(pods > 0, "no pod in {namespace} matches {selector}");
        Ok(())
    }

    /// Sets the load of the pods that match a label selector and keeps it up, also for new pods.
    ///
    /// # Errors
    /// When no client can be made, and for an existing cluster.
    pub fn hold_load(&self, namespace: &str, selector: &str, load: Load) -> Result<HeldLoad> {
        self.own("simulate a load")?;
        let client = self.client()?;
        let (namespace, selector) = (namespace.to_owned(), selector.to_owned());
        Ok(HeldLoad(tokio::spawn(async move {
            loop {
                // A pod may go away between list and apply; the next round knows.
                let _ = apply(&client, &namespace, &selector, load).await;
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
        })))
    }
}

async fn apply(client: &Client, namespace: &str, selector: &str, load: Load) -> Result<usize> {
    let pods: Api<Pod> = Api::namespaced(client.clone(), namespace);
    let pods = pods.list(&ListParams::default().labels(selector)).await?.items;
    let kind = GroupVersionKind::gvk("metrics.k8s.io", "v1beta1", "PodMetrics");
    let resource = ApiResource::from_gvk_with_plural(&kind, "pods");
    let metrics: Api<DynamicObject> = Api::namespaced_with(client.clone(), namespace, &resource);
    let count = u64::try_from(pods.len())?;
    for pod in &pods {
        let usage = match load {
            Load::PerPod(cpu) => Usage { cpu, memory: 10, sidecar_cpu: 0 },
            Load::Total(cpu) => Usage { cpu: cpu / count.max(1), memory: 10, sidecar_cpu: 0 },
            Load::Each(usage) => usage,
        };
        let name = pod.name_any();
        let container = |name: &str, cpu: u64, memory: u64| json!({"name": name, "usage": {"cpu": format!("{cpu}m"), "memory": format!("{memory}Mi")}});
        let spec = pod.spec.clone().unwrap_or_default();
        // The first container is the service itself. Of init containers, only sidecars run on.
        let main = spec.containers.first().map(|main| container(&main.name, usage.cpu, usage.memory));
        let sidecars = spec.init_containers.iter().flatten().filter(|c| c.restart_policy.as_deref() == Some("Always"));
        let others = spec.containers.iter().skip(1).chain(sidecars).map(|c| container(&c.name, usage.sidecar_cpu, 10));
        let containers: Vec<_> = main.into_iter().chain(others).collect();
        let object = json!({
            "apiVersion": "metrics.k8s.io/v1beta1",
            "kind": "PodMetrics",
            "metadata": {
                "name": name,
                "labels": pod.labels(),
                // So that metrics go away with their pod.
                "ownerReferences": [{
                    "apiVersion": "v1", "kind": "Pod", "name": name, "uid": pod.uid().unwrap_or_default(),
                }],
            },
            "timestamp": Timestamp::now().to_string(),
            "window": "1s",
            "containers": containers,
        });
        let params = PatchParams::apply("microservice-tests").force();
        metrics.patch(&name, &params, &Patch::Apply(&object)).await?;
    }
    Ok(pods.len())
}

/// The resource that the autoscaler controller reads, as a CRD instead of an aggregated API server.
pub(super) fn definition() -> Result<CustomResourceDefinition> {
    Ok(serde_json::from_value(json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": "pods.metrics.k8s.io",
            "annotations": {"api-approved.kubernetes.io": "unapproved, test only"},
        },
        "spec": {
            "group": "metrics.k8s.io",
            "scope": "Namespaced",
            "names": {"kind": "PodMetrics", "listKind": "PodMetricsList", "plural": "pods", "singular": "pod"},
            "versions": [{
                "name": "v1beta1",
                "served": true,
                "storage": true,
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}},
            }],
        },
    }))?)
}
