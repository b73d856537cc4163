//! Whether the service is Ready, and if not, why: everything that is known, in the order of what matters first.

use std::time::Duration;

use jiff::Timestamp;
use microservice_crds::MicroserviceStatus;

use super::{
    Say,
    applied::{self, Applied},
    conditions,
    contracts::Held,
    exposed::Exposed,
    facts::Facts,
    lift::{self, Lifted},
    rollout::{self, Rollout},
    text,
};
use crate::{
    outcome::{ChildOutcome, DeploymentHealth, Outcome},
    plan::{Blame, Invalid, Plan},
};

/// Reason of a service that comes up as it should.
pub(super) const PROGRESSING: &str = "Progressing";
/// Reason of a service whose first pods wait for what it uses.
pub const AWAITING: &str = "WaitingForDependency";
/// Reason of a service that is told to rest.
pub(super) const PAUSED: &str = "Paused";
/// Reason of a service that is as it was asked for.
const ROLLED_OUT: &str = "RolledOut";
/// Reason of a service whose pods are gone after it was there.
const UNAVAILABLE: &str = "Unavailable";

/// Whether this is the reason of a service that cannot be built: its spec or its class must change first.
pub(super) fn is_unbuildable(reason: &str) -> bool {
    Blame::ALL.iter().any(|blame| blame.reason() == reason)
}

/// What follows for the summary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// It is as it was asked for.
    Done,
    /// The operator or the cluster works on it.
    Busy,
    /// Nothing moves until somebody changes something.
    Stuck,
    /// Paused.
    Frozen,
}

/// The verdict over the whole service.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Judgement {
    pub phase: Phase,
    /// What Ready says.
    pub say: Say,
    /// What Stalled says, where it differs.
    pub stalled: Option<Say>,
    /// Work that goes on beside a service that is Ready.
    pub beside: Option<Say>,
    /// Fields that somebody rewrites.
    pub rewritten: Option<Say>,
    /// How far the Deployment is; `None` as long as it says nothing.
    pub rollout: Option<Rollout>,
    /// The service is Ready by virtue of having been so: see [`rollout::holds`].
    pub held: bool,
    /// What the pods suffer from.
    pub cause: Option<Say>,
    /// When time alone changes this.
    pub recheck: Option<Duration>,
}

impl Judgement {
    fn new(phase: Phase, say: Say) -> Self {
        Self {
            phase,
            say,
            stalled: None,
            beside: None,
            rewritten: None,
            rollout: None,
            held: false,
            cause: None,
            recheck: None,
        }
    }
}

/// Judges an outcome.
pub(super) fn judge(
    previous: Option<&MicroserviceStatus>,
    outcome: &Outcome,
    facts: Option<&Facts>,
    exposed: Option<&Exposed>,
    held: Option<&Held>,
    now: Timestamp,
) -> Judgement {
    let (Ok(plan), Some(facts)) = (&outcome.plan, facts) else {
        let problems = outcome.plan.as_ref().err().map(Vec::as_slice).unwrap_or_default();
        return Judgement::new(Phase::Stuck, Say::new(Blame::worst(problems).reason(), invalid(problems)));
    };
    let applied = applied::sort(&outcome.children, outcome.fault.as_deref(), facts);
    let mut judgement = match rollout::deployment(&outcome.children) {
        Some((child, Some(health))) => rolling(previous, outcome, child, health, facts, now),
        Some((child, None)) => Judgement::new(
            Phase::Busy,
            Say::new(PROGRESSING, format!("Deployment {:?} has not reported yet.", child.name)),
        ),
        None if !outcome.awaited.is_empty() => Judgement::new(Phase::Busy, awaiting(outcome)),
        None => Judgement::new(Phase::Busy, Say::new(PROGRESSING, "The Deployment is not made yet.")),
    };
    judgement.rewritten = applied::join(&applied.rewritten);
    if outcome.paused {
        judgement.phase = Phase::Frozen;
        judgement.say = frozen(previous);
        judgement.stalled = None;
        return judgement;
    }
    if let Some(held) = held {
        judgement.phase = if held.timed_out { Phase::Stuck } else { Phase::Busy };
        judgement.say = held.say.clone();
        judgement.stalled = None;
    }
    with_children(&mut judgement, &applied, previous, outcome);
    if let Some(say) = exposed.filter(|_| judgement.phase == Phase::Done).and_then(|e| held_back(plan, e)) {
        judgement.phase = Phase::Busy;
        judgement.say = say;
    }
    judgement
}

