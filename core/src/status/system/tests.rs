use jiff::Timestamp;

use super::{fixtures::*, *};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn spec(members: &[&str]) -> MicroserviceSystemSpec {
    MicroserviceSystemSpec { members: members.iter().map(|name| (*name).to_owned()).collect() }
}

fn view(members: Vec<Member>) -> View {
    View { members, ..View::default() }
}

fn judged(listed: &[&str], view: &View) -> MicroserviceSystemStatus {
    system_status(None, "shop", 1, Ok(&spec(listed)), view, at(9))
}

/// `Ready=False/Degraded Reconciling=True/Degraded`.
fn shown(status: &MicroserviceSystemStatus) -> String {
    let words = status.conditions.iter().map(|c| format!("{}={}/{}", c.type_, c.status, c.reason));
    words.collect::<Vec<_>>().join(" ")
}

fn message(status: &MicroserviceSystemStatus) -> &str {
    &status.conditions[0].message
}

#[test]
fn it_is_ready_when_all_members_are_there_and_every_service_is_ready() {
    let all = view(vec![ready("a"), ready("b")]);
    let status = judged(&["a", "b"], &all);
    assert_eq!(
        (shown(&status).as_str(), message(&status)),
        ("Ready=True/AllReady", "All members are there and Ready: 2.")
    );
    assert_eq!(status.services_ready.as_deref(), Some("2/2"));

    // A service that is not listed counts as well.
    let more = view(vec![ready("a"), ready("b"), ready("c")]);
    assert!(message(&judged(&["a", "b"], &more)).ends_with("not listed: 1."));
    let busy = view(vec![ready("a"), ready("b"), progressing("c")]);
    let status = judged(&["a", "b"], &busy);
    assert_eq!(shown(&status), "Ready=False/Progressing Reconciling=True/Progressing");
    assert_eq!(message(&status), "2 of 3 services are Ready. Progressing: c.");
}

#[test]
fn it_is_never_vacuously_ready() {
    let status = judged(&[], &View::default());
    assert_eq!(shown(&status), "Ready=False/NoServices Reconciling=True/NoServices");
    assert!(message(&status).contains("spec.system: shop"), "{}", message(&status));
    assert_eq!(status.services_ready.as_deref(), Some("0/0"));
    let status = judged(&["a"], &View::default());
    assert_eq!(shown(&status), "Ready=False/MembersMissing Reconciling=True/MembersMissing");
    assert_eq!(status.services_ready.as_deref(), Some("0/1"));

    // Without a list it says how many it saw, and that it cannot know more.
    let status = judged(&[], &view(vec![ready("a"), ready("b")]));
    assert_eq!(shown(&status), "Ready=True/AllReady");
    let said = message(&status);
    assert!(said.starts_with("2 services were seen") && said.contains("spec.members"), "{said}");
}

#[test]
fn a_member_that_is_missing_is_named_with_the_remedy() {
    let strangers = vec![
        ("b".to_owned(), Stranger::OfSystem("other".to_owned())),
        ("c".to_owned(), Stranger::OfNone),
        ("d".to_owned(), Stranger::Leaving),
    ];
    let status = judged(&["d", "c", "b", "a", "e"], &View { members: vec![ready("a")], strangers, ..View::default() });
    assert_eq!(
        message(&status),
        "1 of 5 services are Ready. Missing: b (says system other), c (says no system), d (is being deleted), e (does not \
         exist): apply them with spec.system: shop, or take them out of spec.members."
    );
    // They may come a moment later.
    assert_eq!(shown(&status), "Ready=False/MembersMissing Reconciling=True/MembersMissing");
    let counts = status.services.unwrap();
    assert_eq!((counts.total, counts.ready, counts.missing), (5, 1, 4));
}

#[test]
fn the_worst_come_first_with_their_reason_and_the_worst_ones_words() {
    let services = vec![progressing("d"), failing("b"), ready("a"), stalled("c"), held("e")];
    let status = judged(&[], &view(services.clone()));
    assert_eq!(
        message(&status),
        "1 of 5 services are Ready. Degraded: c (NameClash), b (CrashLoop). Blocked: e (Held). Progressing: d. c: NameClash \
         of it"
    );
    let counts = status.services.unwrap();
    assert_eq!(
        [counts.total, counts.ready, counts.progressing, counts.degraded, counts.blocked, counts.missing],
        [5, 1, 1, 2, 1, 0]
    );
    // In whatever order they are seen.
    let mut turned = services;
    turned.reverse();
    assert_eq!(judged(&[], &view(turned)), status);
}

