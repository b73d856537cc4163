//! What the children and their surroundings make of a service that stands.

use super::*;

#[test]
fn a_fault_takes_nothing_from_a_service_that_stands() {
    let mut story = ready_service();
    let mut faulty = outcome(1, ChildResult::Equal, complete(3));
    faulty.children[1].result = ChildResult::Failed { message: "503 Service Unavailable".into() };
    let next = story.step(&faulty);
    assert_eq!((shown(&next.status, "Ready"), next.change), ("True RolledOut".into(), Change::Minor));
    assert_eq!((shown(&next.status, "Reconciling"), next.events.len()), ("True ApplyFailed".into(), 0));
    assert_eq!(kstatus(&next.status, 1), Kstatus::InProgress);
    assert_eq!(next.status.children.len(), 3, "what was there is still there");

    // Of a new generation nothing is known yet.
    faulty.generation = 2;
    let next = story.step(&faulty);
    assert_eq!((shown(&next.status, "Ready"), next.events.len()), ("False ApplyFailed".into(), 1));

    let mut story = ready_service();
    let mut prune = outcome(1, ChildResult::Equal, complete(3));
    prune.fault = Some("ConfigMap \"web--1\" could not be deleted: timeout".into());
    let next = story.step(&prune);
    assert_eq!(
        (shown(&next.status, "Ready"), shown(&next.status, "Reconciling")),
        ("True RolledOut".into(), "True ApplyFailed".into())
    );
}

#[test]
fn a_repair_is_told_and_writes_no_status() {
    let mut story = ready_service();
    let mut repaired = outcome(1, ChildResult::Equal, complete(3));
    repaired.children[1].result = ChildResult::Repaired { what: "deleted".into() };
    repaired.children[2].result = ChildResult::Repaired { what: "spec.replicas".into() };
    if let Health::Deployment(health) = &mut repaired.children[2].health {
        health.generation = 3;
    }
    let next = story.step(&repaired);
    assert_eq!((next.change, next.events.len()), (Change::None, 1));
    assert_eq!((next.events[0].reason.as_str(), next.events[0].warning), ("Repaired", false));
    assert!(next.events[0].note.contains("Service \"web\" (deleted), Deployment \"web\" (spec.replicas)"));
}

#[test]
fn a_rewritten_field_is_said_and_blocks_nothing() {
    let mut story = Story::default();
    let mut resisted = outcome(1, ChildResult::Equal, complete(3));
    resisted.children[1].result =
        ChildResult::Resisted { path: "metadata.labels[team]".into(), wanted: "\"a\"".into(), got: "\"b\"".into() };
    let next = story.step(&resisted);
    assert_eq!(
        (shown(&next.status, "Ready"), shown(&next.status, "Drifted")),
        ("True RolledOut".into(), "True FieldRewritten".into())
    );
    for part in ["Service \"web\"", "metadata.labels[team]", "\"a\"", "\"b\"", "mutating"] {
        assert!(message(&next.status, "Drifted").contains(part), "{part}");
    }
    assert_eq!(next.events[0].reason, "FieldRewritten");
    assert_eq!(shown(&story.step(&outcome(1, ChildResult::Equal, complete(3))).status, "Drifted"), "-");
}

#[test]
fn a_name_clash_stalls_until_the_name_is_free() {
    let mut story = Story::default();
    let mut clash = outcome(1, ChildResult::Equal, complete(3));
    clash.children[1].result = ChildResult::Clash { owner: "nobody".into() };
    let next = story.step(&clash);
    assert_eq!(
        (shown(&next.status, "Ready"), shown(&next.status, "Stalled")),
        ("False NameClash".into(), "True NameClash".into())
    );
    assert_eq!((kstatus(&next.status, 1), next.events.len()), (Kstatus::Failed, 1));
    assert_eq!(next.status.children.len(), 2, "what is not ours is not listed");
    assert_eq!(shown(&next.status, "Available"), "True EnoughPods");
    let free = story.step(&outcome(1, ChildResult::Equal, complete(3)));
    assert_eq!((kstatus(&free.status, 1), free.events[0].reason.as_str()), (Kstatus::Current, "Recovered"));
}

#[test]
fn an_autoscaler_adds_no_write_before_the_service_is_ready() {
    let scaled = |result: ChildResult, deployment: DeploymentHealth, health: AutoscalerHealth| {
        let mut outcome = outcome(1, result.clone(), deployment);
        let autoscaler = child("HorizontalPodAutoscaler", result);
        outcome.children.push(ChildOutcome { health: Health::Autoscaler(health), ..autoscaler });
        outcome
    };
    let blind = |since: i64| AutoscalerHealth {
        active: verdict("False", "FailedGetResourceMetric", "no metrics")
            .map(|v| Verdict { since: Some(at(since)), ..v }),
        ..AutoscalerHealth::default()
    };
    let seeing = AutoscalerHealth { active: verdict("True", "ValidMetricFound", ""), ..AutoscalerHealth::default() };
    let mut story = Story::default();
    story.step(&scaled(ChildResult::Applied, fresh(1), AutoscalerHealth::default()));
    story.step(&scaled(ChildResult::Equal, deployment(2, 2, 1, "ReplicaSetUpdated"), blind(8)));
    let ready = story.step(&scaled(ChildResult::Equal, complete(2), blind(8)));
    assert_eq!(
        (shown(&ready.status, "Ready"), shown(&ready.status, "Scalable")),
        ("True RolledOut".into(), "Unknown NotReported".into())
    );
    assert_eq!((story.writes, ready.recheck_after), (2, Some(Duration::from_secs(53))));
    let active = story.step(&scaled(ChildResult::Equal, complete(2), seeing));
    assert_eq!((active.change, shown(&active.status, "Scalable")), (Change::Minor, "True Active".into()));
    story.clock = 100;
    let lost = story.step(&scaled(ChildResult::Equal, complete(2), blind(8)));
    assert_eq!((lost.change, shown(&lost.status, "Scalable")), (Change::Major, "False FailedGetResourceMetric".into()));
    assert_eq!((shown(&lost.status, "Ready"), lost.events[0].action), ("True RolledOut".into(), "Scale"));
}
