//! What the streams tell, taken into the store; each call answers whom the news concerns.

use std::{collections::HashSet, sync::Arc};

use jiff::Timestamp;
use microservice_core::{children::CHILDREN, status::pod_summary};
use microservice_crds::{annotations, labels};
use tokio::time::Instant;

use super::{Inner, Kind, Service, Store};
use crate::{attempts::Attempts, child::Child, key::Key, object::LeanObject, queue::Priority};

impl Store {
    /// A Microservice was listed or changed. Answers whether it needs work, and how urgently.
    pub fn service_changed(&self, object: &LeanObject, initial: bool) -> Option<(Key, Priority)> {
        let key = Key::new(object.namespace(), object.name());
        let mut next = Service {
            uid: object.uid().to_owned(),
            generation: object.metadata.generation.unwrap_or_default(),
            seen: None,
            version: object.version_number(),
            created: object.metadata.creation_timestamp.as_ref().map(|time| time.0),
            deleting: object.metadata.deletion_timestamp.is_some(),
            release: object.annotation(annotations::RELEASE_HOLD).map(str::to_owned),
            spec: object.fields.get("spec").map_or("null", |raw| raw.get()).into(),
            status: object.field("status"),
        };
        let mut inner = self.lock();
        let record = inner.records.entry(key.clone()).or_default();
        next.seen = match &record.service {
            Some(known) if known.uid == next.uid && known.generation == next.generation => known.seen,
            _ => next.is_news().then(Timestamp::now),
        };
        let priority = match &record.service {
            Some(known) if known.uid == next.uid && known.version >= next.version => return None,
            Some(known) if known.uid == next.uid && known.generation == next.generation => {
                let released = known.release != next.release;
                if released { Some(Priority::User) } else { (known.status != next.status).then_some(Priority::Drift) }
            }
            Some(known) if known.uid == next.uid => Some(Priority::User),
            _ => {
                record.attempts = Attempts::default();
                record.resisted.clear();
                Some(if initial { Priority::Startup } else { Priority::User })
            }
        };
        record.service = Some(next);
        if priority == Some(Priority::User) {
            record.changed = Some(Instant::now());
        }
        priority.map(|priority| (key, priority))
    }

    /// A Microservice is gone. Its children are the garbage collector's.
    pub fn service_gone(&self, key: &Key) {
        let mut inner = self.lock();
        if let Some(record) = inner.records.get_mut(key) {
            record.service = None;
            record.newest = None;
            inner.drop_if_empty(key);
        }
    }

    /// A child (or what holds the name of one) was listed or changed. Answers whom it concerns, if there is work.
    pub fn child_changed(&self, kind: Kind, object: LeanObject) -> Vec<Key> {
        let key = Key::of_child(object.namespace(), object.name());
        let mut inner = self.lock();
        let mut concerned = if is_scaler(kind) { inner.scalers.note(&object) } else { Vec::new() };
        concerned = inner.existing(concerned);
        let record = inner.records.entry(key.clone()).or_default();
        let slot = (kind, object.name().to_owned());
        let known = record.children.get(&slot);
        if known.is_some_and(|known| known.uid == object.uid() && known.version >= object.version_number()) {
            return concerned;
        }
        let known = known.cloned();
        let child = Child::read(kind, object, known.as_deref());
        let moved = known.is_none_or(|known| {
            known.uid != child.uid || known.content != child.content || known.health != child.health
        });
        record.children.insert(slot, Arc::new(child));
        if moved && record.service.is_some() {
            concerned.push(key);
        }
        concerned
    }

    /// A child is gone. Answers whom it concerns.
    pub fn child_gone(&self, kind: Kind, namespace: &str, name: &str, version: u64) -> Vec<Key> {
        let key = Key::of_child(namespace, name);
        let mut inner = self.lock();
        let scaler = Key::new(namespace, name);
        let concerned = if is_scaler(kind) { inner.scalers.forget(&scaler) } else { None };
        let mut concerned = inner.existing(concerned.into_iter().collect());
        let Some(record) = inner.records.get_mut(&key) else { return concerned };
        let slot = (kind, name.to_owned());
        if record.children.get(&slot).is_some_and(|known| known.version <= version) {
            record.children.remove(&slot);
            record.attempts.forget(kind, name);
            if record.service.is_some() {
                concerned.push(key.clone());
            }
            inner.drop_if_empty(&key);
        }
        concerned
    }

