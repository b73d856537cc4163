//! Pods whose containers are not made: the pod itself does not say why, its events do.

use std::time::Duration;

use jiff::Timestamp;

use super::text;
use crate::outcome::{PodSummary, ProblemKind};

/// How long a pod may take to be made before anybody asks.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// Events that tell why the containers of a pod are not made, the most telling first.
const TELLING: [&str; 6] = [
    "FailedMount",
    "FailedAttachVolume",
    "FailedMapVolume",
    "FailedCreatePodSandBox",
    "NetworkNotReady",
    "FailedPrepareDynamicResources",
];

/// Whether the events of this pod should be asked for: its containers are not made, for long, and nobody knows why.
pub fn needs_events(pod: &PodSummary, now: Timestamp) -> bool {
    let Some(problem) = &pod.problem else { return false };
    let long = match problem.since.or(pod.created) {
        Some(since) => elapsed(since, now) >= PATIENCE,
        None => true,
    };
    !pod.terminating && problem.kind == ProblemKind::StuckCreating && problem.detail.is_empty() && long
}

/// Whether an event of this reason tells why the containers of a pod are not made.
pub fn event_tells(reason: &str) -> bool {
    TELLING.contains(&reason)
}

/// Takes over what an event about the pod tells. Of several, the most telling stays, then the one learned last.
pub fn learn(pod: &mut PodSummary, reason: &str, note: &str) {
    let Some(problem) = pod.problem.as_mut().filter(|p| p.kind == ProblemKind::StuckCreating) else { return };
    let rank = |word: &str| TELLING.iter().position(|telling| *telling == word);
    let Some(new) = rank(reason) else { return };
    if rank(&problem.word).is_none_or(|known| new <= known) {
        problem.word = reason.to_owned();
        problem.detail = text::line(note.trim_start_matches("(combined from similar events): "), 512);
    }
}

/// How long ago; zero for a time to come.
pub(super) fn elapsed(since: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(since)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::PodProblem;

    fn pod(since: &str) -> PodSummary {
        PodSummary {
            problem: Some(PodProblem {
                kind: ProblemKind::StuckCreating,
                word: "ContainerCreating".to_owned(),
                container: None,
                image: String::new(),
                exit_code: None,
                restarts: 0,
                detail: String::new(),
                since: since.parse().ok(),
            }),
            ..PodSummary::default()
        }
    }

    #[test]
    fn events_are_asked_for_once_and_not_at_once() {
        let now: Timestamp = "2026-01-31T12:00:30Z".parse().unwrap();
        let mut stuck = pod("2026-01-31T12:00:00Z");
        assert!(needs_events(&stuck, now));
        assert!(!needs_events(&pod("2026-01-31T12:00:01Z"), now));
        learn(&mut stuck, "FailedMount", "MountVolume.SetUp failed for volume \"tls\" : secret \"tls\" not found");
        assert!(!needs_events(&stuck, now));
    }

    #[test]
    fn the_most_telling_event_stays() {
        let mut stuck = pod("2026-01-31T12:00:00Z");
        learn(&mut stuck, "Scheduled", "Successfully assigned");
        learn(&mut stuck, "NetworkNotReady", "network is not ready");
        learn(&mut stuck, "FailedMount", "(combined from similar events): secret \"tls\" not found");
        learn(&mut stuck, "NetworkNotReady", "network is not ready");
        let problem = stuck.problem.unwrap();
        assert_eq!((problem.word.as_str(), problem.detail.as_str()), ("FailedMount", "secret \"tls\" not found"));
    }
}
