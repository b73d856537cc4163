//! The MicroserviceSystems, which Microservices belong to each, and when each is looked at again.
//!
//! A change of one service costs the same whatever the number of services: it puts the systems that it concerns on the
//! agenda, each at most once, and never sooner than a second after the last write of their status.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use microservice_crds::{MicroserviceSystemSpec, MicroserviceSystemStatus};
use serde::Deserialize;
use tokio::{sync::Notify, time::Instant};

use crate::{backoff, key::Key, object::LeanObject};

/// How long after a change a system is looked at: what belongs together comes together.
const SETTLE: Duration = Duration::from_millis(200);
/// The least time between two writes of one status.
const PACE: Duration = Duration::from_secs(1);
/// Delays after failures.
const FIRST: Duration = Duration::from_secs(1);
const MOST: Duration = Duration::from_secs(60);

/// The MicroserviceSystems.
#[derive(Default)]
pub struct Systems {
    inner: Mutex<Inner>,
    /// Woken whenever the next turn comes sooner than it did.
    pub woken: Notify,
}

#[derive(Default)]
struct Inner {
    known: HashMap<Key, Known>,
    /// The system that each service says.
    says: HashMap<Key, Arc<str>>,
    /// Services, by the system that they say.
    members: HashMap<Key, BTreeSet<Arc<str>>>,
    /// Systems, by the service that they list.
    listed: HashMap<Key, BTreeSet<Arc<str>>>,
    /// The soonest first.
    agenda: BTreeSet<(Instant, Key)>,
    /// Whether some are looked at right now.
    busy: bool,
}

struct Known {
    uid: String,
    version: u64,
    generation: i64,
    spec: Result<Arc<MicroserviceSystemSpec>, String>,
    status: Option<MicroserviceSystemStatus>,
    due: Option<Instant>,
    not_before: Option<Instant>,
    failures: u32,
}

/// A system whose turn it is.
pub struct Due {
    /// Namespace and name.
    pub key: Key,
    /// `metadata.uid`.
    pub uid: String,
    /// `metadata.generation`.
    pub generation: i64,
    /// Its spec, or why that cannot be read.
    pub spec: Result<Arc<MicroserviceSystemSpec>, String>,
    /// The status that it has.
    pub status: Option<MicroserviceSystemStatus>,
    /// The services that say it.
    pub members: Vec<Key>,
    /// The services that it lists and that do not say it, with the system that each says. Some may not exist.
    pub strangers: Vec<(Key, Option<Arc<str>>)>,
}

impl Systems {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes something, and wakes whoever waits if the next turn comes sooner by it.
    fn with(&self, change: impl FnOnce(&mut Inner)) {
        let mut inner = self.lock();
        let before = inner.next();
        change(&mut inner);
        if inner.next().is_some_and(|next| before.is_none_or(|before| next < before)) {
            self.woken.notify_one();
        }
    }

    /// A Microservice was listed or changed.
    pub fn service_changed(&self, key: &Key, object: &LeanObject) {
        #[derive(Deserialize)]
        struct Says {
            system: Option<String>,
        }
        let says: Option<Says> = object.field("spec");
        self.with(|inner| inner.service(key, says.and_then(|says| says.system).map(Arc::from)));
    }

    /// The status of a Microservice was written.
    pub fn service_told(&self, key: &Key) {
        self.with(|inner| inner.concern(key));
    }

    /// A Microservice is gone.
    pub fn service_gone(&self, key: &Key) {
        self.with(|inner| inner.service(key, None));
    }

    /// A system was listed or changed.
    pub fn changed(&self, object: &LeanObject) {
        self.with(|inner| inner.changed(object));
    }

    /// A system is gone.
    pub fn gone(&self, key: &Key) {
        self.lock().forget(key);
    }

    /// All systems: the suspects of a new list.
    pub fn keys(&self) -> Vec<Key> {
        self.lock().known.keys().cloned().collect()
    }

    /// Those whose turn it is. They are taken off the agenda.
    pub fn due(&self, now: Instant) -> Vec<Due> {
        let mut inner = self.lock();
        inner.busy = true;
        let mut due = Vec::new();
        while inner.agenda.first().is_some_and(|(at, _)| *at <= now) {
            let Some((_, key)) = inner.agenda.pop_first() else { break };
            if let Some(known) = inner.known.get_mut(&key) {
                known.due = None;
            }
            due.extend(inner.take(&key));
        }
        due
    }

