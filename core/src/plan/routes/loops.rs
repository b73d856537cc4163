//! Redirects that would send clients back to where they are, and so for ever.
//!
//! What follows from the spec alone is refused. What follows from the listeners that a route hangs on withholds it: they
//! are somebody else's, and may change. A redirect that changes the path is not judged: what it leads to may be taken by
//! any other route.

use std::collections::BTreeSet;

use microservice_crds::gateway::RequestRedirect;

use super::{Made, parents};
use crate::{
    gateway::{
        Listener, Parent, ParentId,
        attach::{self, Candidate},
        hostname,
    },
    plan::{RoutePlan, draft::Draft},
};

/// The port that a scheme implies.
fn own_port(scheme: &str) -> i32 {
    if scheme == "https" { 443 } else { 80 }
}

/// The redirects of a route that leave the path alone, each with its field.
fn redirects<'a>(made: &'a Made<'_>) -> impl Iterator<Item = (String, &'a RequestRedirect)> {
    let filters = made.site.route.filters.iter().enumerate();
    let redirects = filters.filter_map(|(index, filter)| Some((index, filter.request_redirect.as_ref()?)));
    let keeping = redirects.filter(|(_, redirect)| redirect.path.is_none());
    keeping.map(|(index, redirect)| (made.site.at(&format!("filters[{index}].requestRedirect")), redirect))
}

fn hosts<'a>(made: &'a Made<'_>) -> BTreeSet<&'a str> {
    made.objects.iter().flat_map(|object| &object.hostnames).map(String::as_str).collect()
}

/// The host name of a route that requests for `host` come to; none when another route of the service has a narrower one.
fn back<'a>(made: &'a Made<'_>, all: &[Made<'_>], host: &str) -> Option<&'a str> {
    let hosts = hosts(made);
    let taking = |own: &&str| hostname::intersect(own, host).is_some();
    let own =
        if hosts.is_empty() { Some(hostname::ANY) } else { hosts.into_iter().filter(taking).max_by_key(|h| h.len()) };
    let own = own?;
    let others = all.iter().filter(|other| other.site.field != made.site.field);
    let narrower =
        |other: &str| hostname::intersect(other, host).is_some() && (other == host || other.len() > own.len());
    (own == host || !others.flat_map(|other| hosts_of(other)).any(narrower)).then_some(own)
}

fn hosts_of<'a>(made: &'a Made<'_>) -> impl Iterator<Item = &'a str> {
    made.objects.iter().flat_map(|object| &object.hostnames).map(String::as_str)
}

/// Refuses what goes in circles on every listener.
pub(super) fn refuse(draft: &mut Draft<'_>, all: &[Made<'_>]) {
    for made in all {
        let tls = parents::wants_tls(draft, &made.site).is_some_and(|(value, _)| value);
        for (field, redirect) in redirects(made) {
            if let Some(message) = certain(made, all, redirect, tls) {
                draft.refuse(field, message);
            }
        }
    }
}

fn certain(made: &Made<'_>, all: &[Made<'_>], redirect: &RequestRedirect, tls: bool) -> Option<String> {
    let scheme = redirect.scheme.as_deref().or(tls.then_some("https"));
    let port = redirect.port.filter(|port| scheme.is_none_or(|scheme| *port != own_port(scheme)));
    // Without tlsRedirect the listeners decide what the scheme is where the client comes from.
    if port.is_some() || (redirect.scheme.is_some() && !tls) {
        return None;
    }
    let why = match &redirect.hostname {
        None => None,
        Some(host) => match back(made, all, host)? {
            // A listener may have no such host.
            hostname::ANY => return None,
            own if own == host => Some(format!("{host:?} is one of hostnames")),
            own => Some(format!("{host:?} is one of {own:?} in hostnames")),
        },
    };
    let changes = redirect.scheme.is_some() || redirect.port.is_some();
    Some(match why {
        Some(why) if tls && changes => format!(
            "{why}, and with tlsRedirect the route serves https alone, so clients would go in circles; write another \
             hostname, or remove the filter"
        ),
        Some(why) => format!(
            "{why}, so its clients would be sent back to where they are; write another hostname, or keep only those in \
             hostnames that are to be sent there"
        ),
        None if tls && changes => {
            "with tlsRedirect the route serves https alone, and clients would go in circles; remove \
                                   the filter, or write tlsRedirect: false"
                .to_owned()
        }
        None => "it sends clients back to where they are; write scheme, hostname, port or path".to_owned(),
    })
}

/// The first listener that a redirect of the route leads back to, in words.
pub(super) fn on_listeners(draft: &Draft<'_>, made: &Made<'_>, all: &[Made<'_>]) -> Option<String> {
    // The half that only sends clients to https is ours.
    let tls = parents::wants_tls(draft, &made.site).is_some_and(|(value, _)| value);
    let objects = || made.objects.iter().filter(|object| !(tls && object.redirects_to_https()));
    redirects(made).find_map(|(field, redirect)| {
        if redirect.hostname.as_ref().is_some_and(|host| back(made, all, host).is_none()) {
            return None;
        }
        let (id, listener) = objects().find_map(|object| on_object(draft, object, redirect))?;
        Some(words(&field, id, listener, redirect))
    })
}

fn on_object<'d>(
    draft: &'d Draft<'_>,
    object: &'d RoutePlan,
    redirect: &RequestRedirect,
) -> Option<(&'d ParentId, &'d Listener)> {
    object.parents.iter().find_map(|on| {
        let parent = draft.facts.gateways.parent(&on.id).present()?;
        let route = Candidate {
            kind: object.rules.kind(),
            namespace: &draft.subject.namespace,
            namespace_labels: draft.facts.gateways.namespace_labels.as_ref(),
            hostnames: &object.hostnames,
            section: on.section_name.as_deref(),
        };
        let attached = attach::attach(&on.id, parent, route).unwrap_or_default();
        let circle = attached.into_iter().find(|attached| leads_back(parent, attached.listener, redirect))?;
        Some((&on.id, circle.listener))
    })
}

/// Whether a request that came in on this listener comes in there again.
fn leads_back(parent: &Parent, listener: &Listener, redirect: &RequestRedirect) -> bool {
    let Some(scheme) = scheme(listener) else { return false };
    let host = redirect.hostname.as_deref().is_none_or(|host| listener.common_host(host).is_some());
    let same = redirect.scheme.as_deref().is_none_or(|wanted| wanted == scheme);
    let wanted = redirect.port.or_else(|| redirect.scheme.as_deref().map(own_port));
    // Clients may dial the port of the scheme where the listener has another: what is before it maps the two.
    let mapped = |port: i32| port == own_port(scheme) && !parent.listeners.iter().any(|other| other.port == port);
    host && same && wanted.is_none_or(|port| port == listener.port || mapped(port))
}

fn scheme(listener: &Listener) -> Option<&'static str> {
    match listener.protocol.as_str() {
        "HTTP" => Some("http"),
        "HTTPS" => Some("https"),
        _ => None,
    }
}

fn words(field: &str, id: &ParentId, listener: &Listener, redirect: &RequestRedirect) -> String {
    let (name, scheme) = (&listener.name, scheme(listener).unwrap_or_default());
    let step = if redirect.scheme.is_some() {
        "Name a listener that speaks the other scheme in gateway.sectionName, or write tlsRedirect: true in place of the \
         filter."
    } else {
        "Write another hostname, or keep only those in hostnames that are to be sent there."
    };
    format!("{field} sends clients of listener {name:?} of {id}, which speaks {scheme}, back to it, for ever. {step}")
}
