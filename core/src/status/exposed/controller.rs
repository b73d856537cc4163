//! What the controllers of the Gateways say of a route, in their words and with the next step.

use super::{
    Cause, Finding, grant,
    obstacles::{self, few},
};
use crate::{
    gateway::{Parent, attach::Obstacle},
    outcome::{RouteParent, Verdict},
    plan::{RoutePlan, RouteRules},
    status::{conditions::MESSAGE, place::Place, text},
};

/// Whether a controller has taken the route, and found all that it refers to.
pub(super) fn taken(entries: &[&RouteParent]) -> bool {
    let holds = |verdict: &Option<Verdict>| verdict.as_ref().is_some_and(Verdict::is_true);
    entries.iter().any(|entry| holds(&entry.accepted) && holds(&entry.resolved_refs))
}

/// What a controller says against the route: the first such verdict.
pub(super) fn refusal(place: &Place<'_>, entries: &[&RouteParent], obstacle: Option<&Obstacle>) -> Option<Finding> {
    entries.iter().find_map(|entry| refused(place, entry, obstacle))
}

fn refused(place: &Place<'_>, entry: &RouteParent, obstacle: Option<&Obstacle>) -> Option<Finding> {
    let denied = |verdict: &Option<Verdict>| verdict.clone().filter(Verdict::is_false);
    let (what, verdict, (cause, step)) = if let Some(verdict) = denied(&entry.accepted) {
        let step = not_accepted(place, &verdict.reason, obstacle);
        ("is not accepted", verdict, step)
    } else if let Some(verdict) = denied(&entry.resolved_refs) {
        let step = not_resolved(place, &verdict.reason);
        ("refers to what is not there or not allowed", verdict, step)
    } else if let Some(verdict) = entry.partially_invalid.clone().filter(Verdict::is_true) {
        let step =
            format!("Correct spec.routes[{}], or leave out what this gateway does not support.", place.route.route);
        ("is taken only in part", verdict, (Cause::PartiallyInvalid, step))
    } else {
        return None;
    };
    let by = match entry.controller.as_str() {
        "" => String::new(),
        controller => format!(" ({controller})"),
    };
    let message = with_step(&format!("{} {what} by {}{by}", place.who(), place.parent.id), &verdict, &step);
    Some(Finding { verdict: true, ..Finding::certain(cause, message) })
}

/// What is wrong, the words for it, and the step. The step is never cut: where it is long, the words go.
pub(super) fn with_step(what: &str, verdict: &Verdict, step: &str) -> String {
    let whole = format!("{what}: {}. {step}", lifted(&verdict.reason, &verdict.message));
    if whole.chars().count() <= MESSAGE { whole } else { format!("{what}: {}. {step}", lifted(&verdict.reason, "")) }
}

/// The words of a condition, as the end of a sentence without its full stop.
pub(super) fn lifted(reason: &str, message: &str) -> String {
    let words = text::line(message, 300);
    match text::unstopped(&words) {
        "" => reason.to_owned(),
        words if reason.is_empty() => words.to_owned(),
        words => format!("{reason}: {words}"),
    }
}

/// The cause behind a refusal, and the step: that of our own look where it found what the controller may mean.
fn not_accepted(place: &Place<'_>, reason: &str, obstacle: Option<&Obstacle>) -> (Cause, String) {
    let meant = |obstacle: &&Obstacle| match reason {
        "NotAllowedByListeners" => {
            matches!(obstacle, Obstacle::NamespaceNotAllowed { .. } | Obstacle::KindNotAllowed { .. })
        }
        "NoMatchingListenerHostname" => matches!(obstacle, Obstacle::HostnameNotCovered { .. }),
        // Of this one controllers make more than its text says.
        _ => true,
    };
    let own = obstacle.filter(meant).map(|obstacle| (obstacles::cause(obstacle), obstacles::step(place, obstacle)));
    let route = &place.route.route;
    match reason {
        "NotAllowedByListeners" => own.unwrap_or_else(|| {
            let step = format!(
                "Let a listener of it allow {}s of the namespace {} (allowedRoutes), or name another one in {}.",
                place.route.rules.kind(),
                place.plan.namespace(),
                place.field("gateway")
            );
            (Cause::NamespaceNotAllowed, step)
        }),
        "NoMatchingListenerHostname" => own.unwrap_or_else(|| {
            let step = format!(
                "Write a host name in spec.routes[{route}].hostnames that a listener of it has, or add a listener."
            );
            (Cause::HostnameNotCovered, step)
        }),
        "NoMatchingParent" => own.unwrap_or_else(|| {
            (Cause::ListenerNotFound, format!("Correct the name and the sectionName in {}.", place.field("gateway")))
        }),
        "UnsupportedValue" | "IncompatibleFilters" => {
            (Cause::RouteNotAccepted, format!("Leave out in spec.routes[{route}] what this gateway does not support."))
        }
        _ if reason.contains("Conflict") => {
            let step = format!(
                "Another route has the same host there, maybe one of the other kind (HTTPRoute, GRPCRoute): write another host name in spec.routes[{route}].hostnames, or in the other one."
            );
            (Cause::RouteConflict, step)
        }
        _ => match own {
            Some((cause, step)) => (cause, step),
            None => (Cause::RouteNotAccepted, format!("Correct spec.routes[{route}] or {}.", place.parent.id)),
        },
    }
}

