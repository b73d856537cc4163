//! Keeps the status of every MicroserviceSystem: what its services come to.

use std::panic::AssertUnwindSafe;

use futures::{FutureExt as _, StreamExt as _, stream};
use jiff::Timestamp;
use kube::CustomResourceExt;
use microservice_core::{
    graph::Id,
    status::{Member, Stranger, SystemView, broken_edges, circles, system_status},
};
use microservice_crds::{MicroserviceSystem, MicroserviceSystemStatus, STATUS_MANAGER};
use serde_json::json;
use tokio::time::Instant;

use crate::{
    cluster::{Failure, Target},
    context::Context,
    object::LeanObject,
    systems::Due,
};

/// Systems that are written at a time: one that takes long keeps no other waiting.
const AT_ONCE: usize = 4;

/// Writes what is due, each when its turn has come, until it is dropped.
pub async fn keep(ctx: Context) {
    loop {
        let woken = ctx.systems.woken.notified();
        let due = ctx.systems.due(Instant::now());
        stream::iter(due).for_each_concurrent(AT_ONCE, |due| settle(&ctx, due)).await;
        ctx.systems.done();
        match ctx.systems.next() {
            Some(next) => drop(tokio::time::timeout_at(next, woken).await),
            None => woken.await,
        }
    }
}

/// Looks at one system, and writes its status if it is another one.
async fn settle(ctx: &Context, due: Due) {
    let attempt = async {
        let view = view(ctx, &due);
        let spec = due.spec.as_deref().map_err(String::as_str);
        let status = system_status(due.status.as_ref(), &due.key.name, due.generation, spec, &view, Timestamp::now());
        if due.status.as_ref() == Some(&status) { Ok(()) } else { write(ctx, &due, status).await }
    };
    // A panic is that system's alone.
    match AssertUnwindSafe(attempt).catch_unwind().await {
        Ok(Ok(())) => return,
        Ok(Err(failure)) => tracing::warn!(system = %due.key, %failure, "status of a system not written"),
        Err(_) => tracing::error!(system = %due.key, "panic while the status of a system was written"),
    }
    ctx.systems.failed(&due.key);
}

/// What is seen of a system now.
fn view(ctx: &Context, due: &Due) -> SystemView {
    let mut view = SystemView::default();
    for (name, found) in ctx.store.read(&due.members, |key, service| {
        let there = !service.deleting;
        (key.name.to_string(), there.then(|| Member::of(&key.name, service.generation, service.status.as_ref())))
    }) {
        match found {
            Some(member) => view.members.push(member),
            None => view.strangers.push((name, Stranger::Leaving)),
        }
    }
    let strangers = due.strangers.iter().filter(|(key, _)| !ctx.store.read([key], |_, _| ()).is_empty());
    view.strangers.extend(strangers.map(|(key, says)| {
        let stranger = says.as_ref().map_or(Stranger::OfNone, |system| Stranger::OfSystem(system.to_string()));
        (key.name.to_string(), stranger)
    }));
    let ids = due.members.iter().map(|key| Id::new(&*key.namespace, &*key.name));
    let nodes: Vec<_> = ctx.edges.read(|graph| ids.filter_map(|id| graph.get(&id).cloned()).collect());
    view.broken_edges = broken_edges(&view.members, &nodes);
    view.cycles = circles(&nodes);
    view
}

async fn write(ctx: &Context, due: &Due, status: MicroserviceSystemStatus) -> Result<(), Failure> {
    let (key, resource) = (&due.key, MicroserviceSystem::api_resource());
    let body = json!({
        "apiVersion": resource.api_version,
        "kind": resource.kind,
        "metadata": {"name": &*key.name, "namespace": &*key.namespace, "uid": due.uid},
        "status": status,
    });
    let target = Target { resource: &resource, namespace: &key.namespace, name: &key.name };
    let answer = match ctx.cluster.apply_status(target, &body, STATUS_MANAGER).await {
        Ok(answer) if leftover(&answer, &status) => ctx.cluster.merge_status(target, &body, STATUS_MANAGER).await,
        // A merge works on stored objects that an apply cannot read.
        Err(Failure::Invalid(_)) => ctx.cluster.merge_status(target, &body, STATUS_MANAGER).await,
        answer => answer,
    };
    match answer {
        Ok(answer) => ctx.systems.written(key, &answer, status),
        // It is gone, or another one of its name: the stream tells.
        Err(Failure::Missing(_) | Failure::Conflict(_)) => {}
        Err(Failure::Invalid(message)) => {
            tracing::warn!(system = %key, message, "the API server takes no status for this object");
            ctx.systems.settled(key, status);
        }
        Err(failure) => return Err(failure),
    }
    Ok(())
}

/// Whether a condition stands there that we no longer apply: an earlier merge owns it, and an apply leaves it.
fn leftover(answer: &LeanObject, applied: &MicroserviceSystemStatus) -> bool {
    let live: Option<MicroserviceSystemStatus> = answer.field("status");
    live.is_some_and(|live| live.conditions.len() > applied.conditions.len())
}
