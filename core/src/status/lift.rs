//! Which trouble of which pod is the one to tell.

use std::{cmp::Reverse, time::Duration};

use jiff::Timestamp;

use super::{
    Say, causes,
    facts::Facts,
    pods::{RUNNING, STARTING},
    stuck::{PATIENCE, elapsed},
};
use crate::outcome::{DeploymentHealth, PodProblem, PodSummary, ProblemKind};

/// A container that ran as long as this after a crash is taken for recovered by the kubelet.
const RECOVERED: Duration = Duration::from_secs(600);

/// How long until the events of a pod are asked for again, when they did not tell why it is stuck: the kubelet gives up
/// on a volume after minutes, and then says so in an event alone.
const ASK_AGAIN: Duration = Duration::from_secs(60);

/// What the pods say.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Lifted {
    /// The cause to tell.
    pub cause: Option<Say>,
    /// When something that is not worth saying yet becomes so.
    pub recheck: Option<Duration>,
}

/// The worst trouble among the pods of the newest template.
pub(super) fn lift(pods: &[PodSummary], health: &DeploymentHealth, facts: &Facts, now: Timestamp) -> Lifted {
    // What pods say before the controller has made those of the new template is about the old one.
    if health.observed_generation < health.generation || health.updated == 0 {
        return Lifted::default();
    }
    let newest = (health.replicas > health.updated).then(|| newest_template(pods)).flatten();
    let mut recheck: Option<Duration> = None;
    let mut worst: Option<(ProblemKind, Option<Timestamp>, &str, PodProblem, &PodSummary)> = None;
    for pod in pods.iter().filter(|p| !p.terminating && !p.ready) {
        if newest.is_some_and(|hash| hash != pod.template_hash) {
            continue;
        }
        let Some(problem) = &pod.problem else { continue };
        let (problem, wait) = aged(pod, problem, now);
        recheck = [recheck, wait].into_iter().flatten().min();
        let Some(problem) = problem else { continue };
        let rank = (problem.kind, pod.created, pod.name.as_str());
        if worst.as_ref().is_none_or(|w| rank < (w.0, w.1, w.2)) {
            worst = Some((rank.0, rank.1, rank.2, problem, pod));
        }
    }
    Lifted { cause: worst.map(|(_, _, _, problem, pod)| causes::of_pod(pod, &problem, facts)), recheck }
}

/// The template whose first pod is the youngest. An old template may get a new pod, but not a new first one.
fn newest_template(pods: &[PodSummary]) -> Option<&str> {
    let first = |hash: &str| pods.iter().filter(|p| p.template_hash == hash).map(|p| p.created).min();
    pods.iter()
        .filter(|p| !p.terminating)
        .max_by_key(|p| (first(&p.template_hash), Reverse(&p.template_hash)))
        .map(|p| p.template_hash.as_str())
}

