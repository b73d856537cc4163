//! Whether the autoscaler can do its work. It never blocks Ready.
//!
//! A live autoscaler writes its status every few seconds. What is said here moves only with the count of replicas, with
//! its limits and with its failures: never with the values of metrics, and never because the words of a failure name
//! another pod or another time than before.

use std::time::Duration;

use jiff::Timestamp;
use microservice_crds::MicroserviceStatus;

use super::{
    Say,
    conditions::{self, Wanted},
    facts::{Count, Facts},
    rollout, scalers, stands, steady,
    stuck::elapsed,
    text,
};
use crate::outcome::{AutoscalerHealth, ChildOutcome, Health, Outcome, Verdict};

/// How long the autoscaler may have no metrics: those of new pods come late. And how long it must have been held back
/// until that is told: a load that plays around a limit is no news.
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
pub(super) fn verdict(
    previous: Option<&MicroserviceStatus>,
    outcome: &Outcome,
    facts: &Facts,
    now: Timestamp,
) -> Option<Scalable> {
    let child = outcome.children.iter().find(|c| c.kind == "HorizontalPodAutoscaler");
    let name = child.map(|child| format!("{} {:?}", child.kind, child.name));
    if let (Some(child), Some(who)) = (child, &name)
        && !stands(&child.result)
    {
        return Some(Wanted::new("Unknown", "NotApplied", format!("{who} is not made: see Ready.")).into());
    }
    if let Some(wanted) = scalers::verdict(name.as_deref(), &outcome.scalers, facts) {
        return Some(wanted.into());
    }
    let (child, who) = (child?, name?);
    let mut scalable = ours(child, &who, outcome, facts, now);
    settle(previous, outcome.generation, &mut scalable.wanted);
    Some(scalable)
}

fn ours(child: &ChildOutcome, who: &str, outcome: &Outcome, facts: &Facts, now: Timestamp) -> Scalable {
    let Health::Autoscaler(health) = &child.health else { return waiting(who, facts).into() };
    let AutoscalerHealth { able, active, limited, .. } = health;
    let left = |verdict: &Verdict| {
        let since = verdict.since?;
        Some(PATIENCE.saturating_sub(elapsed(since, now))).filter(|left| !left.is_zero())
    };
    if let Some(verdict) = [active, able].into_iter().flatten().find(|v| v.is_false()) {
        if verdict.reason == "ScalingDisabled" {
            let message = format!("{who} rests while there are no replicas. {}", by_hand(facts));
            return Wanted::new("False", "ScalingDisabled", message).into();
        }
        return match left(verdict) {
            Some(left) => Scalable { wanted: waiting(who, facts), recheck: Some(left) },
            None => Wanted { status: "False", say: denied(who, verdict, facts) }.into(),
        };
    }
    if !active.as_ref().is_some_and(Verdict::is_true) {
        return waiting(who, facts).into();
    }
    let counts = counts(who, health, outcome, facts);
    let hold = limited.as_ref().filter(|v| v.is_true()).and_then(|v| Some((v, held(&v.reason)?)));
    match hold.map(|(verdict, why)| (left(verdict), why)) {
        Some((None, why)) => Wanted::new("True", "Limited", format!("{counts}. {why}")).into(),
        Some((left, _)) => Scalable { wanted: Wanted::new("True", "Active", format!("{counts}.")), recheck: left },
        None => Wanted::new("True", "Active", format!("{counts}.")).into(),
    }
}

/// Before the autoscaler has said anything that counts.
fn waiting(who: &str, facts: &Facts) -> Wanted {
    let Some(missing) = missing(facts) else {
        return Wanted::new("Unknown", "NotReported", format!("{who} has no metrics yet."));
    };
    let message = format!(
        "{who} scales by percent of a request, and there is no {missing}. Set it, unless a LimitRange of the namespace does."
    );
    Wanted::new("Unknown", "NoRequests", message)
}

