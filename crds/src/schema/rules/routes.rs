//! What is reachable from outside.

use serde_json::json;

use super::{DNS_LABEL, DNS_SUBDOMAIN, Place, filled, pattern};

/// A duration of the Gateway API.
const DURATION: &str = "^([0-9]{1,5}(h|m|s|ms)){1,4}$";
/// The name of a header or query parameter, in CEL's spelling. It stands at many places, and a rule costs by the length of
/// its pattern.
pub(super) const TOKEN: &str = r"^[-!#$%&*+.^`|~\\w]+$";
/// CEL: what no request's path has once it is in its normal form. The plan looks at the rest.
const NORMAL: &str = "!self.contains('//') && !self.contains('?') && !self.contains('#') && !self.contains(' ')";

pub(super) fn places() -> Vec<Place> {
    let matches = "spec.routes[].matches[]";
    let not_udp = "(!has(p.protocol) || p.protocol != 'udp')";
    let duration = "write a duration as in 500ms, 10s or 1m30s";
    let start = "a path must start with '/', as in /api";
    let normal = "a path has no '//', no '?', no '#' and no spaces: write one as in /api/v1";
    vec![
        Place::at("spec")
            .check(
                format!("!{} || (has(self.ports) && self.ports.exists(p, {not_udp}))", filled("self.routes")),
                "routes lead to a port: add one that is not udp to ports, or remove routes",
            )
            .check(
                format!(
                    "!has(self.routes) || self.routes.all(r, !has(r.port) || (has(self.ports) && \
                     self.ports.exists(p, {not_udp} && (p.port == r.port || p.name == r.port))))"
                ),
                "routes[].port is not the name or the port number of one of ports (a targetPort does not count, udp \
                 neither): correct it, or remove it",
            ),
        Place::at("spec.routes[]").check(
            format!("!{} || !{}", filled("self.paths"), filled("self.matches")),
            "routes[].paths is a short form of routes[].matches: write one of them",
        )
        .check(
            format!("!{} || !({} || {})", filled("self.grpcMatches"), filled("self.paths"), filled("self.matches")),
            "routes[].grpcMatches make a GRPCRoute, and paths or matches an HTTPRoute: keep one kind",
        )
        .check(
            format!(
                "!{} || !{} || !self.filters.exists(f, f.type == 'RequestRedirect')",
                filled("self.backends"),
                filled("self.filters")
            ),
            "a RequestRedirect answers every request itself: remove backends, or the filter",
        ),
        pattern(
            Place::at("spec.routes[].name").longest(63),
            DNS_LABEL,
            "the name of a route has lower-case letters, digits and dashes, and no dash at its ends",
        )
        .check("!self.contains('--')", "the name of a route must not contain '--'"),
        pattern(
            Place::at("spec.routes[].hostnames[]")
                .check("!self.matches('^[0-9.]+$')", "routes[].hostnames takes no IP addresses: write a host name"),
            "^([*][.])?[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
            "a host name has lower-case letters, digits, '-' and '.', no port, and may start with '*.', as in \
             shop.example.com or *.example.com",
        ),
        Place::at("spec.routes[].paths[]").check("self.startsWith('/')", start).check(NORMAL, normal),
        Place::at(&format!("{matches}.path"))
            .check("self.type == 'RegularExpression' || self.value.startsWith('/')", start)
            .check(
                format!("self.type == 'RegularExpression' || ({})", NORMAL.replace("self.", "self.value.")),
                normal,
            ),
        Place::at(&format!("{matches}.method"))
            .one_of(&["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"]),
        pattern(
            Place::at_each([
                format!("{matches}.headers[].name"),
                format!("{matches}.queryParams[].name"),
                "spec.routes[].grpcMatches[].headers[].name".to_owned(),
            ]),
            TOKEN,
            "the name of a header or query parameter has letters, digits and -!#$%&*+.^_`|~",
        ),
        Place::at_each([
            format!("{matches}.headers[].value"),
            format!("{matches}.queryParams[].value"),
            "spec.routes[].grpcMatches[].headers[].value".to_owned(),
        ])
        .set("minLength", json!(1)),
        Place::at("spec.routes[].grpcMatches[].method")
            .check(
                "has(self.service) || has(self.method)",
                "grpcMatches[].method says service, method or both: write one, or leave it out for every method",
            )
            .check(
                "self.type != 'Exact' || ((!has(self.service) || \
                 self.service.matches('^[.]?[A-Za-z_][A-Za-z_0-9]*([.][A-Za-z_][A-Za-z_0-9]*)*$')) && \
                 (!has(self.method) || self.method.matches('^[A-Za-z_][A-Za-z_0-9]*$')))",
                "service is the full name of a gRPC service, as in shop.v1.Cart, and method the name of a method, as in \
                 AddItem",
            ),
        pattern(
            Place::at("spec.routes[].backends[].service").longest(63),
            DNS_LABEL,
            "write the name of a Service: lower-case letters, digits and '-'",
        ),
        Place::at("spec.routes[].backends[].port").port_name_or_number("backends[].port is the number of a port, or the name of one of this service"),
        pattern(
            Place::at_each(
                ["timeouts.request", "timeouts.backendRequest", "retry.backoff", "sessionPersistence.absoluteTimeout"]
                    .map(|field| format!("spec.routes[].{field}")),
            )
            .longest(32),
            DURATION,
            duration,
        ),
        Place::at("spec.routes[].sessionPersistence")
            .check(
                "!has(self.cookieConfig) || self.type == 'Cookie'",
                "sessionPersistence.cookieConfig is for type Cookie alone: remove it, or change type",
            )
            .check(
                "!has(self.cookieConfig) || self.cookieConfig.lifetimeType != 'Permanent' || has(self.absoluteTimeout)",
                "a Permanent cookie lives as long as sessionPersistence.absoluteTimeout says: write it, as in 12h",
            ),
        Place::at("spec.routes[].sessionPersistence.sessionName").longest(128).set("minLength", json!(1)),
        Place::at("spec.routes[].timeouts").check(
            format!("!has(self.request) || !has(self.backendRequest) || \
             !self.request.matches('{DURATION}') || !self.backendRequest.matches('{DURATION}') || \
             duration(self.request) == duration('0s') || duration(self.backendRequest) <= duration(self.request)"),
            "timeouts.backendRequest is a part of timeouts.request: it must not be longer",
        ),
        pattern(
            Place::at("spec.routes[].gateway.name"),
            DNS_SUBDOMAIN,
            "write the name of a Gateway: lower-case letters, digits, '-' and '.'",
        ),
        pattern(
            Place::at("spec.routes[].gateway.namespace").longest(63),
            DNS_LABEL,
            "write the name of a namespace: lower-case letters, digits and '-'",
        ),
        pattern(
            Place::at("spec.routes[].gateway.sectionName"),
            DNS_SUBDOMAIN,
            "write the name of a listener: lower-case letters, digits, '-' and '.'",
        ),
        Place::at("spec.routes[].port").port_name_or_number("routes[].port is the name or the number of a port"),
    ]
}
