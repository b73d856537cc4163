//! Everything that may stand between clients and a service: how it is told, what of it holds back Ready, and how it ends.

use microservice_crds::{
    ParentKind,
    gateway::{FilterKind, MirrorBackend, RequestMirror, RouteFilter},
};

use super::*;
use crate::{
    gateway::{AllowedNamespaces, Parent, ParentId, Seen},
    plan::Withheld,
};

/// One thing that goes wrong: its reason, whether it is certain, whether it is a verdict that holds back Ready, what the
/// message must say, and how it comes to be.
struct Trouble {
    reason: &'static str,
    certain: bool,
    verdict: bool,
    words: &'static [&'static str],
    make: fn(&mut Outcome),
}

fn refused(outcome: &mut Outcome, reason: &str) {
    said_of_route(outcome)[0].accepted = verdict("False", reason, "Words of it.");
}

fn unresolved(outcome: &mut Outcome, reason: &str) {
    said_of_route(outcome)[0].resolved_refs = verdict("False", reason, "Words of it.");
}

fn mirror_to(outcome: &mut Outcome, namespace: &str, name: &str) {
    let backend_ref = MirrorBackend { name: name.into(), namespace: Some(namespace.into()), port: 80 };
    rules_of(outcome)[0].filters.push(RouteFilter {
        type_: FilterKind::RequestMirror,
        request_mirror: Some(RequestMirror { backend_ref, ..RequestMirror::default() }),
        ..RouteFilter::default()
    });
}

/// The route hangs on a ListenerSet of that Gateway, which says this of itself.
fn on_listener_set(outcome: &mut Outcome, accepted: Option<Verdict>) {
    let id = ParentId { kind: ParentKind::ListenerSet, namespace: "shop".into(), name: "more".into() };
    let set = Parent { gateway: Some(public()), accepted, ..gateway() };
    outcome.gateways.parents.insert(id.clone(), Seen::Present(set));
    route_of(outcome).parents[0].id = id;
    let said = &mut said_of_route(outcome)[0];
    (said.kind, said.gateway) = ("ListenerSet".into(), "more".into());
}