    /// A pod was listed or changed. Answers whom it concerns, if there is work.
    pub fn pod_changed(&self, pod: &LeanObject) -> Option<Key> {
        let name = pod.label(labels::NAME)?;
        let summary = pod_summary(&pod.to_value());
        let key = Key::new(pod.namespace(), name);
        let mut inner = self.lock();
        let record = inner.records.entry(key.clone()).or_default();
        // Creation times are whole seconds: of two that are equal the one that is told later counts.
        let newer = summary.created.filter(|at| record.newest.as_ref().is_none_or(|(newest, _)| at >= newest));
        let mut moved = false;
        if let Some(created) = newer.filter(|_| !summary.terminating) {
            let template = summary.template_hash.clone();
            moved = record.newest.as_ref().is_none_or(|(_, t)| *t != template) && !record.pods.is_empty();
            record.newest = Some((created, template));
        }
        moved |= if summary.problem.is_some() && !summary.terminating {
            record.pods.insert(pod.name().to_owned(), summary.clone()).as_ref() != Some(&summary)
        } else {
            record.pods.remove(pod.name()).is_some()
        };
        let wanted = moved && record.service.is_some();
        inner.drop_if_empty(&key);
        wanted.then_some(key)
    }

    /// A pod is gone. Answers whom it concerns, if there is work.
    pub fn pod_gone(&self, pod: &LeanObject) -> Option<Key> {
        let key = Key::new(pod.namespace(), pod.label(labels::NAME)?);
        let mut inner = self.lock();
        let record = inner.records.get_mut(&key)?;
        let wanted = record.pods.remove(pod.name()).is_some() && record.service.is_some();
        if record.service.is_none() {
            record.newest = None;
        }
        inner.drop_if_empty(&key);
        wanted.then_some(key)
    }

    /// Names of all known children of a kind: the suspects of a new list.
    pub fn children(&self, kind: Kind) -> HashSet<(Arc<str>, String)> {
        let inner = self.lock();
        let names = inner.records.iter().flat_map(|(key, record)| {
            record.children.keys().filter(|(k, _)| *k == kind).map(|(_, name)| (key.namespace.clone(), name.clone()))
        });
        names.collect()
    }

    /// Names of all kept pods, with whom they concern: the suspects of a new list.
    pub fn pods(&self) -> HashSet<(Key, String)> {
        let inner = self.lock();
        inner.records.iter().flat_map(|(key, r)| r.pods.keys().map(|pod| (key.clone(), pod.clone()))).collect()
    }

    /// A kept pod was not in the new list.
    pub fn pod_missing(&self, key: &Key, pod: &str) {
        if let Some(record) = self.lock().records.get_mut(key) {
            record.pods.remove(pod);
        }
    }
}

impl Inner {
    /// Keeps only the Microservices that exist.
    fn existing(&self, mut keys: Vec<Key>) -> Vec<Key> {
        keys.retain(|key| self.records.get(key).is_some_and(|r| r.service.is_some()));
        keys
    }
}

fn is_scaler(kind: Kind) -> bool {
    CHILDREN.get(kind).is_some_and(|entry| entry.kind == "HorizontalPodAutoscaler")
}

#[cfg(test)]
mod tests {
    use microservice_crds::{MANAGED_BY, MicroserviceStatus};
    use serde_json::{Value, json};

    use super::*;
    use crate::{child::Standing, store::Served};

    fn object(value: Value) -> LeanObject {
        serde_json::from_value::<Box<serde_json::value::RawValue>>(value)
            .and_then(|raw| serde_json::from_str(raw.get()))
            .unwrap()
    }

    fn service(uid: &str, version: u64, generation: i64) -> LeanObject {
        object(json!({"metadata": {"name": "web", "namespace": "n", "uid": uid, "resourceVersion": version.to_string(),
            "generation": generation}, "spec": {"image": format!("web:{generation}")}}))
    }

