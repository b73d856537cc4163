//! How a new version replaces the old one, and how a pod ends.

use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use microservice_crds::RolloutStrategy;

use super::{PortPlan, RollingPlan, RolloutPlan, Source, check, draft::Draft, profile::Amount};

/// Kubernetes' own default of `progressDeadlineSeconds`.
const PROGRESS_DEADLINE: i32 = 600;

/// The rollout, and the times of the end of a pod.
pub(super) struct RolloutDraft {
    pub plan: RolloutPlan,
    pub grace: i64,
    /// Seconds that a stopping pod still serves; none where it ends at once or the user has a hook of his own.
    pub drain: Option<i64>,
}

pub(super) fn resolve(draft: &mut Draft<'_>, ports: &[PortPlan]) -> RolloutDraft {
    let rollout = draft.spec.rollout.clone().unwrap_or_default();
    let rolling = match rollout.strategy.unwrap_or_default() {
        RolloutStrategy::RollingUpdate => Some(rolling(draft)),
        RolloutStrategy::Recreate => {
            for (field, said) in [
                ("rollout.maxSurge", rollout.max_surge.is_some()),
                ("rollout.maxUnavailable", rollout.max_unavailable.is_some()),
            ] {
                if said {
                    draft.refuse(field, "Recreate ends all pods at once; leave it out, or write RollingUpdate");
                }
            }
            None
        }
    };
    for (field, value) in [
        ("rollout.minReadySeconds", rollout.min_ready_seconds),
        ("rollout.progressDeadlineSeconds", rollout.progress_deadline_seconds),
        ("rollout.revisionHistoryLimit", rollout.revision_history_limit),
    ] {
        draft.problems.check(field, value.map_or(Ok(()), |v| check::not_negative(i64::from(v))));
    }
    let deadline = rollout.progress_deadline_seconds.unwrap_or(PROGRESS_DEADLINE);
    if rollout.min_ready_seconds.unwrap_or(0) >= deadline {
        draft.refuse(
            "rollout.progressDeadlineSeconds",
            format!("the deadline of {deadline} s must be longer than minReadySeconds; raise it"),
        );
    }
    let (grace, drain) = end(draft, !ports.is_empty());
    RolloutDraft {
        plan: RolloutPlan {
            rolling,
            min_ready_seconds: rollout.min_ready_seconds,
            progress_deadline_seconds: rollout.progress_deadline_seconds,
            revision_history_limit: rollout.revision_history_limit,
        },
        grace,
        drain,
    }
}

fn rolling(draft: &mut Draft<'_>) -> RollingPlan {
    let rollout = draft.spec.rollout.clone().unwrap_or_default();
    for (field, value) in
        [("rollout.maxSurge", &rollout.max_surge), ("rollout.maxUnavailable", &rollout.max_unavailable)]
    {
        draft.problems.check(field, value.as_ref().map_or(Ok(()), check_amount));
    }
    let surge_said = rollout.max_surge.is_some();
    let unavailable_said = rollout.max_unavailable.is_some();
    let max_surge = draft.ledger.pick("rollout.maxSurge", rollout.max_surge, amount(draft.profile.max_surge));
    let mut max_unavailable = rollout.max_unavailable.unwrap_or(amount(draft.profile.max_unavailable));
    let mut source = if unavailable_said { Source::Spec } else { Source::Profile };
    if is_zero(&max_surge) && is_zero(&max_unavailable) {
        if surge_said && unavailable_said {
            draft.refuse("rollout.maxUnavailable", "with maxSurge 0 too no pod could ever be replaced; write 1");
        } else {
            // Nothing above the count: then one below it is the only way.
            max_unavailable = IntOrString::Int(1);
            source = Source::Derived;
        }
    }
    draft.ledger.record("rollout.maxUnavailable", &max_unavailable, source);
    RollingPlan { max_surge, max_unavailable }
}

