//! The requests that the autoscaler needs: it measures in percent of them.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Body, running::running};
use crate::plan::{Plan, Unrequested};

/// Requests that the rendered autoscaler needs and that no rendered container makes. A LimitRange of the namespace may
/// still set them.
pub(super) fn unrequested(plan: &Plan, bodies: &[Body]) -> BTreeSet<Unrequested> {
    let autoscaler = bodies.iter().find(|(entry, _)| entry.kind == "HorizontalPodAutoscaler").map(|(_, body)| body);
    let metrics = autoscaler.and_then(|body| body.pointer("/spec/metrics")?.as_array());
    let mut all = BTreeSet::new();
    for metric in metrics.into_iter().flatten() {
        let Some((source, only)) = measured(metric) else { continue };
        let resource = source.get("name").and_then(Value::as_str).unwrap_or_default();
        let measured = running(plan, bodies).filter(|r| r.stays() && only.is_none_or(|only| only == r.name()));
        all.extend(measured.filter(|r| !r.requests(resource)).map(|r| Unrequested {
            container: r.name().to_owned(),
            resource: resource.to_owned(),
            field: r.written(&format!("resources.requests.{resource}")),
        }));
    }
    all
}

/// What a metric measures in percent of a request, and the only container that it looks at, if there is one.
fn measured(metric: &Value) -> Option<(&Value, Option<&str>)> {
    let (source, only) = match (metric.get("resource"), metric.get("containerResource")) {
        (Some(source), _) => (source, None),
        (None, Some(source)) => (source, Some(source.get("container")?.as_str()?)),
        (None, None) => return None,
    };
    source.pointer("/target/averageUtilization").is_some().then_some((source, only))
}

#[cfg(test)]
mod tests {
    use crate::{
        plan::{Facts, tests::subject},
        render::render,
    };

    fn lacks(spec: &str) -> Vec<String> {
        let rendered = render(&subject(&format!("{{image: a:1, {spec}}}")), &Facts::default()).unwrap();
        rendered.plan.unrequested.into_iter().map(|u| format!("{} {}: {}", u.container, u.resource, u.field)).collect()
    }

    fn pod(part: &str) -> String {
        format!("overrides: {{Deployment: {{spec: {{template: {{spec: {{{part}}}}}}}}}}}")
    }

    const WHOLE_POD: &str = "scaling: {maxReplicas: 2, metrics: [{type: Resource, resource: {name: cpu, \
        target: {type: Utilization, averageUtilization: 50}}}]}";

    #[test]
    fn a_percentage_needs_a_request_and_a_limit_is_one() {
        let (cpu, memory) = ("web cpu: resources.requests.cpu", "web memory: resources.requests.memory");
        assert_eq!(lacks("scaling: {maxReplicas: 2}"), [cpu]);
        assert_eq!(lacks("scaling: {maxReplicas: 2, cpu: 50, memory: 50}"), [cpu, memory]);
        assert_eq!(lacks("scaling: {replicas: 2}"), [""; 0]);
        for resources in ["requests: {cpu: 100m}", "limits: {cpu: 1}"] {
            assert_eq!(lacks(&format!("scaling: {{maxReplicas: 2}}, resources: {{{resources}}}")), [""; 0]);
        }
        let by_value = "{type: Resource, resource: {name: cpu, target: {type: AverageValue, averageValue: 200m}}}";
        assert_eq!(lacks(&format!("scaling: {{maxReplicas: 2, metrics: [{by_value}]}}")), [""; 0]);
    }

    #[test]
    fn beside_a_sidecar_only_what_is_measured_needs_a_request() {
        let beside = "sidecars: [{name: p, image: p:1}], initContainers: [{name: i, image: i:1}], \
                      resources: {requests: {cpu: 1}}";
        assert_eq!(lacks(&format!("scaling: {{maxReplicas: 2}}, {beside}")), [""; 0]);
        assert_eq!(lacks(&format!("{WHOLE_POD}, {beside}")), ["p cpu: sidecars[p].resources.requests.cpu"]);
    }

    #[test]
    fn what_an_override_sets_or_adds_counts() {
        let set = pod("containers: [{name: web, resources: {requests: {cpu: 100m}}}]");
        assert_eq!(lacks(&format!("scaling: {{maxReplicas: 2}}, {set}")), [""; 0]);
        let added = pod("containers: [{name: more, image: m:1}]");
        assert_eq!(
            lacks(&format!("{WHOLE_POD}, resources: {{requests: {{cpu: 1}}}}, {added}")),
            ["more cpu: overrides.Deployment.spec.template.spec.containers[more].resources.requests.cpu"]
        );
        let measured = "overrides: {HorizontalPodAutoscaler: {spec: {metrics: [{type: Resource, resource: {name: memory, \
                        target: {type: Utilization, averageUtilization: 50}}}]}}}";
        assert_eq!(
            lacks(&format!("scaling: {{maxReplicas: 2}}, {measured}")),
            ["web memory: resources.requests.memory"]
        );
    }
}
