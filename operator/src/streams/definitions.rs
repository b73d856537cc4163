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

use super::{around::follow_around, children::follow_children, served};
use crate::{
    context::Context,
    follow::{SOON, Signal, follow},
    interest::Interest,
    queue::Priority,
    store::{CLASSES, DEFINITIONS, GATEWAY_CLASSES, GATEWAYS, Kind, LISTENER_SETS, Served},
};

/// The definition whose annotations tell the channel of the Gateway API.
const CHANNEL: &str = "httproutes.gateway.networking.k8s.io";

/// A kind that a cluster may lack, and the definition that brings it.
fn optional() -> impl Iterator<Item = (Kind, &'static str)> {
    let children = CHILDREN.iter().enumerate().filter_map(|(kind, entry)| Some((kind, entry.crd?)));
    children.chain([
        (CLASSES, "microserviceclasses.microservices.dev"),
        (GATEWAYS, "gateways.gateway.networking.k8s.io"),
        (GATEWAY_CLASSES, "gatewayclasses.gateway.networking.k8s.io"),
        (LISTENER_SETS, "listenersets.gateway.networking.k8s.io"),
    ])
}

/// Follows the definitions.
pub(super) async fn follow_definitions(ctx: Context) {
    let api: Api<PartialObjectMeta<CustomResourceDefinition>> = Api::all(ctx.cluster.client().clone());
    let running = Running::default();
    let mut present = HashSet::new();
    let channel = |definition: Option<&PartialObjectMeta<CustomResourceDefinition>>| {
        if ctx.around.set_channel(definition.map(|d| d.annotations())) {
            ctx.wake(vec![Interest::Channel]);
        }
    };
    let set = |name: &str, there: bool| {
        optional().filter(|(_, crd)| *crd == name).for_each(|(kind, _)| running.set(&ctx, kind, there));
    };
    follow(api, watcher::Config::default(), "customresourcedefinitions", SOON, &ctx.metrics, |signal| match signal {
        Signal::Event(Event::Init) => present.clear(),
        Signal::Event(Event::InitApply(definition)) => {
            if definition.name_any() == CHANNEL {
                channel(Some(&definition));
            }
            present.insert(definition.name_any());
        }
        Signal::Event(Event::InitDone) => {
            if !present.contains(CHANNEL) {
                channel(None);
            }
            optional().for_each(|(kind, crd)| running.set(&ctx, kind, present.contains(crd)));
            served(&ctx, DEFINITIONS, Served::Synced);
        }
        Signal::Event(Event::Apply(definition)) => {
            if definition.name_any() == CHANNEL {
                channel(Some(&definition));
            }
            set(&definition.name_any(), true);
        }
        Signal::Event(Event::Delete(definition)) => {
            if definition.name_any() == CHANNEL {
                channel(None);
            }
            set(&definition.name_any(), false);
        }
        Signal::Failed { code, message } => {
            if code == 403 {
                // Without the right to see definitions every optional kind is simply tried.
                optional().for_each(|(kind, _)| running.set(&ctx, kind, true));
            }
            served(&ctx, DEFINITIONS, Served::Failing(message));
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
                // Before the start it is waited for; later it counts as absent until its list is in.
                if !ctx.started.load(Ordering::Relaxed) {
                    ctx.store.set_served(kind, Served::Starting);
                }
                tasks.insert(kind, tokio::spawn(stream(ctx.clone(), kind)).abort_handle());
            }
            (false, true) => {
                if let Some(task) = tasks.remove(&kind) {
                    task.abort();
                }
                ctx.store.forget_kind(kind);
                ctx.around.forget(kind);
                if ctx.store.set_served(kind, Served::Absent) {
                    ctx.store.services().iter().for_each(|key| ctx.queue.enqueue(key, Priority::Drift));
                }
            }
            _ => {}
        }
    }
}

fn stream(ctx: Context, kind: Kind) -> BoxFuture<'static, ()> {
    if kind < CHILDREN.len() { follow_children(ctx, kind).boxed() } else { follow_around(ctx, kind).boxed() }
}

impl Drop for Running {
    fn drop(&mut self) {
        let tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        tasks.into_values().for_each(|task| task.abort());
    }
}
