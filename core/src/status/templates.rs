//! The templates whose pods run or may still run: what others depend on while a rollout is under way.

use microservice_crds::TemplateStatus;

use super::{rollout, stands};
use crate::{
    graph::Template,
    outcome::{ChildOutcome, DeploymentHealth},
    plan::Plan,
};

/// Templates that are kept at most; a service that is changed so often in mid-rollout has hardly pods of the oldest.
const MOST: usize = 8;

/// The templates after a reconcile, oldest first. A new one counts as soon as its Deployment is applied, an old one until
/// the rollout is complete; one that waits does not count.
pub(super) fn next(before: &[TemplateStatus], plan: &Plan, children: &[ChildOutcome]) -> Vec<TemplateStatus> {
    if !plan.watched {
        return Vec::new();
    }
    let deployment = rollout::deployment(children);
    let applied = deployment.is_some_and(|(child, _)| stands(&child.result));
    if !applied || !plan.contracts.hold.is_empty() {
        return before.to_vec();
    }
    let newest = plan.template.write();
    if deployment.and_then(|(_, health)| health).is_some_and(is_over) {
        return vec![newest];
    }
    let mut all: Vec<TemplateStatus> = before.iter().filter(|t| t.template != newest.template).cloned().collect();
    all.push(newest);
    let surplus = all.len().saturating_sub(MOST);
    all.split_off(surplus)
}

fn is_over(health: &DeploymentHealth) -> bool {
    rollout::rollout_complete(health)
}

/// The templates as the plan of the next reconcile has them.
pub fn running(before: &[TemplateStatus]) -> Vec<Template> {
    before.iter().map(Template::read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        graph::Holder,
        outcome::{ChildResult, DeploymentHealth, Outcome},
        plan::tests::planned,
        status::fixtures::{complete, fresh, outcome},
    };

    fn plan(digest: &str, exposes: &str) -> Plan {
        let mut plan = planned(&format!("{{image: 'a:1', ports: [{{name: http, port: 80}}], {exposes}}}"));
        plan.template.digest = digest.into();
        plan
    }

    const V1: &str = "exposes: [{name: http, version: '1'}]";

    fn digests(before: &[TemplateStatus], plan: &Plan, outcome: &Outcome) -> Vec<String> {
        next(before, plan, &outcome.children).into_iter().map(|record| record.template).collect()
    }

    fn records(digests: &[&str]) -> Vec<TemplateStatus> {
        digests.iter().map(|d| TemplateStatus { template: (*d).into(), ..TemplateStatus::default() }).collect()
    }

    #[test]
    fn an_old_template_counts_until_the_rollout_is_over() {
        let applied = outcome(1, ChildResult::Applied, fresh(1));
        assert_eq!(digests(&[], &plan("a", V1), &applied), ["a"]);
        assert_eq!(digests(&records(&["a"]), &plan("b", V1), &applied), ["a", "b"]);
        let rolling = DeploymentHealth { replicas: 2, ..complete(1) };
        assert_eq!(
            digests(&records(&["a", "b"]), &plan("b", V1), &outcome(1, ChildResult::Equal, rolling)),
            ["a", "b"]
        );
        assert_eq!(digests(&records(&["a", "b"]), &plan("b", V1), &outcome(1, ChildResult::Equal, complete(1))), ["b"]);
        // Back to the first one in mid-rollout: it is the newest now.
        assert_eq!(digests(&records(&["a", "b"]), &plan("a", V1), &applied), ["b", "a"]);
    }

    #[test]
    fn what_was_not_applied_or_waits_does_not_count() {
        let failed = outcome(1, ChildResult::Failed { message: "x".into() }, fresh(1));
        assert_eq!(digests(&records(&["a"]), &plan("b", V1), &failed), ["a"]);
        let mut held = plan("b", V1);
        held.contracts.hold =
            vec![Holder::Needs { need: crate::graph::Need::read("n/s/a@^1").unwrap(), served: None, mutual: false }];
        assert_eq!(digests(&records(&["a"]), &held, &outcome(1, ChildResult::Applied, complete(1))), ["a"]);
    }

    #[test]
    fn nothing_is_kept_where_nobody_depends_on_it() {
        assert!(digests(&records(&["a"]), &plan("b", ""), &outcome(1, ChildResult::Applied, fresh(1))).is_empty());
        let many: Vec<String> = (0..20).map(|n| n.to_string()).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(digests(&records(&many), &plan("b", V1), &outcome(1, ChildResult::Applied, fresh(1))).len(), MOST);
    }
}