#[test]
fn ten_are_named_and_the_others_counted() {
    let many =
        |make: fn(&str) -> Member, prefix: &str| (0..8).map(|i| make(&format!("{prefix}{i}"))).collect::<Vec<_>>();
    let services = [many(failing, "bad"), many(progressing, "new"), many(held, "held")].concat();
    let status = judged(&[], &view(services));
    let said = message(&status);
    assert!(
        said.contains("bad7 (CrashLoop). Blocked: held0 (Held), held1 (Held) and 6 more. Progressing: 8."),
        "{said}"
    );
    let services =
        (0..400).map(|i| failing(&format!("service-with-a-name-that-is-as-long-as-it-may-be-{i}"))).collect();
    let status = judged(&[], &view(services));
    assert!(message(&status).chars().count() <= 1024);
    assert!(message(&status).contains("and 390 more"), "{}", message(&status));
}

#[test]
fn it_stalls_only_when_nothing_moves_by_itself() {
    for (services, wanted) in [
        (vec![ready("a"), failing("b")], "Ready=False/Degraded Reconciling=True/Degraded"),
        (vec![ready("a"), stalled("b")], "Ready=False/Degraded Stalled=True/Degraded"),
        (vec![progressing("a"), stalled("b")], "Ready=False/Degraded Reconciling=True/Degraded"),
        (vec![held("a"), ready("b")], "Ready=False/Blocked Reconciling=True/Blocked"),
        (vec![ready("a")], "Ready=True/AllReady"),
    ] {
        assert_eq!(shown(&judged(&[], &view(services))), wanted);
    }
}

#[test]
fn the_same_is_said_in_the_same_words_and_times() {
    let busy = view(vec![ready("a"), failing("b")]);
    let first = judged(&["a", "b"], &busy);
    let again =
        |previous, view: &View, now| system_status(Some(previous), "shop", 1, Ok(&spec(&["a", "b"])), view, at(now));
    assert_eq!(again(&first, &busy, 99), first);
    // The time of a condition is when its status turned, not when its words did.
    let other = again(&first, &view(vec![ready("a"), stalled("b")]), 99);
    let since = |status: &MicroserviceSystemStatus, kind: &str| {
        status.conditions.iter().find(|c| c.type_ == kind).map(|c| c.last_transition_time.0.as_second())
    };
    assert_eq!((since(&other, "Ready"), since(&other, "Stalled")), (Some(9), Some(99)));
    let well = again(&other, &view(vec![ready("a"), ready("b")]), 200);
    assert_eq!((since(&well, "Ready"), since(&well, "Stalled")), (Some(200), None));
    assert_eq!(again(&well, &view(vec![ready("a"), ready("b")]), 999), well);
}

#[test]
fn what_leads_nowhere_and_circles_are_told_and_hold_nothing_back() {
    let with_uses = |name: &str, says: &str| Member { dependencies: Some(says.to_owned()), ..ready(name) };
    let status = judged(
        &[],
        &View {
            members: vec![with_uses("a", "False"), with_uses("b", "True")],
            broken_edges: vec!["a uses c, which is not there".into()],
            cycles: vec!["a, b".into()],
            ..View::default()
        },
    );
    assert_eq!(shown(&status), "Ready=True/AllReady DependenciesResolved=False/BrokenEdges");
    let said = &status.conditions[1].message;
    assert!(said.starts_with("a uses c, which is not there. DependenciesResolved of the service"), "{said}");
    assert_eq!((status.broken_edges, status.cycles), (Some(1), vec!["a, b".to_owned()]));

    let resolved = judged(&[], &view(vec![with_uses("a", "True"), ready("b")]));
    assert_eq!(shown(&resolved), "Ready=True/AllReady DependenciesResolved=True/Resolved");
    assert_eq!(resolved.broken_edges, Some(0));
    let unseen = judged(&[], &view(vec![with_uses("a", "Unknown"), with_uses("b", "True")]));
    assert_eq!(shown(&unseen), "Ready=True/AllReady DependenciesResolved=Unknown/ServiceUnseen");
}

#[test]
fn hosts_are_sorted_each_once_and_the_list_ends_where_the_count_goes_on() {
    let open = |name: &str, hosts: Vec<String>| Member { hosts, ..ready(name) };
    let few = judged(
        &[],
        &view(vec![open("a", vec!["z.example".into(), "b.example".into()]), open("b", vec!["z.example".into()])]),
    );
    assert_eq!((few.hosts, few.host_count), (vec!["b.example".to_owned(), "z.example".to_owned()], Some(2)));
    let many = judged(&[], &view(vec![open("a", (0..200).map(|i| format!("h{i}.example")).collect())]));
    assert_eq!((many.hosts.len(), many.host_count), (128, Some(200)));
}

#[test]
fn a_stored_system_that_cannot_be_read_is_stalled_and_keeps_what_was_known() {
    let known = judged(&["a"], &view(vec![ready("a")]));
    let status = system_status(Some(&known), "shop", 2, Err("members: 7"), &View::default(), at(99));
    assert_eq!(shown(&status), "Ready=False/InvalidSpec Stalled=True/InvalidSpec");
    assert_eq!((status.observed_generation, status.services), (2, known.services));
    assert!(message(&status).contains("members: 7"));
}
