//! The work queue: one entry for each Microservice, never worked on twice at once, the urgent before the rest, and no
//! namespace before another.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};

use tokio::{
    sync::Notify,
    time::{Duration, Instant},
};

use crate::{key::Key, telemetry::Metrics};

/// Why an entry is in the queue; the first is the most urgent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// Somebody changed the Microservice.
    User,
    /// Something around it moved: a child, a pod, a timer.
    Drift,
    /// The operator has just started.
    Startup,
}

/// The work queue.
#[derive(Default)]
pub struct Queue {
    inner: Mutex<Inner>,
    wake: Notify,
    metrics: Arc<Metrics>,
}

#[derive(Default)]
struct Inner {
    entries: HashMap<Key, Entry>,
    lanes: Lanes,
    /// What waits for its time, soonest first. The number tells two of the same instant apart.
    waiting: BTreeMap<(Instant, u64), Key>,
    sequence: u64,
    running: usize,
}

#[derive(Default)]
struct Entry {
    queued: Option<Priority>,
    since: Option<Instant>,
    running: bool,
    again: Option<Priority>,
    due: Option<(Instant, u64)>,
}

#[derive(Default)]
struct Lanes {
    user: Lane,
    drift: Lane,
    startup: Lane,
}

impl Lanes {
    fn of(&mut self, priority: Priority) -> &mut Lane {
        match priority {
            Priority::User => &mut self.user,
            Priority::Drift => &mut self.drift,
            Priority::Startup => &mut self.startup,
        }
    }

    fn pop(&mut self) -> Option<Key> {
        self.user.pop().or_else(|| self.drift.pop()).or_else(|| self.startup.pop())
    }
}

/// The entries of one priority, taken from one namespace after the other.
#[derive(Default)]
struct Lane {
    turn: VecDeque<Arc<str>>,
    keys: HashMap<Arc<str>, VecDeque<Key>>,
}

impl Lane {
    fn push(&mut self, key: Key) {
        let keys = self.keys.entry(key.namespace.clone()).or_default();
        if keys.is_empty() {
            self.turn.push_back(key.namespace.clone());
        }
        keys.push_back(key);
    }

    fn pop(&mut self) -> Option<Key> {
        let namespace = self.turn.pop_front()?;
        let keys = self.keys.get_mut(&namespace)?;
        let key = keys.pop_front();
        if keys.is_empty() {
            self.keys.remove(&namespace);
        } else {
            self.turn.push_back(namespace);
        }
        key
    }

    fn remove(&mut self, key: &Key) {
        if let Some(keys) = self.keys.get_mut(&key.namespace) {
            keys.retain(|k| k != key);
            if keys.is_empty() {
                self.keys.remove(&key.namespace);
                self.turn.retain(|n| *n != key.namespace);
            }
        }
    }
}

impl Inner {
    fn enqueue(&mut self, key: &Key, priority: Priority) {
        let entry = self.entries.entry(key.clone()).or_default();
        if entry.running {
            entry.again = Some(entry.again.map_or(priority, |p| p.min(priority)));
            return;
        }
        match entry.queued {
            Some(present) if present <= priority => return,
            Some(present) => self.lanes.of(present).remove(key),
            None => {}
        }
        entry.queued = Some(priority);
        entry.since.get_or_insert_with(Instant::now);
        self.lanes.of(priority).push(key.clone());
    }

    fn wait(&mut self, key: &Key, due: Instant) {
        self.sequence += 1;
        let slot = (due, self.sequence);
        let entry = self.entries.entry(key.clone()).or_default();
        if let Some(old) = entry.due {
            if old.0 <= due {
                return;
            }
            self.waiting.remove(&old);
        }
        entry.due = Some(slot);
        self.waiting.insert(slot, key.clone());
    }

    fn ripen(&mut self, now: Instant) {
        while let Some((&slot, _)) = self.waiting.first_key_value() {
            if slot.0 > now {
                break;
            }
            if let Some(key) = self.waiting.remove(&slot) {
                if let Some(entry) = self.entries.get_mut(&key) {
                    entry.due = None;
                }
                self.enqueue(&key, Priority::Drift);
            }
        }
    }

    /// The next entry, and how long it has waited.
    fn pop(&mut self, now: Instant) -> Option<(Key, Duration)> {
        self.ripen(now);
        let key = self.lanes.pop()?;
        let mut waited = Duration::ZERO;
        if let Some(entry) = self.entries.get_mut(&key) {
            entry.queued = None;
            entry.running = true;
            waited = entry.since.take().map_or(waited, |since| now.saturating_duration_since(since));
            self.running += 1;
        }
        Some((key, waited))
    }
}

