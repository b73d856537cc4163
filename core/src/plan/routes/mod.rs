//! Routes: host names and requests on Gateways that lead to ports.
//!
//! A route of the spec is resolved as a whole (parents, hosts, matches, backends, filters, policies), then cut into the
//! objects that the Gateway API can hold. One that the spec may ask for and that cannot be made now is withheld: the
//! rest of the service goes on without it.

mod backends;
mod claims;
mod cors;
mod features;
mod fields;
mod filters;
mod headers;
mod hosts;
mod loops;
mod matches;
mod parents;
mod policies;
mod rewrites;
mod split;
mod standing;
mod withhold;

use microservice_crds::{
    Protocol, Route,
    gateway::{FilterKind, GrpcRouteRule, HttpRouteRule},
};

use super::{Claim, PortPlan, RoutePlan, Withheld, check, draft::Draft, resolved::to_https};

pub use backends::neighbours;
pub use claims::{MixedKinds, claimed_by, claims, mixed_kinds, standing_claims};
pub(crate) use policies::{NOT_A_DURATION, duration};
pub(super) use split::belongs;
pub use standing::{serving, standing};

/// What all routes of a service may claim: everybody's claims are kept in memory.
const CLAIMS_MAX: usize = 4096;

/// The route that is called as the Microservice.
const MAIN: &str = "main";

/// What all routes of a service come to.
pub(super) struct Resolved {
    pub objects: Vec<RoutePlan>,
    pub withheld: Vec<Withheld>,
    pub claims: Vec<Claim>,
}

/// One route of the spec, and where it stands there.
struct Site<'a> {
    route: &'a Route,
    field: String,
}

impl Site<'_> {
    /// The path of a field of the route.
    fn at(&self, part: &str) -> String {
        format!("{}.{part}", self.field)
    }
}

/// The kinds of route objects.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Http,
    Grpc,
}

/// A route of the spec with nothing left open.
struct Made<'a> {
    site: Site<'a>,
    kind: Kind,
    objects: Vec<RoutePlan>,
    claims: Vec<Claim>,
    needs: Vec<features::Need>,
    services: Vec<backends::Named>,
}

pub(super) fn resolve(draft: &mut Draft<'_>, ports: &[PortPlan]) -> Resolved {
    let spec = draft.spec;
    if let Some(name) = check::duplicate(spec.routes.iter().map(|r| r.name.as_str())) {
        draft.refuse(format!("routes[{name}].name"), "two routes have this name; rename one");
    }
    let sites = spec.routes.iter().map(|route| Site { route, field: format!("routes[{}]", route.name) });
    let mut all: Vec<Made<'_>> = sites.filter_map(|site| one(draft, site, ports)).collect();
    let count: usize = all.iter().map(|made| claims::count(&made.objects)).sum();
    if count > CLAIMS_MAX {
        let message = format!(
            "host names times matches times listeners of all routes come to {count}; write at most {CLAIMS_MAX}, with \
             wildcards in hostnames, shorter prefixes in paths, or another Microservice for the rest"
        );
        draft.refuse("routes", message);
        all.clear();
    }
    for made in &mut all {
        made.claims = claims::of(&made.objects);
    }
    claims::refuse_twins(draft, &all);
    loops::refuse(draft, &all);
    let loops: Vec<_> = all.iter().map(|made| loops::on_listeners(draft, made, &all)).collect();
    let mut resolved = Resolved { objects: Vec::new(), withheld: Vec::new(), claims: Vec::new() };
    for (made, circle) in all.into_iter().zip(loops) {
        resolved.claims.extend(made.claims.iter().cloned());
        match withhold::verdict(draft, &made, circle) {
            Some(withheld) => {
                resolved.withheld.push(Withheld { before: resolved.objects.len(), ..withheld });
            }
            None => resolved.objects.extend(made.objects),
        }
    }
    resolved
}