fn not_resolved(place: &Place<'_>, reason: &str) -> (Cause, String) {
    let route = &place.route.route;
    match reason {
        "BackendNotFound" => {
            let step = format!("Check that these are there, with their ports: {}.", few(&backends(place)));
            (Cause::BackendNotFound, step)
        }
        "RefNotPermitted" => (Cause::RefNotPermitted, grant::of_route(place)),
        "UnsupportedProtocol" => {
            let step = "Write in spec.ports a protocol that this gateway can send, or take another gateway.";
            (Cause::RouteRefsNotResolved, step.to_owned())
        }
        _ => (Cause::RouteRefsNotResolved, format!("Correct what spec.routes[{route}] refers to.")),
    }
}

/// Services that the route sends to. Example: `Service shop/web port 80`.
fn backends(place: &Place<'_>) -> Vec<String> {
    let own = place.plan.namespace();
    let refs: Vec<_> = match &place.route.rules {
        RouteRules::Http(rules) => rules.iter().flat_map(|rule| &rule.backend_refs).collect(),
        RouteRules::Grpc(rules) => rules.iter().flat_map(|rule| &rule.backend_refs).collect(),
    };
    let sent = refs.into_iter().map(|b| format!("Service {own}/{} port {}", b.name, b.port));
    let copied = mirrors(place.route, own)
        .into_iter()
        .map(|(namespace, name, port)| format!("Service {namespace}/{name} port {port}"));
    let mut all: Vec<String> = sent.chain(copied).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// Services that get copies of requests: namespace, name and port.
pub(super) fn mirrors(route: &RoutePlan, own: &str) -> Vec<(String, String, i32)> {
    let filters: Vec<_> = match &route.rules {
        RouteRules::Http(rules) => rules.iter().flat_map(|rule| &rule.filters).collect(),
        RouteRules::Grpc(rules) => rules.iter().flat_map(|rule| &rule.filters).collect(),
    };
    let copies =
        filters.into_iter().filter_map(|filter| filter.request_mirror.as_ref()).map(|mirror| &mirror.backend_ref);
    let named = |b: &microservice_crds::gateway::MirrorBackend| {
        (b.namespace.clone().unwrap_or_else(|| own.to_owned()), b.name.clone(), b.port)
    };
    copies.map(named).collect()
}

/// Nobody has decided on the route. `late`: there was time enough for it.
pub(super) fn silence(place: &Place<'_>, parent: Option<&Parent>, undecided: bool, late: bool) -> Finding {
    let (who, id) = (place.who(), &place.parent.id);
    if !late {
        return Finding::open(Cause::Pending, format!("{who} waits for the controller of {id}."));
    }
    let what = if undecided { "has decided on" } else { "has answered to" };
    let kind = place.route.rules.kind();
    let step = match parent.map(|parent| (&parent.class, &parent.controller)) {
        Some((Some(class), Some(controller))) => {
            format!(
                "Its GatewayClass is {class:?} with controller {controller:?}: check that this controller runs and takes {kind}s."
            )
        }
        Some((Some(class), None)) => {
            format!(
                "Its GatewayClass is {class:?}, of which nothing is known here: check that it is there and its controller runs."
            )
        }
        _ => "Check that it is there, and that the controller of its GatewayClass runs.".to_owned(),
    };
    Finding::open(
        Cause::GatewaySilent,
        format!("No controller {what} {who} on {id} for {} s. {step}", super::PATIENCE.as_secs()),
    )
}
