//! The PodDisruptionBudget.

use k8s_openapi::api::policy::v1::{PodDisruptionBudget, PodDisruptionBudgetSpec};
use serde_json::Value;

use super::{AROUND_PODS, Child, object};
use crate::plan::{BudgetLimit, Plan};

pub(super) struct DisruptionBudgetChild;

impl Child for DisruptionBudgetChild {
    const KIND: &'static str = "PodDisruptionBudget";
    const GROUP: &'static str = "policy";
    const PLURAL: &'static str = "poddisruptionbudgets";
    const WAVE: u8 = AROUND_PODS;

    fn desired(plan: &Plan) -> Vec<Value> {
        let Some(budget) = &plan.disruption_budget else { return Vec::new() };
        let (max_unavailable, min_available) = match &budget.limit {
            BudgetLimit::MaxUnavailable(pods) => (Some(pods.clone()), None),
            BudgetLimit::MinAvailable(pods) => (None, Some(pods.clone())),
        };
        let spec = PodDisruptionBudgetSpec {
            max_unavailable,
            min_available,
            selector: Some(object::selector(plan)),
            unhealthy_pod_eviction_policy: Some(budget.unhealthy_pod_eviction_policy.clone()),
        };
        let metadata = object::metadata(plan);
        vec![object::document(&PodDisruptionBudget { metadata, spec: Some(spec), status: None })]
    }
}

#[cfg(test)]
mod tests {
    use crate::children::tests::child;

    #[test]
    fn one_pod_at_a_time_and_never_a_stuck_drain() {
        let budget = child("PodDisruptionBudget", "{image: a:1, scaling: {replicas: 2}}").unwrap();
        assert_eq!(budget["spec"]["maxUnavailable"], 1);
        assert_eq!(budget["spec"]["unhealthyPodEvictionPolicy"], "AlwaysAllow");
        assert!(budget["spec"].get("minAvailable").is_none());
        assert!(child("PodDisruptionBudget", "{image: a:1, scaling: {replicas: 1}}").is_none());
    }
}