    fn deployment(version: u64, image: &str, available: i32) -> LeanObject {
        object(json!({
            "metadata": {"name": "web", "namespace": "n", "uid": "d", "resourceVersion": version.to_string(),
                "labels": {"app.kubernetes.io/managed-by": MANAGED_BY}, "ownerReferences": [{"kind": "Microservice",
                "apiVersion": "microservices.dev/v1alpha1", "name": "web", "uid": "u", "controller": true}]},
            "spec": {"template": {"spec": {"containers": [{"name": "web", "image": image}]}}},
            "status": {"availableReplicas": available},
        }))
    }

    fn kind(name: &str) -> Kind {
        CHILDREN.iter().position(|entry| entry.kind == name).unwrap()
    }

    #[test]
    fn a_spec_that_changed_while_the_status_was_written_is_not_lost() {
        let (store, key) = (Store::default(), Key::new("n", "web"));
        store.service_changed(&service("u", 10, 1), true);
        // The user writes at 11, our status lands at 12, and its answer is here before the event of 11.
        store.status_written(&key, &service("u", 12, 2), MicroserviceStatus::default());
        assert_eq!(store.service_changed(&service("u", 11, 2), false).map(|(_, p)| p), Some(Priority::User));
        assert!(store.snapshot(&key).unwrap().service.spec.contains("web:2"));
    }

    #[test]
    fn the_echo_of_a_status_write_is_no_news() {
        let (store, key) = (Store::default(), Key::new("n", "web"));
        store.service_changed(&service("u", 10, 1), true);
        store.status_written(&key, &service("u", 11, 1), MicroserviceStatus::default());
        assert_eq!(store.service_changed(&service("u", 11, 1), false), None);
    }

    #[test]
    fn a_generation_is_seen_once_and_what_a_status_speaks_of_is_no_news() {
        let (store, key) = (Store::default(), Key::new("n", "web"));
        let seen = || store.snapshot(&key).unwrap().service.seen;
        let with_status = |version, generation, observed: i64| {
            let mut object = service("u", version, generation).to_value();
            object["status"] = json!({"observedGeneration": observed});
            self::object(object)
        };
        store.service_changed(&with_status(10, 3, 3), true);
        assert_eq!(seen(), None, "it was so before this operator");
        store.service_changed(&with_status(11, 4, 3), false);
        let first = seen();
        assert!(first.is_some());
        store.service_changed(&with_status(12, 4, 4), false);
        assert_eq!(seen(), first);
    }

    #[test]
    fn another_uid_is_another_service() {
        let store = Store::default();
        assert_eq!(store.service_changed(&service("u", 10, 1), true).unwrap().1, Priority::Startup);
        assert_eq!(store.service_changed(&service("u", 10, 1), false), None);
        assert_eq!(store.service_changed(&service("v", 20, 1), false).unwrap().1, Priority::User);
    }

    #[test]
    fn only_content_and_health_of_a_child_are_news() {
        let (store, kind) = (Store::default(), kind("Deployment"));
        assert!(store.child_changed(kind, deployment(5, "web:1", 0)).is_empty(), "nobody is there to care");
        store.service_changed(&service("u", 10, 1), true);
        assert_eq!(store.child_changed(kind, deployment(6, "web:1", 1)).len(), 1, "health");
        assert_eq!(store.child_changed(kind, deployment(7, "web:1", 1)).len(), 0, "only the version moved");
        assert_eq!(store.child_changed(kind, deployment(8, "evil", 1)).len(), 1, "content");
        assert_eq!(store.child_changed(kind, deployment(7, "web:1", 0)).len(), 0, "an older event");
        assert_eq!(store.child_gone(kind, "n", "web", 9).len(), 1);
    }

    #[test]
    fn a_child_found_equal_stays_so_while_its_content_does() {
        let (store, kind, key) = (Store::default(), kind("Deployment"), Key::new("n", "web"));
        store.service_changed(&service("u", 10, 1), true);
        store.child_changed(kind, deployment(5, "web:1", 0));
        let standing = || store.snapshot(&key).unwrap().children[&(kind, "web".to_owned())].standing.clone();
        let content = store.snapshot(&key).unwrap().children[&(kind, "web".to_owned())].content.clone();
        store.child_checked(&key, kind, "web", &content, Standing::Equal("digest".into()));
        store.child_changed(kind, deployment(6, "web:1", 1));
        assert!(matches!(standing(), Standing::Equal(_)));
        store.child_changed(kind, deployment(7, "evil", 1));
        assert!(matches!(standing(), Standing::Unchecked(_)));
        // What was found out about another content says nothing about this one.
        store.child_checked(&key, kind, "web", &content, Standing::Equal("digest".into()));
        assert!(matches!(standing(), Standing::Unchecked(_)));
    }