    /// Those that were due are looked at, and written.
    pub fn done(&self) {
        self.lock().busy = false;
    }

    /// Whether nothing is left to look at, but for what is tried again after a failure.
    pub fn rests(&self) -> bool {
        let inner = self.lock();
        let fails = |key: &Key| inner.known.get(key).is_some_and(|known| known.failures > 0);
        !inner.busy && inner.agenda.iter().all(|(_, key)| fails(key))
    }

    /// When the next one has its turn.
    pub fn next(&self) -> Option<Instant> {
        self.lock().next()
    }

    /// The status that was just written, so that it is not written again before the stream tells it.
    pub fn written(&self, key: &Key, answer: &LeanObject, status: MicroserviceSystemStatus) {
        let mut inner = self.lock();
        let Some(known) = inner.known.get_mut(key).filter(|known| known.uid == answer.uid()) else { return };
        // Of another generation, the spec that we know is old: the stream brings both, and must not be skipped.
        if Some(known.generation) == answer.metadata.generation {
            known.version = known.version.max(answer.version_number());
            known.status = Some(status);
        }
        known.failures = 0;
        inner.hold(key, Instant::now() + PACE);
    }

    /// A status that was tried as well as it can be: for us it holds until something changes.
    pub fn settled(&self, key: &Key, status: MicroserviceSystemStatus) {
        let mut inner = self.lock();
        if let Some(known) = inner.known.get_mut(key) {
            known.status = Some(status);
        }
        inner.hold(key, Instant::now() + PACE);
    }

    /// A status could not be written: it is tried again, later each time.
    pub fn failed(&self, key: &Key) {
        self.with(|inner| {
            let Some(known) = inner.known.get_mut(key) else { return };
            known.failures += 1;
            let until = Instant::now() + backoff::delay(known.failures, FIRST, MOST);
            inner.hold(key, until);
            inner.schedule(key, until);
        });
    }
}

impl Inner {
    fn next(&self) -> Option<Instant> {
        self.agenda.first().map(|(at, _)| *at)
    }

    /// A service says this system from now on, or none.
    fn service(&mut self, key: &Key, system: Option<Arc<str>>) {
        self.concern(key);
        let of = |system: &Arc<str>| Key { namespace: key.namespace.clone(), name: system.clone() };
        if self.says.get(key) == system.as_ref() {
            return;
        }
        if let Some(before) = self.says.remove(key) {
            remove(&mut self.members, &of(&before), &key.name);
        }
        if let Some(system) = system {
            self.members.entry(of(&system)).or_default().insert(key.name.clone());
            self.says.insert(key.clone(), system);
            self.concern(key);
        }
    }

    /// Something about a service changed: whoever counts or lists it looks again.
    fn concern(&mut self, service: &Key) {
        let names = self.says.get(service).into_iter().chain(self.listed.get(service).into_iter().flatten());
        let systems: Vec<Key> =
            names.map(|name| Key { namespace: service.namespace.clone(), name: name.clone() }).collect();
        let at = Instant::now() + SETTLE;
        systems.iter().for_each(|system| self.schedule(system, at));
    }

    fn changed(&mut self, object: &LeanObject) {
        let key = Key::new(object.namespace(), object.name());
        let known = self.known.get(&key).filter(|known| known.uid == object.uid());
        if known.is_some_and(|known| known.version >= object.version_number()) {
            return;
        }
        let spec = object.fields.get("spec").map_or("{}", |raw| raw.get());
        let generation = object.metadata.generation.unwrap_or_default();
        let same = known.filter(|known| known.generation == generation);
        let next = Known {
            uid: object.uid().to_owned(),
            version: object.version_number(),
            generation,
            spec: serde_json::from_str(spec).map(Arc::new).map_err(|error| error.to_string()),
            status: object.field("status"),
            due: same.and_then(|known| known.due),
            not_before: same.and_then(|known| known.not_before),
            failures: same.map_or(0, |known| known.failures),
        };
        // What is being deleted needs no status.
        if object.metadata.deletion_timestamp.is_some() {
            return self.forget(&key);
        }
        if same.is_none() {
            // Its own pace holds also for a new spec.
            let pace = known.and_then(|known| known.not_before).filter(|_| known.is_some_and(|k| k.failures == 0));
            self.forget(&key);
            for member in next.spec.iter().flat_map(|spec| &spec.members) {
                self.listed.entry(Key::new(&key.namespace, member)).or_default().insert(key.name.clone());
            }
            self.known.insert(key.clone(), Known { not_before: pace, ..next });
        } else {
            self.known.insert(key.clone(), next);
        }
        self.schedule(&key, Instant::now() + SETTLE);
    }

