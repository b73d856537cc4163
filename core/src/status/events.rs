//! Which turns of the status are worth an event.

use microservice_crds::MicroserviceStatus;

use super::{Change, Transition, conditions::find, exposed, ready, scalable, text};
use crate::outcome::{ChildResult, Outcome};

/// Reason of Reconciling between a failure and the next Ready.
pub(super) const RECOVERING: &str = "Recovering";

/// Bytes of a note.
const NOTE: usize = 1000;

/// Reasons of a Ready that is not True although nothing is wrong.
const HARMLESS: [&str; 5] =
    [ready::PROGRESSING, ready::AWAITING, ready::PAUSED, exposed::PENDING, "WaitingForDeletion"];

/// Something that is wrong in a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wrong<'a> {
    reason: &'a str,
    message: &'a str,
    action: &'static str,
}

/// Why the service is not Ready, if it is for a failure.
pub(super) fn failing(status: &MicroserviceStatus) -> Option<Wrong<'_>> {
    let ready = find(status, "Ready").filter(|r| r.status == "False" && !HARMLESS.contains(&r.reason.as_str()))?;
    Some(Wrong { reason: &ready.reason, message: &ready.message, action: "Reconcile" })
}

/// The events between two statuses. A change that may be written later has none, or it would be told more than once.
pub(super) fn transitions(
    previous: Option<&MicroserviceStatus>,
    next: &MicroserviceStatus,
    outcome: &Outcome,
    change: Change,
) -> Vec<Transition> {
    let mut events: Vec<Transition> = repaired(outcome).into_iter().chain(released(previous, outcome)).collect();
    if change != Change::Major {
        return events;
    }
    let before = previous.map(all_wrong).unwrap_or_default();
    let mut told: Vec<&str> = Vec::new();
    for wrong in all_wrong(next) {
        let known = before.iter().any(|b| {
            // The next spec may be wrong in another way.
            b.reason == wrong.reason && (!ready::is_unbuildable(wrong.reason) || b.message == wrong.message)
        });
        if !known && !told.contains(&wrong.reason) {
            told.push(wrong.reason);
            events.push(event(true, wrong.reason, wrong.action, wrong.message));
        }
    }
    let well = find(next, "Ready").is_some_and(|r| r.status == "True" && r.reason != ready::PAUSED);
    if let Some(was) = previous.filter(|_| well).and_then(recovered_from) {
        events.push(event(false, "Recovered", "Reconcile", &format!("Ready again. Before: {was}")));
    }
    events
}

/// What the service recovers from when it is Ready now.
fn recovered_from(previous: &MicroserviceStatus) -> Option<String> {
    let memory = find(previous, "Reconciling").filter(|c| c.reason == RECOVERING);
    match failing(previous) {
        Some(wrong) => Some(format!("{}: {}", wrong.reason, wrong.message)),
        None => memory.map(|_| "a failure that was told.".to_owned()),
    }
}

fn all_wrong(status: &MicroserviceStatus) -> Vec<Wrong<'_>> {
    let of = |kind: &str, wanted: &str, action: &'static str| {
        find(status, kind).filter(|c| c.status == wanted).map(|c| Wrong {
            reason: &c.reason,
            message: &c.message,
            action,
        })
    };
    [
        failing(status),
        of("Stalled", "True", "Reconcile"),
        of("Exposed", "False", "Expose"),
        of("Exposed", "Unknown", "Expose").filter(|w| w.reason == "GatewayAPINotInstalled"),
        of("Scalable", "False", "Scale").filter(|w| !["ScalingDisabled", scalable::REPLACED].contains(&w.reason)),
        of("DependenciesResolved", "False", "Resolve"),
        of("ContractsSatisfied", "False", "Resolve"),
        of("Drifted", "True", "Apply"),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A template that goes although others hold it: somebody said so.
fn released(previous: Option<&MicroserviceStatus>, outcome: &Outcome) -> Option<Transition> {
    let template = &outcome.plan.as_ref().ok()?.template.digest;
    let known = previous.is_some_and(|status| status.templates.iter().any(|known| known.template == *template));
    let note =
        format!("Template {template} goes on by annotation, although it was held back: {}", outcome.released.as_ref()?);
    (!known).then(|| event(true, "HoldReleased", "Resolve", &note))
}

/// One event for all that was repaired.
fn repaired(outcome: &Outcome) -> Option<Transition> {
    let all: Vec<String> = outcome
        .children
        .iter()
        .filter_map(|c| match &c.result {
            ChildResult::Repaired { what } => Some(format!("{} {:?} ({what})", c.kind, c.name)),
            _ => None,
        })
        .collect();
    let note = format!("Somebody else had changed: {}. It is as the Microservice says again.", all.join(", "));
    (!all.is_empty()).then(|| event(false, "Repaired", "Repair", &note))
}

fn event(warning: bool, reason: &str, action: &'static str, note: &str) -> Transition {
    Transition { warning, reason: reason.to_owned(), action, note: text::cut_bytes(note, NOTE) }
}