/// The requests that are needed and not there, by the field that would set them.
fn missing(facts: &Facts) -> Option<String> {
    let field = |container: &str, resource: &str| facts.field(container, &format!("resources.requests.{resource}"));
    let fields: Vec<String> = facts.unrequested.iter().map(|u| field(&u.container, &u.resource)).collect();
    (!fields.is_empty()).then(|| fields.join(" and no "))
}

fn by_hand(facts: &Facts) -> String {
    format!("Start one by hand: kubectl scale -n {} deployment/{} --replicas=1", facts.namespace, facts.name)
}

/// What it has and what it wants.
fn counts(who: &str, health: &AutoscalerHealth, outcome: &Outcome, facts: &Facts) -> String {
    // Pods above the count belong to a rollout.
    let pods =
        rollout::deployment(&outcome.children).and_then(|(_, d)| d).map_or(0, |d| d.replicas.min(d.spec_replicas));
    let range = match facts.count {
        Count::Between(min, max) => format!(" of {min}..{max}"),
        Count::Open | Count::Fixed => String::new(),
    };
    match health.desired {
        desired if desired == pods => format!("{who} runs {pods}{range} replicas, as many as it wants"),
        desired => format!("{who} runs {pods}{range} replicas and wants {desired}"),
    }
}

/// Why it may not go on, where somebody may want to change that. At its minimum it is where an idle service belongs.
fn held(reason: &str) -> Option<&'static str> {
    match reason {
        "TooManyReplicas" => {
            Some("It wants more than spec.scaling.maxReplicas: raise that, or let each replica do more.")
        }
        "ScaleUpLimit" => Some("It goes up as fast as spec.scaling.behavior.scaleUp or its default allows."),
        "ScaleDownLimit" => Some("It would go down, and spec.scaling.behavior.scaleDown holds it back."),
        _ => None,
    }
}

fn denied(who: &str, verdict: &Verdict, facts: &Facts) -> Say {
    let words = steady::without_pod(&text::line(&verdict.message, 512));
    let step = match verdict.reason.as_str() {
        _ if words.to_lowercase().contains("missing request for") => match missing(facts) {
            Some(missing) => format!("Set {}.", missing.replace("and no", "and")),
            None => {
                "Set spec.resources.requests for what it scales by, on sidecars too; pods from before have none.".into()
            }
        },
        "FailedGetResourceMetric" | "FailedGetContainerResourceMetric" => {
            "Install metrics-server, or check that it works: kubectl top pods.".to_owned()
        }
        reason if reason.starts_with("FailedGet") && reason.ends_with("Metric") => {
            "Check that the metric of spec.scaling.metrics exists and that its adapter works.".to_owned()
        }
        "FailedGetScale" | "FailedUpdateScale" => {
            "It is not allowed to scale the Deployment, or the API server fails: see its words.".to_owned()
        }
        "AmbiguousSelector" => "Delete the other autoscaler of these pods.".to_owned(),
        _ => "Correct spec.scaling.".to_owned(),
    };
    Say::new(verdict.reason.clone(), format!("{who} cannot scale: {}. {step}", text::unstopped(&words)))
}

