//! What is reachable from outside.

use super::{DNS_LABEL, DNS_SUBDOMAIN, Place, filled, pattern};

pub(super) fn places() -> Vec<Place> {
    let matches = "spec.routes[].matches[]";
    let not_udp = "(!has(p.protocol) || p.protocol != 'udp')";
    let duration = "write a duration as in 500ms, 10s or 1m30s";
    vec![
        Place::at("spec")
            .check(
                format!("!{} || (has(self.ports) && self.ports.exists(p, {not_udp}))", filled("self.routes")),
                "routes lead to a port: add one that is not udp to ports, or remove routes",
            )
            .check(
                format!(
                    "!has(self.routes) || self.routes.all(r, !has(r.port) || (has(self.ports) && \
                     self.ports.exists(p, {not_udp} && \
                     (type(r.port) == int ? p.port == int(r.port) : p.name == string(r.port)))))"
                ),
                "routes[].port is not the name or the port number of one of ports (a targetPort does not count, udp \
                 neither): correct it, or remove it",
            ),
        Place::at("spec.routes[]").check(
            format!("!{} || !{}", filled("self.paths"), filled("self.matches")),
            "routes[].paths is a short form of routes[].matches: write one of them",
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
        Place::at("spec.routes[].paths[]").check("self.startsWith('/')", "a path must start with '/', as in /api"),
        Place::at(&format!("{matches}.path")).check(
            "self.type == 'RegularExpression' || self.value.startsWith('/')",
            "a path must start with '/', as in /api",
        ),
        Place::at(&format!("{matches}.method"))
            .one_of(&["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"]),
        pattern(
            Place::at_each([format!("{matches}.headers[].name"), format!("{matches}.queryParams[].name")]),
            "^[-!#$%&*+.^_`|~A-Za-z0-9]+$",
            "the name of a header or query parameter has letters, digits and -!#$%&*+.^_`|~",
        ),
        Place::at_each(["spec.routes[].timeouts.request", "spec.routes[].timeouts.backendRequest"])
            .longest(32)
            .check("self.matches('^([0-9]{1,5}(h|m|s|ms)){1,4}$')", duration),
        Place::at("spec.routes[].timeouts").check(
            "!has(self.request) || !has(self.backendRequest) || \
             !self.request.matches('^([0-9]{1,5}(h|m|s|ms)){1,4}$') || \
             !self.backendRequest.matches('^([0-9]{1,5}(h|m|s|ms)){1,4}$') || \
             duration(self.request) == duration('0s') || duration(self.backendRequest) <= duration(self.request)",
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
        Place::at("spec.routes[].port").check(
            "type(self) == string ? self.size() > 0 : int(self) >= 1 && int(self) <= 65535",
            "routes[].port is the name or the number of a port",
        ),
    ]
}
