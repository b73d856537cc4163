//! Services that fail, are wrong, or are paused.

use super::*;

#[test]
fn a_crash_is_told_once_and_its_recovery_too() {
    let mut story = ready_service();
    let crash = || {
        let mut health = deployment(1, 1, 0, "NewReplicaSetAvailable");
        health.observed_generation = 1;
        let mut outcome = outcome(1, ChildResult::Equal, health);
        outcome.pods = vec![pod(
            "web-1",
            "a",
            0,
            Some(PodProblem { exit_code: Some(3), restarts: 1, ..problem(ProblemKind::CrashLoop) }),
        )];
        outcome
    };
    let down = story.step(&crash());
    assert_eq!(
        (shown(&down.status, "Ready"), shown(&down.status, "Available")),
        ("False CrashLoop".into(), "False TooFewPods".into())
    );
    assert_eq!(down.events.len(), 1);
    assert!(down.events[0].warning && down.events[0].reason == "CrashLoop");
    assert!(down.events[0].note.contains("kubectl logs -n shop web-1 -c web --previous"));
    let mut again = crash();
    again.pods[0].problem.as_mut().unwrap().restarts = 5;
    let again = story.step(&again);
    assert_eq!((again.change, again.events.len()), (Change::Minor, 0));
    // It starts anew: not wrong any more, not well yet.
    let up = story.step(&outcome(1, ChildResult::Equal, deployment(1, 1, 0, "NewReplicaSetAvailable")));
    assert_eq!(
        (shown(&up.status, "Ready"), shown(&up.status, "Reconciling")),
        ("False Progressing".into(), "True Recovering".into())
    );
    assert!(up.events.is_empty());
    let well = story.step(&outcome(1, ChildResult::Equal, complete(1)));
    assert_eq!(well.events.len(), 1);
    assert!(!well.events[0].warning && well.events[0].reason == "Recovered");
}

#[test]
fn a_passed_deadline_stalls_with_the_cause() {
    let mut story = Story::default();
    let mut late = outcome(1, ChildResult::Equal, deployment(1, 1, 0, "ProgressDeadlineExceeded"));
    let bare = story.step(&late);
    assert_eq!(
        (shown(&bare.status, "Ready"), shown(&bare.status, "Stalled")),
        ("False ProgressDeadlineExceeded".into(), "True ProgressDeadlineExceeded".into())
    );
    assert_eq!(kstatus(&bare.status, 1), Kstatus::Failed);
    late.pods = vec![pod("web-1", "a", 0, Some(problem(ProblemKind::ImagePull)))];
    let next = story.step(&late);
    assert_eq!(
        (shown(&next.status, "Ready"), shown(&next.status, "Stalled")),
        ("False ImagePullFailed".into(), "True ProgressDeadlineExceeded".into())
    );
    assert!(message(&next.status, "Stalled").contains("cannot get its image"));
    assert_eq!(shown(&next.status, "Reconciling"), "-");
}

#[test]
fn what_is_not_worth_saying_yet_is_looked_at_again() {
    let mut story = Story::default();
    let running = PodProblem { since: Some(at(0)), word: "Running".into(), ..problem(ProblemKind::NotReady) };
    let mut slow = outcome(1, ChildResult::Equal, deployment(1, 1, 0, "ReplicaSetUpdated"));
    slow.pods = vec![pod("web-1", "a", 0, Some(running))];
    let early = next(None, &slow, at(10));
    assert_eq!(
        (shown(&early.status, "Ready"), early.recheck_after),
        ("False Progressing".into(), Some(Duration::from_secs(20)))
    );
    story.clock = 30;
    let late = story.step(&slow);
    assert_eq!((shown(&late.status, "Ready"), late.recheck_after), ("False ReadinessProbeFailing".into(), None));
    assert!(message(&late.status, "Ready").contains("GET /_healthz on port http"));
}

