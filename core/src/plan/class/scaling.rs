//! A fixed count or an autoscaler of a class beside what a service says.

use microservice_crds::{MicroserviceSpec, Scaling};

use super::Bent;
use crate::plan::{Class, Replaced};

/// A service that says how many replicas run has no autoscaler of the class; one that says anything of an autoscaler has
/// no fixed count of the class. Targets (`cpu`, `memory`, `metrics`) are replaced together. Where the counts cross, the
/// class's becomes the service's. Answers with the least count that will run.
pub(super) fn fit(given: &mut Option<Scaling>, said: Option<&Scaling>, bent: &mut Bent) -> i32 {
    let none = Scaling::default();
    let said = said.unwrap_or(&none);
    if let Some(class) = given {
        beside(class, said, bent);
        if *class == none {
            *given = None;
        }
    }
    let class = given.as_ref().unwrap_or(&none);
    match said.max_replicas.or(class.max_replicas) {
        Some(_) => said.min_replicas.or(class.min_replicas).unwrap_or(1),
        None => said.replicas.or(class.replicas).unwrap_or(0),
    }
}

fn beside(class: &mut Scaling, said: &Scaling, bent: &mut Bent) {
    if said.replicas.is_some() {
        *class = Scaling::default();
        return;
    }
    let aims = said.cpu.is_some() || said.memory.is_some() || !said.metrics.is_empty();
    if aims {
        (class.cpu, class.memory) = (None, None);
        class.metrics.clear();
    }
    if aims || said.min_replicas.is_some() || said.max_replicas.is_some() || said.behavior.is_some() {
        class.replicas = None;
    }
    if said.max_replicas.or(class.max_replicas).is_none() {
        // There is no autoscaler that the rest could be for.
        *class = Scaling { replicas: class.replicas, ..Scaling::default() };
        return;
    }
    if let (Some(min), Some(max), None) = (said.min_replicas, class.max_replicas, said.max_replicas)
        && min > max
    {
        class.max_replicas = Some(min);
        bent.insert("scaling.maxReplicas".to_owned());
    }
    if let (Some(min), Some(max), None) = (class.min_replicas, said.max_replicas, said.min_replicas)
        && min > max
    {
        class.min_replicas = Some(max);
        bent.insert("scaling.minReplicas".to_owned());
    }
    let wakes = said.metrics.iter().any(|metric| metric.object.is_some() || metric.external.is_some());
    if class.min_replicas == Some(0) && aims && !wakes {
        class.min_replicas = Some(1);
        bent.insert("scaling.minReplicas".to_owned());
    }
}

/// The autoscaler of the class that the spec's own fixed count puts aside.
pub(in super::super) fn replaced(spec: &MicroserviceSpec, class: Option<&Class>) -> Option<Replaced> {
    let count = spec.scaling.as_ref()?.replicas?;
    let given = class?.spec.defaults.as_ref()?.scaling.as_ref()?;
    Some(Replaced { count, min: given.min_replicas.unwrap_or(1), max: given.max_replicas? })
}

#[cfg(test)]
mod tests {
    use crate::plan::{
        Replicas, Source,
        class::tests::{refused, source, with_defaults},
    };

    fn replicas(class: &str, spec: &str) -> String {
        match with_defaults(&format!("scaling: {{{class}}}"), &format!("scaling: {{{spec}}}")).replicas {
            Replicas::Unmanaged => "unmanaged".into(),
            Replicas::Fixed(count) => format!("{count}"),
            Replicas::Autoscaled { min, max, metrics, .. } => {
                let target = |m: &k8s_openapi::api::autoscaling::v2::MetricSpec| match &m.resource {
                    Some(r) => format!(" {} {}", r.name, r.target.average_utilization.unwrap_or_default()),
                    None => format!(" {}", m.type_),
                };
                format!("{min}-{max}{}", metrics.iter().map(target).collect::<String>())
            }
        }
    }

    const QUEUE: &str = "metrics: [{type: External, external: {metric: {name: q}, target: {type: Value, value: '5'}}}]";

    #[test]
    fn a_fixed_count_and_an_autoscaler_exclude_each_other() {
        let auto = "minReplicas: 2, maxReplicas: 9, cpu: 70";
        assert_eq!(replicas(auto, ""), "2-9 cpu 70");
        assert_eq!(replicas(auto, "replicas: 4"), "4");
        assert_eq!(replicas(auto, "replicas: 0"), "0");
        assert_eq!(replicas("replicas: 3", ""), "3");
        assert_eq!(replicas("replicas: 3", "maxReplicas: 5"), "1-5 cpu 80");
        assert_eq!(replicas("replicas: 3", "replicas: 1"), "1");
    }

    #[test]
    fn targets_are_replaced_together() {
        let auto = "maxReplicas: 9, cpu: 70, memory: 60";
        assert_eq!(replicas(auto, ""), "1-9 cpu 70 memory 60");
        assert_eq!(replicas(auto, "cpu: 50"), "1-9 cpu 50");
        assert_eq!(replicas(auto, "memory: 50"), "1-9 memory 50");
        assert_eq!(replicas(auto, QUEUE), "1-9 External");
        assert_eq!(replicas(auto, "maxReplicas: 4"), "1-4 cpu 70 memory 60");
    }

    #[test]
    fn targets_alone_are_for_who_has_an_autoscaler() {
        assert_eq!(replicas("cpu: 70", ""), "unmanaged");
        assert_eq!(replicas("cpu: 70", "replicas: 2"), "2");
        assert_eq!(replicas("cpu: 70", "maxReplicas: 3"), "1-3 cpu 70");
        let found = refused("defaults: {scaling: {cpu: 70}}", "scaling: {minReplicas: 3}");
        assert_eq!((found.len(), found[0].1.as_str()), (1, "scaling.minReplicas"));
        assert!(found[0].2.contains("scaling.maxReplicas"));
    }

    #[test]
    fn counts_that_cross_become_the_services() {
        assert_eq!(replicas("minReplicas: 2, maxReplicas: 4", "minReplicas: 6"), "6-6 cpu 80");
        assert_eq!(replicas("minReplicas: 5, maxReplicas: 9", "maxReplicas: 3"), "3-3 cpu 80");
        assert_eq!(replicas(&format!("minReplicas: 0, maxReplicas: 9, {QUEUE}"), "cpu: 50"), "1-9 cpu 50");
        assert_eq!(replicas(&format!("minReplicas: 0, maxReplicas: 9, {QUEUE}"), ""), "0-9 External");
        let plan = with_defaults("scaling: {maxReplicas: 4}", "scaling: {minReplicas: 6}");
        assert_eq!(source(&plan, "scaling.maxReplicas").unwrap().0, Source::Derived);
        assert_eq!(source(&plan, "scaling.minReplicas").unwrap().0, Source::Spec);
    }
}
