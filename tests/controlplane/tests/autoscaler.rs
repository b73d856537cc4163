//! Autoscalers scale for real, by the load that a test sets.

use anyhow::Result;
use microservice_tests::control_plane::{ControlPlane, Load, Options};
use serde_json::json;

use crate::workloads::{available, deployment};

#[tokio::test]
async fn replicas_follow_the_load() -> Result<()> {
    let cluster = ControlPlane::shared(Options::default().hpa()).await?;
    let namespace = cluster.namespace("load").await?;
    deployment(cluster, &namespace, "app", 1, &json!({})).await?;
    available(cluster, &namespace, "app", 1).await?;
    cluster
        .apply(&format!(
            r#"
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {{name: app, namespace: {namespace}}}
spec:
  scaleTargetRef: {{apiVersion: apps/v1, kind: Deployment, name: app}}
  minReplicas: 1
  maxReplicas: 6
  metrics:
  - type: ContainerResource
    containerResource: {{name: cpu, container: app, target: {{type: Utilization, averageUtilization: 50}}}}
"#
        ))
        .await?;
    // 200m at 50 % of 100m each is a matter for four pods.
    let load = cluster.hold_load(&namespace, "app=app", Load::Total(200))?;
    available(cluster, &namespace, "app", 4).await?;
    drop(load);
    cluster.set_load(&namespace, "app=app", Load::PerPod(0)).await?;
    available(cluster, &namespace, "app", 1).await
}
