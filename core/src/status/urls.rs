//! Where a user can open the service.
//!
//! One address for each host name of a route and each listener that takes it, by what is known of the Gateways: scheme
//! and port from the listener, the path from the first rule that serves. First come the routes in the order of the spec,
//! and https before http; then the hosts of gRPC, written the same way, because that is what gRPC clients dial.

use std::borrow::Cow;

use microservice_crds::gateway::{FilterKind, HttpRouteRule, PathMatchType};

use super::{
    place::{self, Place},
    stands,
};
use crate::{
    gateway::{Listener, Parent, Seen, attach, hostname::ANY},
    outcome::{ChildOutcome, ChildResult, Outcome, Verdict},
    plan::{Plan, RoutePlan, RouteRules},
};

/// What the schema of the status takes.
const COUNT: usize = 64;
const LENGTH: usize = 1024;

/// An address and its place among the others.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Address {
    grpc: bool,
    /// Positions of the route object and of its host.
    route: usize,
    host: usize,
    plain: bool,
    text: String,
    /// The listener is known not to serve.
    down: bool,
}

/// All addresses, the best first.
pub(super) fn of(plan: &Plan, outcome: &Outcome) -> Vec<String> {
    let serving = serving(plan, outcome);
    let mut all = Vec::new();
    for (position, (route, child)) in serving.iter().enumerate() {
        let Some(path) = path(&route.rules) else { continue };
        let other_half = |other: &RoutePlan| other.route == route.route && other.redirects_to_https();
        let secure = serving.iter().any(|(other, _)| other_half(other));
        let mut found = Vec::new();
        for parent in &route.parents {
            let place = Place { plan, view: &outcome.gateways, route, parent };
            if !place.is_refused(Some(*child)) {
                on_parent(place, &path, secure, &mut found);
            }
        }
        // Where a host is served, the listeners of it that are down lead nobody anywhere.
        let served: Vec<usize> = found.iter().filter(|address| !address.down).map(|address| address.host).collect();
        found.retain(|address| !address.down || !served.contains(&address.host));
        all.extend(found.into_iter().map(|address| Address { route: position, ..address }));
    }
    all.sort_unstable();
    let mut urls: Vec<String> = Vec::new();
    for address in all {
        if !urls.contains(&address.text) {
            urls.push(address.text);
        }
    }
    urls.truncate(COUNT);
    urls
}

/// The routes that take requests now, in the order of the spec: those of the plan that stand, and what stands of the others
/// from before.
fn serving<'a>(plan: &'a Plan, outcome: &'a Outcome) -> Vec<(Cow<'a, RoutePlan>, &'a ChildOutcome)> {
    let older = |child: &'a ChildOutcome, route: &str| {
        let stands = place::health(child)?.stands.as_deref()?;
        Some((Cow::Owned(RoutePlan { route: route.to_owned(), ..stands.clone() }), child))
    };
    let planned = plan.routes.iter().enumerate().filter_map(|(position, route)| {
        let child = place::child(outcome, route)?;
        let stands = stands(&child.result);
        let found = if stands { Some((Cow::Borrowed(route), child)) } else { older(child, &route.route) };
        Some((position, found?))
    });
    let kept = outcome.children.iter().filter(|child| child.result == ChildResult::Kept).filter_map(|child| {
        let withheld = plan.kept(child.kind, &child.name)?;
        Some((withheld.before, older(child, &withheld.route)?))
    });
    // One that is withheld stands before the one that comes after it.
    let mut all: Vec<_> = kept.chain(planned).collect();
    all.sort_by_key(|(position, _)| *position);
    all.into_iter().map(|(_, found)| found).collect()
}

fn on_parent(place: Place<'_>, path: &str, secure: bool, found: &mut Vec<Address>) {
    let Place { view, route, parent, .. } = place;
    let grpc = matches!(route.rules, RouteRules::Grpc(_));
    let address = |host: usize, scheme: &str, authority: &str, down: bool| {
        let whole = format!("{scheme}://{authority}{path}");
        let text = if whole.len() > LENGTH { format!("{scheme}://{authority}") } else { whole };
        Address { grpc, route: 0, host, plain: scheme == "http", text, down }
    };
    let known = match view.parent(&parent.id) {
        Seen::Present(known) => known,
        Seen::Absent => return,
        Seen::Unknown => {
            let scheme = guess(place, secure);
            let exact = route.hostnames.iter().enumerate().filter(|(_, host)| !host.starts_with('*'));
            found.extend(exact.map(|(position, host)| address(position, scheme, host, false)));
            return;
        }
    };
    for attached in place.attempt().and_then(Result::ok).unwrap_or_default() {
        let listener = attached.listener;
        let Some((scheme, port)) = scheme(listener) else { continue };
        let down = is_down(known, listener);
        for (position, host) in attach::hosts(&route.hostnames).enumerate() {
            for name in listener.common_host(host).iter().flat_map(|host| names(host, known)) {
                found.push(address(position, scheme, &format!("{name}{port}"), down));
            }
        }
    }
}

/// What a host is called in an address: where it is every host, it is reached by the addresses of the Gateway; nobody can
/// open a wildcard.
fn names(host: &str, parent: &Parent) -> Vec<String> {
    let bracketed = |address: &String| if address.contains(':') { format!("[{address}]") } else { address.clone() };
    match host {
        ANY => parent.addresses.iter().map(bracketed).collect(),
        host if host.starts_with('*') => Vec::new(),
        host => vec![host.to_owned()],
    }
}

/// Scheme, and the port where the scheme does not imply it. None for a protocol that only its gateway knows.
fn scheme(listener: &Listener) -> Option<(&'static str, String)> {
    let (scheme, implied) = match listener.protocol.as_str() {
        "HTTP" => ("http", 80),
        "HTTPS" => ("https", 443),
        _ => return None,
    };
    let implied = listener.port == implied || listener.port == 0;
    Some((scheme, if implied { String::new() } else { format!(":{}", listener.port) }))
}

/// The scheme on a Gateway of which nothing is known: that the route is also redirected to https tells, and the name of
/// the listener.
fn guess(place: Place<'_>, redirected: bool) -> &'static str {
    let section = place.parent.section_name.as_deref().unwrap_or_default();
    let secure = section.contains("https") || section.contains("tls");
    if secure || redirected { "https" } else { "http" }
}

fn is_down(parent: &Parent, listener: &Listener) -> bool {
    let denied = |verdict: &Option<Verdict>| verdict.as_ref().is_some_and(Verdict::is_false);
    let refs = listener.protocol == "HTTPS" && denied(&listener.resolved_refs);
    refs || [&parent.accepted, &parent.programmed, &listener.accepted, &listener.programmed].into_iter().any(denied)
}

/// The path of the first rule that serves requests. None: every rule only sends clients elsewhere.
fn path(rules: &RouteRules) -> Option<String> {
    let RouteRules::Http(rules) = rules else { return Some(String::new()) };
    let redirects = |rule: &&HttpRouteRule| {
        rule.backend_refs.is_empty() && rule.filters.iter().any(|filter| filter.type_ == FilterKind::RequestRedirect)
    };
    let rule = rules.iter().find(|rule| !redirects(rule))?;
    let path = rule.matches.first().and_then(|m| m.path.as_ref());
    let path = path.filter(|p| p.type_ != PathMatchType::RegularExpression && p.value != "/");
    Some(path.map(|p| p.value.clone()).unwrap_or_default())
}

#[cfg(test)]
mod tests;
