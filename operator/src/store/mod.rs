//! What the operator knows of the cluster: fed by the streams and by the answers to its own writes, read by reconciles.
//!
//! Of a child only a fingerprint stays once it was found equal; its body is kept no longer than until the next reconcile.

mod feed;

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use microservice_core::{
    children::CHILDREN,
    compare::Difference,
    outcome::{PodSummary, Scaler},
    status::TYPES,
};
use microservice_crds::MicroserviceStatus;
use tokio::time::Instant;

use crate::{
    attempts::Attempts,
    child::{Child, Standing},
    key::Key,
    object::LeanObject,
    scalers::Scalers,
};

/// Index into [`CHILDREN`].
pub type Kind = usize;

/// The stream of Microservices, for [`Served`].
pub const SERVICES: Kind = CHILDREN.len();
/// The stream of pods, for [`Served`].
pub const PODS: Kind = CHILDREN.len() + 1;
/// The stream of CustomResourceDefinitions, for [`Served`].
pub const DEFINITIONS: Kind = CHILDREN.len() + 2;
/// The stream of Namespaces, for [`Served`].
pub const NAMESPACES: Kind = CHILDREN.len() + 3;
/// The stream of MicroserviceClasses, for [`Served`].
pub const CLASSES: Kind = CHILDREN.len() + 4;
/// The stream of Gateways, for [`Served`].
pub const GATEWAYS: Kind = CHILDREN.len() + 5;
/// The stream of GatewayClasses, for [`Served`].
pub const GATEWAY_CLASSES: Kind = CHILDREN.len() + 6;
/// The stream of ListenerSets, for [`Served`].
pub const LISTENER_SETS: Kind = CHILDREN.len() + 7;
/// The stream of MicroserviceSystems, for [`Served`].
pub const SYSTEMS: Kind = CHILDREN.len() + 8;

/// The name of a kind in URLs.
pub fn resource_of(kind: Kind) -> &'static str {
    match kind {
        SERVICES => "microservices",
        PODS => "pods",
        DEFINITIONS => "customresourcedefinitions",
        NAMESPACES => "namespaces",
        CLASSES => "microserviceclasses",
        GATEWAYS => "gateways",
        GATEWAY_CLASSES => "gatewayclasses",
        LISTENER_SETS => "listenersets",
        SYSTEMS => "microservicesystems",
        child => CHILDREN.get(child).map_or("", |entry| entry.plural),
    }
}

/// Whether objects of a kind are known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Served {
    /// Its list has not come yet.
    Starting,
    /// Its list is in, and the watch runs.
    Synced,
    /// The API server does not serve the kind.
    Absent,
    /// Its definition is there, and does not serve the version that we write.
    Unserved,
    /// The operator has no right to see the kind, and works without.
    Forbidden,
    /// The list fails: why.
    Failing(String),
}

/// The Microservice itself, as last seen.
#[derive(Clone, Debug)]
pub struct Service {
    /// `metadata.uid`: a new one is another Microservice, whatever its name.
    pub uid: String,
    /// `metadata.generation`.
    pub generation: i64,
    /// When this generation was first seen. None where its status speaks of it already: another operator has seen it.
    pub seen: Option<Timestamp>,
    /// `metadata.resourceVersion`.
    pub version: u64,
    /// `metadata.creationTimestamp`.
    pub created: Option<Timestamp>,
    /// Whether it is being deleted.
    pub deleting: bool,
    /// The template that its annotation lets go although it should wait.
    pub release: Option<String>,
    /// `spec`, unparsed.
    pub spec: Arc<str>,
    /// `status`, if it can be read.
    pub status: Option<MicroserviceStatus>,
}

impl Service {
    /// Whether no status speaks of this generation yet.
    fn is_news(&self) -> bool {
        self.status.as_ref().is_none_or(|status| status.observed_generation != self.generation)
    }
}

/// All that is known around one name.
#[derive(Default)]
struct Record {
    service: Option<Service>,
    children: BTreeMap<(Kind, String), Arc<Child>>,
    /// Pods with a problem; healthy ones are not kept.
    pods: BTreeMap<String, PodSummary>,
    /// The template of the pod that was created last, whatever its health: what is wrong with older ones is no news.
    newest: Option<(Timestamp, String)>,
    attempts: Attempts,
    resisted: HashMap<(Kind, String), (String, Difference)>,
    minor_due: Option<Instant>,
    /// When its spec was last seen to change, until it is Ready.
    changed: Option<Instant>,
    /// The uid of the Microservice whose namespace is being deleted: there is nothing to do for it any more.
    leaving: Option<String>,
}

impl Record {
    /// Whether a pod is of the newest template, as far as that is known.
    fn is_newest(&self, pod: &PodSummary) -> bool {
        self.newest.as_ref().is_none_or(|(_, template)| *template == pod.template_hash)
    }
}