fn one<'a>(draft: &mut Draft<'_>, site: Site<'a>, ports: &[PortPlan]) -> Option<Made<'a>> {
    name(draft, &site);
    let hostnames = hosts::resolve(draft, &site);
    let answers = site.route.filters.iter().any(|f| f.type_ == FilterKind::RequestRedirect);
    let port = backends::port(draft, &site, ports, answers);
    let kind = kind(draft, &site, port);
    let (backend_refs, services) = backends::resolve(draft, &site, ports, port, answers);
    let filters = filters::resolve(draft, &site, kind);
    let policies = policies::resolve(draft, &site, kind);
    let parents = parents::resolve(draft, &site);
    let (rules, matches) = match kind {
        Kind::Http => {
            let matches = matches::http(draft, &site);
            let one_each = rewrites::replaces_prefix(draft, &site, &matches);
            let rule = HttpRouteRule {
                matches: Vec::new(),
                filters: filters.clone(),
                backend_refs: backend_refs.clone(),
                timeouts: policies.timeouts,
                retry: policies.retry,
                session_persistence: policies.session_persistence,
            };
            (split::http(&rule, &matches, one_each), matches)
        }
        Kind::Grpc => {
            let matches = matches::grpc(draft, &site);
            let rule = GrpcRouteRule {
                matches: Vec::new(),
                filters: filters.clone(),
                backend_refs: backend_refs.clone(),
                session_persistence: policies.session_persistence,
            };
            (split::grpc(&rule, &matches), Vec::new())
        }
    };
    let parents = parents?;
    let own = draft.subject.name.clone();
    let redirects = kind == Kind::Http && !parents.redirecting.is_empty();
    let parts = features::Parts {
        kind,
        matches: &matches,
        filters: &filters,
        backends: &backend_refs,
        namespace: &draft.subject.namespace,
        own: (&own, ports),
        redirects,
    };
    let needs = features::needs(&site, &parts);
    let mut objects = split::objects(&own, &site.route.name, false, &parents.serving, &hostnames, rules);
    // A client of gRPC follows no redirect: its route is simply not there without TLS.
    if redirects {
        let rule = HttpRouteRule { filters: vec![to_https()], ..HttpRouteRule::default() };
        let rules = split::http(&rule, &matches, false);
        objects.extend(split::objects(&own, &site.route.name, true, &parents.redirecting, &hostnames, rules));
    }
    split::check_names(draft, &site, &objects);
    Some(Made { site, kind, objects, claims: Vec::new(), needs, services })
}

fn name(draft: &mut Draft<'_>, site: &Site<'_>) {
    let name = &site.route.name;
    let verdict = check::rfc1123_label(name).and_then(|()| {
        if name.contains("--") {
            Err(format!("{name:?} contains '--', which joins names of children; write a single '-'"))
        } else {
            Ok(())
        }
    });
    draft.problems.check(site.at("name"), verdict);
}

/// A route to a grpc port is a GRPCRoute, unless it says paths or other things that only an HTTPRoute has.
fn kind(draft: &mut Draft<'_>, site: &Site<'_>, port: Option<&PortPlan>) -> Kind {
    let route = site.route;
    let says_http = !route.paths.is_empty() || !route.matches.is_empty();
    if !route.paths.is_empty() && !route.matches.is_empty() {
        draft.refuse(site.at("paths"), "matches are there too; keep one of the two");
    }
    if !route.grpc_matches.is_empty() && says_http {
        draft.refuse(site.at("grpcMatches"), "paths or matches are there too, and make it an HTTPRoute; keep one kind");
    }
    let grpc = port.is_some_and(|p| p.protocol == Protocol::Grpc);
    if let Some(port) = port
        && !route.grpc_matches.is_empty()
        && !grpc
    {
        let message = format!(
            "port {:?} does not speak gRPC; write protocol: grpc at the port, name a grpc port here, or write matches instead",
            port.name
        );
        draft.refuse(site.at("grpcMatches"), message);
    }
    if grpc && !says_http { Kind::Grpc } else { Kind::Http }
}

#[cfg(test)]
mod tests;
