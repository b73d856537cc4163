//! The Gateways, ListenerSets and GatewayClasses of a cluster, as they were last told, and what follows from them for
//! the routes of one service.

use std::collections::BTreeMap;

use microservice_crds::ParentKind;
use serde_json::Value;

use super::{Definitions, GatewayClass, Parent, ParentId, Seen, View, read};

/// What the streams of Gateways, ListenerSets and GatewayClasses have told. Each change answers with the parents that
/// are no longer what they were: the routes on these are to be looked at again.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Gateways and ListenerSets, each without what it has of others.
    parents: BTreeMap<ParentId, Parent>,
    classes: BTreeMap<String, GatewayClass>,
    definitions: Definitions,
}

impl Known {
    /// A Gateway was listed or changed.
    pub fn set_gateway(&mut self, live: &Value) -> Vec<ParentId> {
        self.set(ParentKind::Gateway, live, read::gateway(live))
    }

    /// A ListenerSet was listed or changed.
    pub fn set_listener_set(&mut self, live: &Value) -> Vec<ParentId> {
        self.set(ParentKind::ListenerSet, live, read::listener_set(live).0)
    }

    /// A Gateway or ListenerSet is gone.
    pub fn remove(&mut self, id: &ParentId) -> Vec<ParentId> {
        if self.parents.remove(id).is_some() { self.with_sets(id) } else { Vec::new() }
    }

    /// A GatewayClass was listed or changed.
    pub fn set_class(&mut self, live: &Value) -> Vec<ParentId> {
        let name = live.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default().to_owned();
        let class = read::gateway_class(live);
        if self.classes.get(&name) == Some(&class) {
            return Vec::new();
        }
        self.classes.insert(name.clone(), class);
        self.of_class(&name)
    }

    /// A GatewayClass is gone.
    pub fn remove_class(&mut self, name: &str) -> Vec<ParentId> {
        if self.classes.remove(name).is_some() { self.of_class(name) } else { Vec::new() }
    }

    /// The annotations of the definition of a kind of routes were told. Answers whether its channel or its version is
    /// another one, which concerns everybody with routes.
    pub fn set_definition(&mut self, kind: &str, annotations: &BTreeMap<String, String>) -> bool {
        let definition = read::definition(annotations);
        let slot = if kind == "GRPCRoute" { &mut self.definitions.grpc } else { &mut self.definitions.http };
        std::mem::replace(slot, definition) != definition
    }

    /// Names of all Gateways or ListenerSets: the suspects of a new list, and who is concerned when their definition
    /// comes or goes.
    pub fn parents(&self, kind: ParentKind) -> impl Iterator<Item = &ParentId> {
        self.parents.keys().filter(move |id| id.kind == kind)
    }

    /// Names of all GatewayClasses: the suspects of a new list.
    pub fn classes(&self) -> impl Iterator<Item = &str> {
        self.classes.keys().map(String::as_str)
    }

    /// What is known of these parents, and of the Gateways of those that are ListenerSets. `served` says of a kind
    /// whether all of its objects are known: before the first list, without the right to see them or without their
    /// definition, nothing is.
    pub fn view(
        &self,
        ids: &[ParentId],
        namespace_labels: Option<BTreeMap<String, String>>,
        served: impl Fn(ParentKind) -> bool,
    ) -> View {
        let mut view = View { parents: BTreeMap::new(), definitions: self.definitions, namespace_labels };
        let gateways = ids.iter().filter_map(|id| self.parents.get(id)?.gateway.as_ref());
        for id in ids.iter().chain(gateways) {
            let seen = match self.whole(id) {
                _ if !served(id.kind) => Seen::Unknown,
                Some(parent) => Seen::Present(parent),
                None => Seen::Absent,
            };
            view.parents.insert(id.clone(), seen);
        }
        view
    }

    fn set(&mut self, kind: ParentKind, live: &Value, parent: Parent) -> Vec<ParentId> {
        let word = |path: &str| live.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
        let id = ParentId { kind, namespace: word("/metadata/namespace"), name: word("/metadata/name") };
        if self.parents.get(&id) == Some(&parent) {
            return Vec::new();
        }
        self.parents.insert(id.clone(), parent);
        self.with_sets(&id)
    }

    /// A parent with what its Gateway and its class add.
    fn whole(&self, id: &ParentId) -> Option<Parent> {
        let mut parent = self.parents.get(id)?.clone();
        if let Some(gateway) = parent.gateway.as_ref().and_then(|gateway| self.parents.get(gateway)) {
            parent.class.clone_from(&gateway.class);
            parent.addresses.clone_from(&gateway.addresses);
        }
        if let Some(class) = parent.class.as_ref().and_then(|class| self.classes.get(class)) {
            parent.controller = Some(class.controller.clone());
            parent.features.clone_from(&class.features);
        }
        Some(parent)
    }

    /// The parent and the ListenerSets that belong to it.
    fn with_sets(&self, id: &ParentId) -> Vec<ParentId> {
        let sets = self.parents.iter().filter(|(_, parent)| parent.gateway.as_ref() == Some(id)).map(|(set, _)| set);
        std::iter::once(id).chain(sets).cloned().collect()
    }

