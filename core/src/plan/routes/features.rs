//! Which optional features of the Gateway API a route needs, by the names that GatewayClasses list.
//!
//! What belongs to the core of a kind of routes has the name of the kind. What has no name (extension filters, regular
//! expressions, session persistence, and all filters of GRPCRoutes) cannot be asked for: the route's own status tells.

use std::collections::BTreeSet;

use microservice_crds::{
    Protocol,
    gateway::{BackendRef, FilterKind, HttpRouteMatch, RequestRedirect, RouteFilter},
};

use super::{Kind, Site};
use crate::plan::PortPlan;

/// A route of another namespace's ListenerSet, or of this one's.
pub(super) const LISTENER_SET: &str = "ListenerSet";

/// A feature, and the field that needs it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Need {
    pub feature: &'static str,
    pub field: String,
}

/// What a gateway can do without listing anything optional. Some list only what goes beyond it.
const CORE: [&str; 4] = ["Gateway", "HTTPRoute", "GRPCRoute", "ReferenceGrant"];

/// Whether a list of features, which is not empty, leaves out one that it would name.
pub(super) fn lacks(listed: &BTreeSet<String>, feature: &str) -> bool {
    let is_core = CORE.contains(&feature);
    // A list without any part of the core is silent about the core; and who does more than a kind's core does that.
    let silent = is_core && !CORE.iter().any(|core| listed.contains(*core));
    let implied = is_core && listed.iter().any(|other| other.starts_with(feature));
    !(silent || implied || listed.contains(feature))
}

/// The parts of a route that features follow from.
pub(super) struct Parts<'a> {
    pub kind: Kind,
    pub matches: &'a [HttpRouteMatch],
    pub filters: &'a [RouteFilter],
    pub backends: &'a [BackendRef],
    /// The namespace of the route.
    pub namespace: &'a str,
    /// The ports of this service, and its name.
    pub own: (&'a str, &'a [PortPlan]),
    /// Whether http is redirected to https.
    pub redirects: bool,
}

/// All that the route needs, each feature once.
pub(super) fn needs(site: &Site<'_>, parts: &Parts<'_>) -> Vec<Need> {
    let mut needs = Vec::new();
    let mut need = |feature, field: &str| needs.push(Need { feature, field: site.at(field) });
    need(if parts.kind == Kind::Grpc { "GRPCRoute" } else { "HTTPRoute" }, "gateway");
    for (index, filter) in parts.filters.iter().enumerate() {
        let target = filter.request_mirror.as_ref().and_then(|mirror| mirror.backend_ref.namespace.as_deref());
        if target.is_some_and(|namespace| namespace != parts.namespace) {
            need("ReferenceGrant", &format!("filters[{index}].requestMirror.backendRef.namespace"));
        }
    }
    // Of a GRPCRoute nothing else has a name.
    if parts.kind == Kind::Grpc {
        return needs;
    }
    if parts.matches.iter().any(|m| !m.query_params.is_empty()) {
        need("HTTPRouteQueryParamMatching", "matches[].queryParams");
    }
    if parts.matches.iter().any(|m| m.method.is_some()) {
        need("HTTPRouteMethodMatching", "matches[].method");
    }
    for (index, filter) in parts.filters.iter().enumerate() {
        of_filter(filter, &format!("filters[{index}]"), &mut need);
    }
    if parts.filters.iter().filter(|f| f.type_ == FilterKind::RequestMirror).count() > 1 {
        need("HTTPRouteRequestMultipleMirrors", "filters");
    }
    if let Some(timeouts) = &site.route.timeouts {
        if timeouts.request.is_some() {
            need("HTTPRouteRequestTimeout", "timeouts.request");
        }
        if timeouts.backend_request.is_some() {
            need("HTTPRouteBackendTimeout", "timeouts.backendRequest");
        }
    }
    if site.route.retry.is_some() {
        need("HTTPRouteRetry", "retry");
    }
    let (own, ports) = parts.own;
    for backend in parts.backends.iter().filter(|backend| backend.name == own) {
        match ports.iter().find(|p| p.port == backend.port && p.transport() == "TCP").map(|p| p.protocol) {
            Some(Protocol::H2c | Protocol::Grpc) => need("HTTPRouteBackendProtocolH2C", "port"),
            Some(Protocol::Ws) => need("HTTPRouteBackendProtocolWebSocket", "port"),
            _ => {}
        }
    }
    if parts.redirects {
        need("HTTPRouteSchemeRedirect", "tlsRedirect");
    }
    needs.sort();
    needs.dedup_by(|a, b| a.feature == b.feature);
    needs
}

fn of_filter(filter: &RouteFilter, field: &str, need: &mut impl FnMut(&'static str, &str)) {
    if let Some(redirect) = &filter.request_redirect {
        of_redirect(redirect, &format!("{field}.requestRedirect"), need);
    }
    if let Some(rewrite) = &filter.url_rewrite {
        if rewrite.hostname.is_some() {
            need("HTTPRouteHostRewrite", &format!("{field}.urlRewrite.hostname"));
        }
        if rewrite.path.is_some() {
            need("HTTPRoutePathRewrite", &format!("{field}.urlRewrite.path"));
        }
    }
    if let Some(mirror) = &filter.request_mirror {
        need("HTTPRouteRequestMirror", field);
        if mirror.percent.is_some() || mirror.fraction.is_some() {
            need("HTTPRouteRequestPercentageMirror", &format!("{field}.requestMirror"));
        }
    }
    match filter.type_ {
        FilterKind::ResponseHeaderModifier => need("HTTPRouteResponseHeaderModification", field),
        FilterKind::Cors => need("HTTPRouteCORS", field),
        _ => {}
    }
}

fn of_redirect(redirect: &RequestRedirect, field: &str, need: &mut impl FnMut(&'static str, &str)) {
    if redirect.scheme.is_some() {
        need("HTTPRouteSchemeRedirect", &format!("{field}.scheme"));
    }
    if redirect.path.is_some() {
        need("HTTPRoutePathRedirect", &format!("{field}.path"));
    }
    if redirect.port.is_some() {
        need("HTTPRoutePortRedirect", &format!("{field}.port"));
    }
    let code = match redirect.status_code {
        Some(303) => "HTTPRoute303RedirectStatusCode",
        Some(307) => "HTTPRoute307RedirectStatusCode",
        Some(308) => "HTTPRoute308RedirectStatusCode",
        _ => return,
    };
    need(code, &format!("{field}.statusCode"));
}
