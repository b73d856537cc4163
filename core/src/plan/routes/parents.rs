//! What a route hangs on: the gateway that it names, else those of the class, and the listeners for a redirect to https.

use std::collections::BTreeSet;

use microservice_crds::{ClassGateway, GatewayRef, Routing, TlsListeners};

use super::Site;
use crate::{
    gateway::ParentId,
    plan::{Blame, ParentPlan, Source, check, draft::Draft},
};

/// Where a route is served, and where it only redirects to https.
#[derive(Default)]
pub(super) struct Parents {
    pub serving: Vec<ParentPlan>,
    pub redirecting: Vec<ParentPlan>,
}

/// One gateway, before it is decided how the route hangs on it.
struct Choice<'a> {
    id: ParentId,
    section: Option<&'a str>,
    listeners: Option<&'a TlsListeners>,
}

pub(super) fn resolve(draft: &mut Draft<'_>, site: &Site<'_>) -> Option<Parents> {
    let class = draft.class;
    let routing = class.and_then(|class| class.spec.routing.as_ref());
    let class = class.map(|class| class.name.as_str()).unwrap_or_default();
    let choices = match &site.route.gateway {
        Some(gateway) => vec![named(draft, site, gateway, routing)],
        None => of_class(draft, site, class, routing)?,
    };
    let tls = wants_tls(draft, site);
    if let Some((value, source)) = tls {
        draft.ledger.record(&site.at("tlsRedirect"), &value, source);
    }
    let tls = tls.is_some_and(|(value, _)| value);
    let mut parents = Parents::default();
    for choice in choices {
        if tls {
            redirected(draft, site, &choice, &mut parents);
        } else {
            let section_name = choice.section.map(str::to_owned);
            parents.serving.push(ParentPlan { id: choice.id, section_name });
        }
    }
    apart(draft, site, class, &parents);
    Some(parents)
}

/// The gateway that the route names. The class may know its listeners.
fn named<'a>(
    draft: &mut Draft<'_>,
    site: &Site<'_>,
    gateway: &'a GatewayRef,
    routing: Option<&'a Routing>,
) -> Choice<'a> {
    let own = &draft.subject.namespace;
    let namespace = gateway.namespace.clone().unwrap_or_else(|| own.clone());
    let id = ParentId { kind: gateway.kind, namespace, name: gateway.name.clone() };
    let section = gateway.section_name.as_deref();
    let known = routing.into_iter().flat_map(|routing| &routing.gateways).filter(|g| id_of(g, own) == id);
    let mut pairs: Vec<&TlsListeners> = known.filter_map(|g| g.listeners.as_ref()).collect();
    pairs.sort_by_key(|pair| section != Some(&pair.https));
    if gateway.name.is_empty() {
        draft.refuse(site.at("gateway.name"), "the name is empty; write the name of a Gateway");
    } else {
        draft.problems.check(site.at("gateway.name"), check::dns_subdomain(&gateway.name));
    }
    draft.problems.check(site.at("gateway.namespace"), check::rfc1123_label(&id.namespace));
    if let Some(section) = section {
        draft.problems.check(site.at("gateway.sectionName"), check::dns_subdomain(section));
    }
    Choice { id, section, listeners: pairs.first().copied() }
}

fn id_of(gateway: &ClassGateway, own: &str) -> ParentId {
    let namespace = gateway.namespace.clone().unwrap_or_else(|| own.to_owned());
    ParentId { kind: gateway.kind, namespace, name: gateway.name.clone() }
}

/// All gateways of the class.
fn of_class<'a>(
    draft: &mut Draft<'_>,
    site: &Site<'_>,
    class: &str,
    routing: Option<&'a Routing>,
) -> Option<Vec<Choice<'a>>> {
    let gateways = routing.map(|routing| routing.gateways.as_slice()).unwrap_or_default();
    if gateways.is_empty() {
        let why = if draft.class.is_some() {
            format!("MicroserviceClass {class:?} has none (routing.gateways); write gateway: {{name: ...}}")
        } else {
            "there is no class to take it from; write gateway: {name: ...}, or name a class with routing.gateways in \
             spec.class"
                .to_owned()
        };
        draft.refuse(site.at("gateway"), format!("no Gateway is said and {why}"));
        return None;
    }
    for gateway in gateways {
        let parts = [Some(&gateway.name), gateway.section_name.as_ref()];
        let namespace = gateway.namespace.as_deref().map_or(Ok(()), check::rfc1123_label);
        let verdict = parts.into_iter().flatten().try_for_each(|part| check::dns_subdomain(part)).and(namespace);
        if let Err(message) = verdict {
            let message = format!("routing.gateways of MicroserviceClass {class:?}: {message}; correct the class");
            draft.problems.blame(Blame::Class, site.at("gateway"), message);
        }
    }
    draft.ledger.record(&site.at("gateway"), &gateways, Source::Class);
    let own = &draft.subject.namespace;
    let choice = |gateway: &'a ClassGateway| Choice {
        id: id_of(gateway, own),
        section: gateway.section_name.as_deref(),
        listeners: gateway.listeners.as_ref(),
    };
    Some(gateways.iter().map(choice).collect())
}

