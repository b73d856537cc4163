//! Services that come up, change and scale.

use super::*;

#[test]
fn a_new_service_takes_two_writes_and_is_never_current_before_it_is() {
    assert_eq!(kstatus(&MicroserviceStatus::default(), 1), Kstatus::InProgress);
    let mut story = Story { status: Some(MicroserviceStatus::default()), ..Story::default() };
    let first = story.step(&outcome(1, ChildResult::Applied, fresh(3)));
    assert_eq!((shown(&first.status, "Ready"), first.change), ("False Progressing".into(), Change::Major));
    assert_eq!(kstatus(&first.status, 1), Kstatus::InProgress);
    for (updated, available) in [(0, 0), (1, 0), (3, 0), (3, 1), (3, 2)] {
        let health = deployment(3, updated, available, "ReplicaSetUpdated");
        let on_the_way = story.step(&outcome(1, ChildResult::Equal, health));
        assert_eq!(on_the_way.change, Change::Minor, "{updated} {available}");
        assert_eq!(kstatus(&on_the_way.status, 1), Kstatus::InProgress);
    }
    // Enough of them are there a moment before the rollout is called complete.
    let nearly = story.step(&outcome(1, ChildResult::Equal, deployment(3, 3, 3, "ReplicaSetUpdated")));
    assert_eq!((nearly.change, shown(&nearly.status, "Available")), (Change::Minor, "True EnoughPods".into()));

    let done = story.step(&outcome(1, ChildResult::Equal, complete(3)));
    assert_eq!(shown(&done.status, "Ready"), "True RolledOut");
    assert_eq!(shown(&done.status, "Available"), "True EnoughPods");
    assert_eq!(shown(&done.status, "Progressing"), "False RolledOut");
    assert_eq!((shown(&done.status, "Reconciling"), shown(&done.status, "Exposed")), ("-".into(), "-".into()));
    assert_eq!((kstatus(&done.status, 1), story.writes), (Kstatus::Current, 2));
    assert!(first.events.is_empty() && done.events.is_empty(), "nothing was wrong");

    let status = done.status;
    assert_eq!((status.replicas, status.ready_replicas), (Some(3), Some(3)));
    assert_eq!(status.image.as_deref(), Some("registry.example/web:v1"));
    assert_eq!(status.profile.as_deref(), Some("v1"));
    assert_eq!(status.selector.as_deref(), Some("app.kubernetes.io/name=web,app.kubernetes.io/instance=web"));
    let kinds: Vec<_> = status.children.iter().map(|c| c.kind.as_str()).collect();
    assert_eq!(kinds, ["ServiceAccount", "Service", "Deployment"]);
}

#[test]
fn an_image_change_takes_two_writes_and_the_old_pods_stay_available() {
    let mut story = ready_service();
    let since = conditions::find(story.status.as_ref().unwrap(), "Available").unwrap().last_transition_time.clone();
    let unseen = DeploymentHealth { generation: 2, ..complete(3) };
    let first = story.step(&outcome(2, ChildResult::Applied, unseen));
    assert_eq!((shown(&first.status, "Ready"), first.change), ("False Progressing".into(), Change::Major));
    for (updated, available) in [(1, 3), (2, 3), (3, 3)] {
        let health = DeploymentHealth { replicas: 4, ..deployment(3, updated, available, "ReplicaSetUpdated") };
        let next = story.step(&outcome(2, ChildResult::Equal, health));
        assert_eq!((next.change, shown(&next.status, "Available")), (Change::Minor, "True EnoughPods".into()));
    }
    let done = story.step(&outcome(2, ChildResult::Equal, complete(3)));
    assert_eq!((shown(&done.status, "Ready"), story.writes), ("True RolledOut".into(), 4));
    assert!(first.events.is_empty() && done.events.is_empty());
    assert_eq!(conditions::find(&done.status, "Available").unwrap().last_transition_time, since);
}

#[test]
fn times_move_only_with_the_status_of_a_condition() {
    let time = |next: &Next, kind: &str| conditions::find(&next.status, kind).unwrap().last_transition_time.0;
    let mut story = Story::default();
    let first = story.step(&outcome(1, ChildResult::Applied, fresh(1)));
    assert_eq!(time(&first, "Ready"), at(5));
    let mut crashing = outcome(1, ChildResult::Equal, deployment(1, 1, 0, "ReplicaSetUpdated"));
    crashing.pods = vec![pod("web-1", "a", 0, Some(problem(ProblemKind::CrashLoop)))];
    let second = story.step(&crashing);
    assert_eq!((shown(&second.status, "Ready"), time(&second, "Ready")), ("False CrashLoop".into(), at(5)));
    let third = story.step(&outcome(1, ChildResult::Equal, complete(1)));
    assert_eq!(time(&third, "Ready"), at(15));
}

#[test]
fn an_autoscaler_and_a_lost_pod_write_nothing() {
    let mut story = ready_service();
    let asked = DeploymentHealth { generation: 2, spec_replicas: 5, ..complete(3) };
    let growing = |available: i32| DeploymentHealth {
        generation: 2,
        observed_generation: 2,
        ..deployment(5, 5, available, "NewReplicaSetAvailable")
    };
    for health in [asked, growing(3), growing(4), growing(5), deployment(3, 3, 2, "NewReplicaSetAvailable")] {
        let next = story.step(&outcome(1, ChildResult::Equal, health));
        assert!(next.change <= Change::Minor, "{:?}", next.status);
        assert_eq!(shown(&next.status, "Ready"), "True RolledOut");
    }
    // But a new pod that cannot start is said.
    let mut bad = outcome(1, ChildResult::Equal, growing(3));
    bad.pods = vec![pod("web-9", "a", 9, Some(problem(ProblemKind::Unschedulable)))];
    assert_eq!(shown(&story.step(&bad).status, "Ready"), "False Unschedulable");
}

#[test]
fn a_service_without_any_pod_left_is_unavailable() {
    let mut story = ready_service();
    let gone = || outcome(1, ChildResult::Equal, deployment(3, 3, 0, "NewReplicaSetAvailable"));
    let next = story.step(&gone());
    assert_eq!((shown(&next.status, "Ready"), next.events.len()), ("False Unavailable".into(), 1));
    assert_eq!(story.step(&gone()).change, Change::None);
}

#[test]
fn scaled_to_zero_is_ready() {
    let mut story = Story::default();
    let next = story.step(&outcome(1, ChildResult::Applied, complete(0)));
    assert_eq!(
        (shown(&next.status, "Ready"), shown(&next.status, "Available")),
        ("True ScaledToZero".into(), "True ScaledToZero".into())
    );
    assert_eq!(kstatus(&next.status, 1), Kstatus::Current);
    let up = story.step(&outcome(1, ChildResult::Equal, deployment(1, 1, 0, "NewReplicaSetAvailable")));
    assert_eq!((shown(&up.status, "Ready"), up.events.len()), ("False Progressing".into(), 0));
}