impl Queue {
    /// An empty queue, whose waiting times are measured.
    pub fn new(metrics: Arc<Metrics>) -> Self {
        Self { metrics, ..Self::default() }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts an entry in, or raises its priority. While it is being worked on, it is worked on once more afterwards.
    pub fn enqueue(&self, key: &Key, priority: Priority) {
        self.lock().enqueue(key, priority);
        self.wake.notify_one();
    }

    /// Puts an entry in when `delay` is over, unless it is due earlier already.
    pub fn enqueue_after(&self, key: &Key, delay: Duration) {
        self.lock().wait(key, Instant::now() + delay);
        self.wake.notify_one();
    }

    /// Everything that waits is due within `delay`: used when the API server is back.
    pub fn hasten(&self, delay: Duration) {
        let mut inner = self.lock();
        let due = Instant::now() + delay;
        let late: Vec<Key> = inner.waiting.iter().filter(|(slot, _)| slot.0 > due).map(|(_, k)| k.clone()).collect();
        for key in late {
            inner.wait(&key, due);
        }
        drop(inner);
        self.wake.notify_one();
    }

    /// The next entry to work on. It must be given back with [`Queue::done`].
    pub async fn next(&self) -> Key {
        loop {
            let notified = self.wake.notified();
            let due = {
                let mut inner = self.lock();
                if let Some((key, waited)) = inner.pop(Instant::now()) {
                    // More work may be there: let the next worker look.
                    self.wake.notify_one();
                    self.metrics.waited(waited);
                    return key;
                }
                inner.waiting.first_key_value().map(|(slot, _)| slot.0)
            };
            match due {
                Some(due) => drop(tokio::time::timeout_at(due, notified).await),
                None => notified.await,
            }
        }
    }

    /// Gives an entry back.
    pub fn done(&self, key: &Key) {
        let mut inner = self.lock();
        inner.running = inner.running.saturating_sub(1);
        let Some(entry) = inner.entries.get_mut(key) else { return };
        entry.running = false;
        match entry.again.take() {
            Some(priority) => inner.enqueue(key, priority),
            None if entry.due.is_none() => drop(inner.entries.remove(key)),
            None => {}
        }
        drop(inner);
        self.wake.notify_one();
    }

    /// How many entries are ready, by their priority.
    pub fn depths(&self) -> [(&'static str, u64); 3] {
        let inner = self.lock();
        let of = |priority| inner.entries.values().filter(|entry| entry.queued == Some(priority)).count() as u64;
        [("user", of(Priority::User)), ("drift", of(Priority::Drift)), ("startup", of(Priority::Startup))]
    }

    /// Entries that are ready or being worked on; those that wait for their time do not count.
    pub fn depth(&self) -> usize {
        let inner = self.lock();
        inner.running + inner.entries.values().filter(|e| e.queued.is_some()).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(namespace: &str, name: &str) -> Key {
        Key::new(namespace, name)
    }

    #[tokio::test(start_paused = true)]
    async fn urgent_first_and_namespaces_in_turn() {
        let queue = Queue::default();
        for name in ["a", "b", "c"] {
            queue.enqueue(&key("big", name), Priority::Startup);
        }
        queue.enqueue(&key("small", "x"), Priority::Startup);
        queue.enqueue(&key("big", "c"), Priority::User);
        let mut order = Vec::new();
        for _ in 0..4 {
            order.push(queue.next().await.to_string());
        }
        assert_eq!(order, ["big/c", "big/a", "small/x", "big/b"]);
    }

    #[tokio::test(start_paused = true)]
    async fn never_two_at_once_and_once_more_afterwards() {
        let queue = Queue::default();
        queue.enqueue(&key("n", "a"), Priority::Drift);
        let first = queue.next().await;
        queue.enqueue(&first, Priority::Drift);
        queue.enqueue(&first, Priority::User);
        assert!(tokio::time::timeout(Duration::from_secs(1), queue.next()).await.is_err());
        queue.done(&first);
        assert_eq!(queue.next().await, first);
        queue.done(&first);
        assert_eq!(queue.depth(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn waits_for_the_earliest_time() {
        let queue = Queue::default();
        let start = Instant::now();
        queue.enqueue_after(&key("n", "a"), Duration::from_secs(60));
        queue.enqueue_after(&key("n", "a"), Duration::from_secs(5));
        queue.enqueue_after(&key("n", "a"), Duration::from_secs(90));
        let key = queue.next().await;
        assert_eq!(start.elapsed().as_secs(), 5);
        queue.done(&key);
        assert!(tokio::time::timeout(Duration::from_secs(300), queue.next()).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn all_is_hastened_when_the_server_is_back() {
        let queue = Queue::default();
        let start = Instant::now();
        queue.enqueue_after(&key("n", "a"), Duration::from_secs(300));
        queue.hasten(Duration::from_secs(1));
        queue.next().await;
        assert_eq!(start.elapsed().as_secs(), 1);
    }
}
