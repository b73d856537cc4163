//! Failed writes, remembered for each child, so that what cannot work is not tried at every event.

use std::{collections::BTreeMap, time::Duration};

use microservice_core::outcome::ChildResult;
use tokio::time::Instant;

use crate::{backoff, store::Kind};

const FIRST: Duration = Duration::from_secs(1);
const MOST: Duration = Duration::from_secs(300);

/// One child's last failed write.
#[derive(Clone, Debug)]
struct Attempt {
    digest: String,
    content: String,
    failures: u32,
    /// None: only a change helps.
    until: Option<Instant>,
    result: ChildResult,
}

/// All failed writes of one Microservice.
#[derive(Clone, Debug, Default)]
pub struct Attempts {
    by_child: BTreeMap<(Kind, String), Attempt>,
    /// Reconciles in a row that failed for another reason: a panic, a status that cannot be written.
    faults: u32,
}

impl Attempts {
    /// The result of an earlier try that still holds: the same object was wanted, the same stood there, and its time
    /// has not come.
    pub fn holds(&self, kind: Kind, name: &str, digest: &str, content: &str, now: Instant) -> Option<ChildResult> {
        let attempt = self.by_child.get(&(kind, name.to_owned()))?;
        let same = attempt.digest == digest && attempt.content == content;
        (same && attempt.until.is_none_or(|until| until > now)).then(|| attempt.result.clone())
    }

    /// Notes what a write came to.
    pub fn note(&mut self, kind: Kind, name: &str, digest: &str, content: &str, result: &ChildResult, now: Instant) {
        let slot = (kind, name.to_owned());
        let before = self.by_child.remove(&slot).filter(|a| a.digest == digest).map_or(0, |a| a.failures);
        let failures = before + 1;
        let until = match result {
            ChildResult::Invalid { .. } => None,
            ChildResult::Forbidden { .. } | ChildResult::Failed { .. } => {
                Some(now + backoff::delay(failures, FIRST, MOST))
            }
            _ => return,
        };
        let (digest, content) = (digest.to_owned(), content.to_owned());
        self.by_child.insert(slot, Attempt { digest, content, failures, until, result: result.clone() });
    }

    /// The child is gone: what it refused says nothing of a new one.
    pub fn forget(&mut self, kind: Kind, name: &str) {
        self.by_child.remove(&(kind, name.to_owned()));
    }

    /// Keeps only what is still wanted.
    pub fn retain(&mut self, wanted: impl Fn(Kind, &str) -> bool) {
        self.by_child.retain(|(kind, name), _| wanted(*kind, name));
    }

    /// Notes that the reconcile as a whole failed or not; answers the delay to the next one.
    pub fn fault(&mut self, failed: bool) -> Option<Duration> {
        self.faults = if failed { self.faults + 1 } else { 0 };
        failed.then(|| backoff::delay(self.faults, FIRST, MOST))
    }

    /// When the first write may be tried again.
    pub fn next(&self) -> Option<Instant> {
        self.by_child.values().filter_map(|attempt| attempt.until).min()
    }

    /// Brings every retry forward: used when the API server is back.
    pub fn hasten(&mut self, until: Instant) {
        for attempt in self.by_child.values_mut() {
            attempt.until = attempt.until.map(|present| present.min(until));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_refusal_holds_until_something_changes() {
        let mut attempts = Attempts::default();
        let invalid = ChildResult::Invalid { message: "no".into() };
        attempts.note(0, "a", "d1", "c1", &invalid, Instant::now());
        tokio::time::advance(Duration::from_secs(100_000)).await;
        assert_eq!(attempts.holds(0, "a", "d1", "c1", Instant::now()), Some(invalid));
        assert_eq!(attempts.holds(0, "a", "d2", "c1", Instant::now()), None);
        assert_eq!(attempts.holds(0, "a", "d1", "c2", Instant::now()), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_fault_is_tried_again_ever_later() {
        let mut attempts = Attempts::default();
        let failed = ChildResult::Failed { message: "500".into() };
        let mut waited = Vec::new();
        for _ in 0..12 {
            attempts.note(0, "a", "d", "c", &failed, Instant::now());
            let until = attempts.next().unwrap();
            waited.push((until - Instant::now()).as_secs());
            assert!(attempts.holds(0, "a", "d", "c", Instant::now()).is_some());
            tokio::time::advance(until - Instant::now()).await;
            assert!(attempts.holds(0, "a", "d", "c", Instant::now()).is_none());
        }
        assert_eq!(waited[0], 1);
        assert!(*waited.last().unwrap() >= 300);
    }
}
