//! What an autoscaler looks at.

use k8s_openapi::api::autoscaling::v2::{
    ContainerResourceMetricSource, MetricSpec, MetricTarget, ResourceMetricSource,
};
use microservice_crds::Scaling;

use super::draft::Draft;

/// A container that an autoscaler measures in percent of a request that it does not have.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unrequested {
    /// Name of the container.
    pub container: String,
    /// The resource. Example: `cpu`.
    pub resource: String,
    /// The field that would request it, below `spec`. Example: `resources.requests.cpu`.
    pub field: String,
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
    use crate::plan::{Replicas, tests::planned};

    fn types(spec: &str) -> Vec<String> {
        match planned(&format!("{{image: a:1, {spec}}}")).replicas {
            Replicas::Autoscaled { metrics, .. } => metrics.into_iter().map(|m| m.type_).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn cpu_is_the_default_metric_and_sidecars_do_not_count() {
        assert_eq!(types("scaling: {maxReplicas: 2}"), ["Resource"]);
        assert_eq!(types("scaling: {maxReplicas: 2, cpu: 50, memory: 50}"), ["Resource", "Resource"]);
        assert_eq!(types("scaling: {maxReplicas: 2, memory: 50}").len(), 1);
        assert_eq!(types("scaling: {maxReplicas: 2}, sidecars: [{name: p, image: p:1}]"), ["ContainerResource"]);
    }
}
