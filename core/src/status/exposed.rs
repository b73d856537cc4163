//! Whether the routes of the service are taken by their Gateways.

use super::{Say, conditions::Wanted, stands, text};
use crate::outcome::{ChildOutcome, ChildResult, Health, RouteParent, Verdict};

/// The condition `Exposed`, where there are routes.
pub(super) fn verdict(children: &[ChildOutcome]) -> Option<Wanted> {
    let mut unknown: Option<Wanted> = None;
    let mut taken = Vec::new();
    let mut any = false;
    if let Some(say) = refusal(children) {
        return Some(Wanted { status: "False", say });
    }
    for child in routes(children) {
        any = true;
        let who = format!("{} {:?}", child.kind, child.name);
        let parents = parents(child);
        let open = |reason: &str, message: String| Some(Wanted::new("Unknown", reason, message));
        let next = if let ChildResult::KindAbsent { crd } = child.result {
            open(
                "GatewayAPINotInstalled",
                format!(
                    "{who} is not made, because the cluster has no {crd}. Install the Gateway API (its standard channel) and a gateway controller; nothing else is needed."
                ),
            )
        } else if !stands(&child.result) {
            open("RouteNotApplied", format!("{who} is not made: see Ready."))
        } else if parents.is_empty() {
            open(
                "GatewaySilent",
                format!(
                    "No gateway controller has answered to {who}. Check that its Gateway exists and has a controller."
                ),
            )
        } else if let Some(parent) = parents.iter().find(|p| !p.accepted.as_ref().is_some_and(Verdict::is_true)) {
            open("GatewaySilent", format!("Gateway {} has not decided on {who} yet.", parent.gateway))
        } else {
            taken.extend(parents.iter().map(|p| p.gateway.as_str()));
            None
        };
        unknown = unknown.or(next);
    }
    if !any {
        return None;
    }
    taken.sort_unstable();
    taken.dedup();
    Some(
        unknown
            .unwrap_or_else(|| Wanted::new("True", "Accepted", format!("Accepted by Gateway {}.", taken.join(", ")))),
    )
}

/// What a route controller says against a route: the first such verdict.
pub(super) fn refusal(children: &[ChildOutcome]) -> Option<Say> {
    routes(children)
        .filter(|child| stands(&child.result))
        .find_map(|child| parents(child).iter().find_map(|parent| refused(child, parent)))
}

fn routes(children: &[ChildOutcome]) -> impl Iterator<Item = &ChildOutcome> {
    children.iter().filter(|c| c.kind.ends_with("Route"))
}

fn parents(child: &ChildOutcome) -> &[RouteParent] {
    match &child.health {
        Health::Route(health) => &health.parents,
        _ => &[],
    }
}