fn end(draft: &mut Draft<'_>, serves: bool) -> (i64, Option<i64>) {
    let spec = draft.spec;
    let grace = draft.ledger.pick(
        "terminationGracePeriodSeconds",
        spec.termination_grace_period_seconds,
        draft.profile.termination_grace_period_seconds,
    );
    draft.problems.check("terminationGracePeriodSeconds", check::not_negative(grace));
    if spec.lifecycle.as_ref().is_some_and(|l| l.pre_stop.is_some()) {
        if spec.drain_seconds.is_some() {
            draft.refuse("drainSeconds", "lifecycle.preStop replaces it; keep one of the two");
        }
        return (grace, None);
    }
    let profile = draft.profile.drain_seconds;
    let drain = match spec.drain_seconds {
        None if !serves => draft.ledger.derive("drainSeconds", None, || 0),
        // A short grace period leaves the other half of it to the program.
        None if profile > grace / 2 => draft.ledger.derive("drainSeconds", None, || (grace / 2).max(0)),
        said => draft.ledger.pick("drainSeconds", said, profile),
    };
    draft.problems.check("drainSeconds", check::not_negative(drain));
    if drain > 0 && drain >= grace {
        draft.refuse(
            "drainSeconds",
            format!("{drain} s leave nothing of the {grace} s to end; raise terminationGracePeriodSeconds above it"),
        );
    }
    (grace, (drain > 0).then_some(drain))
}

/// A count of pods, or a percentage.
pub(super) fn check_amount(value: &IntOrString) -> Result<(), String> {
    let fits = match value {
        IntOrString::Int(pods) => *pods >= 0,
        IntOrString::String(text) => {
            text.strip_suffix('%').and_then(|n| n.parse::<u32>().ok()).is_some_and(|n| n <= 100)
        }
    };
    if fits { Ok(()) } else { Err("not a number of pods; write one like 1 or \"25%\"".to_owned()) }
}

/// As Kubernetes writes it.
pub(super) fn amount(amount: Amount) -> IntOrString {
    match amount {
        Amount::Pods(pods) => IntOrString::Int(pods),
        Amount::Percent(percent) => IntOrString::String(format!("{percent}%")),
    }
}

/// Whether it is no pod at all.
pub(super) fn is_zero(value: &IntOrString) -> bool {
    match value {
        IntOrString::Int(pods) => *pods == 0,
        IntOrString::String(text) => text.strip_suffix('%').and_then(|n| n.parse::<u32>().ok()) == Some(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tests::{planned, refused};

    #[test]
    fn a_pod_ends_in_time() {
        let drain = |spec: &str| {
            let plan = planned(&format!("{{image: a:1, {spec}}}"));
            let hook = plan.pod.containers.main().unwrap().lifecycle.clone().and_then(|l| l.pre_stop);
            hook.and_then(|h| h.sleep).map(|s| s.seconds)
        };
        let port = "ports: [{name: a, port: 1}]";
        assert_eq!(drain(port), Some(5));
        assert_eq!(drain("command: [a]"), None);
        assert_eq!(drain(&format!("{port}, terminationGracePeriodSeconds: 4")), Some(2));
        assert_eq!(drain(&format!("{port}, terminationGracePeriodSeconds: 1")), None);
        assert_eq!(drain(&format!("{port}, drainSeconds: 0")), None);
        assert_eq!(drain("drainSeconds: 7"), Some(7));
        assert_eq!(refused("{image: a:1, drainSeconds: 30}"), ["drainSeconds"]);
    }

    #[test]
    fn no_surge_means_one_pod_less() {
        let plan = planned("{image: a:1, rollout: {maxSurge: 0}}");
        assert_eq!(plan.rollout.rolling.unwrap().max_unavailable, IntOrString::Int(1));
        assert_eq!(refused("{image: a:1, rollout: {maxSurge: '0%', maxUnavailable: 0}}"), ["rollout.maxUnavailable"]);
    }

    #[test]
    fn what_contradicts_is_refused() {
        for (rollout, field) in [
            ("strategy: Recreate, maxSurge: 1", "rollout.maxSurge"),
            ("maxSurge: many", "rollout.maxSurge"),
            ("maxUnavailable: 101%", "rollout.maxUnavailable"),
            ("minReadySeconds: 600", "rollout.progressDeadlineSeconds"),
            ("revisionHistoryLimit: -1", "rollout.revisionHistoryLimit"),
        ] {
            assert_eq!(refused(&format!("{{image: a:1, rollout: {{{rollout}}}}}")), [field], "{rollout}");
        }
    }
}
