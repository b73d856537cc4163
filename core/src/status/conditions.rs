//! The conditions of a Microservice, each with its time.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use microservice_crds::MicroserviceStatus;

use super::{
    Say, events,
    ready::{Judgement, PROGRESSING, Phase, is_unbuildable},
    rollout::{self, Rollout},
    text,
};
use crate::outcome::{DeploymentHealth, Outcome};

/// The types of all conditions that a Microservice may have from us.
pub const TYPES: [&str; 12] = [
    "Ready",
    "Reconciling",
    "Stalled",
    "Available",
    "Progressing",
    "Exposed",
    "Scalable",
    "DependenciesResolved",
    "ConsumersConsented",
    "ContractsSatisfied",
    "Isolated",
    "Drifted",
];

/// Those that only a look at the children can tell: without a plan they stay as they were.
const LOOKED_AT: [&str; 9] = [
    "Available",
    "Progressing",
    "Exposed",
    "Scalable",
    "DependenciesResolved",
    "ConsumersConsented",
    "ContractsSatisfied",
    "Isolated",
    "Drifted",
];

/// Characters of a message.
pub(super) const MESSAGE: usize = 1024;

/// A condition before its time is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    pub status: &'static str,
    pub say: Say,
}

impl Wanted {
    pub(super) fn new(status: &'static str, reason: &str, message: impl Into<String>) -> Self {
        Self { status, say: Say::new(reason, message) }
    }
}

/// What is judged beside the pods.
#[derive(Clone, Debug, Default)]
pub(super) struct Beside {
    pub exposed: Option<Wanted>,
    pub scalable: Option<Wanted>,
    pub dependencies: Option<Wanted>,
    pub consent: Option<Wanted>,
    pub contracts: Option<Wanted>,
    pub isolated: Option<Wanted>,
}

/// The condition of this type.
pub(super) fn find<'a>(status: &'a MicroserviceStatus, kind: &str) -> Option<&'a Condition> {
    status.conditions.iter().find(|c| c.type_ == kind)
}

/// All conditions, in the order in which people read them.
pub(super) fn all(
    previous: Option<&MicroserviceStatus>,
    outcome: &Outcome,
    judgement: &Judgement,
    beside: Beside,
    now: Timestamp,
) -> Vec<Condition> {
    let before = |kind: &str| previous.and_then(|p| find(p, kind));
    let mut list = Vec::new();
    let mut put = |kind: &str, wanted: Option<Wanted>| {
        if let Some(wanted) = wanted {
            list.push(condition(kind, wanted, outcome.generation, before(kind), now));
        }
    };
    put("Ready", Some(ready(judgement, before("Ready"))));
    put("Reconciling", reconciling(previous, judgement));
    put("Stalled", stalled(judgement, before("Stalled")));
    if outcome.plan.is_ok() {
        put("Available", Some(available(outcome, judgement)));
        put("Progressing", Some(progressing(outcome, judgement)));
        put("Exposed", beside.exposed);
        put("Scalable", beside.scalable);
        put("DependenciesResolved", beside.dependencies);
        put("ConsumersConsented", beside.consent);
        put("ContractsSatisfied", beside.contracts);
        put("Isolated", beside.isolated);
        put("Drifted", judgement.rewritten.clone().map(|say| Wanted { status: "True", say }));
    } else {
        // Nothing was looked at: what was known of the last good state stays, with its generation.
        for kind in LOOKED_AT {
            list.extend(before(kind).cloned());
        }
    }
    list
}

/// A condition with its time: that of the one before, as long as the status stays the same.
pub(super) fn condition(
    kind: &str,
    wanted: Wanted,
    generation: i64,
    before: Option<&Condition>,
    now: Timestamp,
) -> Condition {
    let since = before.filter(|b| b.status == wanted.status).map(|b| b.last_transition_time.clone());
    Condition {
        type_: kind.to_owned(),
        status: wanted.status.to_owned(),
        reason: wanted.say.reason,
        message: text::cut(&wanted.say.message, MESSAGE),
        observed_generation: Some(generation),
        last_transition_time: since.unwrap_or(Time(now)),
    }
}