/// Keeps the words of before when they tell the same: in another order, of another time, address or request.
fn settle(previous: Option<&MicroserviceStatus>, generation: i64, wanted: &mut Wanted) {
    let before = previous.and_then(|p| conditions::find(p, "Scalable"));
    let same = before.filter(|b| {
        b.status == "False"
            && b.status == wanted.status
            && b.reason == wanted.say.reason
            && b.observed_generation == Some(generation)
            && steady::same_story(&b.message, &wanted.say.message)
    });
    if let Some(before) = same {
        wanted.say.message = before.message.clone();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        outcome::{ChildResult, ScaleTarget, Scaler},
        plan::Unrequested,
        status::fixtures::{at, child, complete, deployment, facts, outcome, verdict as said},
    };

    fn autoscaled() -> Facts {
        Facts { count: Count::Between(2, 10), ..facts() }
    }

    fn with(health: AutoscalerHealth) -> Outcome {
        let mut outcome = outcome(1, ChildResult::Equal, complete(2));
        let autoscaler = child("HorizontalPodAutoscaler", ChildResult::Equal);
        outcome.children.push(ChildOutcome { health: Health::Autoscaler(health), ..autoscaler });
        outcome
    }

    fn active(desired: i32) -> AutoscalerHealth {
        AutoscalerHealth { desired, active: said("True", "ValidMetricFound", ""), ..AutoscalerHealth::default() }
    }

    fn inactive(reason: &str, message: &str, since: Option<Timestamp>) -> AutoscalerHealth {
        let active = said("False", reason, message).map(|v| Verdict { since, ..v });
        AutoscalerHealth { active, able: said("True", "SucceededGetScale", ""), ..AutoscalerHealth::default() }
    }

    fn judged(outcome: &Outcome, facts: &Facts, now: i64) -> Option<Scalable> {
        verdict(None, outcome, facts, at(now))
    }

    fn shown(outcome: &Outcome, now: i64) -> Option<(&'static str, String)> {
        judged(outcome, &autoscaled(), now).map(|s| (s.wanted.status, s.wanted.say.reason))
    }

    fn message(outcome: &Outcome) -> String {
        judged(outcome, &autoscaled(), 100).unwrap().wanted.say.message
    }

    #[test]
    fn it_is_there_only_where_something_scales() {
        let mut plain = outcome(1, ChildResult::Equal, complete(2));
        assert_eq!(shown(&plain, 0), None);
        plain.scalers = vec![Scaler { name: "theirs".into(), owner: None, target: ScaleTarget::Deployment }];
        assert_eq!(shown(&plain, 0), Some(("True", "ForeignScaler".into())));
        let mut both = with(active(2));
        both.scalers = plain.scalers;
        assert_eq!(shown(&both, 0), Some(("False", "MultipleScalers".into())));
        // The name is taken: by the very same, as it may be. Ready says so.
        both.children[3].result = ChildResult::Clash { owner: "nobody".into() };
        assert_eq!(shown(&both, 0), Some(("Unknown", "NotApplied".into())));
    }

    #[test]
    fn an_autoscaler_is_new_then_active() {
        assert_eq!(shown(&with(AutoscalerHealth::default()), 0), Some(("Unknown", "NotReported".into())));
        assert_eq!(shown(&with(active(2)), 0), Some(("True", "Active".into())));
    }

    #[test]
    fn what_it_has_and_wants_is_told_and_no_metric() {
        let who = "HorizontalPodAutoscaler \"web\" runs 2 of 2..10 replicas";
        assert_eq!(message(&with(active(2))), format!("{who}, as many as it wants."));
        assert_eq!(message(&with(active(4))), format!("{who} and wants 4."));
        // The pods above the count are those of a rollout.
        let mut rolling = with(active(2));
        rolling.children[2].health = Health::Deployment(deployment(2, 3, 2, "ReplicaSetUpdated"));
        assert_eq!(message(&rolling), format!("{who}, as many as it wants."));
    }

    #[test]
    fn a_limit_that_lasts_is_told() {
        let limited = |reason: &str| {
            let limited = said("True", reason, "").map(|v| Verdict { since: Some(at(0)), ..v });
            with(AutoscalerHealth { limited, ..active(10) })
        };
        let at_most = limited("TooManyReplicas");
        let early = judged(&at_most, &autoscaled(), 50).unwrap();
        assert_eq!((early.wanted.say.reason.as_str(), early.recheck), ("Active", Some(Duration::from_secs(10))));
        let late = judged(&at_most, &autoscaled(), 60).unwrap();
        assert_eq!((late.wanted.status, late.wanted.say.reason.as_str(), late.recheck), ("True", "Limited", None));
        for part in ["runs 2 of 2..10 replicas and wants 10. ", "spec.scaling.maxReplicas"] {
            assert!(late.wanted.say.message.contains(part), "{}", late.wanted.say.message);
        }
        assert!(message(&limited("ScaleDownLimit")).contains("spec.scaling.behavior.scaleDown"));
        let idle = judged(&limited("TooFewReplicas"), &autoscaled(), 60).unwrap();
        assert_eq!((idle.wanted.say.reason.as_str(), idle.recheck), ("Active", None));
    }

    #[test]
    fn a_request_that_is_missing_is_told_until_the_autoscaler_knows_better() {
        let lacks = |container: &str| Unrequested { container: container.into(), resource: "cpu".into() };
        let facts = Facts {
            unrequested: [lacks("web"), lacks("proxy")].into(),
            sidecars: vec!["proxy".into()],
            ..autoscaled()
        };
        let said = |health| judged(&with(health), &facts, 100).unwrap().wanted;
        let early = said(AutoscalerHealth::default());
        assert_eq!((early.status, early.say.reason.as_str()), ("Unknown", "NoRequests"));
        for part in ["spec.resources.requests.cpu", "spec.sidecars[proxy].resources.requests.cpu", "LimitRange"] {
            assert!(early.say.message.contains(part), "{}", early.say.message);
        }
        assert_eq!(said(active(2)).status, "True", "a LimitRange has set it");
        let words = "failed to get cpu utilization: missing request for cpu in container web of Pod web-6d-x2";
        let late = said(inactive("FailedGetResourceMetric", words, Some(at(0))));
        assert_eq!((late.status, late.say.reason.as_str()), ("False", "FailedGetResourceMetric"));
        let told = "in container web. Set spec.sidecars[proxy].resources.requests.cpu and spec.resources.requests.cpu.";
        assert!(late.say.message.ends_with(told), "{}", late.say.message);
    }

    #[test]
    fn missing_metrics_are_told_after_a_minute_with_what_to_do() {
        let words = "the HPA was unable to compute the replica count: failed to get cpu utilization: unable to get metrics for resource cpu: no metrics returned from resource metrics API";
        let outcome = with(inactive("FailedGetResourceMetric", words, Some(at(0))));
        let early = judged(&outcome, &autoscaled(), 50).unwrap();
        assert_eq!((early.wanted.status, early.recheck), ("Unknown", Some(Duration::from_secs(10))));
        let late = judged(&outcome, &autoscaled(), 60).unwrap();
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
            ("FailedGetExternalMetric", "get queue.external.metrics.k8s.io", "spec.scaling.metrics"),
            ("AmbiguousSelector", "pods by selector are controlled by multiple HPAs", "Delete the other autoscaler"),
            ("InvalidSelector", "x", "Correct spec.scaling."),
            ("ScalingDisabled", "x", "kubectl scale -n shop deployment/web --replicas=1"),
        ] {
            let scalable = judged(&with(inactive(reason, words, None)), &autoscaled(), 0).unwrap();
            assert_eq!(scalable.wanted.status, "False");
            assert!(scalable.wanted.say.message.contains(step), "{}", scalable.wanted.say.message);
        }
        let refused = AutoscalerHealth { able: said("False", "FailedUpdateScale", "denied"), ..active(2) };
        assert!(message(&with(refused)).contains("denied. It is not allowed"));
    }

    #[test]
    fn the_same_failure_in_other_words_is_no_news() {
        let failing = |words: &str| with(inactive("FailedGetExternalMetric", words, None));
        let status = |words: &str, previous: Option<&MicroserviceStatus>| {
            crate::status::next(previous, &failing(words), at(100)).status
        };
        let first = status("Get \"https://10.0.0.1:443/a\": timeout after 5.2s (id 8f14e45f-ceea) [b a]", None);
        let again = status("Get \"https://10.0.0.1:443/a\": timeout after 6s (id 1f3870be-274f) [a b]", Some(&first));
        assert_eq!(conditions::find(&again, "Scalable"), conditions::find(&first, "Scalable"));
        let other = status("Get \"https://10.0.0.1:443/b\": timeout after 6s (id 1f3870be-274f) [a b]", Some(&first));
        assert!(conditions::find(&other, "Scalable").unwrap().message.contains("/b"));
    }
}
