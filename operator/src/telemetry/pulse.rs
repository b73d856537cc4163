//! When the API server was last heard of, on each watch: a bookmark comes about once a minute on every one, so a watch
//! that is silent for long is deaf, however healthy the rest may look.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// A watch that has been silent for so long is deaf. The connection gives up by itself before.
const DEAF: Duration = Duration::from_secs(240);
/// So long ago the API server may have answered last, for this operator to count as in touch.
const IN_TOUCH: Duration = Duration::from_secs(150);

/// The last words of the API server. Cheap to clone.
#[derive(Clone, Default)]
pub struct Pulses {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Default)]
struct Inner {
    /// By resource.
    watches: HashMap<String, Instant>,
    any: Option<Instant>,
}

impl Pulses {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The API server answered a request, with success or not.
    pub(super) fn answer(&self) {
        self.lock().any = Some(Instant::now());
    }

    /// Something came in on the watch of a resource.
    pub(super) fn watch(&self, resource: &str) {
        let mut inner = self.lock();
        let now = Instant::now();
        inner.any = Some(now);
        match inner.watches.get_mut(resource) {
            Some(last) => *last = now,
            None => drop(inner.watches.insert(resource.to_owned(), now)),
        }
    }

    /// Which of these watches has been silent for too long. One that was never heard has not started yet.
    pub fn deaf<'a>(&self, watches: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
        let inner = self.lock();
        let silent = |resource: &&str| inner.watches.get(*resource).is_some_and(|last| last.elapsed() > DEAF);
        watches.into_iter().find(silent)
    }

    /// Whether the API server has answered anything lately.
    pub fn in_touch(&self) -> bool {
        self.lock().any.is_some_and(|last| last.elapsed() < IN_TOUCH)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn one_deaf_watch_is_found_among_lively_ones() {
        let pulses = Pulses::default();
        assert!(!pulses.in_touch());
        pulses.watch("pods");
        pulses.watch("services");
        for _ in 0..5 {
            tokio::time::advance(Duration::from_secs(60)).await;
            pulses.watch("pods");
        }
        assert_eq!(pulses.deaf(["pods", "services", "never-started"]), Some("services"));
        assert_eq!(pulses.deaf(["pods"]), None);
        assert!(pulses.in_touch());
        tokio::time::advance(Duration::from_secs(151)).await;
        assert!(!pulses.in_touch());
        pulses.answer();
        assert!(pulses.in_touch());
    }
}
