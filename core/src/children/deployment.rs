//! The Deployment.

use k8s_openapi::{
    api::apps::v1::{Deployment, DeploymentSpec, DeploymentStrategy, RollingUpdateDeployment},
    api::core::v1::PodTemplateSpec,
};
use microservice_crds::{annotations, labels};
use serde_json::Value;

use super::{Child, PODS, object, pod};
use crate::{
    outcome::{DeploymentHealth, Health, Verdict},
    plan::{Plan, Replicas, RolloutPlan},
};

pub(super) struct DeploymentChild;

impl Child for DeploymentChild {
    const KIND: &'static str = "Deployment";
    const GROUP: &'static str = "apps";
    const PLURAL: &'static str = "deployments";
    const WAVE: u8 = PODS;

    fn desired(plan: &Plan) -> Vec<Value> {
        let mut metadata = object::metadata(plan);
        if let Some(version) = &plan.version {
            metadata.labels.get_or_insert_default().insert(labels::VERSION.to_owned(), version.clone());
        }
        object::annotate(&mut metadata, annotations::PROFILE, plan.profile.clone());
        let replicas = match plan.replicas {
            Replicas::Fixed(count) => Some(count),
            Replicas::Unmanaged | Replicas::Autoscaled { .. } => None,
        };
        if let Some(count) = replicas {
            object::annotate(&mut metadata, annotations::REPLICAS, count.to_string());
        }
        let spec = DeploymentSpec {
            replicas,
            selector: object::selector(plan),
            strategy: Some(strategy(&plan.rollout)),
            min_ready_seconds: plan.rollout.min_ready_seconds,
            progress_deadline_seconds: plan.rollout.progress_deadline_seconds,
            revision_history_limit: plan.rollout.revision_history_limit,
            // Pods and scaling of the old template go on while the new one waits.
            paused: (!plan.contracts.hold.is_empty()).then_some(true),
            template: PodTemplateSpec { metadata: Some(pod::metadata(plan)), spec: Some(pod::spec(plan)) },
        };
        vec![object::document(&Deployment { metadata, spec: Some(spec), status: None })]
    }

    fn health(live: &Value) -> Health {
        let number = |path: &str| live.pointer(path).and_then(Value::as_i64).unwrap_or(0);
        let count = |path: &str| i32::try_from(number(path)).unwrap_or(i32::MAX);
        let conditions = live.pointer("/status/conditions");
        Health::Deployment(DeploymentHealth {
            generation: number("/metadata/generation"),
            observed_generation: number("/status/observedGeneration"),
            spec_replicas: if live.pointer("/spec/replicas").is_some() { count("/spec/replicas") } else { 1 },
            replicas: count("/status/replicas"),
            updated: count("/status/updatedReplicas"),
            ready: count("/status/readyReplicas"),
            available: count("/status/availableReplicas"),
            available_verdict: verdict(conditions, "Available"),
            progressing: verdict(conditions, "Progressing"),
            replica_failure: verdict(conditions, "ReplicaFailure"),
        })
    }
}

fn strategy(rollout: &RolloutPlan) -> DeploymentStrategy {
    match &rollout.rolling {
        None => DeploymentStrategy { type_: Some("Recreate".to_owned()), rolling_update: None },
        Some(rolling) => DeploymentStrategy {
            type_: Some("RollingUpdate".to_owned()),
            rolling_update: Some(RollingUpdateDeployment {
                max_surge: Some(rolling.max_surge.clone()),
                max_unavailable: Some(rolling.max_unavailable.clone()),
            }),
        },
    }
}

/// The condition of a type in a list of conditions.
pub(super) fn verdict(conditions: Option<&Value>, type_: &str) -> Option<Verdict> {
    let list = conditions?.as_array()?;
    let condition = list.iter().find(|c| c.get("type").and_then(Value::as_str) == Some(type_))?;
    let text = |key: &str| condition.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let since = text("lastTransitionTime").parse().ok();
    Some(Verdict { status: text("status"), reason: text("reason"), message: text("message"), since })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::children::tests::child;

    fn deployment(spec: &str) -> Value {
        child("Deployment", &format!("{{image: 'a:1', {spec}}}")).unwrap()
    }

    #[test]
    fn replicas_are_written_only_where_they_are_ours() {
        let fixed = deployment("scaling: {replicas: 0}");
        assert_eq!(fixed["spec"]["replicas"], 0);
        assert_eq!(fixed["metadata"]["annotations"][annotations::REPLICAS], "0");
        for spec in ["scaling: {}", "scaling: {minReplicas: 2, maxReplicas: 3}"] {
            let open = deployment(spec);
            assert!(open["spec"].get("replicas").is_none(), "{spec}");
            assert!(open["metadata"]["annotations"].get(annotations::REPLICAS).is_none(), "{spec}");
        }
    }

    #[test]
    fn recreate_has_no_rolling_update() {
        assert_eq!(deployment("rollout: {strategy: Recreate}")["spec"]["strategy"], json!({"type": "Recreate"}));
        assert_eq!(
            deployment("rollout: {}")["spec"]["strategy"],
            json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 0}})
        );
    }

    #[test]
    fn the_system_and_labels_of_children_do_not_reach_the_pods() {
        let one = deployment("system: a, labels: {team: a}, annotations: {x: y}");
        let two = deployment("system: b, labels: {team: b}");
        assert_eq!(one["spec"], two["spec"]);
        assert_ne!(one["metadata"], two["metadata"]);
    }

    #[test]
    fn health_is_read() {
        let live = json!({
            "metadata": {"generation": 3},
            "spec": {"replicas": 4},
            "status": {"observedGeneration": 2, "replicas": 5, "updatedReplicas": 1, "readyReplicas": 4,
                "conditions": [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "m"}]},
        });
        let Health::Deployment(health) = DeploymentChild::health(&live) else { panic!() };
        assert_eq!((health.generation, health.observed_generation, health.spec_replicas), (3, 2, 4));
        assert_eq!((health.replicas, health.updated, health.ready, health.available), (5, 1, 4, 0));
        assert!(health.progressing.unwrap().is_false() && health.available_verdict.is_none());
    }
}
