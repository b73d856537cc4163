//! `spec.replicas` of a Deployment on its way between the operator and an autoscaler.
//!
//! A field that its only owner no longer applies falls back to its default: replicas to 1. So before the operator
//! drops it, a second field manager takes the live value, and keeps it until the autoscaler's first write. The other way
//! round the autoscaler goes before the operator takes the count: as long as it is there it would take it back.
//!
//! All of this follows from what is live and what is wanted now, not from what changed: whether the spec, a class or an
//! override made the difference does not matter.

use microservice_core::{
    children::{CHILDREN, Desired},
    outcome::Health,
    plan::{Plan, Replicas},
};
use microservice_crds::HANDOVER_MANAGER;
use serde_json::json;

use crate::{
    child::Child,
    cluster::{Failure, Target, api_resource},
    context::Context,
    key::Key,
    object::LeanObject,
    prune,
    store::{Kind, Snapshot},
};

/// How often a count that keeps changing is looked at.
const LOOKS: usize = 4;

/// What an autoscaler of ours is to find when it takes over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Start {
    /// The least count. Never zero: there an autoscaler rests.
    pub least: i32,
    /// Whether zero is to be left. Who stopped the service by hand wants it stopped; where the autoscaler did it under
    /// another minimum, it may not find the way back.
    pub from_zero: bool,
}

impl Start {
    /// What the plan wants; nothing without an autoscaler.
    pub fn of(plan: &Plan, snapshot: &Snapshot) -> Option<Self> {
        let Replicas::Autoscaled { min, .. } = plan.replicas else { return None };
        let slept = autoscalers(snapshot).any(|(_, child)| match &child.health {
            Health::Autoscaler(health) => health.scaled_to_zero,
            _ => false,
        });
        Some(Self { least: min.max(1), from_zero: min > 0 && slept })
    }

    /// Whether so few replicas are not meant: the second of the two requests that create a Deployment was lost, or the
    /// minimum is a new one.
    pub fn is_above(self, replicas: i32) -> bool {
        (1..self.least).contains(&replicas) || (replicas == 0 && self.from_zero)
    }
}

/// An autoscaler of ours that is not wanted any more and could not be deleted.
pub struct Left {
    /// Its name.
    pub autoscaler: String,
    /// Why it is still there.
    pub failure: Failure,
}

/// Deletes our autoscaler where the plan wants none any more.
pub async fn retire(ctx: &Context, key: &Key, snapshot: &Snapshot, plan: &Plan) -> Option<Left> {
    if matches!(plan.replicas, Replicas::Autoscaled { .. }) {
        return None;
    }
    let (name, _) = autoscalers(snapshot).next()?;
    let failure = prune::prune(ctx, key, snapshot, |kind, _| !is_autoscaler(kind)).await.err()?;
    Some(Left { autoscaler: name.to_owned(), failure })
}

fn is_autoscaler(kind: Kind) -> bool {
    CHILDREN.get(kind).is_some_and(|entry| entry.kind == "HorizontalPodAutoscaler")
}

/// Our own autoscalers that are there and not on their way out, by name.
fn autoscalers(snapshot: &Snapshot) -> impl Iterator<Item = (&str, &Child)> {
    let all = snapshot.children.iter().filter(|((kind, _), _)| is_autoscaler(*kind));
    let mine = all.filter(|(_, child)| child.owner.is(&snapshot.service.uid) && !child.deleting);
    mine.map(|((_, name), child)| (name.as_str(), child.as_ref()))
}

/// Has the second manager hold the count, when the operator holds it now and will not any more: the live one, or what
/// the autoscaler is to find.
pub async fn release(
    ctx: &Context,
    key: &Key,
    desired: &Desired,
    child: &Child,
    start: Option<Start>,
) -> Result<(), Failure> {
    if !child.holds_replicas || desired.body.pointer("/spec/replicas").is_some() {
        return Ok(());
    }
    at_least(ctx, key, desired, child, start.map_or(0, |start| start.least)).await.map(drop)
}

/// Has the second manager hold the live count, or the least one where that is more. A count that somebody writes in this
/// very moment is not lost: the server says so, and it is looked at again.
pub async fn at_least(
    ctx: &Context,
    key: &Key,
    desired: &Desired,
    child: &Child,
    least: i32,
) -> Result<LeanObject, Failure> {
    let mut live = (child.health.clone(), child.version);
    for _ in 0..LOOKS {
        let count = match &live.0 {
            Health::Deployment(deployment) => deployment.spec_replicas.max(least),
            _ => return Err(Failure::Conflict(format!("nothing is known of the replicas of {}", desired.name))),
        };
        match hold(ctx, key, desired, &child.uid, count, Some(live.1)).await {
            Err(Failure::Conflict(_)) => {
                let resource = api_resource(desired.entry);
                let target = Target { resource: &resource, namespace: &key.namespace, name: &desired.name };
                let object = ctx.cluster.get(target).await?;
                live = ((desired.entry.health)(&object.to_value()), object.version_number());
            }
            answer => return answer,
        }
    }
    Err(Failure::Conflict(format!("the replicas of {} keep changing", desired.name)))
}

/// Has the second manager set the count: where the version is said, only if the Deployment still is of that.
pub async fn hold(
    ctx: &Context,
    key: &Key,
    desired: &Desired,
    uid: &str,
    replicas: i32,
    version: Option<u64>,
) -> Result<LeanObject, Failure> {
    let resource = api_resource(desired.entry);
    let mut body = json!({
        "apiVersion": resource.api_version,
        "kind": resource.kind,
        "metadata": {"name": desired.name, "namespace": &*key.namespace, "uid": uid},
        "spec": {"replicas": replicas},
    });
    if let (Some(version), Some(metadata)) = (version.filter(|v| *v > 0), body.pointer_mut("/metadata")) {
        metadata["resourceVersion"] = json!(version.to_string());
    }
    let target = Target { resource: &resource, namespace: &key.namespace, name: &desired.name };
    ctx.cluster.apply(target, &body, HANDOVER_MANAGER).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_few_are_raised_and_zero_only_where_nobody_meant_it() {
        let start = Start { least: 3, from_zero: false };
        let raised: Vec<i32> = (0..5).filter(|replicas| start.is_above(*replicas)).collect();
        assert_eq!(raised, [1, 2]);
        assert!(Start { from_zero: true, ..start }.is_above(0));
        assert!(!Start { least: 1, from_zero: false }.is_above(1));
    }
}