fn refused(child: &ChildOutcome, parent: &RouteParent) -> Option<Say> {
    let denied = |verdict: &Option<Verdict>| verdict.clone().filter(Verdict::is_false);
    let (reason, what, verdict) = if let Some(verdict) = denied(&parent.accepted) {
        ("RouteNotAccepted", "is not accepted", verdict)
    } else if let Some(verdict) = denied(&parent.resolved_refs) {
        ("RouteRefsNotResolved", "refers to what is not there or not allowed", verdict)
    } else if let Some(verdict) = parent.partially_invalid.clone().filter(Verdict::is_true) {
        ("RoutePartiallyInvalid", "is taken only in part", verdict)
    } else {
        return None;
    };
    let step = match verdict.reason.as_str() {
        "NotAllowedByListeners" => {
            "Let a listener of the Gateway allow routes of this namespace (allowedRoutes), or choose another Gateway in spec.routes."
        }
        "NoMatchingListenerHostname" => {
            "Write a host name in spec.routes that a listener of the Gateway has, or add a listener for it."
        }
        "NoMatchingParent" => "Correct the gateway and its sectionName in spec.routes.",
        "RefNotPermitted" => "A ReferenceGrant in the other namespace must permit it.",
        "BackendNotFound" | "InvalidKind" => "Check the Service that the route sends to.",
        "UnsupportedValue" | "IncompatibleFilters" => "Leave out in spec.routes what this gateway does not support.",
        _ => "Correct spec.routes or the Gateway.",
    };
    let by = match parent.controller.as_str() {
        "" => String::new(),
        controller => format!(" ({controller})"),
    };
    let words = text::line(&verdict.message, 400);
    let message = format!(
        "{} {:?} {what} by Gateway {}{by}: {}: {}. {step}",
        child.kind,
        child.name,
        parent.gateway,
        verdict.reason,
        text::unstopped(&words)
    );
    Some(Say::new(reason, message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::RouteHealth;

    fn verdict_of(status: &str, reason: &str) -> Option<Verdict> {
        let (status, reason, message) = (status.into(), reason.into(), "Words of it.".into());
        Some(Verdict { status, reason, message, since: None })
    }

    fn route(name: &str, result: ChildResult, parents: Vec<RouteParent>) -> ChildOutcome {
        let health = Health::Route(RouteHealth { parents });
        ChildOutcome { kind: "HTTPRoute", name: name.into(), result, health }
    }

    fn parent(accepted: Option<Verdict>, resolved_refs: Option<Verdict>) -> RouteParent {
        RouteParent {
            gateway: "infra/web".into(),
            controller: "example.com/gw".into(),
            accepted,
            resolved_refs,
            partially_invalid: None,
        }
    }

    #[test]
    fn without_routes_there_is_nothing_to_say() {
        assert_eq!(verdict(&[]), None);
    }

    #[test]
    fn silence_is_unknown_and_no_refusal() {
        for parents in [vec![], vec![parent(None, None)], vec![parent(verdict_of("Unknown", "Pending"), None)]] {
            let children = [route("web", ChildResult::Equal, parents)];
            let wanted = verdict(&children).unwrap();
            assert_eq!((wanted.status, wanted.say.reason.as_str()), ("Unknown", "GatewaySilent"));
            assert_eq!(refusal(&children), None);
        }
    }

    #[test]
    fn an_absent_gateway_api_is_named_with_its_remedy() {
        let crd = "httproutes.gateway.networking.k8s.io";
        let wanted = verdict(&[route("web", ChildResult::KindAbsent { crd }, vec![])]).unwrap();
        assert_eq!((wanted.status, wanted.say.reason.as_str()), ("Unknown", "GatewayAPINotInstalled"));
        assert!(wanted.say.message.contains(crd) && wanted.say.message.contains("Install"));
    }

    #[test]
    fn all_must_accept_and_one_refusal_counts() {
        let good = || parent(verdict_of("True", "Accepted"), verdict_of("True", "ResolvedRefs"));
        let children = [route("a", ChildResult::Equal, vec![good()]), route("b", ChildResult::Applied, vec![good()])];
        let wanted = verdict(&children).unwrap();
        assert_eq!((wanted.status, wanted.say.message.as_str()), ("True", "Accepted by Gateway infra/web."));

        let bad = parent(verdict_of("False", "NoMatchingListenerHostname"), None);
        let children = [route("a", ChildResult::Equal, vec![good(), bad])];
        let wanted = verdict(&children).unwrap();
        assert_eq!((wanted.status, wanted.say.reason.as_str()), ("False", "RouteNotAccepted"));
        for part in [
            "HTTPRoute \"a\"",
            "infra/web",
            "example.com/gw",
            "NoMatchingListenerHostname",
            "Words of it. ",
            "host name",
        ] {
            assert!(wanted.say.message.contains(part), "{part}: {}", wanted.say.message);
        }

        let refs = parent(verdict_of("True", "Accepted"), verdict_of("False", "BackendNotFound"));
        let wanted = verdict(&[route("a", ChildResult::Equal, vec![refs])]).unwrap();
        assert_eq!(wanted.say.reason, "RouteRefsNotResolved");

        let partly = RouteParent { partially_invalid: verdict_of("True", "UnsupportedValue"), ..good() };
        let wanted = verdict(&[route("a", ChildResult::Equal, vec![partly])]).unwrap();
        assert_eq!((wanted.status, wanted.say.reason.as_str()), ("False", "RoutePartiallyInvalid"));
    }
}
