//! Whether a new template must wait: see [`microservice_core::graph::gate`].

use k8s_openapi::api::apps::v1::ReplicaSet;
use kube::api::{ApiResource, ListParams};
use microservice_core::{
    graph::{self, Holder, Node},
    outcome::{ChildOutcome, ChildResult, Health},
    plan::{Facts, Plan},
    render::Rendered,
};
use microservice_crds::{ContractMode, annotations};

use crate::{cluster::Failure, context::Context, key::Key, store::Service};

/// ReplicaSets that are looked at: Kubernetes keeps ten old ones unless the spec says otherwise.
const REPLICA_SETS: u32 = 1000;

/// What becomes of a new template.
pub enum Gate {
    /// It goes.
    Open,
    /// It waits for these.
    Shut(Vec<Holder>),
    /// It would wait for these, and an annotation lets it go.
    Released(Vec<Holder>),
}

/// Looks whether the template of a plan must wait.
///
/// # Errors
/// When it is not known whether it has run before, which would let it go.
pub async fn look(
    ctx: &Context,
    key: &Key,
    service: &Service,
    node: &Node,
    plan: &Plan,
    facts: &Facts,
) -> Result<Gate, Failure> {
    if plan.contracts.mode != ContractMode::Enforce {
        return Ok(Gate::Open);
    }
    let digest = &plan.template.digest;
    let holders = graph::gate(node, digest, &facts.neighbourhood);
    if holders.is_empty() {
        ctx.edges.settle(key);
        return Ok(Gate::Open);
    }
    if service.release.as_ref() == Some(digest) {
        return Ok(Gate::Released(holders));
    }
    let has_run = match ctx.edges.has_run(key, digest) {
        Some(known) => known,
        None => {
            let found = has_run(ctx, key, plan).await?;
            ctx.edges.note(key, digest, found);
            found
        }
    };
    Ok(if has_run { Gate::Open } else { Gate::Shut(holders) })
}

/// Whether a ReplicaSet that is kept was made from the same template: going back to it is never held.
async fn has_run(ctx: &Context, key: &Key, plan: &Plan) -> Result<bool, Failure> {
    let resource = ApiResource::erase::<ReplicaSet>(&());
    let params = ListParams::default().labels(&plan.selector()).limit(REPLICA_SETS);
    let all = ctx.cluster.list(&resource, &key.namespace, &params).await?;
    let same = |annotations: &std::collections::BTreeMap<String, String>| {
        annotations.get(annotations::TEMPLATE) == Some(&plan.template.digest)
    };
    Ok(all.iter().any(|set| set.metadata.annotations.as_ref().is_some_and(same)))
}

/// While a new template waits, its Service leads to the pods of the old one. Where the new one calls its ports otherwise,
/// the Service stays as it is, too, and is taken out of what is rendered.
pub fn keep_service(rendered: &mut Rendered, node: &Node) -> Option<ChildOutcome> {
    let running = node.offer.templates.last()?;
    let leads = rendered.plan.ports.iter().all(|port| running.ports.contains_key(&port.target_name));
    let place = rendered.children.iter().position(|desired| desired.entry.kind == "Service").filter(|_| !leads)?;
    let service = rendered.children.remove(place);
    Some(ChildOutcome {
        kind: service.entry.kind,
        name: service.name,
        result: ChildResult::Kept,
        health: Health::Silent,
    })
}

/// Why a template would wait, for the event that it goes all the same.
pub fn words(holders: &[Holder]) -> String {
    let word = |holder: &Holder| match holder {
        Holder::Needs { need, .. } => format!("it needs {need} of {}", need.provider),
        Holder::Needed { consumer, need, .. } => format!("pods of {consumer} need {need}"),
    };
    format!("{}.", holders.iter().take(10).map(word).collect::<Vec<_>>().join(", "))
}