    fn forget(&mut self, key: &Key) {
        let Some(known) = self.known.remove(key) else { return };
        for member in known.spec.iter().flat_map(|spec| &spec.members) {
            remove(&mut self.listed, &Key::new(&key.namespace, member), &key.name);
        }
        if let Some(due) = known.due {
            self.agenda.remove(&(due, key.clone()));
        }
    }

    /// Puts a system on the agenda, unless it stands there already.
    fn schedule(&mut self, key: &Key, at: Instant) {
        let Some(known) = self.known.get_mut(key).filter(|known| known.due.is_none()) else { return };
        let at = known.not_before.map_or(at, |earliest| earliest.max(at));
        known.due = Some(at);
        self.agenda.insert((at, key.clone()));
    }

    /// A system is not looked at before this.
    fn hold(&mut self, key: &Key, until: Instant) {
        let Some(known) = self.known.get_mut(key) else { return };
        known.not_before = Some(until);
        if let Some(due) = known.due.take_if(|due| *due < until) {
            self.agenda.remove(&(due, key.clone()));
            self.schedule(key, until);
        }
    }

    fn take(&self, key: &Key) -> Option<Due> {
        let known = self.known.get(key)?;
        let here = |name: &Arc<str>| Key { namespace: key.namespace.clone(), name: name.clone() };
        let members: Vec<Key> = self.members.get(key).into_iter().flatten().map(here).collect();
        let listed = known.spec.iter().flat_map(|spec| &spec.members).map(|name| Key::new(&key.namespace, name));
        let strangers = listed.map(|service| (self.says.get(&service).cloned(), service));
        let strangers = strangers.filter(|(says, _)| says.as_ref() != Some(&key.name));
        Some(Due {
            key: key.clone(),
            uid: known.uid.clone(),
            generation: known.generation,
            spec: known.spec.clone(),
            status: known.status.clone(),
            members,
            strangers: strangers.map(|(says, service)| (service, says)).collect(),
        })
    }
}

