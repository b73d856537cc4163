//! Services through their lives: what is said, when it is written, and that kstatus reads it right at every moment.

mod children;
mod failures;
mod rollouts;
mod routes;
mod troubles;
mod walk;

use super::{fixtures::*, *};
use crate::{outcome::*, plan::Invalid};

/// What a tool that follows kstatus makes of a status.
#[derive(Debug, PartialEq, Eq)]
enum Kstatus {
    InProgress,
    Failed,
    Current,
}

fn kstatus(status: &MicroserviceStatus, generation: i64) -> Kstatus {
    let is_true = |kind: &str| conditions::find(status, kind).is_some_and(|c| c.status == "True");
    if status.observed_generation != generation || is_true("Reconciling") {
        Kstatus::InProgress
    } else if is_true("Stalled") {
        Kstatus::Failed
    } else if is_true("Ready") {
        Kstatus::Current
    } else {
        Kstatus::InProgress
    }
}

/// A service whose life is told step by step.
#[derive(Default)]
struct Story {
    status: Option<MicroserviceStatus>,
    writes: usize,
    clock: i64,
}

impl Story {
    /// One reconcile, five seconds later. What is minor is kept in mind and not written.
    fn step(&mut self, outcome: &Outcome) -> Next {
        self.clock += 5;
        let next = next(self.status.as_ref(), outcome, at(self.clock));
        assert_sound(&next.status, outcome);
        let again = super::next(Some(&next.status), &quiet(outcome), at(self.clock + 1));
        assert_eq!(again.status, next.status, "a second look changes nothing");
        assert_eq!((again.change, again.events), (Change::None, vec![]));
        assert!(
            next.events.iter().all(|e| e.note.len() <= 1000 && e.reason.chars().all(|c| c.is_ascii_alphanumeric()))
        );
        if next.change == Change::Major {
            self.writes += 1;
            self.status = Some(next.status.clone());
        }
        next
    }
}

/// The same once more: what was repaired is equal then.
fn quiet(outcome: &Outcome) -> Outcome {
    let mut outcome = outcome.clone();
    for child in &mut outcome.children {
        if matches!(child.result, ChildResult::Repaired { .. }) {
            child.result = ChildResult::Equal;
        }
    }
    outcome
}

/// What holds for every status.
fn assert_sound(status: &MicroserviceStatus, outcome: &Outcome) {
    let ready = conditions::find(status, "Ready").unwrap();
    let stalled = conditions::find(status, "Stalled");
    assert_eq!(status.observed_generation, outcome.generation);
    assert!(stalled.is_none_or(|c| c.status == "True" && ready.status == "False"));
    assert!(conditions::find(status, "Reconciling").is_none_or(|c| c.status == "True" && stalled.is_none()));
    assert!(kstatus(status, outcome.generation) != Kstatus::Current || ready.status == "True");
    assert_eq!(kstatus(status, outcome.generation + 1), Kstatus::InProgress);
    for condition in &status.conditions {
        assert!(condition.message.chars().count() <= 1024 && !condition.message.is_empty(), "{condition:?}");
        assert!(condition.reason.chars().all(|c| c.is_ascii_alphanumeric()), "{condition:?}");
        assert!(["True", "False", "Unknown"].contains(&condition.status.as_str()));
        assert!(condition.observed_generation.is_some());
    }
}

/// A service that came up.
fn ready_service() -> Story {
    let mut story = Story::default();
    story.step(&outcome(1, ChildResult::Applied, fresh(3)));
    story.step(&outcome(1, ChildResult::Equal, complete(3)));
    story
}
