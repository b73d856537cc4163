//! A fixed count, an autoscaler, or neither. Whether the rest of an autoscaler comes from the class, no rule here can know.

use super::{Place, count, filled};

pub(super) fn places() -> Vec<Place> {
    let autoscaled = format!("has(self.cpu) || has(self.memory) || has(self.behavior) || {}", filled("self.metrics"));
    let metric = "spec.scaling.metrics[]";
    let kinds = [
        ("Resource", "resource"),
        ("ContainerResource", "containerResource"),
        ("Pods", "pods"),
        ("Object", "object"),
        ("External", "external"),
    ];
    let fits = kinds.map(|(name, field)| format!("(self.type == '{name}') == has(self.{field})")).join(" && ");
    vec![
        Place::at("spec.scaling")
            .check(
                "!has(self.replicas) || !(has(self.minReplicas) || has(self.maxReplicas))",
                "scaling.replicas cannot stand beside scaling.minReplicas/maxReplicas, because an autoscaler decides \
                 there: change those, or remove them",
            )
            .check(
                "!has(self.minReplicas) || !has(self.maxReplicas) || self.minReplicas <= self.maxReplicas",
                "scaling.minReplicas must not be greater than scaling.maxReplicas",
            )
            .check(
                format!("!has(self.replicas) || !({autoscaled})"),
                "scaling.cpu, memory, metrics and behavior belong to an autoscaler, and scaling.replicas is a fixed \
                 count: remove it, or them",
            )
            .check(
                "!has(self.minReplicas) || self.minReplicas > 0 || \
                 (has(self.metrics) && self.metrics.exists(m, m.type == 'Object' || m.type == 'External'))",
                "scaling.minReplicas may be 0 only with a metric of type Object or External, which tells when to start \
                 again: set it to 1 or more, or add such a metric",
            )
            .check(
                "!has(self.metrics) || !self.metrics.exists(m, has(m.resource) && \
                 (m.resource.name == 'cpu' && has(self.cpu) || m.resource.name == 'memory' && has(self.memory)))",
                "scaling.metrics names a resource that scaling.cpu or scaling.memory names as well: keep one of them",
            ),
        Place::at("spec.scaling.metrics[].type").one_of(&kinds.map(|(name, _)| name)),
        Place::at(metric).check(
            fits,
            "a metric of type Resource, ContainerResource, Pods, Object or External has the field resource, \
             containerResource, pods, object or external, and none of the others",
        ),
        // The API server takes a target only where the metric can be measured so.
        Place::at_each(["resource", "containerResource"].map(|field| format!("{metric}.{field}.target.type")))
            .one_of(&["Utilization", "AverageValue"]),
        Place::at(&format!("{metric}.pods.target.type")).one_of(&["AverageValue"]),
        Place::at_each(["object", "external"].map(|field| format!("{metric}.{field}.target.type")))
            .one_of(&["Value", "AverageValue"]),
        Place::at_each(kinds.map(|(_, field)| format!("{metric}.{field}.target"))).check(
            format!(
                "{} == 1 && (self.type == 'Utilization') == has(self.averageUtilization) && \
                 (self.type == 'Value') == has(self.value)",
                count(&["averageUtilization", "value", "averageValue"])
            ),
            "a target of type Utilization, Value or AverageValue has the field averageUtilization, value or \
             averageValue, and none of the others",
        ),
        Place::at_each(["scaleUp", "scaleDown"].map(|way| format!("spec.scaling.behavior.{way}"))).check(
            "!has(self.policies) || size(self.policies) > 0",
            "policies must not be an empty list: name one, leave the list out for the defaults of Kubernetes, or write \
             selectPolicy: Disabled so that nothing moves this way",
        ),
        Place::at_each(["scaleUp", "scaleDown"].map(|way| format!("spec.scaling.behavior.{way}.selectPolicy")))
            .one_of(&["Max", "Min", "Disabled"]),
        Place::at_each(["scaleUp", "scaleDown"].map(|way| format!("spec.scaling.behavior.{way}.policies[].type")))
            .one_of(&["Pods", "Percent"]),
    ]
}
