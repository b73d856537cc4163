//! Pods that run.

use std::time::Duration;

use anyhow::Result;
use k8s_openapi::api::core::v1::Pod;
use kube::Api;

use crate::real::{self, IMAGE};

const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_restricted_pod_becomes_ready_by_its_probe() -> Result<()> {
    let cluster = real::cluster().await?;
    let namespace = cluster.namespace("restricted").await?;
    cluster
        .apply(&format!(
            "apiVersion: v1
kind: Pod
metadata: {{name: web, namespace: {namespace}}}
spec:
  automountServiceAccountToken: false
  securityContext: {{runAsNonRoot: true, seccompProfile: {{type: RuntimeDefault}}}}
  containers:
  - name: web
    image: {IMAGE}
    readinessProbe: {{httpGet: {{path: /_healthz, port: 8080}}, periodSeconds: 1}}
    securityContext:
      allowPrivilegeEscalation: false
      readOnlyRootFilesystem: true
      capabilities: {{drop: [ALL]}}
"
        ))
        .await?;
    let pods: Api<Pod> = Api::namespaced(cluster.client()?, &namespace);
    cluster
        .wait_until("the pod to be ready", &namespace, PATIENCE, || async {
            let status = pods.get("web").await?.status.unwrap_or_default();
            let ready = status.conditions.unwrap_or_default().iter().any(|c| c.type_ == "Ready" && c.status == "True");
            Ok(ready.then_some(()))
        })
        .await?;
    Ok(())
}