/// What the problem counts as at this time, and when that changes by itself.
fn aged(pod: &PodSummary, problem: &PodProblem, now: Timestamp) -> (Option<PodProblem>, Option<Duration>) {
    let age = problem.since.or(pod.created).map(|since| elapsed(since, now));
    let left = |limit: Duration| age.map(|age| limit.saturating_sub(age)).filter(|left| !left.is_zero());
    match problem.kind {
        ProblemKind::NotReady | ProblemKind::StuckCreating => {
            // A startup probe is there to give time.
            let patience = if problem.word == STARTING { 4 * PATIENCE } else { PATIENCE };
            match left(patience) {
                Some(left) => (None, Some(left)),
                None => {
                    let unexplained = problem.kind == ProblemKind::StuckCreating && problem.detail.is_empty();
                    (Some(problem.clone()), unexplained.then_some(ASK_AGAIN))
                }
            }
        }
        ProblemKind::CrashLoop | ProblemKind::OomKilled if problem.word == RUNNING => match left(RECOVERED) {
            Some(left) => (Some(problem.clone()), Some(left)),
            None => (Some(PodProblem { kind: ProblemKind::NotReady, ..problem.clone() }), None),
        },
        // It stays as a corpse for long after another pod took its place.
        ProblemKind::Evicted => {
            let recent = pod.created.is_none_or(|created| elapsed(created, now) < RECOVERED);
            (recent.then(|| problem.clone()), None)
        }
        _ => (Some(problem.clone()), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::fixtures::{at, deployment, facts, pod, problem};

    fn rolling() -> DeploymentHealth {
        DeploymentHealth { replicas: 4, ..deployment(3, 1, 3, "ReplicaSetUpdated") }
    }

    fn reason(pods: &[PodSummary], health: &DeploymentHealth, now: i64) -> Option<String> {
        lift(pods, health, &facts(), at(now)).cause.map(|say| say.reason)
    }

    #[test]
    fn only_the_newest_template_counts_in_a_rollout() {
        let old = |created| pod("old-1", "a", created, Some(problem(ProblemKind::CrashLoop)));
        let first = pod("old-0", "a", 0, None);
        let new = |trouble| pod("new-1", "b", 100, trouble);
        // An old pod that is younger than the new one does not make its template the newest.
        assert_eq!(reason(&[first.clone(), old(200), new(None)], &rolling(), 300), None);
        let pods = [first, old(200), new(Some(problem(ProblemKind::ImagePull)))];
        assert_eq!(reason(&pods, &rolling(), 300).as_deref(), Some("ImagePullFailed"));
    }

    #[test]
    fn before_the_new_pods_are_there_the_old_ones_say_nothing() {
        let pods = [pod("old-1", "a", 0, Some(problem(ProblemKind::CrashLoop)))];
        assert_eq!(reason(&pods, &DeploymentHealth { generation: 2, ..rolling() }, 300), None);
        assert_eq!(reason(&pods, &DeploymentHealth { updated: 0, ..rolling() }, 300), None);
        assert_eq!(reason(&pods, &rolling(), 300).as_deref(), Some("CrashLoop"));
    }

    #[test]
    fn the_worst_trouble_of_the_oldest_pod_is_told() {
        let health = deployment(3, 3, 0, "ReplicaSetUpdated");
        let crash = |name, created| pod(name, "a", created, Some(problem(ProblemKind::CrashLoop)));
        let mut going = pod("web-0", "a", 0, Some(problem(ProblemKind::ContainerConfig)));
        going.terminating = true;
        let unschedulable = pod("web-1", "a", 0, Some(problem(ProblemKind::Unschedulable)));
        let pods = [going, unschedulable, crash("web-3", 9), crash("web-2", 5)];
        let told = lift(&pods, &health, &facts(), at(300)).cause.unwrap();
        assert!(told.reason == "CrashLoop" && told.message.contains("web-2"), "{told:?}");
    }

    #[test]
    fn what_needs_patience_is_told_late() {
        let health = deployment(1, 1, 0, "ReplicaSetUpdated");
        let since = |kind, word: &str| {
            let detail = if word == "FailedMount" { "no such secret".into() } else { String::new() };
            let problem = PodProblem { since: Some(at(0)), word: word.into(), detail, ..problem(kind) };
            [pod("web-1", "a", 0, Some(problem))]
        };
        let seconds = |n| Some(Duration::from_secs(n));
        for (pods, patience, told) in [
            (since(ProblemKind::NotReady, RUNNING), 30, "ReadinessProbeFailing"),
            (since(ProblemKind::NotReady, STARTING), 120, "StartupProbeFailing"),
            (since(ProblemKind::StuckCreating, "FailedMount"), 30, "VolumeNotMounted"),
        ] {
            let early = lift(&pods, &health, &facts(), at(patience - 1));
            assert_eq!((early.cause, early.recheck), (None, seconds(1)), "{told}");
            let late = lift(&pods, &health, &facts(), at(patience));
            assert_eq!((late.cause.unwrap().reason.as_str(), late.recheck), (told, None));
        }
        // Nobody knows why: its events are asked for again.
        let unexplained = lift(&since(ProblemKind::StuckCreating, "ContainerCreating"), &health, &facts(), at(30));
        assert_eq!(
            (unexplained.cause.unwrap().reason.as_str(), unexplained.recheck),
            ("ContainersNotCreated", seconds(60))
        );
        // It has run for long after a crash: what is wrong now is that it is not ready.
        let crashed = since(ProblemKind::CrashLoop, RUNNING);
        let early = lift(&crashed, &health, &facts(), at(100));
        assert_eq!((early.cause.unwrap().reason.as_str(), early.recheck), ("CrashLoop", seconds(500)));
        assert_eq!(reason(&crashed, &health, 600).as_deref(), Some("ReadinessProbeFailing"));
        // A corpse is no news.
        let evicted = since(ProblemKind::Evicted, "Evicted");
        assert_eq!(reason(&evicted, &health, 60).as_deref(), Some("PodEvicted"));
        assert_eq!(reason(&evicted, &health, 601), None);
    }
}
