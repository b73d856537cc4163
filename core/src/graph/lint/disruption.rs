//! PodDisruptionBudgets that never let a pod go: a node that shall be emptied waits for ever.

use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString::{self, Int, String as Text};

use super::{Code, Finding, Object, Severity};
use crate::{
    graph::{Survey, Workload},
    plan::BudgetLimit,
};

pub(super) fn find(survey: &Survey<'_>, findings: &mut Vec<Finding>) {
    for (id, service) in &survey.services {
        let Some((path, why)) = service.workload.as_ref().and_then(blocked) else { continue };
        findings.push(Finding {
            objects: vec![Object::service(id)],
            severity: Severity::Warning,
            code: Code::DisruptionBlocked,
            paths: vec![path.to_owned()],
            message: format!("The PodDisruptionBudget of {id} never lets a pod go: {why}."),
            remedy: "Let at least one pod go: write maxUnavailable: 1, raise the count of replicas, or write enabled: false."
                .to_owned(),
        });
    }
}

/// The field that keeps all pods, and why.
fn blocked(workload: &Workload) -> Option<(&'static str, String)> {
    // Without pods there is nothing to keep; an autoscaler that rests at zero starts with one.
    let pods = match (workload.least, workload.autoscaled) {
        (Some(0), true) => Some(1),
        (count, _) => count.filter(|count| *count > 0),
    };
    if workload.most == Some(0) {
        return None;
    }
    match workload.budget.as_ref()? {
        BudgetLimit::MaxUnavailable(amount) => (of(amount, pods.unwrap_or(1)) == Some(0))
            .then(|| ("disruptionBudget.maxUnavailable", format!("maxUnavailable is {}", text(amount)))),
        BudgetLimit::MinAvailable(amount) => {
            let path = "disruptionBudget.minAvailable";
            let Some(pods) = pods else {
                return (of(amount, 100) == Some(100) && matches!(amount, Text(_)))
                    .then(|| (path, format!("minAvailable is {}", text(amount))));
            };
            let count = if workload.autoscaled { "the least count of replicas" } else { "the count of replicas" };
            (of(amount, pods)? >= pods).then(|| (path, format!("minAvailable is {}, and {count} {pods}", text(amount))))
        }
    }
}

/// How many of these pods an amount is; a part of one is a whole, as the controller of budgets has it.
fn of(amount: &IntOrString, pods: i32) -> Option<i32> {
    match amount {
        Int(count) => Some(*count),
        Text(percent) => {
            let percent: i64 = percent.strip_suffix('%')?.parse().ok()?;
            i32::try_from((percent.checked_mul(i64::from(pods))?.checked_add(99)?) / 100).ok()
        }
    }
}

fn text(amount: &IntOrString) -> String {
    match amount {
        Int(count) => count.to_string(),
        Text(percent) => percent.clone(),
    }
}
