//! What stands around the services of the cluster: classes, namespaces, and what routes hang on.

use std::{
    collections::{BTreeMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use microservice_core::gateway::{Known, ParentId, View};
use microservice_crds::ParentKind;
use tokio::sync::Notify;

use crate::{
    classes::Classes,
    interest::Interest,
    object::LeanObject,
    store::{CLASSES, GATEWAY_CLASSES, GATEWAYS, Kind, LISTENER_SETS, NAMESPACES},
};

/// Namespace and name; the namespace is empty for kinds of the whole cluster.
pub type Name = (String, String);

/// What stands around the services of the cluster.
#[derive(Default)]
pub struct Around {
    /// The MicroserviceClasses.
    pub classes: Classes,
    /// Woken whenever a class changes.
    pub class_changed: Notify,
    namespaces: Mutex<BTreeMap<String, BTreeMap<String, String>>>,
    gateways: Mutex<Known>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Around {
    /// The name of an object.
    pub fn name_of(object: &LeanObject) -> Name {
        (object.namespace().to_owned(), object.name().to_owned())
    }

    /// Names of all known objects of a kind: the suspects of a new list.
    pub fn names(&self, kind: Kind) -> HashSet<Name> {
        let plain = |names: Vec<String>| names.into_iter().map(|name| (String::new(), name)).collect();
        match kind {
            CLASSES => plain(self.classes.names()),
            NAMESPACES => plain(locked(&self.namespaces).keys().cloned().collect()),
            GATEWAY_CLASSES => plain(locked(&self.gateways).classes().map(str::to_owned).collect()),
            GATEWAYS => self.parents(ParentKind::Gateway),
            LISTENER_SETS => self.parents(ParentKind::ListenerSet),
            _ => HashSet::new(),
        }
    }

    fn parents(&self, kind: ParentKind) -> HashSet<Name> {
        let gateways = locked(&self.gateways);
        gateways.parents(kind).map(|id| (id.namespace.clone(), id.name.clone())).collect()
    }

    /// An object was listed or changed. Answers what it is that changed for services.
    pub fn changed(&self, kind: Kind, object: &LeanObject) -> Vec<Interest> {
        match kind {
            CLASSES => {
                self.class_changed.notify_one();
                self.classes.changed(object)
            }
            NAMESPACES => {
                let labels = object.metadata.labels.clone().unwrap_or_default();
                let before = locked(&self.namespaces).insert(object.name().to_owned(), labels.clone());
                let news = (before.as_ref() != Some(&labels)).then(|| Interest::Namespace(object.name().to_owned()));
                news.into_iter().collect()
            }
            GATEWAYS => interests(locked(&self.gateways).set_gateway(&object.to_value())),
            GATEWAY_CLASSES => interests(locked(&self.gateways).set_class(&object.to_value())),
            LISTENER_SETS => interests(locked(&self.gateways).set_listener_set(&object.to_value())),
            _ => Vec::new(),
        }
    }

    /// An object is gone. Answers what it is that changed for services.
    pub fn gone(&self, kind: Kind, (namespace, name): &Name) -> Vec<Interest> {
        let parent = |kind| ParentId { kind, namespace: namespace.clone(), name: name.clone() };
        match kind {
            CLASSES => {
                self.class_changed.notify_one();
                self.classes.gone(name)
            }
            NAMESPACES => {
                locked(&self.namespaces).remove(name);
                Vec::new()
            }
            GATEWAYS => interests(locked(&self.gateways).remove(&parent(ParentKind::Gateway))),
            LISTENER_SETS => interests(locked(&self.gateways).remove(&parent(ParentKind::ListenerSet))),
            GATEWAY_CLASSES => interests(locked(&self.gateways).remove_class(name)),
            _ => Vec::new(),
        }
    }

    /// Forgets all objects of a kind that is no longer served.
    pub fn forget(&self, kind: Kind) {
        for name in self.names(kind) {
            self.gone(kind, &name);
        }
    }

    /// The annotations of the definition of a kind of routes, which tell channel and version; none where there is no such
    /// definition. Answers whether that is news.
    pub fn set_definition(&self, kind: &str, annotations: Option<&BTreeMap<String, String>>) -> bool {
        locked(&self.gateways).set_definition(kind, annotations.unwrap_or(&BTreeMap::new()))
    }

    /// Labels of a namespace, where they are known.
    pub fn labels(&self, namespace: &str) -> Option<BTreeMap<String, String>> {
        locked(&self.namespaces).get(namespace).cloned()
    }

    /// What is known of these parents. `served` says whether all objects of a kind are known.
    pub fn view(
        &self,
        parents: &[ParentId],
        namespace_labels: Option<BTreeMap<String, String>>,
        served: impl Fn(Kind) -> bool,
    ) -> View {
        let served = |kind: ParentKind| match kind {
            ParentKind::Gateway => served(GATEWAYS),
            ParentKind::ListenerSet => served(LISTENER_SETS),
        };
        locked(&self.gateways).view(parents, namespace_labels, served)
    }
}

fn interests(changed: Vec<ParentId>) -> Vec<Interest> {
    changed.into_iter().map(Interest::Parent).collect()
}
