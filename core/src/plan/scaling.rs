//! Who decides how many replicas run.

use k8s_openapi::api::autoscaling::v2::{
    ContainerResourceMetricSource, MetricSpec, MetricTarget, ResourceMetricSource,
};
use microservice_crds::Scaling;

use super::{Replicas, check, draft::Draft};

/// The decision, and the least count that may run by what the spec says.
pub(super) struct ScalingDraft {
    pub replicas: Replicas,
    pub least: Option<i32>,
}

pub(super) fn resolve(draft: &mut Draft<'_>) -> ScalingDraft {
    let scaling = draft.spec.scaling.clone().unwrap_or_default();
    check(draft, &scaling);
    if let Some(max) = scaling.max_replicas {
        let min = draft.ledger.derive("scaling.minReplicas", scaling.min_replicas, || 1);
        let metrics = metrics(draft, &scaling);
        if min == 0 && !metrics.iter().any(|m| m.object.is_some() || m.external.is_some()) {
            draft.refuse("scaling.minReplicas", "0 needs a metric of type Object or External; write 1 or add one");
        }
        let replicas = Replicas::Autoscaled { min, max, metrics, behavior: scaling.behavior };
        return ScalingDraft { replicas, least: Some(min) };
    }
    let least = scaling.replicas;
    let replicas = match least {
        Some(count) if draft.facts.foreign_scaler.is_none() => Replicas::Fixed(count),
        _ => Replicas::Unmanaged,
    };
    ScalingDraft { replicas, least }
}

fn metrics(draft: &mut Draft<'_>, scaling: &Scaling) -> Vec<MetricSpec> {
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

fn check(draft: &mut Draft<'_>, scaling: &Scaling) {
    for (field, value, least) in [
        ("scaling.replicas", scaling.replicas, 0),
        ("scaling.minReplicas", scaling.min_replicas, 0),
        ("scaling.maxReplicas", scaling.max_replicas, 1),
        ("scaling.cpu", scaling.cpu, 1),
        ("scaling.memory", scaling.memory, 1),
    ] {
        if let Some(value) = value.filter(|v| *v < least) {
            draft.refuse(field, format!("{value} is too small; write {least} or more"));
        }
    }
    if let (Some(min), Some(max)) = (scaling.min_replicas, scaling.max_replicas)
        && min > max
    {
        draft.refuse("scaling.minReplicas", format!("{min} is more than maxReplicas {max}; swap or raise one"));
    }
    if scaling.replicas.is_some() && scaling.max_replicas.is_some() {
        draft.refuse("scaling.replicas", "an autoscaler decides where maxReplicas is said; keep one of the two");
    }
    if scaling.max_replicas.is_none() {
        for (field, said) in [
            ("scaling.minReplicas", scaling.min_replicas.is_some()),
            ("scaling.cpu", scaling.cpu.is_some()),
            ("scaling.memory", scaling.memory.is_some()),
            ("scaling.metrics", !scaling.metrics.is_empty()),
            ("scaling.behavior", scaling.behavior.is_some()),
        ] {
            if said {
                draft.refuse(field, "only an autoscaler has this; write scaling.maxReplicas too, or leave it out");
            }
        }
    }
    check_metrics(draft, scaling);
}

fn check_metrics(draft: &mut Draft<'_>, scaling: &Scaling) {
    for (index, metric) in scaling.metrics.iter().enumerate() {
        let fits = match metric.type_.as_str() {
            "Resource" => metric.resource.is_some(),
            "ContainerResource" => metric.container_resource.is_some(),
            "Pods" => metric.pods.is_some(),
            "Object" => metric.object.is_some(),
            "External" => metric.external.is_some(),
            _ => false,
        };
        if !fits {
            draft.problems.check(
                format!("scaling.metrics[{index}]"),
                Err(format!(
                    "type {:?} without its own block; write Resource, ContainerResource, Pods, Object or External, and the block of that name",
                    metric.type_
                )),
            );
        }
    }
    for name in scaling.metrics.iter().filter_map(|m| Some(m.container_resource.as_ref()?.container.as_str())) {
        let known = name == draft.subject.name || draft.spec.sidecars.iter().any(|c| c.name == name);
        if !known {
            draft.refuse(
                "scaling.metrics",
                format!("there is no container {name:?}; name {:?} or a sidecar", draft.subject.name),
            );
        }
    }
    if let Some(behavior) = &scaling.behavior {
        for (name, rules) in [("scaleUp", &behavior.scale_up), ("scaleDown", &behavior.scale_down)] {
            let window = rules.as_ref().and_then(|r| r.stabilization_window_seconds);
            draft.problems.check(
                format!("scaling.behavior.{name}.stabilizationWindowSeconds"),
                window.map_or(Ok(()), |seconds| check::not_negative(i64::from(seconds))),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{
        Facts, plan,
        tests::{planned, refused, subject},
    };

    fn metrics(spec: &str) -> Vec<String> {
        match planned(&format!("{{image: a:1, {spec}}}")).replicas {
            Replicas::Autoscaled { metrics, .. } => metrics.into_iter().map(|m| m.type_).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn cpu_is_the_default_metric_and_sidecars_do_not_count() {
        assert_eq!(metrics("scaling: {maxReplicas: 2}"), ["Resource"]);
        assert_eq!(metrics("scaling: {maxReplicas: 2, cpu: 50, memory: 50}"), ["Resource", "Resource"]);
        assert_eq!(metrics("scaling: {maxReplicas: 2, memory: 50}").len(), 1);
        assert_eq!(metrics("scaling: {maxReplicas: 2}, sidecars: [{name: p, image: p:1}]"), ["ContainerResource"]);
    }

    #[test]
    fn unset_is_not_zero() {
        assert_eq!(planned("{image: a:1}").replicas, Replicas::Unmanaged);
        assert_eq!(planned("{image: a:1, scaling: {}}").replicas, Replicas::Unmanaged);
        assert_eq!(planned("{image: a:1, scaling: {replicas: 0}}").replicas, Replicas::Fixed(0));
    }

    #[test]
    fn a_foreign_scaler_keeps_the_count() {
        let facts = Facts { foreign_scaler: Some("keda-hpa-web".into()), ..Facts::default() };
        let plan = plan(&subject("{image: a:1, scaling: {replicas: 3}}"), &facts).unwrap();
        assert_eq!(plan.replicas, Replicas::Unmanaged);
        assert!(plan.disruption_budget.is_some());
    }

    #[test]
    fn what_contradicts_is_refused() {
        for (scaling, field) in [
            ("minReplicas: 3, maxReplicas: 2", "scaling.minReplicas"),
            ("replicas: 1, maxReplicas: 2", "scaling.replicas"),
            ("minReplicas: 2", "scaling.minReplicas"),
            ("cpu: 50", "scaling.cpu"),
            ("minReplicas: 0, maxReplicas: 2", "scaling.minReplicas"),
            ("replicas: -1", "scaling.replicas"),
            ("maxReplicas: 2, metrics: [{type: Pods}]", "scaling.metrics[0]"),
        ] {
            assert_eq!(refused(&format!("{{image: a:1, scaling: {{{scaling}}}}}")), [field], "{scaling}");
        }
    }
}