    #[test]
    fn healthy_pods_are_not_kept() {
        let store = Store::default();
        store.service_changed(&service("u", 10, 1), true);
        let pod = |status: Value| {
            object(json!({"metadata": {"name": "p", "namespace": "n", "labels": {"app.kubernetes.io/name": "web"}},
                "status": status}))
        };
        let healthy = json!({"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]});
        assert_eq!(store.pod_changed(&pod(healthy.clone())), None);
        let sick = json!({"phase": "Pending", "containerStatuses": [{"name": "web", "image": "i", "ready": false,
            "restartCount": 0, "state": {"waiting": {"reason": "ImagePullBackOff", "message": "no"}}}]});
        assert!(store.pod_changed(&pod(sick.clone())).is_some());
        assert_eq!(store.pod_changed(&pod(sick)), None, "the same trouble is no news");
        assert_eq!(store.pods().len(), 1);
        assert!(store.pod_changed(&pod(healthy)).is_some());
        assert_eq!(store.pods().len(), 0);
    }

    #[test]
    fn what_is_wrong_with_an_older_template_is_no_news() {
        let (store, key) = (Store::default(), Key::new("n", "web"));
        store.service_changed(&service("u", 10, 1), true);
        let pod = |name: &str, template: &str, created: &str, reason: &str| {
            object(json!({"metadata": {"name": name, "namespace": "n", "creationTimestamp": created,
                "labels": {"app.kubernetes.io/name": "web", "pod-template-hash": template}},
                "status": {"phase": "Pending", "containerStatuses": [{"name": "web", "image": "i", "ready": false,
                    "restartCount": 0, "state": {"waiting": {"reason": reason, "message": "no"}}}]}}))
        };
        store.pod_changed(&pod("old", "a", "2026-01-01T00:00:00Z", "CrashLoopBackOff"));
        assert_eq!(store.snapshot(&key).unwrap().pods.len(), 1);
        let pulling = pod("new", "b", "2026-01-01T00:01:00Z", "Pulling");
        assert!(store.pod_changed(&pulling).is_some());
        assert!(store.snapshot(&key).unwrap().pods.iter().all(|pod| pod.name != "old"));
    }

    #[test]
    fn settled_waits_for_every_list_and_for_the_services_most_of_all() {
        let store = Store::default();
        assert!(!store.settled(true) && !store.settled(false));
        store.set_served(crate::store::SERVICES, Served::Synced);
        assert!(!store.settled(true) && store.settled(false));
    }

    #[test]
    fn what_was_deleted_is_not_deleted_again_before_the_stream_tells() {
        let store = Store::default();
        let (key, deployments) = (Key::new("n", "web"), kind("Deployment"));
        store.service_changed(&service("u", 1, 1), true);
        store.child_changed(deployments, deployment(2, "web:1", 0));
        let deleting = || store.snapshot(&key).unwrap().children[&(deployments, "web".to_owned())].deleting;
        store.child_pruned(&key, deployments, "web", "another");
        assert!(!deleting());
        store.child_pruned(&key, deployments, "web", "d");
        assert!(deleting());
        assert_eq!(store.child_gone(deployments, "n", "web", 3), [key]);
    }

    #[test]
    fn conditions_of_others_are_not_counted() {
        let store = Store::default();
        let status = json!({"observedGeneration": 1, "conditions": [
            {"type": "Ready", "status": "True", "reason": "R", "message": "", "lastTransitionTime": "2026-01-01T00:00:00Z"},
            {"type": "Mine-42", "status": "True", "reason": "R", "message": "", "lastTransitionTime": "2026-01-01T00:00:00Z"},
        ]});
        let whole = object(json!({"metadata": {"name": "web", "namespace": "n", "uid": "u", "resourceVersion": "1",
            "generation": 1}, "spec": {"image": "web:1"}, "status": status}));
        store.service_changed(&whole, true);
        assert_eq!(store.conditions(), [(("Ready".to_owned(), "True".to_owned()), 1)].into());
    }
}
