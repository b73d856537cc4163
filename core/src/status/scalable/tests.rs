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
    let lacks = |container: &str, at: &str| Unrequested {
        container: container.into(),
        resource: "cpu".into(),
        field: format!("{at}resources.requests.cpu"),
    };
    let facts = Facts { unrequested: [lacks("web", ""), lacks("proxy", "sidecars[proxy].")].into(), ..autoscaled() };
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
        ("FailedGetResourceMetric", "missing request for cpu in container web of Pod web-1", "spec.resources.requests"),
        ("FailedGetContainerResourceMetric", "no metrics returned from resource metrics API", "metrics-server"),
        ("FailedGetExternalMetric", "get queue.external.metrics.k8s.io", "spec.scaling.metrics"),
        ("AmbiguousSelector", "pods by selector are controlled by multiple HPAs", "Delete the other autoscaler"),
        ("InvalidSelector", "x", "Correct spec.scaling."),
    ] {
        let scalable = judged(&with(inactive(reason, words, None)), &autoscaled(), 0).unwrap();
        assert_eq!(scalable.wanted.status, "False");
        assert!(scalable.wanted.say.message.contains(step), "{}", scalable.wanted.say.message);
    }
    let refused = AutoscalerHealth { able: said("False", "FailedUpdateScale", "denied"), ..active(2) };
    assert!(message(&with(refused)).contains("denied. It is not allowed"));
}

#[test]
fn one_that_rested_gets_its_time_when_it_starts_again() {
    let mut rests = with(inactive(DISABLED, "x", Some(at(0))));
    rests.children[2].health = Health::Deployment(complete(0));
    let rested = crate::status::next(None, &rests, at(500)).status;
    let condition = conditions::find(&rested, "Scalable").unwrap();
    assert_eq!(condition.reason, DISABLED);
    assert!(condition.message.ends_with("kubectl scale -n shop deployment/web --replicas=1"));
    let failing = with(inactive("FailedGetResourceMetric", "no metrics", Some(at(0))));
    let again = crate::status::next(Some(&rested), &failing, at(510));
    assert_eq!(conditions::find(&again.status, "Scalable").unwrap().reason, RESUMING);
    assert_eq!(again.recheck_after, Some(PATIENCE));
    let early = crate::status::next(Some(&again.status), &failing, at(560));
    assert_eq!((early.status, early.recheck_after), (again.status.clone(), Some(Duration::from_secs(10))));
    let late = crate::status::next(Some(&again.status), &failing, at(570)).status;
    assert_eq!(conditions::find(&late, "Scalable").unwrap().reason, "FailedGetResourceMetric");
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

#[test]
fn a_count_in_the_place_of_the_classes_autoscaler_is_told() {
    let replaced = Some(crate::plan::Replaced { count: 4, min: 2, max: 9 });
    let facts = Facts { count: Count::Fixed, class: Some("gold".into()), replaced, ..facts() };
    let mut plain = outcome(1, ChildResult::Equal, complete(4));
    let said = judged(&plain, &facts, 0).unwrap().wanted;
    assert_eq!((said.status, said.say.reason.as_str()), ("False", REPLACED));
    for part in ["spec.scaling.replicas: 4", "2..9", "\"gold\"", "kubectl patch -n shop msvc/web"] {
        assert!(said.say.message.contains(part), "{}", said.say.message);
    }
    // One of somebody else has the count: that is news enough.
    plain.scalers = vec![Scaler { name: "theirs".into(), owner: None, target: ScaleTarget::Microservice }];
    assert_eq!(judged(&plain, &facts, 0).unwrap().wanted.say.reason, "ForeignScaler");
}