const TROUBLES: &[Trouble] = &[
    Trouble {
        reason: "HostTaken",
        certain: true,
        verdict: false,
        words: &["shop/older has it"],
        make: |o| {
            let (reason, message) = ("HostTaken", "shop/older has it.".to_owned());
            let withheld = Withheld { route: "main".into(), before: 0, objects: vec![], keep: false, reason, message };
            o.plan.as_mut().unwrap().withheld.push(withheld);
        },
    },
    Trouble {
        reason: "GatewayNotFound",
        certain: false,
        verdict: false,
        words: &["Gateway gateways/public is not there", "HTTPRoute \"web\"", "Create it", "spec.routes[main].gateway"],
        make: |o| drop(o.gateways.parents.insert(public(), Seen::Absent)),
    },
    Trouble {
        reason: "GatewayNotFound",
        certain: false,
        verdict: false,
        words: &["ListenerSet shop/more belongs to Gateway gateways/public, which is not there", "spec.parentRef"],
        make: |o| {
            on_listener_set(o, verdict("True", "Accepted", ""));
            o.gateways.parents.insert(public(), Seen::Absent);
        },
    },
    // What the controller says, and what we found, together.
    Trouble {
        reason: "ListenerNotFound",
        certain: true,
        verdict: true,
        words: &[
            "example.com/gw",
            "NoMatchingParent: Words of it. Gateway gateways/public has: web, websecure. Name one",
        ],
        make: |o| {
            route_of(o).parents[0].section_name = Some("https".into());
            refused(o, "NoMatchingParent");
        },
    },
    Trouble {
        reason: "KindNotAllowed",
        certain: true,
        verdict: true,
        words: &["NotAllowedByListeners: Words of it.", "web (HTTP: GRPCRoute)", "allowedRoutes.kinds"],
        make: |o| {
            gateway_of(o).listeners.iter_mut().for_each(|l| l.kinds = vec!["GRPCRoute".into()]);
            refused(o, "NotAllowedByListeners");
        },
    },
    Trouble {
        reason: "NamespaceNotAllowed",
        certain: true,
        verdict: true,
        words: &["NotAllowedByListeners", "web (namespace gateways only)", "allow the namespace shop"],
        make: |o| {
            gateway_of(o).listeners.iter_mut().for_each(|l| l.namespaces = AllowedNamespaces::Same);
            refused(o, "NotAllowedByListeners");
        },
    },
    Trouble {
        reason: "HostnameNotCovered",
        certain: true,
        verdict: true,
        words: &["NoMatchingListenerHostname", "It has: *.example.com.", "spec.routes[main].hostnames"],
        make: |o| {
            route_of(o).hostnames = vec!["shop.example.net".into()];
            refused(o, "NoMatchingListenerHostname");
        },
    },
    // The gateway has taken the route, and drops one of its hosts without a word.
    Trouble {
        reason: "HostnameNotCovered",
        certain: true,
        verdict: false,
        words: &["is taken, but not for shop.example.net", "spec.routes[main].hostnames"],
        make: |o| route_of(o).hostnames.push("shop.example.net".into()),
    },
    Trouble {
        reason: "RouteConflict",
        certain: true,
        verdict: true,
        words: &["HostnameConflict: Words of it.", "Another route has the same host"],
        make: |o| refused(o, "HostnameConflict"),
    },
    Trouble {
        reason: "RouteNotAccepted",
        certain: true,
        verdict: true,
        words: &["UnsupportedValue: Words of it.", "Leave out in spec.routes[main]"],
        make: |o| refused(o, "UnsupportedValue"),
    },
    Trouble {
        reason: "BackendNotFound",
        certain: true,
        verdict: true,
        words: &["BackendNotFound: Words of it.", "Service shop/web port 80"],
        make: |o| unresolved(o, "BackendNotFound"),
    },
    Trouble {
        reason: "RefNotPermitted",
        certain: true,
        verdict: true,
        words: &[
            "RefNotPermitted: Words of it.",
            "{\"apiVersion\":\"gateway.networking.k8s.io/v1beta1\"",
            "and the like for third/copies.",
        ],
        make: |o| {
            mirror_to(o, "second", "copies");
            mirror_to(o, "third", "copies");
            unresolved(o, "RefNotPermitted");
        },
    },
    Trouble {
        reason: "RefNotPermitted",
        certain: true,
        verdict: false,
        words: &[
            "Listener \"websecure\" of Gateway gateways/public may not use its certificate",
            "\"kind\":\"Secret\"",
        ],
        make: |o| {
            route_of(o).parents[0].section_name = Some("websecure".into());
            let listener = &mut gateway_of(o).listeners[1];
            listener.certificates = vec![("certs".into(), "shop-tls".into())];
            listener.resolved_refs = verdict("False", "RefNotPermitted", "Words of it.");
        },
    },
    Trouble {
        reason: "RouteRefsNotResolved",
        certain: true,
        verdict: true,
        words: &["UnsupportedProtocol: Words of it.", "spec.ports"],
        make: |o| unresolved(o, "UnsupportedProtocol"),
    },
    Trouble {
        reason: "GatewayNotProgrammed",
        certain: true,
        verdict: false,
        words: &["Gateway gateways/public is not programmed", "AddressNotAssigned: Words of it.", "load balancer"],
        make: |o| gateway_of(o).programmed = verdict("False", "AddressNotAssigned", "Words of it."),
    },
    Trouble {
        reason: "GatewayNotProgrammed",
        certain: true,
        verdict: false,
        words: &["ListenerSet shop/more is not accepted", "NotAllowed: Words of it.", "allowedListeners"],
        make: |o| on_listener_set(o, verdict("False", "NotAllowed", "Words of it.")),
    },
    Trouble {
        reason: "GatewayNotProgrammed",
        certain: false,
        verdict: false,
        words: &["Gateway gateways/public has taken HTTPRoute \"web\"", "does not say yet that it is programmed"],
        make: |o| gateway_of(o).programmed = None,
    },
    Trouble {
        reason: "ListenerNotProgrammed",
        certain: true,
        verdict: false,
        words: &["Listener \"web\" of Gateway gateways/public is not accepted", "PortUnavailable: Words of it."],
        make: |o| {
            route_of(o).parents[0].section_name = Some("web".into());
            gateway_of(o).listeners[0].accepted = verdict("False", "PortUnavailable", "Words of it.");
        },
    },
    Trouble {
        reason: "PartiallyInvalid",
        certain: true,
        verdict: true,
        words: &["is taken only in part", "Dropped Rule 2.", "spec.routes[main]"],
        make: |o| said_of_route(o)[0].partially_invalid = verdict("True", "UnsupportedValue", "Dropped Rule 2."),
    },
    Trouble {
        reason: "GatewayAPINotInstalled",
        certain: false,
        verdict: false,
        words: &["HTTPRoute \"web\" is not made", "no httproutes.gateway.networking.k8s.io", "Install the Gateway API"],
        make: |o| o.children[3].result = ChildResult::KindAbsent { crd: "httproutes.gateway.networking.k8s.io" },
    },
];

#[test]
fn every_trouble_is_told_with_its_remedy_and_ends() {
    for Trouble { reason, certain, verdict, words, make } in TROUBLES {
        let mut story = Story::default();
        let well = story.step(&routed());
        assert_eq!(shown(&well.status, "Exposed"), "True Accepted", "{:?}", well.status);
        let mut bad = routed();
        make(&mut bad);
        let next = story.step(&bad);
        let status = if *certain { "False" } else { "Unknown" };
        let told = message(&next.status, "Exposed");
        assert_eq!(shown(&next.status, "Exposed"), format!("{status} {reason}"), "{told}");
        for word in *words {
            assert!(told.contains(word), "{reason}: {word:?} is not in: {told}");
        }
        // Only the verdict of a controller holds back Ready, and is then still being worked on.
        let (ready, kstatus_of_it) = match verdict {
            true => (format!("False {reason}"), Kstatus::InProgress),
            false => ("True RolledOut".to_owned(), Kstatus::Current),
        };
        assert_eq!((shown(&next.status, "Ready"), kstatus(&next.status, 1)), (ready, kstatus_of_it), "{told}");
        let warned = *certain || *reason == "GatewayAPINotInstalled";
        let events: Vec<_> = next.events.iter().map(|e| e.reason.as_str()).collect();
        assert_eq!(events, if warned { vec![*reason] } else { vec![] }, "{told}");

        // Where Ready waits for the routes, whatever is wrong with them holds it back.
        let mut strict = bad.clone();
        strict.plan.as_mut().unwrap().ready_requires_exposed = true;
        let held = Story::default().step(&strict);
        assert_eq!(shown(&held.status, "Ready"), format!("False {reason}"));
        assert_eq!(
            (shown(&held.status, "Reconciling"), kstatus(&held.status, 1)),
            (format!("True {reason}"), Kstatus::InProgress)
        );

        let well = story.step(&routed());
        assert_eq!(
            (shown(&well.status, "Exposed"), kstatus(&well.status, 1)),
            ("True Accepted".into(), Kstatus::Current)
        );
    }
}
