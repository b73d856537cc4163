//! What the API server would refuse of an autoscaler's metrics and behaviour, said before it is asked.

use k8s_openapi::{
    api::autoscaling::v2::{HPAScalingRules, MetricSpec, MetricTarget},
    apimachinery::pkg::api::resource::Quantity,
};
use microservice_crds::Scaling;

use super::draft::Draft;
use crate::compare::quantity;

/// Seconds that the API server takes for the period of a policy.
const LONGEST_PERIOD: i32 = 1800;
/// Seconds that it takes for a window.
const LONGEST_WINDOW: i32 = 3600;

/// Notes all of it.
pub(super) fn check(draft: &mut Draft<'_>, scaling: &Scaling) {
    for (index, metric) in scaling.metrics.iter().enumerate() {
        draft.problems.check(format!("scaling.metrics[{index}]"), check_metric(metric));
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
    let behavior = scaling.behavior.clone().unwrap_or_default();
    for (way, rules) in [("scaleUp", behavior.scale_up), ("scaleDown", behavior.scale_down)] {
        check_rules(draft, &format!("scaling.behavior.{way}"), &rules.unwrap_or_default());
    }
}

fn check_metric(metric: &MetricSpec) -> Result<(), String> {
    const OF_PODS: &[&str] = &["AverageValue"];
    const OF_REQUEST: &[&str] = &["Utilization", "AverageValue"];
    const OF_ALL: &[&str] = &["Value", "AverageValue"];
    let blocks = [
        ("Resource", metric.resource.as_ref().map(|m| (&m.name, &m.target)), OF_REQUEST),
        ("ContainerResource", metric.container_resource.as_ref().map(|m| (&m.name, &m.target)), OF_REQUEST),
        ("Pods", metric.pods.as_ref().map(|m| (&m.metric.name, &m.target)), OF_PODS),
        ("Object", metric.object.as_ref().map(|m| (&m.metric.name, &m.target)), OF_ALL),
        ("External", metric.external.as_ref().map(|m| (&m.metric.name, &m.target)), OF_ALL),
    ];
    let said = blocks.iter().filter(|(_, block, _)| block.is_some()).count();
    match blocks.iter().find(|(type_, ..)| *type_ == metric.type_) {
        Some((_, Some((name, target)), allowed)) if said == 1 => {
            check_name(name)?;
            check_target(target, allowed)
        }
        Some((type_, Some(_), _)) => Err(format!("other blocks stand beside that of {type_}; keep that one alone")),
        _ => Err(format!(
            "type {:?} without its own block; write Resource, ContainerResource, Pods, Object or External, and the \
             block of that name",
            metric.type_
        )),
    }
}

/// It becomes a part of an address.
fn check_name(name: &str) -> Result<(), String> {
    match name {
        "" | "." | ".." => Err(format!("{name:?} is no name of a metric; name one")),
        name if name.contains(['/', '%']) => Err(format!("the name {name:?} must not have '/' or '%'; leave them out")),
        _ => Ok(()),
    }
}

fn check_target(target: &MetricTarget, allowed: &[&str]) -> Result<(), String> {
    let type_ = target.type_.as_str();
    if !allowed.contains(&type_) {
        return Err(format!("a target of type {type_:?} cannot be had here; write {}", allowed.join(" or ")));
    }
    let positive = |value: &Quantity| quantity::nanos(&value.0).is_some_and(|nanos| nanos > 0);
    let values = [
        ("Utilization", "averageUtilization", target.average_utilization.map(|percent| percent > 0)),
        ("Value", "value", target.value.as_ref().map(positive)),
        ("AverageValue", "averageValue", target.average_value.as_ref().map(positive)),
    ];
    for (of, field, fits) in values {
        match fits {
            None if of == type_ => return Err(format!("a target of type {type_} needs {field}; write it")),
            Some(_) if of != type_ => return Err(format!("{field} stands beside a target of type {type_}; remove it")),
            Some(false) => return Err(format!("{field} is not a quantity above 0; write one like 100, 500m or 1k")),
            _ => {}
        }
    }
    Ok(())
}

fn check_rules(draft: &mut Draft<'_>, field: &str, rules: &HPAScalingRules) {
    if let Some(seconds) = rules.stabilization_window_seconds.filter(|s| !(0..=LONGEST_WINDOW).contains(s)) {
        draft.refuse(
            format!("{field}.stabilizationWindowSeconds"),
            format!("{seconds} is out of range; write 0 to {LONGEST_WINDOW}"),
        );
    }
    if let Some(choice) = rules.select_policy.as_ref().filter(|c| !["Max", "Min", "Disabled"].contains(&c.as_str())) {
        draft.refuse(format!("{field}.selectPolicy"), format!("{choice:?} is no choice; write Max, Min or Disabled"));
    }
    if rules.tolerance.as_ref().is_some_and(|t| quantity::nanos(&t.0).is_none_or(|nanos| nanos < 0)) {
        draft.refuse(format!("{field}.tolerance"), "is not a quantity of 0 or more; write one like 0.05 for 5 %");
    }
    let Some(policies) = &rules.policies else { return };
    if policies.is_empty() {
        draft.refuse(format!("{field}.policies"), "is empty; name a policy, or leave the list out");
    }
    for (index, policy) in policies.iter().enumerate() {
        let field = format!("{field}.policies[{index}]");
        if !["Pods", "Percent"].contains(&policy.type_.as_str()) {
            draft.refuse(&field, format!("type {:?} is no type; write Pods or Percent", policy.type_));
        }
        if policy.value < 1 {
            draft.refuse(&field, format!("value {} is too small; write 1 or more", policy.value));
        }
        if !(1..=LONGEST_PERIOD).contains(&policy.period_seconds) {
            let seconds = policy.period_seconds;
            draft.refuse(&field, format!("periodSeconds {seconds} is out of range; write 1 to {LONGEST_PERIOD}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::plan::{
        Replicas,
        tests::{planned, refused},
    };

    #[test]
    fn what_the_api_server_would_refuse_is_refused() {
        let external =
            |target: &str| format!("{{type: External, external: {{metric: {{name: q}}, target: {target}}}}}");
        for metric in [
            "{type: Pods}".to_owned(),
            "{type: Pods, pods: {metric: {name: q}, target: {type: Value, value: 1}}}".to_owned(),
            "{type: Resource, resource: {name: cpu, target: {type: Value, value: 1}}}".to_owned(),
            "{type: Resource, resource: {name: '', target: {type: AverageValue, averageValue: 1}}}".to_owned(),
            "{type: External, external: {metric: {name: a/b}, target: {type: Value, value: 1}}}".to_owned(),
            external("{type: Utilization, averageUtilization: 1}"),
            external("{type: Value, averageValue: 1}"),
            external("{type: Value, value: 0}"),
            external("{type: Value, value: lots}"),
            external("{type: Value, value: 1, averageValue: 1}"),
        ] {
            let fields = refused(&format!("{{image: a:1, scaling: {{maxReplicas: 2, metrics: [{metric}]}}}}"));
            assert_eq!(fields, ["scaling.metrics[0]"], "{metric}");
        }
        for (rules, field) in [
            ("policies: []", "policies"),
            ("policies: [{type: Pods, value: 0, periodSeconds: 1}]", "policies[0]"),
            ("policies: [{type: Nodes, value: 1, periodSeconds: 1}]", "policies[0]"),
            ("policies: [{type: Pods, value: 1, periodSeconds: 1801}]", "policies[0]"),
            ("selectPolicy: Most", "selectPolicy"),
            ("stabilizationWindowSeconds: 3601", "stabilizationWindowSeconds"),
            ("tolerance: '-0.1'", "tolerance"),
        ] {
            let spec = format!("{{image: a:1, scaling: {{maxReplicas: 2, behavior: {{scaleUp: {{{rules}}}}}}}}}");
            assert_eq!(refused(&spec), [format!("scaling.behavior.scaleUp.{field}")], "{rules}");
        }
    }

    #[test]
    fn every_kind_of_metric_and_target_is_taken() {
        let kinds = "
        - {type: Resource, resource: {name: memory, target: {type: AverageValue, averageValue: 1Gi}}}
        - {type: ContainerResource, containerResource: {container: web, name: cpu, target: {type: Utilization, averageUtilization: 5}}}
        - {type: Pods, pods: {metric: {name: rps, selector: {matchLabels: {a: b}}}, target: {type: AverageValue, averageValue: 1}}}
        - {type: Object, object: {describedObject: {kind: Service, name: web}, metric: {name: hits}, target: {type: Value, value: 10}}}
        - {type: External, external: {metric: {name: queue}, target: {type: AverageValue, averageValue: 500m}}}";
        let plan = planned(&format!("image: a:1\nscaling:\n  maxReplicas: 2\n  metrics:{kinds}"));
        let Replicas::Autoscaled { metrics, .. } = plan.replicas else { panic!() };
        assert_eq!(metrics.len(), 5);
    }
}