/// The first pods wait a moment for services that shall be there, so that they start with all addresses.
fn awaiting(outcome: &Outcome) -> Say {
    let who = text::listed(outcome.awaited.iter().map(ToString::to_string), outcome.awaited.len(), ", ");
    let message = format!(
        "The first pods wait for {who}, which spec.uses names and which is not there yet: 10 seconds at most, then they start without its address."
    );
    Say::new(AWAITING, message)
}

/// What the routes make of a service that is well otherwise. Only a verdict counts: a gateway that is not there or says
/// nothing does not take the service down, unless the class wants it so.
fn held_back(plan: &Plan, exposed: &Exposed) -> Option<Say> {
    let waits = plan.ready_requires_exposed && exposed.wanted.status != "True";
    exposed.refusal.clone().or_else(|| waits.then(|| exposed.wanted.say.clone()))
}

/// What the results of the children make of it.
fn with_children(
    judgement: &mut Judgement,
    applied: &Applied,
    previous: Option<&MicroserviceStatus>,
    outcome: &Outcome,
) {
    if let Some(say) = applied::join(&applied.stuck) {
        judgement.phase = Phase::Stuck;
        judgement.stalled = None;
        judgement.say = say;
        return;
    }
    if judgement.phase == Phase::Stuck {
        return;
    }
    if let Some(say) = applied::join(&applied.denied) {
        judgement.phase = Phase::Busy;
        judgement.say = say;
        return;
    }
    if let Some(say) = applied::join(&applied.faults) {
        // A fault of the system takes nothing away from a service that stood at this generation.
        let stood = previous.is_some_and(|p| {
            p.observed_generation == outcome.generation
                && conditions::find(p, "Ready").is_some_and(|c| c.status == "True")
        });
        let all_applied = outcome.fault.is_some() && applied.faults.len() == 1;
        if judgement.phase == Phase::Done && (stood || all_applied) {
            judgement.beside = Some(say);
        } else if judgement.phase == Phase::Done || judgement.say.reason == PROGRESSING {
            judgement.phase = Phase::Busy;
            judgement.say = say;
        }
        return;
    }
    if judgement.phase == Phase::Done {
        for absent in &applied.absent {
            judgement.say.message.push(' ');
            judgement.say.message.push_str(&absent.message);
        }
    }
}

/// What the Deployment and its pods make of it.
fn rolling(
    previous: Option<&MicroserviceStatus>,
    outcome: &Outcome,
    child: &ChildOutcome,
    health: &DeploymentHealth,
    facts: &Facts,
    now: Timestamp,
) -> Judgement {
    let who = format!("Deployment {:?}", child.name);
    let state = rollout::state(health);
    let done = matches!(state, Rollout::Complete | Rollout::Empty);
    let Lifted { cause: of_pods, recheck } = lift::lift(&outcome.pods, health, facts, now);
    let failure = health.replica_failure.as_ref().filter(|v| v.is_true() && state != Rollout::Waiting);
    let cause = failure.map(|v| refused_pods(&who, &v.message)).or(of_pods);
    let held = !outcome.paused && cause.is_none() && rollout::holds(previous, outcome.generation, child, health);

    let (phase, say) = match (state, &cause) {
        (Rollout::Empty, _) => {
            let message = format!("{who} is scaled to zero, as it was asked for. {}", facts.start());
            (Phase::Done, Say::new("ScaledToZero", message))
        }
        (Rollout::Complete, _) => (Phase::Done, Say::new(ROLLED_OUT, format!("{who} is rolled out and available."))),
        _ if held => (Phase::Done, Say::new(ROLLED_OUT, format!("{who} is rolled out and available."))),
        (Rollout::Deadline, Some(cause)) => (Phase::Stuck, cause.clone()),
        (Rollout::Deadline, None) => (Phase::Stuck, deadline(&who, facts, None)),
        (_, Some(cause)) => (Phase::Busy, cause.clone()),
        (Rollout::Waiting, None) => (Phase::Busy, Say::new(PROGRESSING, format!("{who} is about to roll out."))),
        (Rollout::Short, None) if health.available == 0 && was_there(previous, outcome.generation) => {
            let message = format!(
                "No pod of {who} is available. See: kubectl get pods -n {} -l {}",
                facts.namespace, facts.selector
            );
            (Phase::Busy, Say::new(UNAVAILABLE, message))
        }
        (_, None) if health.progressing.as_ref().is_some_and(|v| v.reason == "DeploymentPaused") => {
            let name = &child.name;
            let message =
                format!("{who} was paused. See: kubectl rollout resume -n {} deployment/{name}", facts.namespace);
            (Phase::Busy, Say::new("DeploymentPaused", message))
        }
        (_, None) => {
            let message = format!(
                "{who} rolls out: {} of {} pods are new, {} available.",
                health.updated, health.spec_replicas, health.available
            );
            (Phase::Busy, Say::new(PROGRESSING, message))
        }
    };
    let stalled = (state == Rollout::Deadline && cause.is_some()).then(|| deadline(&who, facts, cause.as_ref()));
    Judgement {
        stalled,
        rollout: Some(state),
        held,
        cause,
        recheck: recheck.filter(|_| !done),
        ..Judgement::new(phase, say)
    }
}

