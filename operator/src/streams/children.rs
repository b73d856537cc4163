//! The streams of the child kinds.

use std::collections::HashSet;

use kube::runtime::watcher::{self, Event};
use microservice_core::children::{CHILDREN, Watch};

use super::{api, ours, served};
use crate::{
    cluster::api_resource,
    context::Context,
    follow::{SOON, Signal, follow},
    interest::Interest,
    key::Key,
    queue::Priority,
    store::{Kind, Served},
};

/// Follows one child kind.
pub(super) async fn follow_children(ctx: Context, kind: Kind) {
    let Some(entry) = CHILDREN.get(kind) else { return };
    let config = match entry.watch {
        Watch::Labelled => ours(),
        Watch::All => watcher::Config::default(),
    };
    let api = api(&ctx, &api_resource(entry));
    let mut suspects = HashSet::new();
    let mut synced = false;
    let wake = |keys: Vec<Key>| keys.iter().for_each(|key| ctx.queue.enqueue(key, Priority::Drift));
    // Routes of others may lead to a Service: they wait for it, and notice when it goes.
    let neighbour = |namespace: &str, name: &str| {
        if entry.kind == "Service" {
            wake(ctx.interests.of(&Interest::Service(namespace.to_owned(), name.to_owned())));
        }
    };
    follow(api, config, entry.plural, SOON, &ctx.metrics, |signal| match signal {
        Signal::Event(Event::Init) => suspects = ctx.store.children(kind),
        Signal::Event(Event::InitApply(object)) => {
            suspects.remove(&(object.namespace().into(), object.name().to_owned()));
            neighbour(object.namespace(), object.name());
            wake(ctx.store.child_changed(kind, object));
        }
        Signal::Event(Event::InitDone) => {
            for (namespace, name) in suspects.drain() {
                wake(ctx.store.child_gone(kind, &namespace, &name, u64::MAX));
                neighbour(&namespace, &name);
            }
            synced = true;
            served(&ctx, kind, Served::Synced);
        }
        Signal::Event(Event::Apply(object)) => {
            let (namespace, name) = (object.namespace().to_owned(), object.name().to_owned());
            wake(ctx.store.child_changed(kind, object));
            neighbour(&namespace, &name);
        }
        Signal::Event(Event::Delete(object)) => {
            wake(ctx.store.child_gone(kind, object.namespace(), object.name(), object.version_number()));
            neighbour(object.namespace(), object.name());
        }
        // Its definition is there, but not served yet, or not in this version.
        Signal::Failed { code: 404, .. } if !synced && entry.crd.is_some() => served(&ctx, kind, Served::Absent),
        Signal::Failed { message, .. } if !synced => served(&ctx, kind, Served::Failing(message)),
        Signal::Failed { .. } => {}
    })
    .await;
}
