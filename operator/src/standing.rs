//! What stands of a service, whatever is wanted of it: what its routes lead to, and the routes that are withheld for now.

use microservice_core::{
    children::CHILDREN,
    outcome::{ChildOutcome, ChildResult, Health},
    plan::Plan,
    status,
};

use crate::store::Snapshot;

/// Why routes to our own Service would lead to nothing, or to somebody else's pods: it is refused, and none of ours stands.
pub fn no_service(snapshot: &Snapshot, plan: &Plan, applied: &[ChildOutcome]) -> Option<String> {
    let why = status::service_refused(plan, applied)?;
    let stands = snapshot.children.iter().any(|((kind, name), child)| {
        name == plan.name()
            && CHILDREN.get(*kind).is_some_and(|entry| entry.kind == "Service")
            && child.owner.is(&snapshot.service.uid)
            && !child.deleting
    });
    (!stands).then_some(why)
}

/// The objects of withheld routes that stay as they stand, and may still serve.
pub fn kept(snapshot: &Snapshot, plan: &Plan) -> Vec<ChildOutcome> {
    let mine = snapshot.children.iter().filter(|(_, child)| child.owner.is(&snapshot.service.uid) && !child.deleting);
    let kept = |kind: &'static str, name: &String, health: &Health| ChildOutcome {
        kind,
        name: name.clone(),
        result: ChildResult::Kept,
        health: health.clone(),
    };
    let named = mine.filter_map(|((kind, name), child)| Some((CHILDREN.get(*kind)?.kind, name, child)));
    named.filter(|(kind, name, _)| plan.keeps(kind, name)).map(|(kind, name, c)| kept(kind, name, &c.health)).collect()
}
