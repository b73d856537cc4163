//! NetworkPolicies that change with what goes: planned with it and without it, and compared.

use std::{collections::BTreeSet, sync::Arc};

use microservice_crds::NetworkMode;
use serde::Serialize;

use super::{Consumer, Target};
use crate::{
    graph::{Id, Node, Survey},
    plan::{Facts, NetworkPlan, Subject, plan},
};

/// A service whose NetworkPolicy changes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Policy {
    /// The service.
    pub service: Id,
    /// Whether the policy is applied: else it is only told in the status.
    pub enforced: bool,
    /// Whether there is none any more.
    pub goes: bool,
}

/// Only services at the other ends of its edges can be concerned.
pub(super) fn affected(survey: &Survey<'_>, target: &Target, consumers: &[Consumer]) -> Vec<Policy> {
    let origin = target.service();
    let Some(node) = survey.graph().get(origin) else { return Vec::new() };
    let direct = consumers.iter().filter(|consumer| consumer.distance == 1).map(|consumer| consumer.id.clone());
    let near: BTreeSet<Id> = match target {
        Target::Service(_) => return Vec::new(),
        Target::Api { .. } => direct.chain([origin.clone()]).collect(),
        Target::Removal(_) => direct.chain(node.providers()).chain(node.routed()).chain([origin.clone()]).collect(),
    };
    near.into_iter().filter_map(|id| changed(survey, target, node, id)).collect()
}

fn changed(survey: &Survey<'_>, target: &Target, node: &Node, id: Id) -> Option<Policy> {
    let (subject, facts) = survey.subject(&id)?;
    let before = network(&subject, &facts)?;
    let goes = matches!(target, Target::Removal(gone) if *gone == id);
    if !goes {
        let (subject, facts) = without(target, node, subject, facts);
        if network(&subject, &facts).as_ref() == Some(&before) {
            return None;
        }
    }
    Some(Policy { service: id, enforced: before.mode == NetworkMode::Enforce, goes })
}

/// Nothing is known of a service that cannot be planned: its policy stays as it is.
fn network(subject: &Subject, facts: &Facts) -> Option<NetworkPlan> {
    plan(subject, facts).ok()?.network
}

/// A service and what is known around it, once the target is gone.
fn without(target: &Target, node: &Node, mut subject: Subject, mut facts: Facts) -> (Subject, Facts) {
    let origin = target.service();
    let around = &mut facts.neighbourhood;
    match target {
        Target::Service(_) => {}
        Target::Removal(_) => {
            if let Some(provider) = around.providers.get_mut(origin) {
                *provider = None;
            }
            around.consumers.retain(|other| other.id != *origin);
            around.routers.retain(|other| other.id != *origin);
        }
        Target::Api { .. } => {
            let less = Node { offer: target.left(&node.offer), ..node.clone() };
            if subject.name == origin.name && subject.namespace == origin.namespace {
                subject.spec.exposes.clone_from(&less.offer.exposes);
            } else if let Some(provider) = around.providers.get_mut(origin) {
                *provider = Some(Arc::new(less));
            }
        }
    }
    (subject, facts)
}
