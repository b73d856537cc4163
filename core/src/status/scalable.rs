//! Whether the autoscaler can do its work. It never blocks Ready.

use std::time::Duration;

use jiff::Timestamp;

use super::{conditions::Wanted, stands, stuck::elapsed, text};
use crate::outcome::{AutoscalerHealth, ChildOutcome, Health, Outcome, Verdict};

/// How long the autoscaler may have no metrics: those of new pods come late.
const PATIENCE: Duration = Duration::from_secs(60);

/// The condition `Scalable` and when time alone changes it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Scalable {
    pub wanted: Wanted,
    pub recheck: Option<Duration>,
}

impl From<Wanted> for Scalable {
    fn from(wanted: Wanted) -> Self {
        Self { wanted, recheck: None }
    }
}

/// The condition `Scalable`, where there is an autoscaler of ours or of somebody else.
pub(super) fn verdict(outcome: &Outcome, now: Timestamp) -> Option<Scalable> {
    let child = outcome.children.iter().find(|c| c.kind == "HorizontalPodAutoscaler");
    match (child, &outcome.scaler) {
        (Some(child), _) => Some(ours(child, now)),
        (None, Some(scaler)) => {
            let message = format!("{scaler} scales the Deployment; the operator leaves its replicas alone.");
            Some(Wanted::new("True", "ForeignScaler", message).into())
        }
        (None, None) => None,
    }
}

fn ours(child: &ChildOutcome, now: Timestamp) -> Scalable {
    let who = format!("{} {:?}", child.kind, child.name);
    if !stands(&child.result) {
        return Wanted::new("Unknown", "NotApplied", format!("{who} is not made: see Ready.")).into();
    }
    let waiting = || Wanted::new("Unknown", "NotReported", format!("{who} has no metrics yet."));
    let Health::Autoscaler(health) = &child.health else { return waiting().into() };
    let AutoscalerHealth { able, active, limited, .. } = health;
    if let Some(verdict) = [active, able].into_iter().flatten().find(|v| v.is_false()) {
        if verdict.reason == "ScalingDisabled" {
            let message = format!("{who} rests while there are no replicas.");
            return Wanted::new("False", "ScalingDisabled", message).into();
        }
        let left = verdict.since.map(|since| PATIENCE.saturating_sub(elapsed(since, now))).filter(|l| !l.is_zero());
        return match left {
            Some(left) => Scalable { wanted: waiting(), recheck: Some(left) },
            None => Wanted { status: "False", say: denied(&who, verdict) }.into(),
        };
    }
    if !active.as_ref().is_some_and(Verdict::is_true) {
        return waiting().into();
    }
    let message = match limited.as_ref().filter(|v| v.is_true()).map(|v| v.reason.as_str()) {
        Some("TooManyReplicas") => format!("{who} is active and wants more than spec.scaling.maxReplicas."),
        _ => format!("{who} is active."),
    };
    Wanted::new("True", "Active", message).into()
}

fn denied(who: &str, verdict: &Verdict) -> super::Say {
    let words = text::line(&verdict.message, 512);
    let lower = words.to_lowercase();
    let step = if lower.contains("missing request for") {
        "Set spec.resources.requests for what it scales by, on sidecars too."
    } else if ["FailedGetResourceMetric", "FailedGetContainerResourceMetric"].contains(&verdict.reason.as_str())
        || lower.contains("metrics.k8s.io")
    {
        "Install metrics-server, or check that it works: kubectl top pods."
    } else if verdict.reason.starts_with("FailedGet") {
        "Check that the metric of spec.scaling.metrics exists and that its adapter works."
    } else if verdict.reason == "AmbiguousSelector" {
        "Delete the other autoscaler of these pods."
    } else {
        "Correct spec.scaling."
    };
    super::Say::new(verdict.reason.clone(), format!("{who} cannot scale: {}. {step}", text::unstopped(&words)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        outcome::ChildResult,
        status::fixtures::{at, child, complete, outcome, verdict as said},
    };

    fn with(health: AutoscalerHealth) -> Outcome {
        let mut outcome = outcome(1, ChildResult::Equal, complete(2));
        let autoscaler = child("HorizontalPodAutoscaler", ChildResult::Equal);
        outcome.children.push(ChildOutcome { health: Health::Autoscaler(health), ..autoscaler });
        outcome
    }

    fn inactive(reason: &str, message: &str, since: Option<Timestamp>) -> AutoscalerHealth {
        let active = said("False", reason, message).map(|v| Verdict { since, ..v });
        AutoscalerHealth { active, able: said("True", "SucceededGetScale", ""), ..AutoscalerHealth::default() }
    }

    fn shown(outcome: &Outcome, now: i64) -> Option<(&'static str, String)> {
        verdict(outcome, at(now)).map(|s| (s.wanted.status, s.wanted.say.reason))
    }

    #[test]
    fn it_is_there_only_where_something_scales() {
        let mut plain = outcome(1, ChildResult::Equal, complete(2));
        assert_eq!(shown(&plain, 0), None);
        plain.scaler = Some("ScaledObject \"web\"".into());
        assert_eq!(shown(&plain, 0), Some(("True", "ForeignScaler".into())));
    }

    #[test]
    fn an_autoscaler_is_new_then_active() {
        assert_eq!(shown(&with(AutoscalerHealth::default()), 0), Some(("Unknown", "NotReported".into())));
        let active = AutoscalerHealth { active: said("True", "ValidMetricFound", ""), ..AutoscalerHealth::default() };
        assert_eq!(shown(&with(active), 0), Some(("True", "Active".into())));
        let mut clash = with(AutoscalerHealth::default());
        clash.children[3].result = ChildResult::Clash { owner: "nobody".into() };
        assert_eq!(shown(&clash, 0), Some(("Unknown", "NotApplied".into())));
    }

    #[test]
    fn missing_metrics_are_told_after_a_minute_with_what_to_do() {
        let words = "the HPA was unable to compute the replica count: failed to get cpu utilization: unable to get metrics for resource cpu: no metrics returned from resource metrics API";
        let outcome = with(inactive("FailedGetResourceMetric", words, Some(at(0))));
        let early = verdict(&outcome, at(50)).unwrap();
        assert_eq!((early.wanted.status, early.recheck), ("Unknown", Some(Duration::from_secs(10))));
        let late = verdict(&outcome, at(60)).unwrap();
        assert_eq!(
            (late.wanted.status, late.wanted.say.reason.as_str(), late.recheck),
            ("False", "FailedGetResourceMetric", None)
        );
        for part in ["HorizontalPodAutoscaler \"web\" cannot scale", words, "metrics-server"] {
            assert!(late.wanted.say.message.contains(part), "{part}");
        }
    }

    #[test]
    fn the_step_follows_the_words() {
        for (reason, words, step) in [
            (
                "FailedGetResourceMetric",
                "missing request for cpu in container web of Pod web-1",
                "spec.resources.requests",
            ),
            ("FailedGetContainerResourceMetric", "no metrics returned from resource metrics API", "metrics-server"),
            ("FailedGetExternalMetric", "unable to get external metric", "spec.scaling.metrics"),
            ("AmbiguousSelector", "pods by selector are controlled by multiple HPAs", "Delete the other autoscaler"),
            ("InvalidSelector", "x", "Correct spec.scaling."),
        ] {
            let scalable = verdict(&with(inactive(reason, words, None)), at(0)).unwrap();
            assert_eq!(scalable.wanted.status, "False");
            assert!(scalable.wanted.say.message.contains(step), "{}", scalable.wanted.say.message);
        }
    }
}