fn remove(index: &mut HashMap<Key, BTreeSet<Arc<str>>>, key: &Key, name: &Arc<str>) {
    if let Some(names) = index.get_mut(key) {
        names.remove(name);
        if names.is_empty() {
            index.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn object(name: &str, (uid, version, generation): (&str, u64, i64), spec: Value) -> LeanObject {
        let text = json!({"metadata": {"name": name, "namespace": "n", "uid": uid, "generation": generation,
            "resourceVersion": version.to_string()}, "spec": spec});
        serde_json::from_str(&text.to_string()).unwrap()
    }

    fn system(systems: &Systems, members: &[&str]) {
        systems.changed(&object("shop", ("u", 1, 1), json!({"members": members})));
    }

    fn service(systems: &Systems, name: &str, system: Option<&str>) {
        systems.service_changed(&Key::new("n", name), &object(name, ("s", 1, 1), json!({"system": system})));
    }

    fn names(keys: &[Key]) -> Vec<&str> {
        keys.iter().map(|key| &*key.name).collect()
    }

    /// What is due now, and when it became so.
    async fn turn(systems: &Systems) -> Option<(Due, Duration)> {
        let start = Instant::now();
        tokio::time::sleep_until(systems.next()?).await;
        Some((systems.due(Instant::now()).pop()?, start.elapsed()))
    }

    #[tokio::test(start_paused = true)]
    async fn many_changes_are_one_turn_and_turns_keep_their_pace() {
        let systems = Systems::default();
        system(&systems, &[]);
        for number in 0..100 {
            service(&systems, &format!("web-{number}"), Some("shop"));
        }
        let (due, waited) = turn(&systems).await.unwrap();
        assert_eq!((due.members.len(), waited), (100, SETTLE));
        assert_eq!(systems.next(), None);

        systems.written(&due.key, &object("shop", ("u", 2, 1), json!({})), MicroserviceSystemStatus::default());
        systems.service_told(&Key::new("n", "web-7"));
        systems.service_told(&Key::new("n", "web-8"));
        let (_, waited) = turn(&systems).await.unwrap();
        assert_eq!(waited, PACE, "a second after the last write, not sooner");
        // Nothing was written, so the next change need not wait.
        systems.service_told(&Key::new("n", "web-7"));
        assert_eq!(turn(&systems).await.unwrap().1, SETTLE);
    }

    #[tokio::test(start_paused = true)]
    async fn a_change_while_a_status_is_written_waits_as_well() {
        let systems = Systems::default();
        system(&systems, &[]);
        service(&systems, "web", Some("shop"));
        let (due, _) = turn(&systems).await.unwrap();
        systems.service_told(&Key::new("n", "web"));
        systems.written(&due.key, &object("shop", ("u", 2, 1), json!({})), MicroserviceSystemStatus::default());
        assert_eq!(turn(&systems).await.unwrap().1, PACE);
    }

    #[tokio::test(start_paused = true)]
    async fn only_the_systems_that_count_or_list_a_service_look_again() {
        let systems = Systems::default();
        system(&systems, &["listed"]);
        turn(&systems).await.unwrap();
        let concerned = |name: &str| {
            systems.service_told(&Key::new("n", name));
            systems.due(Instant::now() + PACE).len()
        };
        assert_eq!((concerned("other"), concerned("listed")), (0, 1), "also before it is there");
        service(&systems, "other", Some("another"));
        assert_eq!(systems.due(Instant::now() + PACE).len(), 0);
        service(&systems, "web", Some("shop"));
        assert_eq!(names(&systems.due(Instant::now() + PACE)[0].members), ["web"]);

        // It changes sides: both would hear of it.
        service(&systems, "web", Some("another"));
        let due = systems.due(Instant::now() + PACE);
        assert_eq!((due.len(), names(&due[0].members).len()), (1, 0));
        service(&systems, "listed", Some("another"));
        let due = systems.due(Instant::now() + PACE);
        assert_eq!(due[0].strangers, [(Key::new("n", "listed"), Some("another".into()))]);
        systems.service_gone(&Key::new("n", "listed"));
        assert_eq!(systems.due(Instant::now() + PACE)[0].strangers, [(Key::new("n", "listed"), None)]);
    }

    #[tokio::test(start_paused = true)]
    async fn failures_wait_longer_and_a_new_spec_does_not() {
        let systems = Systems::default();
        system(&systems, &[]);
        let (due, _) = turn(&systems).await.unwrap();
        for _ in 0..3 {
            systems.failed(&due.key);
        }
        assert!(systems.next().unwrap() >= Instant::now() + 2 * FIRST, "{:?}", systems.next());
        systems.changed(&object("shop", ("u", 5, 2), json!({"members": ["web"]})));
        let (due, waited) = turn(&systems).await.unwrap();
        assert_eq!((due.generation, waited), (2, SETTLE));
    }

    #[tokio::test(start_paused = true)]
    async fn the_echo_of_a_write_is_no_news_and_what_is_gone_has_no_turn() {
        let systems = Systems::default();
        system(&systems, &["web"]);
        let (due, _) = turn(&systems).await.unwrap();
        let answer = object("shop", ("u", 7, 1), json!({"members": ["web"]}));
        systems.written(&due.key, &answer, MicroserviceSystemStatus::default());
        systems.changed(&answer);
        assert_eq!(systems.next(), None);
        service(&systems, "web", None);
        assert!(systems.next().is_some());
        systems.gone(&due.key);
        assert_eq!(systems.next(), None);
        service(&systems, "web", Some("shop"));
        assert_eq!((systems.next(), systems.keys().len()), (None, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn a_spec_that_cannot_be_read_is_told_as_such() {
        let systems = Systems::default();
        systems.changed(&object("shop", ("u", 1, 1), json!({"members": 7})));
        let (due, _) = turn(&systems).await.unwrap();
        assert!(due.spec.unwrap_err().contains("invalid type"));
    }
}