/// Whether the route is served with TLS alone, where anybody says so.
pub(super) fn wants_tls(draft: &Draft<'_>, site: &Site<'_>) -> Option<(bool, Source)> {
    let routing = draft.class.and_then(|class| class.spec.routing.as_ref());
    let of_class = routing.is_some_and(|routing| routing.tls_redirect);
    let said = site.route.tls_redirect.map(|value| (value, Source::Spec));
    said.or_else(|| of_class.then_some((true, Source::Class)))
}

/// One listener serves, the other redirects.
fn redirected(draft: &mut Draft<'_>, site: &Site<'_>, choice: &Choice<'_>, parents: &mut Parents) {
    let field = site.at("tlsRedirect");
    let Some(pair) = choice.listeners else {
        let message = format!(
            "the class has to say which listeners of {} are for http and https; have listeners: {{http: ..., https: ...}} \
             written at that gateway in routing.gateways, or write tlsRedirect: false",
            choice.id
        );
        // A class that wants it for gateways of its own, without saying how, contradicts itself.
        let own = site.route.gateway.is_none() && site.route.tls_redirect.is_none();
        draft.problems.blame(if own { Blame::Class } else { Blame::Spec }, field, message);
        return;
    };
    // What the class says of routes without a redirect does not count here; what the route itself says does.
    if let Some(section) = choice.section.filter(|s| site.route.gateway.is_some() && *s != pair.https) {
        let message = format!(
            "the class serves https on listener {:?}, and gateway.sectionName is {section:?}; remove sectionName, or \
             write tlsRedirect: false",
            pair.https
        );
        draft.refuse(&field, message);
    }
    for listener in [&pair.http, &pair.https] {
        if let Err(message) = check::dns_subdomain(listener) {
            let message = format!("listeners of {} in the class: {message}; correct the class", choice.id);
            draft.problems.blame(Blame::Class, &field, message);
        }
    }
    let on = |section: &String| ParentPlan { id: choice.id.clone(), section_name: Some(section.clone()) };
    parents.serving.push(on(&pair.https));
    parents.redirecting.push(on(&pair.http));
}

/// Two references to one gateway need listeners that differ, and one that redirects must not serve: that would be a
/// loop.
fn apart(draft: &mut Draft<'_>, site: &Site<'_>, class: &str, parents: &Parents) {
    let mut seen: Vec<&ParentPlan> = Vec::new();
    let mut wrong = BTreeSet::new();
    for parent in &parents.serving {
        if seen.iter().any(|other| other.id == parent.id && meet(other, parent)) {
            wrong.insert(format!("names {} more than once; give each entry a sectionName of its own", parent.id));
        }
        seen.push(parent);
    }
    for (index, parent) in parents.redirecting.iter().enumerate() {
        let section = parent.section_name.as_deref().unwrap_or_default();
        if parents.serving.contains(parent) {
            wrong.insert(format!(
                "has listener {section:?} of {} serve https and redirect to https, which is a loop; name two listeners",
                parent.id
            ));
        }
        if parents.redirecting.iter().take(index).any(|other| other == parent) {
            wrong.insert(format!("has listener {section:?} of {} redirect more than once; keep one", parent.id));
        }
    }
    for message in wrong {
        let message = format!("routing.gateways of MicroserviceClass {class:?} {message}");
        draft.problems.blame(Blame::Class, site.at("gateway"), message);
    }
}

/// Whether two references to one gateway share a listener.
fn meet(one: &ParentPlan, two: &ParentPlan) -> bool {
    one.section_name.is_none() || two.section_name.is_none() || one.section_name == two.section_name
}