/// What a reconcile starts from: a copy, so that no lock is held while requests run.
pub struct Snapshot {
    /// The Microservice.
    pub service: Service,
    /// Its children and whatever else holds their names.
    pub children: BTreeMap<(Kind, String), Arc<Child>>,
    /// Its pods with a problem, of the newest template.
    pub pods: Vec<PodSummary>,
    /// By kind.
    pub served: Vec<Served>,
    /// Autoscalers of somebody else, the oldest first.
    pub scalers: Vec<Scaler>,
    /// Earlier tries that failed.
    pub attempts: Attempts,
    /// By child: the digest and the field that did not stay as applied.
    pub resisted: HashMap<(Kind, String), (String, Difference)>,
}

/// What the operator knows of the cluster.
pub struct Store {
    inner: Mutex<Inner>,
}

struct Inner {
    records: HashMap<Key, Record>,
    served: Vec<Served>,
    scalers: Scalers,
}

impl Default for Store {
    fn default() -> Self {
        let served = CHILDREN.iter().map(|entry| if entry.crd.is_some() { Served::Absent } else { Served::Starting });
        let others = (SERVICES..=SYSTEMS).map(|kind| match kind {
            SERVICES | PODS | DEFINITIONS | NAMESPACES => Served::Starting,
            _ => Served::Absent,
        });
        Self {
            inner: Mutex::new(Inner {
                records: HashMap::new(),
                served: served.chain(others).collect(),
                scalers: Scalers::default(),
            }),
        }
    }
}

impl Store {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The status that was just written, so that the next reconcile does not start from an older one. When the answer
    /// is of another generation, the spec that we know is old: then the stream, which brings both, must not be skipped.
    /// Answers how long it took to become Ready, if it just did.
    pub fn status_written(&self, key: &Key, answer: &LeanObject, status: MicroserviceStatus) -> Option<Duration> {
        let mut inner = self.lock();
        let record = inner.records.get_mut(key)?;
        let service = record.service.as_mut()?;
        if service.uid != answer.uid() || Some(service.generation) != answer.metadata.generation {
            return None;
        }
        let ready = status.conditions.iter().any(|c| c.type_ == "Ready" && c.status == "True");
        service.version = service.version.max(answer.version_number());
        service.status = Some(status);
        record.changed.take_if(|_| ready).map(|since| since.elapsed())
    }

    /// A status that the server will not take, whatever we do: for us it holds until the Microservice changes.
    pub fn status_refused(&self, key: &Key, uid: &str, status: MicroserviceStatus) {
        if let Some(service) = self.lock().records.get_mut(key).and_then(|r| r.service.as_mut())
            && service.uid == uid
            && service.generation == status.observed_generation
        {
            service.status = Some(status);
        }
    }

    /// The answer to a write of ours: newer than what the stream has told so far.
    pub fn child_written(&self, key: &Key, kind: Kind, name: &str, child: Child) {
        let mut inner = self.lock();
        let record = inner.records.entry(key.clone()).or_default();
        let slot = (kind, name.to_owned());
        if record.children.get(&slot).is_none_or(|known| known.uid != child.uid || known.version <= child.version) {
            record.children.insert(slot, Arc::new(child));
        }
    }

    /// The server took our deletion of a child: until the stream tells that it is gone, nobody deletes it again.
    pub fn child_pruned(&self, key: &Key, kind: Kind, name: &str, uid: &str) {
        if let Some(child) = self.lock().records.get_mut(key).and_then(|r| r.children.get_mut(&(kind, name.to_owned())))
            && child.uid == uid
        {
            Arc::make_mut(child).deleting = true;
        }
    }

    /// A child was compared with what it should be.
    pub fn child_checked(&self, key: &Key, kind: Kind, name: &str, content: &str, standing: Standing) {
        if let Some(child) = self.lock().records.get_mut(key).and_then(|r| r.children.get_mut(&(kind, name.to_owned())))
            && child.content == content
        {
            Arc::make_mut(child).standing = standing;
        }
    }

    /// Sets whether a kind is served. Answers whether that is news.
    pub fn set_served(&self, kind: Kind, served: Served) -> bool {
        let mut inner = self.lock();
        match inner.served.get_mut(kind) {
            Some(slot) if *slot != served => {
                *slot = served;
                true
            }
            _ => false,
        }
    }

    /// Which kinds are served.
    pub fn served(&self) -> Vec<Served> {
        self.lock().served.clone()
    }

    /// How many Microservices have a condition of ours with a status, by both. What somebody else writes into a status is
    /// not counted: there is no end of what that may be.
    pub fn conditions(&self) -> BTreeMap<(String, String), u64> {
        let inner = self.lock();
        let mut counts = BTreeMap::new();
        let statuses = inner.records.values().filter_map(|record| record.service.as_ref()?.status.as_ref());
        let ours = |condition: &&Condition| {
            TYPES.contains(&&*condition.type_) && ["True", "False", "Unknown"].contains(&&*condition.status)
        };
        for condition in statuses.flat_map(|status| &status.conditions).filter(ours) {
            *counts.entry((condition.type_.clone(), condition.status.clone())).or_default() += 1;
        }
        counts
    }

    /// Whether all objects of a kind are known.
    pub fn is_synced(&self, kind: Kind) -> bool {
        self.lock().served.get(kind) == Some(&Served::Synced)
    }

