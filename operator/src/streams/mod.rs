//! The streams that feed the store and the queue: Microservices, each child kind, pods, what stands around them, and the
//! definitions that bring optional kinds. One task each; none waits for another.

mod around;
mod children;
mod definitions;
mod systems;

use std::{collections::HashSet, sync::atomic::Ordering};

use kube::{
    Api, CustomResourceExt,
    api::ApiResource,
    runtime::watcher::{self, Event},
};
use microservice_core::children::CHILDREN;
use microservice_crds::{MANAGED_BY, Microservice, labels};
use tokio::task::JoinSet;

use crate::{
    context::Context,
    edges,
    follow::{LATE_KINDS, Retry, SOON, Signal, follow},
    key::Key,
    object::LeanObject,
    observe,
    queue::Priority,
    store::{DEFINITIONS, Kind, NAMESPACES, PODS, SERVICES, Served},
};

fn api(ctx: &Context, resource: &ApiResource) -> Api<LeanObject> {
    let client = ctx.cluster.client().clone();
    match &ctx.namespace {
        Some(namespace) => Api::namespaced_with(client, namespace, resource),
        None => Api::all_with(client, resource),
    }
}

/// How an optional kind is tried again: by itself where no definition tells when it comes.
fn optional(ctx: &Context, otherwise: Retry) -> Retry {
    if ctx.store.is_synced(DEFINITIONS) { otherwise } else { LATE_KINDS }
}

fn ours() -> watcher::Config {
    watcher::Config::default().labels(&format!("{}={MANAGED_BY}", labels::MANAGED_BY))
}

/// Starts all streams. They end when the set is dropped.
pub fn start(ctx: &Context) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    tasks.spawn(services(ctx.clone()));
    tasks.spawn(pods(ctx.clone()));
    for (kind, entry) in CHILDREN.iter().enumerate().filter(|(_, entry)| entry.crd.is_none()) {
        tracing::debug!(kind = entry.kind, "watching");
        tasks.spawn(children::follow_children(ctx.clone(), kind));
    }
    tasks.spawn(around::follow_around(ctx.clone(), NAMESPACES));
    tasks.spawn(definitions::follow_definitions(ctx.clone()));
    tasks
}

/// Notes how the stream of a kind goes. A kind that comes late concerns everybody who may wait for it.
fn served(ctx: &Context, kind: Kind, served: Served) {
    let telling = matches!(served, Served::Synced | Served::Unserved);
    // Asked in this order: whoever starts between the two reads the store afterwards.
    let news = ctx.store.set_served(kind, served);
    if news && telling && ctx.started.load(Ordering::SeqCst) {
        ctx.wake_keys(ctx.store.services());
    }
    ctx.settled.notify_one();
}

async fn services(ctx: Context) {
    let api = api(&ctx, &Microservice::api_resource());
    let mut suspects: HashSet<Key> = HashSet::new();
    let mut initial = true;
    follow(api, watcher::Config::default(), "microservices", SOON, &ctx.metrics, |signal| match signal {
        Signal::Event(Event::Init) => suspects = ctx.store.services().into_iter().collect(),
        Signal::Event(Event::InitApply(object)) => {
            suspects.remove(&Key::new(object.namespace(), object.name()));
            change(&ctx, &object, initial);
        }
        Signal::Event(Event::InitDone) => {
            for key in suspects.drain() {
                gone(&ctx, &key);
            }
            initial = false;
            served(&ctx, SERVICES, Served::Synced);
        }
        Signal::Event(Event::Apply(object)) => change(&ctx, &object, false),
        Signal::Event(Event::Delete(object)) => gone(&ctx, &Key::new(object.namespace(), object.name())),
        Signal::Failed { message, .. } if initial => served(&ctx, SERVICES, Served::Failing(message)),
        Signal::Failed { .. } => {}
    })
    .await;
}

fn change(ctx: &Context, object: &LeanObject, initial: bool) {
    if let Some((key, priority)) = ctx.store.service_changed(object, initial) {
        ctx.systems.service_changed(&key, object);
        ctx.queue.enqueue(&key, priority);
    }
}

fn gone(ctx: &Context, key: &Key) {
    ctx.store.service_gone(key);
    ctx.systems.service_gone(key);
    observe::forget(ctx, key);
    edges::forget(ctx, key);
    ctx.clashes.retain(key, |_, _| false);
}

async fn pods(ctx: Context) {
    let resource = ApiResource::erase::<k8s_openapi::api::core::v1::Pod>(&());
    let mut suspects = HashSet::new();
    let mut synced = false;
    let wake = |key: Option<Key>| key.iter().for_each(|key| ctx.queue.enqueue(key, Priority::Drift));
    follow(api(&ctx, &resource), ours(), "pods", SOON, &ctx.metrics, |signal| match signal {
        Signal::Event(Event::Init) => suspects = ctx.store.pods(),
        Signal::Event(Event::InitApply(pod)) => {
            if let Some(name) = pod.label(labels::NAME) {
                suspects.remove(&(Key::new(pod.namespace(), name), pod.name().to_owned()));
            }
            wake(ctx.store.pod_changed(&pod));
        }
        Signal::Event(Event::InitDone) => {
            for (key, pod) in suspects.drain() {
                ctx.store.pod_missing(&key, &pod);
                ctx.queue.enqueue(&key, Priority::Drift);
            }
            synced = true;
            served(&ctx, PODS, Served::Synced);
        }
        Signal::Event(Event::Apply(pod)) => wake(ctx.store.pod_changed(&pod)),
        Signal::Event(Event::Delete(pod)) => wake(ctx.store.pod_gone(&pod)),
        Signal::Failed { message, .. } if !synced => served(&ctx, PODS, Served::Failing(message)),
        Signal::Failed { .. } => {}
    })
    .await;
}
