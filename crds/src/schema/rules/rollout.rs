//! Rollouts, disruptions and the end of a pod. What is not said may come from the class, so only what is said is compared.

use super::{Place, count};

/// CEL: whether a number or percent is nothing.
fn is_zero(field: &str) -> String {
    format!("(type({field}) == int ? {field} == 0 : {field}.matches('^0+%$'))")
}

pub(super) fn places() -> Vec<Place> {
    vec![
        Place::at("spec.rollout")
            .check(
                "!has(self.strategy) || self.strategy != 'Recreate' || \
                 !(has(self.maxSurge) || has(self.maxUnavailable))",
                "strategy Recreate ends all old pods first: remove rollout.maxSurge and rollout.maxUnavailable",
            )
            .check(
                format!(
                    "!has(self.maxSurge) || !has(self.maxUnavailable) || !{} || !{}",
                    is_zero("self.maxSurge"),
                    is_zero("self.maxUnavailable")
                ),
                "rollout.maxSurge and rollout.maxUnavailable must not both be 0: no pod could ever be replaced",
            )
            .check(
                "!has(self.progressDeadlineSeconds) || self.progressDeadlineSeconds > \
                 (has(self.minReadySeconds) ? self.minReadySeconds : 0)",
                "rollout.progressDeadlineSeconds must be greater than rollout.minReadySeconds",
            ),
        Place::at("spec.rollout.maxSurge").check(
            "type(self) == int ? self >= 0 : self.matches('^[0-9]{1,4}%$')",
            "write a number of pods from 0 on, or a percentage as in \"25%\"",
        ),
        Place::at_each([
            "spec.rollout.maxUnavailable",
            "spec.disruptionBudget.maxUnavailable",
            "spec.disruptionBudget.minAvailable",
        ])
        .check(
            "type(self) == int ? self >= 0 : self.matches('^(100|[0-9]{1,2})%$')",
            "write a number of pods from 0 on, or a percentage up to \"100%\"",
        ),
        Place::at("spec.disruptionBudget")
            .check(
                "!has(self.maxUnavailable) || !has(self.minAvailable)",
                "a disruption budget has maxUnavailable or minAvailable: remove one of them",
            )
            .check(
                format!(
                    "!has(self.enabled) || self.enabled || {} == 0",
                    count(&["maxUnavailable", "minAvailable", "unhealthyPodEvictionPolicy"])
                ),
                "disruptionBudget.enabled is false: remove it, or the fields beside it",
            ),
        Place::at("spec.disruptionBudget.unhealthyPodEvictionPolicy").one_of(&["AlwaysAllow", "IfHealthyBudget"]),
        Place::at("spec")
            .check(
                "!has(self.drainSeconds) || !has(self.lifecycle) || !has(self.lifecycle.preStop)",
                "drainSeconds and lifecycle.preStop both say what a stopping pod does first: remove one of them",
            )
            .check(
                "!has(self.drainSeconds) || !has(self.terminationGracePeriodSeconds) || self.drainSeconds == 0 || \
                 self.drainSeconds < self.terminationGracePeriodSeconds",
                "drainSeconds must be less than terminationGracePeriodSeconds, which includes it: lower the one, or \
                 raise the other",
            ),
    ]
}
