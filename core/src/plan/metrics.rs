//! What an autoscaler looks at, and the requests that it needs for that.

use std::collections::BTreeSet;

use k8s_openapi::api::autoscaling::v2::{
    ContainerResourceMetricSource, MetricSpec, MetricTarget, ResourceMetricSource,
};
use microservice_crds::Scaling;

use super::{ContainerPlan, Plan, Replicas, draft::Draft};

/// A container that an autoscaler measures in percent of a request that it does not have.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unrequested {
    /// Name of the container.
    pub container: String,
    /// The resource. Example: `cpu`.
    pub resource: String,
}

/// Requests that the autoscaler of a plan needs and the plan does not have. A LimitRange of the namespace may still set
/// them; a limit is a request, too, as the API server fills it in.
pub fn unrequested(plan: &Plan) -> BTreeSet<Unrequested> {
    let Replicas::Autoscaled { metrics, .. } = &plan.replicas else { return BTreeSet::new() };
    let containers = &plan.pod.containers;
    let running = || containers.main.iter().chain(&containers.sidecars);
    let mut all = BTreeSet::new();
    for metric in metrics {
        let (resource, only, target) = match (&metric.resource, &metric.container_resource) {
            (Some(source), _) => (&source.name, None, &source.target),
            (_, Some(source)) => (&source.name, Some(&source.container), &source.target),
            _ => continue,
        };
        if target.average_utilization.is_none() {
            continue;
        }
        let measured = running().filter(|c| only.is_none_or(|only| *only == c.name));
        all.extend(
            measured
                .filter(|c| !requests(c, resource))
                .map(|c| Unrequested { container: c.name.clone(), resource: resource.clone() }),
        );
    }
    all
}

fn requests(container: &ContainerPlan, resource: &str) -> bool {
    let Some(resources) = &container.resources else { return false };
    [&resources.requests, &resources.limits].into_iter().flatten().any(|map| map.contains_key(resource))
}

/// The metrics: those of the short fields first. CPU by the profile where nothing is said.
pub(super) fn resolve(draft: &mut Draft<'_>, scaling: &Scaling) -> Vec<MetricSpec> {
    let cpu = if scaling.memory.is_none() && scaling.metrics.is_empty() {
        Some(draft.ledger.pick("scaling.cpu", scaling.cpu, draft.profile.cpu_target))
    } else {
        scaling.cpu
    };
    let container = (!draft.spec.sidecars.is_empty()).then(|| draft.subject.name.clone());
    let targets = [("cpu", cpu), ("memory", scaling.memory)];
    let own = targets.into_iter().filter_map(|(name, percent)| Some(utilization(name, percent?, container.clone())));
    own.chain(scaling.metrics.iter().cloned()).collect()
}

/// Use in percent of the request: of the pod, or of the main container where sidecars would blur it.
fn utilization(resource: &str, percent: i32, container: Option<String>) -> MetricSpec {
    let target =
        MetricTarget { type_: "Utilization".into(), average_utilization: Some(percent), ..MetricTarget::default() };
    let name = resource.to_owned();
    match container {
        Some(container) => MetricSpec {
            type_: "ContainerResource".into(),
            container_resource: Some(ContainerResourceMetricSource { container, name, target }),
            ..MetricSpec::default()
        },
        None => MetricSpec {
            type_: "Resource".into(),
            resource: Some(ResourceMetricSource { name, target }),
            ..MetricSpec::default()
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tests::planned;

    fn types(spec: &str) -> Vec<String> {
        match planned(&format!("{{image: a:1, {spec}}}")).replicas {
            Replicas::Autoscaled { metrics, .. } => metrics.into_iter().map(|m| m.type_).collect(),
            other => panic!("{other:?}"),
        }
    }

    fn lacks(spec: &str) -> Vec<String> {
        let all = unrequested(&planned(&format!("{{image: a:1, {spec}}}")));
        all.into_iter().map(|u| format!("{} {}", u.container, u.resource)).collect()
    }

    #[test]
    fn cpu_is_the_default_metric_and_sidecars_do_not_count() {
        assert_eq!(types("scaling: {maxReplicas: 2}"), ["Resource"]);
        assert_eq!(types("scaling: {maxReplicas: 2, cpu: 50, memory: 50}"), ["Resource", "Resource"]);
        assert_eq!(types("scaling: {maxReplicas: 2, memory: 50}").len(), 1);
        assert_eq!(types("scaling: {maxReplicas: 2}, sidecars: [{name: p, image: p:1}]"), ["ContainerResource"]);
    }

    #[test]
    fn a_percentage_needs_a_request_and_a_limit_is_one() {
        assert_eq!(lacks("scaling: {maxReplicas: 2}"), ["web cpu"]);
        assert_eq!(lacks("scaling: {maxReplicas: 2, cpu: 50, memory: 50}"), ["web cpu", "web memory"]);
        assert_eq!(lacks("scaling: {replicas: 2}"), [""; 0]);
        for resources in ["requests: {cpu: 100m}", "limits: {cpu: 1}"] {
            assert_eq!(lacks(&format!("scaling: {{maxReplicas: 2}}, resources: {{{resources}}}")), [""; 0]);
        }
        let by_value = "{type: Resource, resource: {name: cpu, target: {type: AverageValue, averageValue: 200m}}}";
        assert_eq!(lacks(&format!("scaling: {{maxReplicas: 2, metrics: [{by_value}]}}")), [""; 0]);
    }

    #[test]
    fn beside_a_sidecar_only_what_is_measured_needs_a_request() {
        let sidecar = "sidecars: [{name: p, image: p:1}], resources: {requests: {cpu: 1}}";
        assert_eq!(lacks(&format!("scaling: {{maxReplicas: 2}}, {sidecar}")), [""; 0]);
        let whole_pod = "{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 50}}}";
        assert_eq!(lacks(&format!("scaling: {{maxReplicas: 2, metrics: [{whole_pod}]}}, {sidecar}")), ["p cpu"]);
    }
}
