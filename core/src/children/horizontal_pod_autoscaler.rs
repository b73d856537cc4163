//! The HorizontalPodAutoscaler.

use k8s_openapi::api::autoscaling::v2::{
    CrossVersionObjectReference, HorizontalPodAutoscaler, HorizontalPodAutoscalerSpec,
};
use serde_json::Value;

use super::{AROUND_PODS, Child, Watch, deployment, object};
use crate::{
    outcome::{AutoscalerHealth, Health},
    plan::{Plan, Replicas},
};

pub(super) struct AutoscalerChild;

impl Child for AutoscalerChild {
    const KIND: &'static str = "HorizontalPodAutoscaler";
    const GROUP: &'static str = "autoscaling";
    const VERSION: &'static str = "v2";
    const PLURAL: &'static str = "horizontalpodautoscalers";
    const WAVE: u8 = AROUND_PODS;
    // One of somebody else may scale our Deployment.
    const WATCH: Watch = Watch::All;

    fn desired(plan: &Plan) -> Vec<Value> {
        let Replicas::Autoscaled { min, max, metrics, behavior } = &plan.replicas else { return Vec::new() };
        let spec = HorizontalPodAutoscalerSpec {
            scale_target_ref: CrossVersionObjectReference {
                api_version: Some("apps/v1".to_owned()),
                kind: "Deployment".to_owned(),
                name: plan.name().to_owned(),
            },
            min_replicas: Some(*min),
            max_replicas: *max,
            metrics: object::unless_empty(metrics.clone()),
            behavior: behavior.clone(),
        };
        let metadata = object::metadata(plan);
        vec![object::document(&HorizontalPodAutoscaler { metadata, spec: Some(spec), status: None })]
    }

    fn health(live: &Value) -> Health {
        let desired = live.pointer("/status/desiredReplicas").and_then(Value::as_i64).unwrap_or(0);
        let conditions = live.pointer("/status/conditions");
        Health::Autoscaler(AutoscalerHealth {
            desired: i32::try_from(desired).unwrap_or(i32::MAX),
            able: deployment::verdict(conditions, "AbleToScale"),
            active: deployment::verdict(conditions, "ScalingActive"),
            limited: deployment::verdict(conditions, "ScalingLimited"),
            scaled_to_zero: deployment::verdict(conditions, "ScaledToZero").is_some_and(|v| v.is_true()),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::children::tests::child;

    #[test]
    fn the_main_container_alone_counts_beside_sidecars() {
        let spec =
            "{image: a:1, scaling: {minReplicas: 2, maxReplicas: 5, cpu: 60}, sidecars: [{name: p, image: p:1}]}";
        let autoscaler = child(AutoscalerChild::KIND, spec).unwrap();
        assert_eq!(
            autoscaler["spec"],
            json!({
                "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
                "minReplicas": 2,
                "maxReplicas": 5,
                "metrics": [{"type": "ContainerResource", "containerResource": {
                    "container": "web", "name": "cpu", "target": {"type": "Utilization", "averageUtilization": 60}}}],
            })
        );
        assert!(child(AutoscalerChild::KIND, "{image: a:1, scaling: {replicas: 3}}").is_none());
    }

    #[test]
    fn health_is_read() {
        let live = json!({"status": {"currentReplicas": 2, "desiredReplicas": 3, "conditions": [
            {"type": "ScalingActive", "status": "False", "reason": "FailedGetResourceMetric", "message": "m"},
            {"type": "ScaledToZero", "status": "True", "reason": "ScaledToZero", "message": "m"}]}});
        let Health::Autoscaler(health) = AutoscalerChild::health(&live) else { panic!() };
        assert_eq!(health.desired, 3);
        assert!(health.active.unwrap().is_false() && health.able.is_none() && health.scaled_to_zero);
    }
}
