//! Foreign objects that hold the name of a child: each is watched by itself, so that the child appears as soon as the
//! name is free, and nothing is asked for meanwhile.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use kube::{Api, runtime::watcher};
use microservice_core::children::CHILDREN;
use tokio::task::AbortHandle;

use crate::{
    child::Child,
    cluster::api_resource,
    context::Context,
    follow::{SOON, Signal, follow},
    key::Key,
    object::LeanObject,
    queue::Priority,
    store::Kind,
};

/// Watches at a time. Beyond them a clash is looked at again slowly.
const MOST: usize = 200;
/// How slowly.
const SLOWLY: Duration = Duration::from_secs(60);

type Slot = (Kind, Key, String);

/// Foreign objects that hold the name of a child.
#[derive(Default)]
pub struct Clashes {
    held: Mutex<HashMap<Slot, Held>>,
}

struct Held {
    foreign: Child,
    watch: AbortHandle,
}

impl Clashes {
    fn lock(&self) -> MutexGuard<'_, HashMap<Slot, Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The foreign object that is known to hold a name.
    pub fn holder(&self, kind: Kind, key: &Key, name: &str) -> Option<Child> {
        self.lock().get(&(kind, key.clone(), name.to_owned())).map(|held| held.foreign.clone())
    }

    /// Starts to watch a foreign object.
    pub fn watch(&self, ctx: &Context, kind: Kind, key: &Key, name: &str, foreign: Child) {
        let slot = (kind, key.clone(), name.to_owned());
        let mut held = self.lock();
        if held.contains_key(&slot) {
            return;
        }
        if held.len() >= MOST {
            ctx.queue.enqueue_after(key, SLOWLY);
            return;
        }
        let task = tokio::spawn(watch(ctx.clone(), slot.clone()));
        held.insert(slot, Held { foreign, watch: task.abort_handle() });
    }

    /// Ends all watches.
    pub fn clear(&self) {
        self.lock().drain().for_each(|(_, held)| held.watch.abort());
    }

    /// Ends the watches of a Microservice that are no longer wanted.
    pub fn retain(&self, key: &Key, wanted: impl Fn(Kind, &str) -> bool) {
        self.lock().retain(|(kind, k, name), held| {
            let keep = k != key || wanted(*kind, name);
            if !keep {
                held.watch.abort();
            }
            keep
        });
    }

    /// Notes how the foreign object looks now; None: it is gone. Answers whether that is worth a look.
    fn note(&self, slot: &Slot, foreign: Option<Child>) -> bool {
        let mut held = self.lock();
        match (held.get_mut(slot), foreign) {
            (Some(present), Some(foreign)) => {
                let moved = present.foreign.uid != foreign.uid
                    || present.foreign.owner != foreign.owner
                    || present.foreign.adopt_by != foreign.adopt_by;
                present.foreign = foreign;
                moved
            }
            (Some(_), None) => held.remove(slot).is_some(),
            (None, _) => false,
        }
    }
}

async fn watch(ctx: Context, slot: Slot) {
    let (kind, key, name) = &slot;
    let Some(entry) = CHILDREN.get(*kind) else { return };
    let api: Api<LeanObject> = Api::namespaced_with(ctx.cluster.client().clone(), &key.namespace, &api_resource(entry));
    let config = watcher::Config::default().fields(&format!("metadata.name={name}"));
    let mut seen = false;
    follow(api, config, "name clash", SOON, &ctx.metrics, |signal| {
        let moved = match signal {
            Signal::Event(watcher::Event::Init) => {
                seen = false;
                false
            }
            Signal::Event(watcher::Event::InitApply(object) | watcher::Event::Apply(object)) => {
                seen = true;
                ctx.clashes.note(&slot, Some(Child::read(*kind, object, None)))
            }
            Signal::Event(watcher::Event::InitDone) => !seen && ctx.clashes.note(&slot, None),
            Signal::Event(watcher::Event::Delete(_)) => ctx.clashes.note(&slot, None),
            Signal::Failed { .. } => false,
        };
        if moved {
            ctx.queue.enqueue(key, Priority::Drift);
        }
    })
    .await;
}
