//! How many pods a service has at least and at most, what one of them asks for, and how many may go.

use std::collections::BTreeMap;

use k8s_openapi::{
    api::core::v1::ResourceRequirements,
    apimachinery::pkg::{api::resource::Quantity, util::intstr::IntOrString},
};
use serde_json::Value;

use crate::{
    children::Desired,
    compare::quantity::nanos,
    plan::{BudgetLimit, Plan, Replicas},
};

/// Amounts by resource, in nanos of its unit.
pub(super) type Amounts = BTreeMap<String, i128>;

/// The pods of a service.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Workload {
    /// The least count; none where the count is not the operator's.
    pub least: Option<i32>,
    /// The greatest count; none where the count is not the operator's.
    pub most: Option<i32>,
    /// Whether an autoscaler decides.
    pub autoscaled: bool,
    /// What a PodDisruptionBudget allows.
    pub budget: Option<BudgetLimit>,
    /// What one pod asks for.
    pub requests: Amounts,
    /// What one pod may have.
    pub limits: Amounts,
}

impl Workload {
    /// Of a plan that no override changes.
    pub fn of(plan: &Plan) -> Self {
        let (least, most) = match &plan.replicas {
            Replicas::Unmanaged => (None, None),
            Replicas::Fixed(count) => (Some(*count), Some(*count)),
            Replicas::Autoscaled { min, max, .. } => (Some(*min), Some(*max)),
        };
        let containers = &plan.pod.containers;
        let before: Vec<_> = containers
            .sidecars
            .iter()
            .map(|sidecar| (true, sidecar.resources.as_ref()))
            .chain(containers.init.iter().map(|init| (false, init.resources.as_ref())))
            .collect();
        let main: Vec<_> = containers.main.iter().map(|main| main.resources.as_ref()).collect();
        Self {
            least,
            most,
            autoscaled: matches!(plan.replicas, Replicas::Autoscaled { .. }),
            budget: plan.disruption_budget.as_ref().map(|budget| budget.limit.clone()),
            requests: pod(&before, &main, requests),
            limits: pod(&before, &main, limits),
        }
    }

    /// Of rendered objects, which overrides may have changed.
    pub fn rendered(children: &[Desired]) -> Self {
        let object = |kind: &str| children.iter().find(|child| child.entry.kind == kind).map(|child| &child.body);
        let at = |kind: &str, path: &str| object(kind).and_then(|object| object.pointer(path));
        let count = |kind: &str, path: &str| at(kind, path).and_then(Value::as_i64).and_then(|n| n.try_into().ok());
        let scaler = "HorizontalPodAutoscaler";
        let amount = |path: &str| {
            let value = at("PodDisruptionBudget", path)?;
            serde_json::from_value::<IntOrString>(value.clone()).ok()
        };
        let list = |path: &str| at("Deployment", path).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let resources = |container: &Value| {
            serde_json::from_value::<ResourceRequirements>(container.get("resources")?.clone()).ok()
        };
        let restarts = |container: &Value| container.get("restartPolicy").is_some_and(|policy| policy == "Always");
        let before: Vec<_> = list("/spec/template/spec/initContainers")
            .iter()
            .map(|container| (restarts(container), resources(container)))
            .collect();
        let before: Vec<_> = before.iter().map(|(restarts, resources)| (*restarts, resources.as_ref())).collect();
        let main: Vec<_> = list("/spec/template/spec/containers").iter().map(resources).collect();
        let main: Vec<_> = main.iter().map(Option::as_ref).collect();
        let fixed = count("Deployment", "/spec/replicas");
        let autoscaled = object(scaler).is_some();
        Self {
            least: if autoscaled { count(scaler, "/spec/minReplicas").or(Some(1)) } else { fixed },
            most: if autoscaled { count(scaler, "/spec/maxReplicas") } else { fixed },
            autoscaled,
            budget: amount("/spec/minAvailable")
                .map(BudgetLimit::MinAvailable)
                .or_else(|| amount("/spec/maxUnavailable").map(BudgetLimit::MaxUnavailable)),
            requests: pod(&before, &main, requests),
            limits: pod(&before, &main, limits),
        }
    }
}

/// What a pod comes to, as Kubernetes counts it: all containers that run on, or a container that runs before them beside
/// the sidecars that have started by then, whichever is more.
fn pod(
    before: &[(bool, Option<&ResourceRequirements>)],
    main: &[Option<&ResourceRequirements>],
    of: fn(&ResourceRequirements) -> Amounts,
) -> Amounts {
    let mut running = Amounts::new();
    let mut most = Amounts::new();
    for (restarts, resources) in before {
        let own = resources.map(of).unwrap_or_default();
        if *restarts {
            add(&mut running, own);
            continue;
        }
        let mut then = running.clone();
        add(&mut then, own);
        raise(&mut most, then);
    }
    for resources in main.iter().flatten() {
        add(&mut running, of(resources));
    }
    raise(&mut most, running);
    most
}

fn add(sum: &mut Amounts, more: Amounts) {
    for (resource, amount) in more {
        let sum = sum.entry(resource).or_default();
        *sum = sum.saturating_add(amount);
    }
}

fn raise(most: &mut Amounts, other: Amounts) {
    for (resource, amount) in other {
        let most = most.entry(resource).or_default();
        *most = amount.max(*most);
    }
}

/// The API server takes a limit for the request that is not said.
fn requests(resources: &ResourceRequirements) -> Amounts {
    let mut all = limits(resources);
    all.extend(amounts(resources.requests.as_ref()));
    all
}

fn limits(resources: &ResourceRequirements) -> Amounts {
    amounts(resources.limits.as_ref())
}

fn amounts(of: Option<&BTreeMap<String, Quantity>>) -> Amounts {
    let known = of.into_iter().flatten();
    known.filter_map(|(resource, quantity)| Some((resource.clone(), nanos(&quantity.0)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        plan::{Facts, tests::subject},
        render::render,
    };

    #[test]
    fn a_pod_asks_for_the_most_that_runs_at_once() {
        let spec = "{image: 'a:1', scaling: {minReplicas: 2, maxReplicas: 5},
            resources: {requests: {cpu: 100m}, limits: {cpu: 1, memory: 1Gi}},
            sidecars: [{name: s, image: 's:1', resources: {requests: {cpu: 50m}}}],
            initContainers: [{name: i, image: 'i:1', resources: {requests: {cpu: 300m, memory: 1Mi}}}]}";
        let rendered = render(&subject(spec), &Facts::default()).unwrap();
        let workload = Workload::of(&rendered.plan);
        assert_eq!((workload.least, workload.most, workload.autoscaled), (Some(2), Some(5), true));
        let wanted = [("cpu", "350m"), ("memory", "1Gi")];
        assert_eq!(workload.requests, wanted.map(|(name, text)| (name.to_owned(), nanos(text).unwrap())).into());
        // What is rendered says the same, where no override changes it.
        assert_eq!(Workload::rendered(&rendered.children), workload);
    }

    #[test]
    fn overrides_count() {
        let spec = "{image: 'a:1', scaling: {replicas: 2}, overrides: {Deployment: {spec: {template: {spec: {
            containers: [{name: web, resources: {requests: {cpu: 2}}}]}}}}, PodDisruptionBudget: {spec: {maxUnavailable: 0}}}}";
        let workload = Workload::rendered(&render(&subject(spec), &Facts::default()).unwrap().children);
        assert_eq!(workload.requests["cpu"], nanos("2").unwrap());
        assert_eq!(workload.budget, Some(BudgetLimit::MaxUnavailable(IntOrString::Int(0))));
    }
}
