//! Which optional kinds there are: their streams start and end with their definitions.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, PoisonError, atomic::Ordering},
};

use futures::{FutureExt as _, future::BoxFuture};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::{
    Api, ResourceExt as _,
    api::PartialObjectMeta,
    runtime::watcher::{self, Event},
};
use microservice_core::children::CHILDREN;
use tokio::task::AbortHandle;

use super::{around::follow_around, children::follow_children, served, systems::follow_systems};
use crate::{
    context::Context,
    follow::{LATE_RIGHTS, Signal, follow},
    interest::Interest,
    store::{CLASSES, DEFINITIONS, GATEWAY_CLASSES, GATEWAYS, Kind, LISTENER_SETS, SYSTEMS, Served},
};

/// The kind of routes that a definition brings: its annotations tell channel and version of the Gateway API.
fn routes(definition: &str) -> Option<&'static str> {
    let entry = CHILDREN.iter().find(|entry| entry.crd == Some(definition))?;
    Some(entry.kind).filter(|kind| kind.ends_with("Route"))
}

/// A kind that a cluster may lack, and the definition that brings it.
fn optional() -> impl Iterator<Item = (Kind, &'static str)> {
    let children = CHILDREN.iter().enumerate().filter_map(|(kind, entry)| Some((kind, entry.crd?)));
    children.chain([
        (CLASSES, "microserviceclasses.microservices.dev"),
        (GATEWAYS, "gateways.gateway.networking.k8s.io"),
        (GATEWAY_CLASSES, "gatewayclasses.gateway.networking.k8s.io"),
        (LISTENER_SETS, "listenersets.gateway.networking.k8s.io"),
        (SYSTEMS, "microservicesystems.microservices.dev"),
    ])
}

/// Follows the definitions.
pub(super) async fn follow_definitions(ctx: Context) {
    let api: Api<PartialObjectMeta<CustomResourceDefinition>> = Api::all(ctx.cluster.client().clone());
    let running = Running::default();
    let mut present = HashSet::new();
    let mut synced = false;
    let said = |name: &str, definition: Option<&PartialObjectMeta<CustomResourceDefinition>>| {
        if routes(name).is_some_and(|kind| ctx.around.set_definition(kind, definition.map(|d| d.annotations()))) {
            ctx.wake(vec![Interest::Channel]);
        }
    };
    let set = |name: &str, there: bool| {
        optional().filter(|(_, crd)| *crd == name).for_each(|(kind, _)| running.set(&ctx, kind, there));
    };
    follow(api, watcher::Config::default(), "customresourcedefinitions", LATE_RIGHTS, &ctx.metrics, |signal| {
        match signal {
            Signal::Event(Event::Init) => present.clear(),
            Signal::Event(Event::InitApply(definition)) => {
                said(&definition.name_any(), Some(&definition));
                present.insert(definition.name_any());
            }
            Signal::Event(Event::InitDone) => {
                for (kind, crd) in optional() {
                    if !present.contains(crd) {
                        said(crd, None);
                    }
                    running.set(&ctx, kind, present.contains(crd));
                }
                synced = true;
                served(&ctx, DEFINITIONS, Served::Synced);
            }
            Signal::Event(Event::Apply(definition)) => {
                said(&definition.name_any(), Some(&definition));
                set(&definition.name_any(), true);
            }
            Signal::Event(Event::Delete(definition)) => {
                said(&definition.name_any(), None);
                set(&definition.name_any(), false);
            }
            Signal::Failed { code: 403, .. } if !synced => {
                // Without the right to see definitions every optional kind is simply tried.
                optional().for_each(|(kind, _)| running.set(&ctx, kind, true));
                served(&ctx, DEFINITIONS, Served::Forbidden);
            }
            Signal::Failed { message, .. } if !synced => served(&ctx, DEFINITIONS, Served::Failing(message)),
            Signal::Failed { .. } => {}
        }
    })
    .await;
}

/// The streams of optional kinds that run now.
#[derive(Default)]
struct Running {
    tasks: Mutex<HashMap<Kind, AbortHandle>>,
}

impl Running {
    fn set(&self, ctx: &Context, kind: Kind, present: bool) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        match (present, tasks.contains_key(&kind)) {
            (true, false) => {
                // Before the start it is waited for; later it counts as absent until its list is in. Classes never do:
                // services would be rendered without theirs.
                if kind == CLASSES || !ctx.started.load(Ordering::Relaxed) {
                    ctx.store.set_served(kind, Served::Starting);
                }
                tasks.insert(kind, tokio::spawn(stream(ctx.clone(), kind)).abort_handle());
            }
            (false, true) => {
                if let Some(task) = tasks.remove(&kind) {
                    task.abort();
                }
                if kind == SYSTEMS {
                    ctx.systems.keys().iter().for_each(|key| ctx.systems.gone(key));
                    ctx.store.set_served(kind, Served::Absent);
                    return;
                }
                ctx.store.forget_kind(kind);
                ctx.around.forget(kind);
                if ctx.store.set_served(kind, Served::Absent) {
                    ctx.wake_keys(ctx.store.services());
                }
            }
            _ => {}
        }
    }
}

fn stream(ctx: Context, kind: Kind) -> BoxFuture<'static, ()> {
    match kind {
        SYSTEMS => follow_systems(ctx).boxed(),
        kind if kind < CHILDREN.len() => follow_children(ctx, kind).boxed(),
        kind => follow_around(ctx, kind).boxed(),
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        tasks.into_values().for_each(|task| task.abort());
    }
}