#[test]
fn an_invalid_spec_stalls_and_leaves_the_last_state() {
    let mut story = ready_service();
    let before = story.status.clone().unwrap();
    let mut bad = outcome(2, ChildResult::Equal, complete(3));
    bad.children.clear();
    bad.plan = Err(vec![Invalid::spec("routes[main].gateway", "is missing; name one")]);
    let next = story.step(&bad);
    assert_eq!((shown(&next.status, "Ready"), kstatus(&next.status, 2)), ("False InvalidSpec".into(), Kstatus::Failed));
    assert!(message(&next.status, "Stalled").contains("routes[main].gateway: is missing; name one"));
    assert_eq!((&next.status.children, &next.status.image), (&before.children, &before.image));
    assert_eq!(conditions::find(&next.status, "Available"), conditions::find(&before, "Available"));
    assert_eq!(next.events[0].reason, "InvalidSpec");
    // Another mistake in the next try is told again; then it is well.
    bad.generation = 3;
    bad.plan = Err(vec![Invalid::spec("image", "is empty")]);
    assert_eq!(story.step(&bad).events.len(), 1);
    let well = story.step(&outcome(4, ChildResult::Equal, complete(3)));
    assert_eq!((shown(&well.status, "Ready"), well.events[0].reason.as_str()), ("True RolledOut".into(), "Recovered"));
}

#[test]
fn pausing_freezes_the_verdict_and_says_so() {
    let mut story = ready_service();
    let mut paused = outcome(2, ChildResult::Paused, complete(3));
    paused.paused = true;
    let next = story.step(&paused);
    assert_eq!((shown(&next.status, "Ready"), kstatus(&next.status, 2)), ("True Paused".into(), Kstatus::Current));
    assert!(message(&next.status, "Ready").contains("spec.paused"));
    // What happens to the pods meanwhile is seen, and not judged.
    if let Some(Health::Deployment(health)) = paused.children.last_mut().map(|c| &mut c.health) {
        *health = deployment(3, 3, 1, "NewReplicaSetAvailable");
    }
    let next = story.step(&paused);
    assert_eq!(
        (shown(&next.status, "Ready"), shown(&next.status, "Available")),
        ("True Paused".into(), "False TooFewPods".into())
    );
    let on = story.step(&outcome(3, ChildResult::Equal, complete(3)));
    assert_eq!((shown(&on.status, "Ready"), on.events.len()), ("True RolledOut".into(), 0));

    // Paused from its first day: never Current.
    let mut story = Story::default();
    let mut paused = outcome(1, ChildResult::Paused, fresh(1));
    paused.paused = true;
    let next = story.step(&paused);
    assert_eq!(
        (shown(&next.status, "Ready"), kstatus(&next.status, 1)),
        ("Unknown Paused".into(), Kstatus::InProgress)
    );
    assert!(next.status.children.is_empty() && next.status.image.is_none() && next.status.selector.is_some());
}

#[test]
fn a_failure_stays_failed_while_paused() {
    let mut story = Story::default();
    story.step(&outcome(1, ChildResult::Equal, deployment(1, 1, 0, "ProgressDeadlineExceeded")));
    let mut paused = outcome(2, ChildResult::Paused, deployment(1, 1, 0, "ProgressDeadlineExceeded"));
    paused.paused = true;
    let next = story.step(&paused);
    assert_eq!((shown(&next.status, "Ready"), kstatus(&next.status, 2)), ("False Paused".into(), Kstatus::Failed));
    assert!(message(&next.status, "Ready").contains("Before: ProgressDeadlineExceeded"));
}

