//! The one exit of every reconcile: status and events.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::ObjectReference;
use kube::{
    CustomResourceExt,
    runtime::events::{Event, EventType},
};
use microservice_core::{
    outcome::Outcome,
    status::{self, AWAITING, Change, Next, Transition},
};
use microservice_crds::{Microservice, MicroserviceStatus, STATUS_MANAGER};
use serde_json::json;
use tokio::time::Instant;

use crate::{
    cluster::{Failure, Target},
    context::Context,
    key::Key,
    object::LeanObject,
    store::{Service, Snapshot},
};

/// How long the first word about a new service may take when all goes well: where it is Ready by then, one write says
/// it all. Until then the schema's `observedGeneration: -1` says that nobody has looked.
const FIRST_WORD: Duration = Duration::from_secs(1);
/// How long counters alone may be behind while a rollout runs: their last values come with its end.
const WHILE_ROLLING: Duration = Duration::from_secs(30);
/// And while nothing else moves.
const AT_REST: Duration = Duration::from_secs(1);
/// Time that an event may take; it is never worth more.
const EVENT_DEADLINE: Duration = Duration::from_secs(3);
/// Bytes of an event's note that the API server takes.
const NOTE_LIMIT: usize = 1000;

/// Writes the status, if it moved, and publishes events on transitions. Answers when to look again.
///
/// # Errors
/// When the status cannot be written.
pub async fn report(
    ctx: &Context,
    key: &Key,
    snapshot: &Snapshot,
    outcome: &Outcome,
    now: Timestamp,
) -> Result<Option<Duration>, Failure> {
    let service = &snapshot.service;
    let next = status::next(service.status.as_ref(), outcome, now);
    let mut again = next.recheck_after;
    let write = match patience(service, &next) {
        None => next.change == Change::Major,
        Some(delay) => {
            let now = Instant::now();
            let due = ctx.store.minor_due(key, Some(now + delay)).unwrap_or(now);
            if due > now {
                again = Some(again.map_or(due - now, |present| present.min(due - now)));
            }
            due <= now
        }
    };
    if next.change == Change::None {
        ctx.store.minor_due(key, None);
    }
    if write {
        write_status(ctx, key, service, next.status).await?;
        ctx.store.minor_due(key, None);
    }
    for event in next.events {
        publish(ctx, key, service, event).await;
    }
    Ok(again)
}

/// How long a change of the status may wait for the next one; none: it is written now, or there is none.
fn patience(service: &Service, next: &Next) -> Option<Duration> {
    let is = |type_: &str, status: &str| next.status.conditions.iter().any(|c| c.type_ == type_ && c.status == status);
    let fresh = service.status.as_ref().is_none_or(|status| status.observed_generation < 0);
    match next.change {
        Change::None => None,
        Change::Major if fresh && is("Ready", "False") && comes_up(next) => Some(FIRST_WORD),
        Change::Major => None,
        Change::Minor if is("Ready", "True") => Some(AT_REST),
        Change::Minor => Some(WHILE_ROLLING),
    }
}

/// Whether a service comes up as it should: its pods start, or wait a moment for what they need.
fn comes_up(next: &Next) -> bool {
    let conditions = &next.status.conditions;
    let starting = conditions.iter().any(|c| c.type_ == "Progressing" && c.status == "True");
    let waiting = conditions.iter().any(|c| c.type_ == "Ready" && c.reason == AWAITING);
    (starting || waiting) && next.events.is_empty()
}

async fn write_status(ctx: &Context, key: &Key, service: &Service, status: MicroserviceStatus) -> Result<(), Failure> {
    let resource = Microservice::api_resource();
    let body = json!({
        "apiVersion": resource.api_version,
        "kind": resource.kind,
        "metadata": {"name": &*key.name, "namespace": &*key.namespace, "uid": service.uid},
        "status": status,
    });
    let target = Target { resource: &resource, namespace: &key.namespace, name: &key.name };
    let answer = match ctx.cluster.apply_status(target, &body, STATUS_MANAGER).await {
        Ok(answer) if leftover(&answer, &status) => ctx.cluster.merge_status(target, &body, STATUS_MANAGER).await,
        // The stored spec does not fit the schema: an apply cannot read it, a merge can as long as no rule looks at
        // the field that is wrong.
        Err(Failure::Invalid(_)) => ctx.cluster.merge_status(target, &body, STATUS_MANAGER).await,
        answer => answer,
    };
    if let Err(Failure::Invalid(message)) = &answer {
        tracing::warn!(service = %key, message, "the API server takes no status for this object; an event tells it");
        ctx.store.status_refused(key, &service.uid, status);
        ctx.systems.service_told(key);
        return Ok(());
    }
    if let Some(took) = ctx.store.status_written(key, &answer?, status) {
        ctx.metrics.ready(took);
    }
    ctx.systems.service_told(key);
    Ok(())
}

/// Whether a condition stands there that we no longer apply: an earlier merge owns it, and an apply leaves it.
fn leftover(answer: &LeanObject, applied: &MicroserviceStatus) -> bool {
    let live: Option<MicroserviceStatus> = answer.field("status");
    let stands = |type_: &str| applied.conditions.iter().any(|condition| condition.type_ == type_);
    live.is_some_and(|live| live.conditions.iter().any(|condition| !stands(&condition.type_)))
}

/// An event is a courtesy: it never fails a reconcile.
async fn publish(ctx: &Context, key: &Key, service: &Service, transition: Transition) {
    if !ctx.fence.permits() {
        return;
    }
    let resource = Microservice::api_resource();
    let regarding = ObjectReference {
        api_version: Some(resource.api_version),
        kind: Some(resource.kind),
        name: Some(key.name.to_string()),
        namespace: Some(key.namespace.to_string()),
        uid: Some(service.uid.clone()),
        ..ObjectReference::default()
    };
    let mut note = transition.note;
    note.truncate(note.floor_char_boundary(NOTE_LIMIT));
    let event = Event {
        type_: if transition.warning { EventType::Warning } else { EventType::Normal },
        reason: transition.reason,
        note: Some(note),
        action: transition.action.to_owned(),
        secondary: None,
    };
    match tokio::time::timeout(EVENT_DEADLINE, ctx.recorder.publish(&event, &regarding)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(service = %key, %error, "event not published"),
        Err(_) => tracing::debug!(service = %key, "event not published in time"),
    }
}
