//! Who decides how many replicas run.

use microservice_crds::Scaling;

use super::{Replicas, draft::Draft, metric_rules, metrics};

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
        let metrics = metrics::resolve(draft, &scaling);
        if min == 0 && !metrics.iter().any(|m| m.object.is_some() || m.external.is_some()) {
            draft.refuse(
                "scaling.minReplicas",
                "0 needs a metric of type Object or External, which tells when to start again; write 1 or add one",
            );
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
    metric_rules::check(draft, scaling);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{
        Facts, plan,
        tests::{planned, refused, subject},
    };

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
        ] {
            assert_eq!(refused(&format!("{{image: a:1, scaling: {{{scaling}}}}}")), [field], "{scaling}");
        }
    }
}