#[test]
fn pods_that_are_refused_are_told_with_the_reason() {
    let step = |message: &str| {
        let failure = verdict("True", "FailedCreate", message);
        let health = DeploymentHealth { replica_failure: failure, ..deployment(2, 0, 0, "NewReplicaSetCreated") };
        Story::default().step(&outcome(1, ChildResult::Equal, health)).status
    };
    for (words, reason, next_step) in [
        (
            "pods \"web-1\" is forbidden: exceeded quota: q, requested: cpu=2",
            "QuotaExceeded",
            "Raise the ResourceQuota",
        ),
        ("pods \"web-1\" is forbidden: violates PodSecurity \"restricted:latest\"", "PodsRefused", "spec.security"),
        (
            "error looking up service account shop/x: serviceaccount \"x\" not found",
            "PodsRefused",
            "spec.serviceAccount",
        ),
        ("maximum cpu usage per Container is 1, but limit is 2", "PodsRefused", "LimitRange"),
        ("admission webhook \"x\" denied the request", "PodsRefused", "policy"),
    ] {
        let status = step(words);
        assert_eq!(shown(&status, "Ready"), format!("False {reason}"));
        for part in ["Deployment \"web\"", words, next_step] {
            assert!(message(&status, "Ready").contains(part), "{part}: {}", message(&status, "Ready"));
        }
        assert_eq!(kstatus(&status, 1), Kstatus::InProgress);
    }
}

#[test]
fn a_class_that_is_missing_or_forbids_stalls_and_leaves_the_last_state() {
    use crate::plan::{Blame, Plan};
    let of_class = |generation, class: &str| {
        let plan = Plan { class: Some(class.into()), ..plan() };
        Outcome { plan: Ok(plan), ..outcome(generation, ChildResult::Equal, complete(3)) }
    };
    let mut story = ready_service();
    let before = story.step(&of_class(1, "gold"));
    assert_eq!((before.status.class.as_deref(), before.change), (Some("gold"), Change::Major));
    let problem = |field: &str, blame| Invalid { blame, ..Invalid::spec(field, "see there") };
    for (problems, reason) in [
        (vec![problem("class", Blame::NoClass)], "ClassNotFound"),
        (vec![problem("class", Blame::NotAllowed)], "ClassNotAllowed"),
        (vec![problem("image", Blame::Rule), problem("ports", Blame::Spec)], "ForbiddenByClass"),
        (vec![problem("env[A]", Blame::Class), problem("image", Blame::Rule)], "InvalidClass"),
    ] {
        let mut bad = outcome(1, ChildResult::Equal, complete(3));
        bad.children.clear();
        bad.plan = Err(problems.clone());
        let next = story.step(&bad);
        assert_eq!(
            (shown(&next.status, "Ready"), kstatus(&next.status, 1)),
            (format!("False {reason}"), Kstatus::Failed)
        );
        assert_eq!(shown(&next.status, "Stalled"), format!("True {reason}"));
        assert!(message(&next.status, "Ready").contains(&problems[0].to_string()));
        assert_eq!((&next.status.children, &next.status.class), (&before.status.children, &before.status.class));
        assert_eq!(next.events.len(), 1);
        assert_eq!((next.events[0].reason.as_str(), next.events[0].warning), (reason, true));
        // Paused, the failure is not carried along: whether it is still there is not known.
        let mut paused = outcome(1, ChildResult::Paused, complete(3));
        paused.paused = true;
        let mut aside = Story { status: story.status.clone(), ..Story::default() };
        assert_eq!(shown(&aside.step(&paused).status, "Ready"), "Unknown Paused");
    }
    let well = story.step(&of_class(1, "silver"));
    assert_eq!((shown(&well.status, "Ready"), well.status.class.as_deref()), ("True RolledOut".into(), Some("silver")));
    assert_eq!(well.events[0].reason, "Recovered");
}

#[test]
fn a_deployment_that_somebody_paused_is_told() {
    let mut story = ready_service();
    // As long as nothing is to be rolled, it stands.
    let next = story.step(&outcome(1, ChildResult::Equal, deployment(3, 3, 3, "DeploymentPaused")));
    assert_eq!(shown(&next.status, "Ready"), "True RolledOut");
    let stopped = DeploymentHealth { replicas: 3, ..deployment(3, 0, 3, "DeploymentPaused") };
    let next = story.step(&outcome(2, ChildResult::Applied, stopped));
    assert_eq!(shown(&next.status, "Ready"), "False DeploymentPaused");
    assert!(message(&next.status, "Ready").contains("kubectl rollout resume -n shop deployment/web"));
}
