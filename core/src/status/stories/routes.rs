//! Routes through their lives: silence, what we see ourselves, and waiting for a gateway.

use super::*;
use crate::gateway::{AllowedNamespaces, Parent, ParentId, Seen};
use microservice_crds::ParentKind;

#[test]
fn silence_is_told_when_it_lasts() {
    let silent = || {
        let mut outcome = routed();
        said_of_route(&mut outcome).clear();
        outcome
    };
    let mut story = Story::default();
    let first = story.step(&silent());
    assert_eq!(
        (shown(&first.status, "Exposed"), first.recheck_after),
        ("Unknown Pending".into(), Some(Duration::from_secs(30)))
    );
    assert_eq!((shown(&first.status, "Ready"), first.events.len()), ("True RolledOut".into(), 0));
    story.clock = 28;
    let late = story.step(&silent());
    assert_eq!(
        (shown(&late.status, "Exposed"), late.recheck_after, late.change),
        ("Unknown Pending".into(), Some(Duration::from_secs(2)), Change::None)
    );
    let over = story.step(&silent());
    assert_eq!((shown(&over.status, "Exposed"), over.recheck_after), ("Unknown GatewaySilent".into(), None));
    assert_eq!((shown(&over.status, "Ready"), over.change), ("True RolledOut".into(), Change::Major));
    for word in
        ["HTTPRoute \"web\"", "Gateway gateways/public", "30 s", "\"c\"", "\"example.com/gw\"", "takes HTTPRoutes"]
    {
        assert!(message(&over.status, "Exposed").contains(word), "{word}");
    }
    assert_eq!(story.step(&silent()).change, Change::None);
    assert_eq!(shown(&story.step(&routed()).status, "Exposed"), "True Accepted");

    // One that has an entry and no decision is silent too; one of which nothing is known still has a name.
    let mut undecided = routed();
    said_of_route(&mut undecided)[0].accepted = verdict("Unknown", "Pending", "");
    undecided.gateways = Default::default();
    let mut story = Story::default();
    story.step(&undecided);
    story.clock = 60;
    let next = story.step(&undecided);
    assert_eq!(shown(&next.status, "Exposed"), "Unknown GatewaySilent");
    assert!(message(&next.status, "Exposed").contains("has decided on HTTPRoute \"web\" on Gateway gateways/public"));
}

#[test]
fn a_route_that_was_made_late_has_its_own_time() {
    let mut story = Story::default();
    let mut absent = routed();
    absent.children[3].result = ChildResult::KindAbsent { crd: "httproutes.gateway.networking.k8s.io" };
    story.step(&absent);
    story.clock = 600;
    let mut made = routed();
    if let Health::Route(health) = &mut made.children[3].health {
        *health = RouteHealth { created: Some(at(600)), ..RouteHealth::default() };
    }
    let next = story.step(&made);
    assert_eq!(
        (shown(&next.status, "Exposed"), next.recheck_after),
        ("Unknown Pending".into(), Some(Duration::from_secs(25)))
    );
}

/// Nobody has answered for ten minutes, for reasons that are over now.
#[test]
fn who_could_not_answer_before_is_not_silent_yet() {
    let pending = |left| ("Unknown Pending".to_owned(), Some(Duration::from_secs(left)));
    let told = |next: &Next| (shown(&next.status, "Exposed"), next.recheck_after);
    let silent = || {
        let mut outcome = routed();
        said_of_route(&mut outcome).clear();
        outcome
    };
    // The Gateway is new.
    let mut absent = silent();
    absent.gateways.parents.insert(public(), Seen::Absent);
    let mut come = silent();
    gateway_of(&mut come).created = Some(at(600));
    let mut story = Story::default();
    assert_eq!(shown(&story.step(&absent).status, "Exposed"), "Unknown GatewayNotFound");
    story.clock = 600;
    assert_eq!(told(&story.step(&come)), pending(25));
    story.clock = 625;
    assert_eq!(shown(&story.step(&come).status, "Exposed"), "Unknown GatewaySilent");

    // The spec is new.
    let edited = Outcome { generation: 2, seen: Some(at(600)), ..silent() };
    let mut story = Story::default();
    story.step(&silent());
    story.clock = 60;
    assert_eq!(shown(&story.step(&silent()).status, "Exposed"), "Unknown GatewaySilent");
    story.clock = 600;
    assert_eq!(told(&story.step(&edited)), pending(25));
    story.clock = 625;
    assert_eq!(shown(&story.step(&edited).status, "Exposed"), "Unknown GatewaySilent");

    // A ListenerSet has the age of its Gateway, too.
    let mut of_set = come.clone();
    let set = ParentId { kind: ParentKind::ListenerSet, name: "more".into(), ..public() };
    let listeners = gateway_of(&mut of_set).listeners.clone();
    let parent = Parent { gateway: Some(public()), listeners, created: Some(at(0)), ..gateway() };
    of_set.gateways.parents.insert(set.clone(), Seen::Present(parent));
    route_of(&mut of_set).parents[0].id = set;
    let mut story = Story::default();
    story.step(&absent);
    story.clock = 600;
    assert_eq!(told(&story.step(&of_set)), pending(25));
}

