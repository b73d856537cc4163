//! The streams that feed the store and the queue: Microservices, each child kind, pods, and the definitions that bring
//! optional kinds. One task each; none waits for another.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, PoisonError, atomic::Ordering},
};

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::{
    Api, CustomResourceExt,
    api::{ApiResource, PartialObjectMeta},
    runtime::watcher::{self, Event},
};
use microservice_core::children::{CHILDREN, Watch};
use microservice_crds::{MANAGED_BY, Microservice, labels};
use tokio::task::{AbortHandle, JoinSet};

use crate::{
    cluster::api_resource,
    context::Context,
    follow::{Signal, follow},
    key::Key,
    object::LeanObject,
    queue::Priority,
    store::{DEFINITIONS, Kind, PODS, SERVICES, Served},
};

fn api(ctx: &Context, resource: &ApiResource) -> Api<LeanObject> {
    let client = ctx.cluster.client().clone();
    match &ctx.namespace {
        Some(namespace) => Api::namespaced_with(client, namespace, resource),
        None => Api::all_with(client, resource),
    }
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
        tasks.spawn(children(ctx.clone(), kind));
    }
    tasks.spawn(definitions(ctx.clone()));
    tasks
}

/// Notes how the stream of a kind goes. A kind that comes late concerns everybody who may wait for it.
fn served(ctx: &Context, kind: Kind, served: Served) {
    let synced = served == Served::Synced;
    // Asked in this order: whoever starts between the two reads the store afterwards.
    let news = ctx.store.set_served(kind, served);
    if news && synced && ctx.started.load(Ordering::SeqCst) {
        for key in ctx.store.services() {
            ctx.queue.enqueue(&key, Priority::Drift);
        }
    }
    ctx.settled.notify_one();
}

async fn services(ctx: Context) {
    let api = api(&ctx, &Microservice::api_resource());
    let mut suspects: HashSet<Key> = HashSet::new();
    let mut initial = true;
    follow(api, watcher::Config::default(), "microservices", |signal| match signal {
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
        ctx.queue.enqueue(&key, priority);
    }
}

fn gone(ctx: &Context, key: &Key) {
    ctx.store.service_gone(key);
    ctx.clashes.retain(key, |_, _| false);
}

async fn children(ctx: Context, kind: Kind) {
    let Some(entry) = CHILDREN.get(kind) else { return };
    let config = match entry.watch {
        Watch::Labelled => ours(),
        Watch::All => watcher::Config::default(),
    };
    let api = api(&ctx, &api_resource(entry));
    let mut suspects = HashSet::new();
    let mut synced = false;
    let wake = |keys: Vec<Key>| keys.iter().for_each(|key| ctx.queue.enqueue(key, Priority::Drift));
    follow(api, config, entry.plural, |signal| match signal {
        Signal::Event(Event::Init) => suspects = ctx.store.children(kind),
        Signal::Event(Event::InitApply(object)) => {
            suspects.remove(&(object.namespace().into(), object.name().to_owned()));
            wake(ctx.store.child_changed(kind, object));
        }
        Signal::Event(Event::InitDone) => {
            for (namespace, name) in suspects.drain() {
                wake(ctx.store.child_gone(kind, &namespace, &name, u64::MAX));
            }
            synced = true;
            served(&ctx, kind, Served::Synced);
        }
        Signal::Event(Event::Apply(object)) => wake(ctx.store.child_changed(kind, object)),
        Signal::Event(Event::Delete(object)) => {
            wake(ctx.store.child_gone(kind, object.namespace(), object.name(), object.version_number()));
        }
        // Its definition is there, but not served yet, or not in this version.
        Signal::Failed { code: 404, .. } if !synced && entry.crd.is_some() => served(&ctx, kind, Served::Absent),
        Signal::Failed { message, .. } if !synced => served(&ctx, kind, Served::Failing(message)),
        Signal::Failed { .. } => {}
    })
    .await;
}

async fn pods(ctx: Context) {
    let resource = ApiResource::erase::<k8s_openapi::api::core::v1::Pod>(&());
    let mut suspects = HashSet::new();
    let mut synced = false;
    let wake = |key: Option<Key>| key.iter().for_each(|key| ctx.queue.enqueue(key, Priority::Drift));
    follow(api(&ctx, &resource), ours(), "pods", |signal| match signal {
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

/// Which optional kinds there are: their streams start and end with their definitions.
async fn definitions(ctx: Context) {
    let api: Api<PartialObjectMeta<CustomResourceDefinition>> = Api::all(ctx.cluster.client().clone());
    let running = Optional::default();
    let mut present = HashSet::new();
    let name = |definition: &PartialObjectMeta<CustomResourceDefinition>| definition.metadata.name.clone();
    follow(api, watcher::Config::default(), "customresourcedefinitions", |signal| match signal {
        Signal::Event(Event::Init) => present.clear(),
        Signal::Event(Event::InitApply(definition)) => present.extend(name(&definition)),
        Signal::Event(Event::InitDone) => {
            for (kind, entry) in optional() {
                running.set(&ctx, kind, entry.crd.is_some_and(|crd| present.contains(crd)));
            }
            served(&ctx, DEFINITIONS, Served::Synced);
        }
        Signal::Event(Event::Apply(definition)) => {
            for (kind, _) in optional().filter(|(_, entry)| entry.crd == name(&definition).as_deref()) {
                running.set(&ctx, kind, true);
            }
        }
        Signal::Event(Event::Delete(definition)) => {
            for (kind, _) in optional().filter(|(_, entry)| entry.crd == name(&definition).as_deref()) {
                running.set(&ctx, kind, false);
            }
        }
        Signal::Failed { code, message } => {
            if code == 403 {
                // Without the right to see definitions every optional kind is simply tried.
                for (kind, _) in optional() {
                    running.set(&ctx, kind, true);
                }
            }
            served(&ctx, DEFINITIONS, Served::Failing(message));
        }
    })
    .await;
}

fn optional() -> impl Iterator<Item = (Kind, &'static microservice_core::children::Entry)> {
    CHILDREN.iter().enumerate().filter(|(_, entry)| entry.crd.is_some())
}

/// The streams of optional kinds that run now.
#[derive(Default)]
struct Optional {
    tasks: Mutex<HashMap<Kind, AbortHandle>>,
}

impl Optional {
    fn set(&self, ctx: &Context, kind: Kind, present: bool) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        match (present, tasks.contains_key(&kind)) {
            (true, false) => {
                // Before the start it is waited for; later it counts as absent until its list is in.
                if !ctx.started.load(Ordering::Relaxed) {
                    ctx.store.set_served(kind, Served::Starting);
                }
                let task = tokio::spawn(children(ctx.clone(), kind));
                tasks.insert(kind, task.abort_handle());
            }
            (false, true) => {
                if let Some(task) = tasks.remove(&kind) {
                    task.abort();
                }
                ctx.store.forget_kind(kind);
                if ctx.store.set_served(kind, Served::Absent) {
                    ctx.store.services().iter().for_each(|key| ctx.queue.enqueue(key, Priority::Drift));
                }
            }
            _ => {}
        }
    }
}

impl Drop for Optional {
    fn drop(&mut self) {
        let tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        tasks.into_values().for_each(|task| task.abort());
    }
}
