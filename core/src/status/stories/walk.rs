//! A service that meets everything that can happen, in any order.

use super::*;
use crate::gateway::Seen;

/// All outcomes that differ in kind.
fn pool() -> Vec<Outcome> {
    let equal = |health| outcome(1, ChildResult::Equal, health);
    let mut pool = vec![
        outcome(1, ChildResult::Applied, fresh(2)),
        equal(DeploymentHealth { generation: 2, ..complete(2) }),
        equal(deployment(2, 1, 0, "ReplicaSetUpdated")),
        equal(deployment(2, 2, 1, "ReplicaSetUpdated")),
        equal(deployment(2, 2, 1, "NewReplicaSetAvailable")),
        equal(deployment(2, 2, 0, "NewReplicaSetAvailable")),
        equal(deployment(2, 2, 0, "ProgressDeadlineExceeded")),
        equal(deployment(2, 0, 0, "DeploymentPaused")),
        equal(complete(2)),
        equal(complete(0)),
    ];
    for kind in [
        ProblemKind::ContainerConfig,
        ProblemKind::ImagePull,
        ProblemKind::OomKilled,
        ProblemKind::InitFailed,
        ProblemKind::CrashLoop,
        ProblemKind::Unschedulable,
        ProblemKind::StuckCreating,
        ProblemKind::NotReady,
        ProblemKind::Evicted,
    ] {
        for progressing in ["ReplicaSetUpdated", "ProgressDeadlineExceeded"] {
            let mut outcome = equal(deployment(2, 2, 1, progressing));
            outcome.pods = vec![pod("web-1", "a", 0, Some(PodProblem { detail: "w ".repeat(256), ..problem(kind) }))];
            pool.push(outcome);
        }
    }
    let long = "words ".repeat(1000);
    for result in [
        ChildResult::Repaired { what: long.clone() },
        ChildResult::Paused,
        ChildResult::Kept,
        ChildResult::KindAbsent { crd: "things.example.com" },
        ChildResult::VersionAbsent { crd: "things.example.com", version: "v1" },
        ChildResult::Clash { owner: "nobody".into() },
        ChildResult::Leftover,
        ChildResult::Resisted { path: "spec.x".into(), wanted: long.clone(), got: long.clone() },
        ChildResult::Invalid { message: long.clone() },
        ChildResult::Forbidden { message: long.clone() },
        ChildResult::Failed { message: long.clone() },
    ] {
        let mut outcome = equal(complete(2));
        outcome.children[1].result = result;
        pool.push(outcome);
    }
    pool.extend(routes());
    let mut refused = equal(DeploymentHealth { replica_failure: verdict("True", "FailedCreate", &long), ..fresh(2) });
    refused.fault = Some(long.clone());
    pool.push(refused);
    let mut invalid = equal(complete(2));
    invalid.children.clear();
    invalid.plan = Err(vec![Invalid::spec("image", long); 9]);
    pool.push(invalid);
    let mut classless = equal(complete(2));
    classless.children.clear();
    classless.plan =
        Err(vec![Invalid { blame: crate::plan::Blame::NoClass, ..Invalid::spec("class", "is not there") }]);
    pool.push(classless);
    for n in 0..pool.len() {
        let mut paused = pool[n].clone();
        paused.paused = true;
        pool.push(paused);
    }
    pool
}

/// A route that is taken, and what may become of it.
fn routes() -> Vec<Outcome> {
    let mut silent = routed();
    said_of_route(&mut silent).clear();
    let mut strict = silent.clone();
    strict.plan.as_mut().unwrap().ready_requires_exposed = true;
    let mut denied = routed();
    said_of_route(&mut denied)[0].accepted = verdict("False", "NotAllowedByListeners", &"words ".repeat(1000));
    denied.warnings = vec!["words ".repeat(1000)];
    let mut lost = routed();
    lost.gateways.parents.insert(public(), Seen::Absent);
    vec![routed(), silent, strict, denied, lost]
}

#[test]
fn every_status_is_sound_and_steady_whatever_came_before() {
    let pool = pool();
    for first in &pool {
        for second in &pool {
            for grows in [0, 1] {
                let mut story = Story::default();
                story.step(first);
                story.step(&Outcome { generation: 1 + grows, ..second.clone() });
            }
        }
    }
}

#[test]
fn a_long_life_ends_well() {
    let pool = pool();
    let mut story = Story::default();
    let (mut dice, mut generation) = (7_usize, 1);
    for _ in 0..3000 {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        generation += i64::from(dice >> 40 & 3 == 0);
        story.step(&Outcome { generation, ..pool[(dice >> 33) % pool.len()].clone() });
    }
    let last = story.step(&outcome(generation + 1, ChildResult::Equal, complete(2)));
    assert_eq!(kstatus(&last.status, generation + 1), Kstatus::Current);
    assert_eq!(shown(&last.status, "Ready"), "True RolledOut");
}