#[test]
fn while_the_controller_is_silent_we_say_what_we_see() {
    for (reason, make) in [
        ("ListenerNotFound", (|o| route_of(o).parents[0].section_name = Some("https".into())) as fn(&mut Outcome)),
        ("KindNotAllowed", |o| gateway_of(o).listeners.iter_mut().for_each(|l| l.protocol = "TLS".into())),
        ("NamespaceNotAllowed", |o| {
            gateway_of(o).listeners.iter_mut().for_each(|l| l.namespaces = AllowedNamespaces::Same)
        }),
        ("HostnameNotCovered", |o| route_of(o).hostnames = vec!["shop.example.net".into()]),
        ("GatewayNotProgrammed", |o| gateway_of(o).accepted = verdict("False", "InvalidParameters", "")),
        ("ListenerNotProgrammed", |o| {
            gateway_of(o).listeners.iter_mut().for_each(|l| l.programmed = verdict("False", "Invalid", ""))
        }),
    ] {
        let mut outcome = routed();
        said_of_route(&mut outcome).clear();
        make(&mut outcome);
        let next = Story::default().step(&outcome);
        assert_eq!(shown(&next.status, "Exposed"), format!("False {reason}"));
        assert_eq!((shown(&next.status, "Ready"), next.events.len()), ("True RolledOut".into(), 1), "{reason}");
    }
}

#[test]
fn the_controllers_word_goes_before_what_we_see() {
    // It speaks of the namespace; the labels that it selects by are not known here, and we see only the host.
    let mut outcome = routed();
    route_of(&mut outcome).hostnames = vec!["shop.example.net".into()];
    said_of_route(&mut outcome)[0].accepted = verdict("False", "NotAllowedByListeners", "Words of it.");
    let next = Story::default().step(&outcome);
    assert_eq!(shown(&next.status, "Exposed"), "False NamespaceNotAllowed");
    assert!(
        message(&next.status, "Exposed")
            .contains("Words of it. Let a listener of it allow HTTPRoutes of the namespace shop")
    );
}

#[test]
fn a_waiting_route_is_no_failure_where_ready_waits_for_it() {
    let mut story = Story::default();
    let mut waiting = routed();
    waiting.plan.as_mut().unwrap().ready_requires_exposed = true;
    let taken = waiting.clone();
    said_of_route(&mut waiting).clear();
    let next = story.step(&waiting);
    assert_eq!(
        (shown(&next.status, "Ready"), shown(&next.status, "Reconciling")),
        ("False Pending".into(), "True Pending".into())
    );
    assert_eq!((kstatus(&next.status, 1), next.events.len()), (Kstatus::InProgress, 0));
    let done = story.step(&taken);
    assert_eq!((shown(&done.status, "Ready"), done.events.len()), ("True RolledOut".into(), 0));
    // Without a route nothing is waited for.
    let mut none = outcome(1, ChildResult::Equal, complete(3));
    none.plan.as_mut().unwrap().ready_requires_exposed = true;
    let next = story.step(&none);
    assert_eq!((shown(&next.status, "Ready"), shown(&next.status, "Exposed")), ("True RolledOut".into(), "-".into()));
    assert_eq!(next.status.url, None);
}

#[test]
fn warnings_are_told_and_change_nothing() {
    let mut story = Story::default();
    story.step(&routed());
    let mut warned = routed();
    warned.warnings = vec!["A GRPCRoute has this host, too.".into()];
    let next = story.step(&warned);
    assert_eq!((shown(&next.status, "Exposed"), next.change), ("True Accepted".into(), Change::Minor));
    assert_eq!(
        message(&next.status, "Exposed"),
        "Accepted by Gateway gateways/public. A GRPCRoute has this host, too."
    );

    // So is a listener that is down while another serves the same host.
    let mut half = routed();
    gateway_of(&mut half).listeners[1].resolved_refs = verdict("False", "InvalidCertificateRef", "No such Secret.");
    let next = story.step(&half);
    assert_eq!(shown(&next.status, "Exposed"), "True Accepted");
    for word in
        ["Accepted by Gateway gateways/public. Listener \"websecure\"", "InvalidCertificateRef: No such Secret."]
    {
        assert!(message(&next.status, "Exposed").contains(word), "{word}: {}", message(&next.status, "Exposed"));
    }
}

#[test]
fn a_service_that_is_refused_is_told_with_the_way_out() {
    let refused = |result: ChildResult| {
        let mut outcome = routed();
        outcome.children[1].result = result;
        service_refused(outcome.plan.as_ref().unwrap(), &outcome.children)
    };
    for (result, word) in [
        (ChildResult::Clash { owner: "nobody".into() }, "adopt-by"),
        (ChildResult::Invalid { message: "spec.x: bad".into() }, "spec.x: bad"),
        (ChildResult::Forbidden { message: "exceeded quota".into() }, "Raise the ResourceQuota"),
    ] {
        let why = refused(result).unwrap();
        assert!(why.contains("Service \"web\"") && why.contains(word), "{why}");
    }
    for result in [ChildResult::Equal, ChildResult::Leftover, ChildResult::Failed { message: "x".into() }] {
        assert_eq!(refused(result), None);
    }
}

#[test]
fn a_definition_without_our_version_is_not_taken_for_none() {
    let mut old = routed();
    old.children[3].result = ChildResult::VersionAbsent { crd: "httproutes.gateway.networking.k8s.io", version: "v1" };
    let next = Story::default().step(&old);
    assert_eq!(shown(&next.status, "Exposed"), "Unknown GatewayAPITooOld");
    let told = message(&next.status, "Exposed");
    assert!(told.contains("has httproutes.gateway.networking.k8s.io, and it does not serve v1"), "{told}");
    assert_eq!((shown(&next.status, "Ready"), next.status.url), ("True RolledOut".into(), None));
}
