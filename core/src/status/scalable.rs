//! Whether the autoscaler can do its work. It never blocks Ready.
//!
//! A live autoscaler writes its status every few seconds. What is said here moves only with the count of replicas, with
//! its limits and with its failures: never with the values of metrics, and never because the words of a failure name
//! another pod or another time than before.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use microservice_crds::MicroserviceStatus;

use super::{
    Say,
    conditions::{self, Wanted},
    facts::{Count, Facts},
    rollout,
    scalers::{self, MULTIPLE},
    stands, steady,
    stuck::elapsed,
    text,
};
use crate::{
    outcome::{AutoscalerHealth, ChildOutcome, Health, Outcome, Verdict},
    plan::Replaced,
};

/// How long the autoscaler may have no metrics: those of new pods come late. And how long it must have been held back
/// until that is told: a load that plays around a limit is no news.
const PATIENCE: Duration = Duration::from_secs(60);

/// Reason of an autoscaler whose Deployment has no replicas.
const DISABLED: &str = "ScalingDisabled";
/// Reason of a fixed count in the place of an autoscaler of the class.
pub(super) const REPLACED: &str = "ClassAutoscalerReplaced";
/// Reason of an autoscaler that works again, and has not said how it goes.
const RESUMING: &str = "Resuming";

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

/// The condition `Scalable`, where there is an autoscaler of ours or of somebody else, or would be by the class.
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
    let Some((child, who)) = child.zip(name) else { return replaced(facts).map(Scalable::from) };
    let before = previous.and_then(|p| conditions::find(p, "Scalable"));
    let mut scalable = ours(before, child, &who, outcome, facts, now);
    settle(before, outcome.generation, &mut scalable.wanted);
    Some(scalable)
}

/// A fixed count in the place of the class's autoscaler: it may have been written by `kubectl scale`, which no rule of
/// the API server can refuse, because it knows no classes.
fn replaced(facts: &Facts) -> Option<Wanted> {
    let Replaced { count, min, max } = facts.replaced?;
    let (class, namespace, name) = (facts.class.as_deref().unwrap_or_default(), &facts.namespace, &facts.name);
    let message = format!(
        "spec.scaling.replicas: {count} stands in the place of the autoscaler of {min}..{max} replicas that \
         MicroserviceClass {class:?} gives. To have that again, remove it: kubectl patch -n {namespace} msvc/{name} \
         --type=merge -p '{{\"spec\":{{\"scaling\":{{\"replicas\":null}}}}}}'"
    );
    Some(Wanted::new("False", REPLACED, message))
}

fn ours(
    before: Option<&Condition>,
    child: &ChildOutcome,
    who: &str,
    outcome: &Outcome,
    facts: &Facts,
    now: Timestamp,
) -> Scalable {
    let Health::Autoscaler(health) = &child.health else { return waiting(who, facts).into() };
    let AutoscalerHealth { able, active, limited, .. } = health;
    let left = |since: Timestamp| Some(PATIENCE.saturating_sub(elapsed(since, now))).filter(|left| !left.is_zero());
    if let Some(verdict) = [active, able].into_iter().flatten().find(|v| v.is_false()) {
        let deployment = rollout::deployment(&outcome.children).and_then(|(_, health)| health);
        if verdict.reason == DISABLED && deployment.is_none_or(|d| d.spec_replicas == 0) {
            let message = format!("{who} rests while there are no replicas. {}", by_hand(facts));
            return Wanted::new("False", DISABLED, message).into();
        }
        // For the autoscaler it lasts since it could not work at all; for us it begins when it can again.
        let resuming = match before {
            Some(before) if before.reason == RESUMING => Some(left(before.last_transition_time.0)),
            Some(before) if [DISABLED, MULTIPLE].contains(&before.reason.as_str()) => Some(Some(PATIENCE)),
            _ => None,
        };
        let told = || Wanted { status: "False", say: denied(who, verdict, facts) };
        let (wanted, recheck) = match (resuming, verdict.since.and_then(left)) {
            (Some(Some(left)), _) => {
                (Wanted::new("Unknown", RESUMING, format!("{who} begins to work again.")), Some(left))
            }
            (None, Some(left)) => (waiting(who, facts), Some(left)),
            (Some(None), _) | (None, None) => (told(), None),
        };
        return Scalable { wanted, recheck };
    }
    if !active.as_ref().is_some_and(Verdict::is_true) {
        return waiting(who, facts).into();
    }
    let counts = counts(who, health, outcome, facts);
    let hold = limited.as_ref().filter(|v| v.is_true()).and_then(|v| Some((v, held(&v.reason)?)));
    match hold.map(|(verdict, why)| (verdict.since.and_then(left), why)) {
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
    let fields: Vec<String> = facts.unrequested.iter().map(|u| format!("spec.{}", u.field)).collect();
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
fn settle(before: Option<&Condition>, generation: i64, wanted: &mut Wanted) {
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
mod tests;