/// Whether the service was Ready at this generation, or was said to be gone since.
fn was_there(previous: Option<&MicroserviceStatus>, generation: i64) -> bool {
    previous.is_some_and(|p| {
        let ready = conditions::find(p, "Ready").map(|c| c.reason.as_str());
        p.observed_generation == generation && matches!(ready, Some(ROLLED_OUT | UNAVAILABLE))
    })
}

fn deadline(who: &str, facts: &Facts, cause: Option<&Say>) -> Say {
    let rest = match cause {
        Some(cause) => cause.message.clone(),
        None => format!(
            "Its pods do not become available. See: kubectl describe pods -n {} -l {}",
            facts.namespace, facts.selector
        ),
    };
    Say::new(
        "ProgressDeadlineExceeded",
        format!("{who} made no progress within spec.rollout.progressDeadlineSeconds. {rest}"),
    )
}

/// Quota and admission denials of pods.
fn refused_pods(who: &str, message: &str) -> Say {
    let words = text::line(message, 512);
    let lower = words.to_lowercase();
    let (reason, step) = if lower.contains("exceeded quota") || lower.contains("failed quota") {
        ("QuotaExceeded", "Raise the ResourceQuota of the namespace, or lower spec.resources or the count of replicas.")
    } else if lower.contains("violates podsecurity") {
        ("PodsRefused", "Take back the loosening in spec.security, or let the namespace permit it.")
    } else if lower.contains("serviceaccount") && lower.contains("not found") {
        ("PodsRefused", "Create that ServiceAccount, or leave out spec.serviceAccount.")
    } else if lower.contains("per container") || lower.contains("per pod") {
        ("PodsRefused", "Write spec.resources within the LimitRange of the namespace.")
    } else {
        ("PodsRefused", "Change the spec as the policy asks, or the policy.")
    };
    Say::new(reason, format!("The pods of {who} are refused: {}. {step}", text::unstopped(&words)))
}

fn invalid(problems: &[Invalid]) -> String {
    let mut all: Vec<String> = problems.iter().take(5).map(ToString::to_string).collect();
    if problems.len() > 5 {
        all.push(format!("and {} more", problems.len() - 5));
    }
    match all.is_empty() {
        true => "The spec cannot be built.".to_owned(),
        false => all.join("; "),
    }
}

/// The last verdict, with a note that it is the last one.
fn frozen(previous: Option<&MicroserviceStatus>) -> Say {
    let stop = "Paused: nothing is written to its children until spec.paused is false.";
    match previous.and_then(|p| conditions::find(p, "Ready")) {
        Some(ready) if ready.reason == PAUSED => Say::new(PAUSED, ready.message.clone()),
        Some(ready) if is_unbuildable(&ready.reason) => Say::new(PAUSED, stop),
        Some(ready) => Say::new(PAUSED, format!("{stop} Before: {}: {}", ready.reason, ready.message)),
        None => Say::new(PAUSED, stop),
    }
}