    /// Whether every kind's first list is in. One that fails counts as in once patience is over; the Microservices
    /// themselves never do.
    pub fn settled(&self, patient: bool) -> bool {
        let inner = self.lock();
        inner.served.iter().enumerate().all(|(kind, served)| match served {
            Served::Synced | Served::Absent | Served::Unserved | Served::Forbidden => true,
            // Nothing is made of systems but their own status.
            Served::Starting | Served::Failing(_) => kind == SYSTEMS || (!patient && kind != SERVICES),
        })
    }

    /// Brings every retry forward: used when the API server is back.
    pub fn hasten(&self, until: Instant) {
        for record in self.lock().records.values_mut() {
            record.attempts.hasten(until);
        }
    }

    /// Forgets all children of a kind that is no longer served.
    pub fn forget_kind(&self, kind: Kind) {
        for record in self.lock().records.values_mut() {
            record.children.retain(|(k, _), _| *k != kind);
        }
    }

    /// All Microservices.
    pub fn services(&self) -> Vec<Key> {
        self.lock().records.iter().filter(|(_, r)| r.service.is_some()).map(|(key, _)| key.clone()).collect()
    }

    /// Reads several Microservices at once: those that are there.
    pub fn read<'a, T>(&self, keys: impl IntoIterator<Item = &'a Key>, read: impl Fn(&Key, &Service) -> T) -> Vec<T> {
        let inner = self.lock();
        let services = keys.into_iter().filter_map(|key| Some((key, inner.records.get(key)?.service.as_ref()?)));
        services.map(|(key, service)| read(key, service)).collect()
    }

    /// A copy of all that is known around one Microservice, if there is one.
    pub fn snapshot(&self, key: &Key) -> Option<Snapshot> {
        let inner = self.lock();
        let record = inner.records.get(key)?;
        let service = record.service.clone().filter(|service| record.leaving.as_ref() != Some(&service.uid))?;
        let scalers = inner.scalers.foreign(key, &service.uid);
        Some(Snapshot {
            service,
            children: record.children.clone(),
            pods: record.pods.values().filter(|pod| record.is_newest(pod)).cloned().collect(),
            served: inner.served.clone(),
            scalers,
            attempts: record.attempts.clone(),
            resisted: record.resisted.clone(),
        })
    }

    /// Notes that the namespace of a Microservice is being deleted, which cannot be undone.
    pub fn leave(&self, key: &Key, uid: &str) {
        if let Some(record) = self.lock().records.get_mut(key) {
            record.leaving = Some(uid.to_owned());
        }
    }

    /// Keeps the tries of a reconcile.
    pub fn set_attempts(&self, key: &Key, uid: &str, attempts: Attempts) {
        if let Some(record) = self.lock().records.get_mut(key)
            && record.service.as_ref().is_some_and(|s| s.uid == uid)
        {
            record.attempts = attempts;
        }
    }

    /// Remembers, or forgets, the field of a child that did not stay as applied.
    pub fn set_resisted(&self, key: &Key, kind: Kind, name: &str, what: Option<(String, Difference)>) {
        if let Some(record) = self.lock().records.get_mut(key) {
            let slot = (kind, name.to_owned());
            match what {
                Some(what) => drop(record.resisted.insert(slot, what)),
                None => drop(record.resisted.remove(&slot)),
            }
        }
    }

    /// Whether there is a Microservice of this name.
    pub fn knows(&self, key: &Key) -> bool {
        self.lock().records.get(key).is_some_and(|record| record.service.is_some())
    }

    /// The Microservice, as last seen.
    pub fn service(&self, key: &Key) -> Option<Service> {
        self.lock().records.get(key)?.service.clone()
    }

    /// Whether the Microservice of this uid is still there.
    pub fn is_there(&self, key: &Key, uid: &str) -> bool {
        let inner = self.lock();
        inner.records.get(key).and_then(|record| record.service.as_ref()).is_some_and(|service| service.uid == uid)
    }

    /// Whether there is a Service of this name, ours or not.
    pub fn has_service(&self, namespace: &str, name: &str) -> bool {
        let inner = self.lock();
        let children = inner.records.get(&Key::of_child(namespace, name)).map(|record| &record.children);
        let is_it = |(kind, child): &(Kind, String)| {
            child == name && CHILDREN.get(*kind).is_some_and(|entry| entry.kind == "Service")
        };
        children.is_some_and(|children| children.iter().any(|(slot, child)| is_it(slot) && !child.deleting))
    }

    /// When a small change of the status may be written: set at its first sight, taken away by a write.
    pub fn minor_due(&self, key: &Key, due: Option<Instant>) -> Option<Instant> {
        let mut inner = self.lock();
        let record = inner.records.get_mut(key)?;
        record.minor_due = due.map(|due| record.minor_due.map_or(due, |present| present.min(due)));
        record.minor_due
    }
}

impl Inner {
    fn drop_if_empty(&mut self, key: &Key) {
        if let Some(r) = self.records.get(key)
            && r.service.is_none()
            && r.children.is_empty()
            && r.pods.is_empty()
            && r.newest.is_none()
        {
            self.records.remove(key);
        }
    }
}