    /// All Gateways of a class, and their ListenerSets.
    fn of_class(&self, name: &str) -> Vec<ParentId> {
        let gateways = self.parents.iter().filter(|(_, parent)| parent.class.as_deref() == Some(name));
        gateways.flat_map(|(id, _)| self.with_sets(id)).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::gateway::{Channel, Definition};

    fn gateway(name: &str, class: &str) -> Value {
        json!({
            "metadata": {"name": name, "namespace": "gateways", "generation": 1},
            "spec": {"gatewayClassName": class, "listeners": [{"name": "web", "port": 80, "protocol": "HTTP"}]},
            "status": {"addresses": [{"value": "192.0.2.1"}], "listeners": [{"name": "web", "attachedRoutes": 1, "conditions": []}]},
        })
    }

    fn set() -> Value {
        json!({
            "metadata": {"name": "more", "namespace": "shop", "generation": 1},
            "spec": {"parentRef": {"name": "public", "namespace": "gateways"}, "listeners": []},
        })
    }

    fn class(features: &[&str]) -> Value {
        json!({"metadata": {"name": "c"}, "spec": {"controllerName": "example.com/c"}, "status": {"supportedFeatures": features}})
    }

    fn id(text: &str) -> ParentId {
        let (kind, rest) = text.split_once(' ').unwrap();
        let (namespace, name) = rest.split_once('/').unwrap();
        let kind = if kind == "Gateway" { ParentKind::Gateway } else { ParentKind::ListenerSet };
        ParentId { kind, namespace: namespace.into(), name: name.into() }
    }

    fn names(ids: &[ParentId]) -> Vec<String> {
        ids.iter().map(ToString::to_string).collect()
    }

    const PUBLIC: &str = "Gateway gateways/public";
    const MORE: &str = "ListenerSet shop/more";

    #[test]
    fn each_change_names_whom_it_concerns_and_no_change_nobody() {
        let mut known = Known::default();
        assert_eq!(names(&known.set_gateway(&gateway("public", "c"))), [PUBLIC]);
        known.set_gateway(&gateway("other", "d"));
        assert_eq!(names(&known.set_listener_set(&set())), [MORE]);
        assert_eq!(names(&known.set_class(&class(&["a"]))), [PUBLIC, MORE]);

        // What nobody asks for is no change: counters, and times of conditions.
        let mut busy = gateway("public", "c");
        busy["status"]["listeners"][0]["attachedRoutes"] = json!(2);
        assert!(known.set_gateway(&busy).is_empty());
        assert!(known.set_listener_set(&set()).is_empty() && known.set_class(&class(&["a"])).is_empty());

        busy["spec"]["listeners"][0]["port"] = json!(8080);
        assert_eq!(names(&known.set_gateway(&busy)), [PUBLIC, MORE]);
        assert_eq!(names(&known.set_class(&class(&[]))), [PUBLIC, MORE]);
        assert_eq!(names(&known.remove_class("c")), [PUBLIC, MORE]);
        assert_eq!(names(&known.remove(&id(PUBLIC))), [PUBLIC, MORE]);
        assert_eq!(names(&known.remove(&id(MORE))), [MORE]);
        assert!(known.remove(&id(MORE)).is_empty() && known.remove_class("c").is_empty());
    }

    #[test]
    fn a_view_joins_what_belongs_together() {
        let mut known = Known::default();
        known.set_class(&class(&["a"]));
        known.set_listener_set(&set());
        let view = |known: &Known, id_: &str| known.view(&[id(id_)], None, |_| true);
        // The Gateway of a set is looked at, too.
        assert_eq!(view(&known, MORE).parent(&id(PUBLIC)), &Seen::Absent);
        known.set_gateway(&gateway("public", "c"));
        let seen = view(&known, MORE);
        assert_eq!(seen.parents.len(), 2);
        let set = seen.parent(&id(MORE)).present().unwrap();
        assert_eq!((set.class.as_deref(), set.controller.as_deref()), (Some("c"), Some("example.com/c")));
        assert_eq!((set.addresses.len(), set.features.as_ref().unwrap().len()), (1, 1));
        assert_eq!(set.gateway, Some(id(PUBLIC)));
        assert_eq!(seen.parent(&id("Gateway gateways/nobody")), &Seen::Unknown, "nobody asked");

        let labels: BTreeMap<_, _> = [("tier".to_owned(), "public".to_owned())].into();
        let said = [("gateway.networking.k8s.io/channel".to_owned(), "standard".to_owned())].into();
        assert!(known.set_definition("HTTPRoute", &said) && !known.set_definition("HTTPRoute", &said));
        let seen = known.view(&[id(PUBLIC)], Some(labels.clone()), |_| true);
        let standard = Definition { channel: Channel::Standard, version: None };
        assert_eq!(seen.definitions, Definitions { http: standard, grpc: Definition::default() });
        assert_eq!(seen.namespace_labels, Some(labels));
    }

    #[test]
    fn what_is_not_served_is_unknown() {
        let mut known = Known::default();
        known.set_gateway(&gateway("public", "c"));
        let view = known.view(&[id(PUBLIC), id(MORE)], None, |kind| kind == ParentKind::Gateway);
        assert!(view.parent(&id(PUBLIC)).present().is_some());
        assert_eq!(view.parent(&id(MORE)), &Seen::Unknown);
        let view = known.view(&[id(PUBLIC)], None, |_| false);
        assert_eq!(view.parent(&id(PUBLIC)), &Seen::Unknown);
        assert_eq!(known.parents(ParentKind::Gateway).count(), 1);
        assert_eq!(known.classes().count(), 0);
    }
}
