//! The graph of all services that the operator sees: kept as they change, and read around one of them.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
};

use microservice_core::{
    graph::{self, Graph, Id, NamespaceLabels, Neighbourhood, Node},
    plan::{ClassFact, Subject},
};

use crate::{context::Context, interest::Interest, key::Key, store::Service};

/// The graph of all services that the operator sees.
#[derive(Default)]
pub struct Edges {
    graph: Mutex<Graph>,
    /// By service: the digest of a template that would be held, and whether it has run before.
    known: Mutex<HashMap<Key, (String, bool)>>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Edges {
    /// Whether a template has run before, where somebody looked.
    pub fn has_run(&self, key: &Key, digest: &str) -> Option<bool> {
        locked(&self.known).get(key).filter(|(known, _)| known == digest).map(|(_, has_run)| *has_run)
    }

    /// Notes whether a template has run before. It is asked for once.
    pub fn note(&self, key: &Key, digest: &str, has_run: bool) {
        locked(&self.known).insert(key.clone(), (digest.to_owned(), has_run));
    }

    /// Forgets what was noted: nothing is held.
    pub fn settle(&self, key: &Key) {
        locked(&self.known).remove(key);
    }

    /// Something read from the whole graph.
    pub fn read<T>(&self, read: impl FnOnce(&Graph) -> T) -> T {
        read(&locked(&self.graph))
    }
}

fn id_of(key: &Key) -> Id {
    Id::new(&*key.namespace, &*key.name)
}

fn key_of(id: &Id) -> Key {
    Key::new(&id.namespace, &id.name)
}

/// What a service says of its edges. While its class is not known it is taken for one without.
pub fn node(ctx: &Context, key: &Key, service: &Service, subject: &Subject) -> Node {
    let class = match ctx.around.classes.choose(subject.spec.class.as_deref()).0 {
        Ok(ClassFact::Found(class)) => Some(class),
        _ => None,
    };
    Node::of(id_of(key), &subject.spec, class.as_deref(), service.status.as_ref())
}

/// Takes what a service says now into the graph, and wakes those whom that concerns.
pub fn learn(ctx: &Context, key: &Key, node: Node) {
    let concerned = locked(&ctx.edges.graph).set(node);
    // It went away meanwhile, and what it had said was forgotten before it was said here.
    if !ctx.store.knows(key) {
        return forget(ctx, key);
    }
    wake(ctx, concerned);
}

/// Takes a service that is gone out of the graph.
pub fn forget(ctx: &Context, key: &Key) {
    ctx.edges.settle(key);
    let concerned = locked(&ctx.edges.graph).remove(&id_of(key));
    wake(ctx, concerned);
}

fn wake(ctx: &Context, concerned: BTreeSet<Id>) {
    ctx.wake_keys(concerned.iter().map(key_of).filter(|key| ctx.store.knows(key)).collect());
}

/// The services at the other ends of the edges of a service, and what of the platform decides whether they may call.
pub fn around(ctx: &Context, node: &Node, service: &Service, interests: &mut BTreeSet<Interest>) -> Neighbourhood {
    let sees = |namespace: &str| ctx.namespace.as_deref().is_none_or(|own| own == namespace);
    let mut around = Neighbourhood::of(&locked(&ctx.edges.graph), node, sees);
    around.before = service.status.as_ref().map(|status| status.dependencies.clone()).unwrap_or_default();
    let mut needed: BTreeSet<String> = BTreeSet::new();
    if graph::by_labels(node.offer.allow_from.as_deref()) {
        needed.extend(around.namespaces_of_consumers().into_iter().map(str::to_owned));
    }
    if around.providers.values().flatten().any(|provider| graph::by_labels(provider.offer.allow_from.as_deref())) {
        needed.insert(node.id.namespace.clone());
    }
    interests.extend(needed.iter().cloned().map(Interest::Namespace));
    let labels = needed.into_iter().filter_map(|name| Some((name.clone(), ctx.around.labels(&name)?)));
    around.namespaces = labels.collect::<NamespaceLabels>();
    around
}
