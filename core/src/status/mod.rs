//! From what a reconcile saw to the status of a Microservice: the conditions, what changed, and which events tell of it.
//!
//! Pure: the time is an argument, and the same input gives the same status. [`next`] of a status that it made itself,
//! with the same outcome, changes nothing.

mod applied;
mod causes;
mod change;
mod class;
mod conditions;
mod contracts;
mod edges;
mod events;
mod exposed;
mod facts;
mod isolated;
mod lift;
mod place;
mod pods;
mod ready;
mod rollout;
mod scalable;
mod scalers;
mod steady;
mod stuck;
mod system;
mod templates;
mod text;
mod urls;

use std::time::Duration;

use jiff::Timestamp;
use microservice_crds::{ChildRef, MicroserviceStatus};

pub use class::class_status;
pub use conditions::TYPES;
pub use pods::pod_summary;
pub use ready::AWAITING;
pub use rollout::rollout_complete;
pub use stuck::{event_tells, learn, needs_events};
pub use system::{Member, Standing, Stranger, View as SystemView, broken_edges, circles, system_status};
pub use templates::running;

use crate::{
    outcome::{ChildOutcome, ChildResult, Health, Outcome},
    plan::Plan,
};
use conditions::Beside;
use facts::Facts;

/// How much a status differs from the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// Not at all.
    None,
    /// Counters and messages moved, or something got better on the way to Ready: it may be written later, together
    /// with what follows.
    Minor,
    /// A person or a program may wait for this: to be written now.
    Major,
}

/// An event to publish: something became worse, became well again, or was repaired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transition {
    /// Warning, or Normal.
    pub warning: bool,
    /// One CamelCase word.
    pub reason: String,
    /// What the operator was doing.
    pub action: &'static str,
    /// The whole story, at most 1000 bytes.
    pub note: String,
}

/// The next status, and what to do with it.
#[derive(Clone, Debug, PartialEq)]
pub struct Next {
    /// The status to have.
    pub status: MicroserviceStatus,
    /// How much it differs from the previous one.
    pub change: Change,
    /// Events to publish once the status is written.
    pub events: Vec<Transition>,
    /// When to look again although nothing happens: what is not worth saying now becomes so with time.
    pub recheck_after: Option<Duration>,
}

/// A word and a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Say {
    reason: String,
    message: String,
}

impl Say {
    fn new(reason: impl Into<String>, message: impl Into<String>) -> Self {
        Self { reason: reason.into(), message: message.into() }
    }
}

/// What the status is after `outcome`, when it was `previous` before.
pub fn next(previous: Option<&MicroserviceStatus>, outcome: &Outcome, now: Timestamp) -> Next {
    // A condition keeps whole seconds, and must not differ from its own copy that was stored.
    let now = Timestamp::from_second(now.as_second()).unwrap_or(now);
    let facts = outcome.plan.as_ref().ok().map(Facts::of);
    let exposed = exposed::verdict(previous.and_then(|p| conditions::find(p, "Exposed")), outcome, now);
    let held = outcome.plan.as_ref().ok().filter(|_| !outcome.paused).and_then(|p| contracts::held(previous, p, now));
    let judgement = ready::judge(previous, outcome, facts.as_ref(), exposed.as_ref(), held.as_ref(), now);
    let scalable = facts.as_ref().and_then(|facts| scalable::verdict(previous, outcome, facts, now));
    let beside = Beside {
        exposed: exposed.as_ref().map(|e| e.wanted.clone()),
        scalable: scalable.as_ref().map(|s| s.wanted.clone()),
        ..outcome.plan.as_ref().map(|plan| linked(plan, outcome, held.as_ref())).unwrap_or_default()
    };
    let conditions = conditions::all(previous, outcome, &judgement, beside, now);

    let deployment = outcome.children.iter().find_map(|c| match &c.health {
        Health::Deployment(health) => Some(health),
        _ => None,
    });
    let mut status = previous.cloned().unwrap_or_default();
    status.observed_generation = outcome.generation;
    status.conditions = conditions;
    if let Some(health) = deployment {
        status.replicas = Some(health.replicas);
        status.ready_replicas = Some(health.ready);
    }
    if let Some(facts) = &facts {
        // Scalers may ask for it as soon as there is a plan, paused or not.
        status.selector = Some(facts.selector.clone());
        if !outcome.paused {
            status.urls = outcome.plan.as_ref().map(|plan| urls::of(plan, outcome)).unwrap_or_default();
            status.url = status.urls.first().cloned();
            status.image = Some(facts.image.clone());
            status.class.clone_from(&facts.class);
            status.profile = Some(facts.profile.clone());
            status.children = inventory(&status.children, &outcome.children);
            if let Ok(plan) = &outcome.plan {
                status.dependencies = edges::records(plan);
                status.templates = templates::next(&status.templates, plan, &outcome.children);
                status.hold = held.as_ref().map(|held| held.record.clone());
            }
        }
    }

    let change = change::between(previous, &status);
    let events = events::transitions(previous, &status, outcome, change);
    let rechecks = [
        judgement.recheck,
        exposed.and_then(|e| e.recheck),
        scalable.and_then(|s| s.recheck),
        held.and_then(|h| h.recheck),
    ];
    let recheck_after = rechecks.into_iter().flatten().min();
    Next { status, change, events, recheck_after }
}

/// What the edges of a service make of it.
fn linked(plan: &Plan, outcome: &Outcome, held: Option<&contracts::Held>) -> Beside {
    Beside {
        dependencies: edges::dependencies(plan),
        consent: edges::consent(plan),
        contracts: contracts::verdict(plan, held),
        isolated: isolated::verdict(plan, outcome),
        ..Beside::default()
    }
}

/// Why the Service that a plan wants is not made, and what to do: none where it stands, or may still come by itself.
pub fn service_refused(plan: &Plan, children: &[ChildOutcome]) -> Option<String> {
    let is_refusal = |result: &ChildResult| {
        matches!(result, ChildResult::Clash { .. } | ChildResult::Invalid { .. } | ChildResult::Forbidden { .. })
    };
    let service = children.iter().find(|c| c.kind == "Service" && c.name == plan.name() && is_refusal(&c.result))?;
    let applied = applied::sort(std::slice::from_ref(service), None, &Facts::of(plan));
    applied::join(&applied.stuck).or_else(|| applied::join(&applied.denied)).map(|say| say.message)
}

/// Whether the child stands in the cluster and is ours, whatever its state.
fn stands(result: &ChildResult) -> bool {
    matches!(
        result,
        ChildResult::Equal
            | ChildResult::Applied
            | ChildResult::Repaired { .. }
            | ChildResult::Resisted { .. }
            | ChildResult::Paused
            | ChildResult::Kept
    )
}

/// The children that are there. One whose last apply failed is still there if it was before.
fn inventory(before: &[ChildRef], children: &[ChildOutcome]) -> Vec<ChildRef> {
    let mut list = Vec::new();
    for child in children {
        let entry = ChildRef { kind: child.kind.to_owned(), name: child.name.clone() };
        let kept = match &child.result {
            ChildResult::Invalid { .. } | ChildResult::Forbidden { .. } | ChildResult::Failed { .. } => {
                before.contains(&entry)
            }
            result => stands(result),
        };
        if kept && !list.contains(&entry) {
            list.push(entry);
        }
    }
    list
}

#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod stories;