fn ready(judgement: &Judgement, before: Option<&Condition>) -> Wanted {
    let status = match judgement.phase {
        Phase::Done => "True",
        Phase::Busy | Phase::Stuck => "False",
        Phase::Frozen => match before.map(|b| (b.status.as_str(), b.reason.as_str())) {
            Some(("True", _)) => "True",
            Some(("False", reason)) if !is_unbuildable(reason) => "False",
            _ => "Unknown",
        },
    };
    Wanted { status, say: judgement.say.clone() }
}

/// Present while the operator or the cluster works. It remembers that there was a failure, until the service is Ready.
fn reconciling(previous: Option<&MicroserviceStatus>, judgement: &Judgement) -> Option<Wanted> {
    let say = match judgement.phase {
        Phase::Busy => {
            let mut say = judgement.say.clone();
            let failed = previous.is_some_and(|p| {
                events::failing(p).is_some() || find(p, "Reconciling").is_some_and(|c| c.reason == events::RECOVERING)
            });
            if failed && say.reason == PROGRESSING {
                say.reason = events::RECOVERING.to_owned();
            }
            say
        }
        _ => judgement.beside.clone()?,
    };
    Some(Wanted { status: "True", say })
}

fn stalled(judgement: &Judgement, before: Option<&Condition>) -> Option<Wanted> {
    let say = match judgement.phase {
        Phase::Stuck => judgement.stalled.clone().unwrap_or_else(|| judgement.say.clone()),
        Phase::Frozen => {
            let before = before.filter(|b| b.status == "True" && !is_unbuildable(&b.reason))?;
            Say::new(before.reason.clone(), before.message.clone())
        }
        _ => return None,
    };
    Some(Wanted { status: "True", say })
}

fn health(outcome: &Outcome) -> Option<&DeploymentHealth> {
    rollout::deployment(&outcome.children).and_then(|(_, health)| health)
}

/// Whether enough pods serve.
fn available(outcome: &Outcome, judgement: &Judgement) -> Wanted {
    let Some(health) = health(outcome) else {
        return Wanted::new("Unknown", "NotReported", "The Deployment has not reported yet.");
    };
    let mut message = format!("{} of {} pods are available.", health.available, health.spec_replicas);
    if judgement.rollout == Some(Rollout::Empty) {
        return Wanted::new("True", "ScaledToZero", "No pods are wanted, and there are none.");
    }
    if let Some(cause) = judgement.cause.as_ref().filter(|_| health.available < health.spec_replicas) {
        message.push_str(&format!(" {}: {}", cause.reason, cause.message));
    }
    match &health.available_verdict {
        _ if judgement.held => Wanted::new("True", "EnoughPods", message),
        Some(verdict) if verdict.is_true() => Wanted::new("True", "EnoughPods", message),
        Some(verdict) if verdict.is_false() => Wanted::new("False", "TooFewPods", message),
        _ => Wanted::new("Unknown", "NotReported", "The Deployment has not reported yet."),
    }
}

/// Whether pods are being replaced or made.
fn progressing(outcome: &Outcome, judgement: &Judgement) -> Wanted {
    let (Some(health), Some(state)) = (health(outcome), judgement.rollout) else {
        return Wanted::new("Unknown", "NotReported", "The Deployment has not reported yet.");
    };
    match state {
        Rollout::Complete | Rollout::Empty => Wanted::new("False", "RolledOut", "All pods are of the newest template."),
        _ if judgement.held => Wanted::new("False", "RolledOut", "All pods are of the newest template."),
        Rollout::Deadline => {
            let message = format!(
                "{} of {} pods are of the newest template, and there was no progress within spec.rollout.progressDeadlineSeconds.",
                health.updated, health.spec_replicas
            );
            Wanted::new("False", "ProgressDeadlineExceeded", message)
        }
        _ => {
            let message = format!("{} of {} pods are of the newest template.", health.updated, health.spec_replicas);
            Wanted::new("True", "RollingOut", message)
        }
    }
}
