//! What is reachable from outside.

use crate::server::{self, Accepted, Refused};

pub const REFUSED: [Refused; 24] = [
    ("no port", "routes: [{hostnames: [a.example]}]", "routes lead to a port"),
    ("only udp", "ports: [{name: dns, port: 53, protocol: udp}]\nroutes: [{}]", "routes lead to a port"),
    ("an unknown port", "ports: [{name: http, port: 80}]\nroutes: [{port: web}]", "routes[].port is not the name"),
    (
        "a target port",
        "ports: [{name: http, port: 80, targetPort: 8080}]\nroutes: [{port: 8080}]",
        "routes[].port is not the name or the port number",
    ),
    ("a port of zero", "ports: [{name: http, port: 80}]\nroutes: [{port: 0}]", "is the name or the number of a port"),
    (
        "paths and matches",
        "ports: [{name: http, port: 80}]\nroutes: [{paths: [/a], matches: [{}]}]",
        "is a short form of",
    ),
    ("two of one name", "ports: [{name: http, port: 80}]\nroutes: [{paths: [/a]}, {paths: [/b]}]", "Duplicate value"),
    (
        "a name in upper case",
        "ports: [{name: http, port: 80}]\nroutes: [{name: Main}]",
        "the name of a route has lower-case",
    ),
    (
        "a name with two dashes",
        "ports: [{name: http, port: 80}]\nroutes: [{name: a--b}]",
        "a route must not contain '--'",
    ),
    ("an address", "ports: [{name: http, port: 80}]\nroutes: [{hostnames: [192.0.2.1]}]", "takes no IP addresses"),
    (
        "a host in upper case",
        "ports: [{name: http, port: 80}]\nroutes: [{hostnames: [Shop.example]}]",
        "as in shop.example.com",
    ),
    (
        "a host with a port",
        "ports: [{name: http, port: 80}]\nroutes: [{hostnames: ['a.example:80']}]",
        "as in shop.example.com",
    ),
    (
        "a star inside",
        "ports: [{name: http, port: 80}]\nroutes: [{hostnames: [a.*.example]}]",
        "as in shop.example.com",
    ),
    ("a relative path", "ports: [{name: http, port: 80}]\nroutes: [{paths: [api]}]", "a path must start with '/'"),
    (
        "a relative path in matches",
        "ports: [{name: http, port: 80}]\nroutes: [{matches: [{path: {value: api}}]}]",
        "a path must start with '/'",
    ),
    (
        "a method in lower case",
        "ports: [{name: http, port: 80}]\nroutes: [{matches: [{method: get}]}]",
        "supported values: \"GET\"",
    ),
    (
        "a header with a space",
        "ports: [{name: http, port: 80}]\nroutes: [{matches: [{headers: [{name: my header, value: x}]}]}]",
        "the name of a header or query parameter",
    ),
    (
        "a duration in words",
        "ports: [{name: http, port: 80}]\nroutes: [{timeouts: {request: 10 seconds}}]",
        "write a duration as in 500ms, 10s or 1m30s",
    ),
    (
        "a part longer than the whole",
        "ports: [{name: http, port: 80}]\nroutes: [{timeouts: {request: 1s, backendRequest: 1m}}]",
        "timeouts.backendRequest is a part of timeouts.request",
    ),
    (
        "a gateway's name",
        "ports: [{name: http, port: 80}]\nroutes: [{gateway: {name: ''}}]",
        "write the name of a Gateway",
    ),
    (
        "a gateway's namespace",
        "ports: [{name: http, port: 80}]\nroutes: [{gateway: {name: g, namespace: A}}]",
        "write the name of a namespace",
    ),
    (
        "a listener",
        "ports: [{name: http, port: 80}]\nroutes: [{gateway: {name: g, sectionName: A}}]",
        "write the name of a listener",
    ),
    (
        "too many hosts",
        "ports: [{name: http, port: 80}]\nroutes: [{hostnames: [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q]}]",
        "must have at most 16 items",
    ),
    (
        "a host twice",
        "ports: [{name: http, port: 80}]\nroutes: [{hostnames: [a.example, a.example]}]",
        "Duplicate value",
    ),
];

const ACCEPTED: [Accepted; 4] = [
    (
        "nothing but a host",
        "ports: [{name: http, port: 80, protocol: http}]\nroutes: [{hostnames: [shop.example.com, '*.example.com', 1a.example]}]",
    ),
    (
        "everything",
        "ports: [{name: http, port: 80, targetPort: 8080}, {name: admin, port: 81}]\nroutes: [{name: main, port: http, gateway: {name: g, namespace: infra, sectionName: https}, paths: [/, /api], timeouts: {request: 1m30s, backendRequest: 500ms}}, {name: admin, port: 81, matches: [{path: {type: RegularExpression, value: '.*'}, method: GET, headers: [{name: X-A, value: b}], queryParams: [{name: q, type: RegularExpression, value: '.+'}]}]}]",
    ),
    ("no time limit", "ports: [{name: http, port: 80}]\nroutes: [{timeouts: {request: 0s, backendRequest: 5s}}]"),
    ("none", "routes: []"),
];

#[tokio::test]
async fn refused() {
    server::assert_refused(&REFUSED).await;
}

#[tokio::test]
async fn accepted() {
    server::assert_accepted(&ACCEPTED).await;
}
