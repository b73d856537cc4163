//! Where requests go: the port of the route, and the shares of other services.

use std::collections::BTreeSet;

use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use microservice_crds::{Protocol, RouteBackend, gateway::BackendRef};

use super::Site;
use crate::plan::{PortPlan, Source, Subject, check, draft::Draft, ports};

/// Backends that one rule may have.
const BACKENDS_MAX: usize = 16;

/// A Service of this namespace that must exist, and the field that names it.
pub(super) struct Named {
    pub service: String,
    pub field: String,
}

/// The Services of others in this namespace that the routes of a Microservice name: whether they exist is a fact that its
/// plan depends on.
pub fn neighbours(subject: &Subject) -> BTreeSet<String> {
    let here = |namespace: Option<&String>| namespace.is_none_or(|namespace| *namespace == subject.namespace);
    let routes = &subject.spec.routes;
    let backends = routes.iter().flat_map(|route| &route.backends).filter_map(|backend| backend.service.as_ref());
    let mirrors = routes.iter().flat_map(|route| &route.filters).filter_map(|filter| filter.request_mirror.as_ref());
    let mirrors = mirrors.map(|mirror| &mirror.backend_ref).filter(|target| here(target.namespace.as_ref()));
    let all = backends.chain(mirrors.map(|target| &target.name));
    all.filter(|name| **name != subject.name).cloned().collect()
}

/// The port of this service that the route leads to. Nobody has to say one where nothing leads to it.
pub(super) fn port<'p>(
    draft: &mut Draft<'_>,
    site: &Site<'_>,
    all: &'p [PortPlan],
    answers: bool,
) -> Option<&'p PortPlan> {
    let route = site.route;
    let field = site.at("port");
    if let Some(wanted) = &route.port {
        return named(draft, &field, all, wanted);
    }
    let own = |backend: &RouteBackend| is_own(draft, backend) && backend.port.is_none();
    let needed = !answers && (route.backends.is_empty() || route.backends.iter().any(own));
    let grpc = !route.grpc_matches.is_empty();
    let first = |grpc: bool| all.iter().find(|p| if grpc { p.protocol == Protocol::Grpc } else { p.speaks_http() });
    let found = first(grpc).or_else(|| first(false));
    match found {
        Some(port) => draft.ledger.record(&field, &port.name, Source::Derived),
        None if needed => draft.refuse(
            &field,
            "no port speaks HTTP; write protocol: http (or https, h2c, grpc, ws) at the port, or name the port here",
        ),
        None => {}
    }
    found
}

fn named<'p>(draft: &mut Draft<'_>, field: &str, all: &'p [PortPlan], wanted: &IntOrString) -> Option<&'p PortPlan> {
    let found = ports::of_service(all, wanted).filter(|p| p.transport() == "TCP");
    if found.is_none() {
        let wanted = serde_json::to_string(wanted).unwrap_or_default();
        let names = ports::names(all);
        draft.refuse(field, format!("there is no TCP port {wanted} (there are: {names}); name one of them"));
    }
    found
}

fn is_own(draft: &Draft<'_>, backend: &RouteBackend) -> bool {
    backend.service.as_ref().is_none_or(|service| *service == draft.subject.name)
}

/// The backends, each with its share; and the Services of others that they name, mirrors included.
pub(super) fn resolve(
    draft: &mut Draft<'_>,
    site: &Site<'_>,
    all: &[PortPlan],
    port: Option<&PortPlan>,
    answers: bool,
) -> (Vec<BackendRef>, Vec<Named>) {
    let route = site.route;
    let mut services = mirrors(draft, site);
    if answers {
        if !route.backends.is_empty() {
            draft.refuse(site.at("backends"), "a RequestRedirect answers every request itself; remove one of the two");
        }
        return (Vec::new(), services);
    }
    if route.backends.is_empty() {
        let own = port.map(|port| reference(draft.subject.name.clone(), port.port, 1));
        return (own.into_iter().collect(), services);
    }
    if route.backends.len() > BACKENDS_MAX {
        let message = format!("{} are too many; write at most {BACKENDS_MAX}", route.backends.len());
        draft.refuse(site.at("backends"), message);
    }
    let mut refs: Vec<BackendRef> = Vec::new();
    for (index, backend) in route.backends.iter().enumerate() {
        let field = site.at(&format!("backends[{index}]"));
        let weight = backend.weight.unwrap_or(1);
        if !(0..=1_000_000).contains(&weight) {
            draft.refuse(format!("{field}.weight"), format!("{weight} is not a weight; write 0 to 1000000"));
        }
        let target = if is_own(draft, backend) {
            own(draft, &field, all, port, backend)
        } else {
            other(draft, &field, backend, &mut services)
        };
        let Some((service, port)) = target else { continue };
        if refs.iter().any(|r| r.name == service && r.port == port) {
            let message = format!("port {port} of {service:?} is there already; write it once, with its whole weight");
            draft.refuse(&field, message);
        }
        refs.push(reference(service, port, weight));
    }
    (refs, services)
}

/// All defaults of the server are written out, because lists in routes are replaced as a whole.
fn reference(name: String, port: i32, weight: i32) -> BackendRef {
    BackendRef { group: String::new(), kind: "Service".to_owned(), name, port, weight }
}

fn own(
    draft: &mut Draft<'_>,
    field: &str,
    all: &[PortPlan],
    port: Option<&PortPlan>,
    backend: &RouteBackend,
) -> Option<(String, i32)> {
    let port = match &backend.port {
        Some(wanted) => named(draft, &format!("{field}.port"), all, wanted),
        None => port,
    };
    Some((draft.subject.name.clone(), port?.port))
}

fn other(
    draft: &mut Draft<'_>,
    field: &str,
    backend: &RouteBackend,
    services: &mut Vec<Named>,
) -> Option<(String, i32)> {
    let service = backend.service.clone()?;
    draft.problems.check(format!("{field}.service"), check::rfc1123_label(&service));
    let port = match &backend.port {
        Some(IntOrString::Int(port)) => *port,
        Some(IntOrString::String(_)) | None => {
            let message = "a port of another service is said by its number; write port: 80 or what it has";
            draft.refuse(format!("{field}.port"), message);
            return None;
        }
    };
    draft.problems.check(format!("{field}.port"), check::port_number(port));
    services.push(Named { service: service.clone(), field: format!("{field}.service") });
    Some((service, port))
}

/// Services of this namespace that get copies of requests.
fn mirrors(draft: &Draft<'_>, site: &Site<'_>) -> Vec<Named> {
    let subject = draft.subject;
    let filters = site.route.filters.iter().enumerate();
    let targets = filters.filter_map(|(index, filter)| Some((index, &filter.request_mirror.as_ref()?.backend_ref)));
    let here = targets.filter(|(_, target)| {
        target.name != subject.name && target.namespace.as_ref().is_none_or(|n| *n == subject.namespace)
    });
    here.map(|(index, target)| Named {
        service: target.name.clone(),
        field: site.at(&format!("filters[{index}].requestMirror.backendRef.name")),
    })
    .collect()
}
