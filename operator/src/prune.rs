//! Deletes children that are no longer wanted: last, and only what is provably ours.

use std::{sync::Arc, time::Duration};

use microservice_core::{children::CHILDREN, outcome::Health, status::rollout_complete};

use crate::{
    child::Child,
    cluster::{Failure, Target, api_resource},
    context::Context,
    key::Key,
    store::{Kind, Snapshot},
};

/// When to look whether a child that is said to be gone is.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// Deletes the children of the Microservice that `wanted` does not name.
///
/// # Errors
/// The first failure; the others were tried all the same.
pub async fn prune(
    ctx: &Context,
    key: &Key,
    snapshot: &Snapshot,
    wanted: impl Fn(Kind, &str) -> bool,
) -> Result<(), Failure> {
    let mut outcome = Ok(());
    for (kind, name, child) in superfluous(snapshot, wanted) {
        let Some(entry) = CHILDREN.get(kind) else { continue };
        let target = Target { resource: &api_resource(entry), namespace: &key.namespace, name: &name };
        match ctx.cluster.delete(target, &child.uid).await {
            Ok(()) => {
                tracing::info!(service = %key, kind = entry.kind, name, "pruned");
                ctx.metrics.child(entry.kind, "pruned");
                ctx.store.child_pruned(key, kind, &name, &child.uid);
            }
            // Another object has the name by now, or none. The stream will tell; a second look costs nothing then.
            Err(Failure::Missing(_) | Failure::Conflict(_)) => ctx.queue.enqueue_after(key, LOOK_AGAIN),
            Err(failure) => outcome = outcome.and(Err(failure)),
        }
    }
    outcome
}

/// Children of this Microservice, by its uid, that are not wanted.
fn superfluous(snapshot: &Snapshot, wanted: impl Fn(Kind, &str) -> bool) -> Vec<(Kind, String, Arc<Child>)> {
    let mine = snapshot.children.iter().filter(|(_, child)| child.owner.is(&snapshot.service.uid) && !child.deleting);
    let unwanted = mine.filter(|((kind, name), _)| !wanted(*kind, name));
    let all: Vec<_> = unwanted.map(|((kind, name), child)| (*kind, name.clone(), child.clone())).collect();
    let (mut maps, others): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|(kind, _, _)| CHILDREN.get(*kind).is_some_and(|entry| entry.kind == "ConfigMap"));
    // Pods of the old template still read the old files until the rollout is complete; then one predecessor stays.
    maps.sort_by_key(|(_, _, child)| std::cmp::Reverse(child.created));
    let complete = snapshot.children.values().all(|child| match &child.health {
        Health::Deployment(deployment) => rollout_complete(deployment),
        _ => true,
    });
    let keep = if complete { 1 } else { maps.len() };
    others.into_iter().chain(maps.into_iter().skip(keep)).collect()
}
