//! Whether the Gateway and those of its listeners that serve a route are up.

use super::{
    Cause, Finding,
    controller::{lifted, with_step},
    grant,
};
use crate::{
    gateway::{
        Listener, Parent,
        attach::{self, Attachment},
    },
    outcome::Verdict,
    status::place::Place,
};

/// What is wrong with a parent that has taken the route, and what is wrong with listeners that others stand in for.
pub(super) fn trouble(
    place: &Place<'_>,
    parent: &Parent,
    attached: &[Attachment<'_>],
) -> (Option<Finding>, Vec<String>) {
    let id = &place.parent.id;
    let own = whole(place, &id.to_string(), parent);
    let set_of = parent
        .gateway
        .as_ref()
        .and_then(|gateway| whole(place, &gateway.to_string(), place.view.parent(gateway).present()?));
    // What is certain comes first, and the nearer of the two.
    let of_gateway = own.into_iter().chain(set_of).min_by_key(|finding| !finding.certain);
    if let Some(certain) = of_gateway.as_ref().filter(|finding| finding.certain) {
        // A certificate that is not permitted is why the Gateway is down, and says more.
        let cause =
            attached.iter().filter_map(|a| listener(place, a.listener)).find(|f| f.cause == Cause::RefNotPermitted);
        return (Some(cause.unwrap_or_else(|| certain.clone())), Vec::new());
    }
    let mut notes = Vec::new();
    let mut of_listener: Option<Finding> = None;
    for host in attach::hosts(&place.route.hostnames) {
        let serving: Vec<&Listener> =
            attached.iter().map(|a| a.listener).filter(|l| l.common_host(host).is_some()).collect();
        let mut findings: Vec<Finding> = serving.iter().filter_map(|l| listener(place, l)).collect();
        findings.sort_by_key(|finding| (!finding.certain, finding.cause));
        if findings.len() < serving.len() {
            notes.extend(findings.into_iter().filter(|f| f.certain).map(|f| f.say.message));
        } else {
            of_listener = of_listener.or_else(|| findings.into_iter().next());
        }
    }
    notes.sort_unstable();
    notes.dedup();
    (of_listener.or(of_gateway), notes)
}

/// Whether a Gateway or ListenerSet is up as a whole.
fn whole(place: &Place<'_>, name: &str, parent: &Parent) -> Option<Finding> {
    let cause = Cause::GatewayNotProgrammed;
    for (verdict, what) in [(&parent.accepted, "accepted"), (&parent.programmed, "programmed")] {
        match verdict {
            Some(verdict) if verdict.is_true() => {}
            Some(verdict) if verdict.is_false() => {
                let message = format!(
                    "{name} is not {what}, so {} is not served: {}. {}",
                    place.who(),
                    lifted(&verdict.reason, &verdict.message),
                    step(name, &verdict.reason)
                );
                return Some(Finding::certain(cause, message));
            }
            _ => {
                let message = format!("{name} has taken {}, and does not say yet that it is {what}.", place.who());
                return Some(Finding::open(cause, message));
            }
        }
    }
    None
}

/// What to do about a Gateway that is not up, by its reason.
fn step(name: &str, reason: &str) -> String {
    match reason {
        "AddressNotAssigned" | "AddressNotUsable" => {
            format!("Let the cluster assign an address (a load balancer), or correct spec.addresses of {name}.")
        }
        "ListenersNotValid" => {
            format!("Correct its listeners: kubectl describe shows which ones, under status.listeners of {name}.")
        }
        "NotAllowed" => "Let its Gateway allow it (allowedListeners).".to_owned(),
        _ => format!("Correct {name}, or ask who runs it."),
    }
}

/// Whether a listener is up, and if not why.
fn listener(place: &Place<'_>, listener: &Listener) -> Option<Finding> {
    let who = format!("Listener {:?} of {}", listener.name, place.parent.id);
    let cause = Cause::ListenerNotProgrammed;
    let denied = |verdict: &Option<Verdict>| verdict.clone().filter(Verdict::is_false);
    // A listener without TLS refers to nothing that it needs.
    if let Some(refs) = denied(&listener.resolved_refs).filter(|_| listener.protocol == "HTTPS") {
        if refs.reason == "RefNotPermitted" {
            let step = grant::of_listener(place, &listener.certificates);
            let message = with_step(&format!("{who} may not use its certificate"), &refs, &step);
            return Some(Finding::certain(Cause::RefNotPermitted, message));
        }
        let secrets: Vec<String> = listener.certificates.iter().map(|(n, s)| format!("Secret {n}/{s}")).collect();
        let step = match secrets.as_slice() {
            [] => "Correct its tls.certificateRefs.".to_owned(),
            secrets => format!("Check {}.", super::obstacles::few(secrets)),
        };
        return Some(Finding::certain(
            cause,
            with_step(&format!("{who} has no certificate to serve with"), &refs, &step),
        ));
    }
    for (verdict, what) in [(&listener.accepted, "accepted"), (&listener.programmed, "programmed")] {
        match verdict {
            Some(verdict) if verdict.is_true() => {}
            Some(verdict) if verdict.is_false() => {
                let words = lifted(&verdict.reason, &verdict.message);
                let step = "Correct this listener, or name another one";
                let field = place.field("gateway.sectionName");
                return Some(Finding::certain(cause, format!("{who} is not {what}: {words}. {step} in {field}.")));
            }
            _ => return Some(Finding::open(cause, format!("{who} does not say yet that it is {what}."))),
        }
    }
    None
}
