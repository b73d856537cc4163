//! What an autoscaler looks at.

use k8s_openapi::api::autoscaling::v2::{
    ContainerResourceMetricSource, MetricSpec, MetricTarget, ResourceMetricSource,
};
use microservice_crds::Scaling;
use serde_json::Value;

use super::{Subject, draft::Draft};

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
    let company = !draft.spec.sidecars.is_empty() || adds_container(draft.subject);
    let container = company.then(|| draft.subject.name.clone());
    let targets = [("cpu", cpu), ("memory", scaling.memory)];
    let own = targets.into_iter().filter_map(|(name, percent)| Some(utilization(name, percent?, container.clone())));
    own.chain(scaling.metrics.iter().cloned()).collect()
}

/// Whether an override puts a container beside the main one that runs as long as it does.
fn adds_container(subject: &Subject) -> bool {
    let over = subject.spec.overrides.get("Deployment").and_then(|over| over.pointer("/spec/template/spec"));
    let of = |list: &str| over.and_then(|pod| pod.get(list)?.as_array()).into_iter().flatten();
    let says = |container: &Value, field: &str, value: &str| container.get(field).is_some_and(|v| v == value);
    of("containers").any(|c| !says(c, "name", &subject.name))
        || of("initContainers").any(|c| says(c, "restartPolicy", "Always"))
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

    #[test]
    fn a_container_that_an_override_adds_does_not_count_either() {
        let pod = |part: &str| {
            let over = format!("overrides: {{Deployment: {{spec: {{template: {{spec: {{{part}}}}}}}}}}}");
            types(&format!("scaling: {{maxReplicas: 2}}, {over}"))
        };
        assert_eq!(pod("containers: [{name: web, tty: true}, {name: more, image: m:1}]"), ["ContainerResource"]);
        let native = "initContainers: [{name: more, image: m:1, restartPolicy: Always}]";
        assert_eq!(pod(native), ["ContainerResource"]);
        assert_eq!(pod("containers: [{name: web, tty: true}], initContainers: [{name: i, image: i:1}]"), ["Resource"]);
    }
}
