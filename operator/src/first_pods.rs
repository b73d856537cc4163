//! The first pods of a service wait a moment for the services that it uses, so that they start with all addresses,
//! whatever the order in which a system is applied. They wait for the objects, never for their readiness.

use std::time::Duration;

use jiff::Timestamp;
use microservice_core::{children::CHILDREN, graph::Id, render::Rendered};

use crate::store::{Kind, Snapshot};

/// How long they wait at most.
const PATIENCE: Duration = Duration::from_secs(10);

/// Kinds that wait: the pods, and what counts them.
const WAITING: [&str; 2] = ["Deployment", "HorizontalPodAutoscaler"];

/// Takes the first pods out of what is rendered while there is something to wait for, and says what. Answers when the wait
/// is over. A service that was seen before has waited.
pub fn hold_back(snapshot: &Snapshot, rendered: &mut Rendered, awaited: &mut Vec<Id>) -> Option<Duration> {
    let missing: Vec<Id> =
        rendered.plan.dependencies.iter().filter(|d| d.is_awaited()).map(|d| d.provider.clone()).collect();
    let is_deployment = |kind: Kind| CHILDREN.get(kind).is_some_and(|entry| entry.kind == "Deployment");
    let stands = snapshot
        .children
        .iter()
        .any(|((kind, _), child)| is_deployment(*kind) && child.owner.is(&snapshot.service.uid) && !child.deleting);
    let waited = snapshot.service.seen.map(|seen| Timestamp::now().duration_since(seen).unsigned_abs())?;
    let left = PATIENCE.checked_sub(waited).filter(|left| !left.is_zero())?;
    if missing.is_empty() || stands {
        return None;
    }
    rendered.children.retain(|desired| !WAITING.contains(&desired.entry.kind));
    *awaited = missing;
    awaited.dedup();
    Some(left)
}
