//! Requests and limits of a class beside those of a service.

use std::collections::BTreeMap;

use k8s_openapi::{api::core::v1::ResourceRequirements, apimachinery::pkg::api::resource::Quantity};

use super::Bent;
use crate::compare::quantity;

type Amounts = BTreeMap<String, Quantity>;

/// A request must not be above its limit. Where the service says one of the two, and the class's other one stands
/// against it, the class's becomes the service's: a limit of the class rises to the request, and a request of the class
/// falls to the limit. So a class that gives limits leaves no pod without.
pub(super) fn fit(given: Option<&mut ResourceRequirements>, said: Option<&ResourceRequirements>, bent: &mut Bent) {
    let (Some(given), Some(said)) = (given, said) else { return };
    let none = Amounts::new();
    let requests = said.requests.as_ref().unwrap_or(&none);
    let limits = said.limits.as_ref().unwrap_or(&none);
    for (name, limit) in given.limits.iter_mut().flatten() {
        let request = requests.get(name).filter(|request| !limits.contains_key(name) && above(request, limit));
        if let Some(request) = request {
            *limit = request.clone();
            bent.insert(format!("resources.limits.{name}"));
        }
    }
    for (name, request) in given.requests.iter_mut().flatten() {
        let limit = limits.get(name).filter(|limit| !requests.contains_key(name) && above(request, limit));
        if let Some(limit) = limit {
            *request = limit.clone();
            bent.insert(format!("resources.requests.{name}"));
        }
    }
}

fn above(request: &Quantity, limit: &Quantity) -> bool {
    quantity::nanos(&request.0).zip(quantity::nanos(&limit.0)).is_some_and(|(request, limit)| request > limit)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::plan::{
        Source,
        class::tests::{refused, source, with_defaults},
    };

    fn resources(class: &str, spec: &str) -> serde_json::Value {
        let plan = with_defaults(&format!("resources: {{{class}}}"), &format!("resources: {{{spec}}}"));
        json!(plan.pod.containers.main().unwrap().resources)
    }

    #[test]
    fn each_amount_is_a_value_of_its_own() {
        assert_eq!(
            resources("requests: {cpu: 100m, memory: 64Mi}, limits: {memory: 1Gi}", "requests: {cpu: 200m}"),
            json!({"requests": {"cpu": "200m", "memory": "64Mi"}, "limits": {"memory": "1Gi"}})
        );
    }

    #[test]
    fn the_classes_amount_gives_way() {
        assert_eq!(
            resources("limits: {memory: 512Mi, cpu: 1}", "requests: {memory: 1Gi}"),
            json!({"requests": {"memory": "1Gi"}, "limits": {"memory": "1Gi", "cpu": "1"}})
        );
        assert_eq!(
            resources("requests: {memory: 512Mi, cpu: 1}", "limits: {memory: 256Mi}"),
            json!({"requests": {"memory": "256Mi", "cpu": "1"}, "limits": {"memory": "256Mi"}})
        );
        let plan = with_defaults("resources: {limits: {memory: 512Mi}}", "resources: {requests: {memory: 1Gi}}");
        assert_eq!(source(&plan, "resources.limits.memory"), Some((Source::Derived, json!("1Gi"))));
    }

    #[test]
    fn the_services_own_contradiction_stays_one() {
        let found =
            refused("defaults: {resources: {limits: {cpu: 4}}}", "resources: {requests: {cpu: 2}, limits: {cpu: 1}}");
        assert_eq!((found[0].0.reason(), found[0].1.as_str()), ("InvalidSpec", "resources.requests.cpu"));
    }
}
