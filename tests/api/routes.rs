//! What is reachable from outside.

use crate::server::{self, Accepted, Refused};

pub const REFUSED: [Refused; 59] = [
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
        "too many ways to match",
        "ports: [{name: http, port: 80}]\nroutes: [{matches: [{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}]}]",
        "must have at most 16 items",
    ),
    (
        "a host twice",
        "ports: [{name: http, port: 80}]\nroutes: [{hostnames: [a.example, a.example]}]",
        "Duplicate value",
    ),
    (
        "paths and gRPC matches",
        "ports: [{name: http, port: 80}]\nroutes: [{paths: [/a], grpcMatches: [{}]}]",
        "keep one kind",
    ),
    (
        "a redirect with backends",
        "ports: [{name: http, port: 80}]\nroutes: [{backends: [{}], filters: [{type: RequestRedirect, requestRedirect: {port: 1}}]}]",
        "a RequestRedirect answers every request itself",
    ),
    ("a path with two slashes", "ports: [{name: http, port: 80}]\nroutes: [{paths: [/a//b]}]", "a path has no '//'"),
    (
        "a path with a space in matches",
        "ports: [{name: http, port: 80}]\nroutes: [{matches: [{path: {type: Exact, value: '/a b'}}]}]",
        "a path has no '//'",
    ),
    (
        "a gRPC method that says nothing",
        "ports: [{name: http, port: 80}]\nroutes: [{grpcMatches: [{method: {}}]}]",
        "says service, method or both",
    ),
    (
        "a gRPC service with a slash",
        "ports: [{name: http, port: 80}]\nroutes: [{grpcMatches: [{method: {service: shop/Cart}}]}]",
        "the full name of a gRPC service",
    ),
    (
        "an empty value of a header",
        "ports: [{name: http, port: 80}]\nroutes: [{matches: [{headers: [{name: a, value: ''}]}]}]",
        "should be at least 1 chars long",
    ),
    (
        "a Service in upper case",
        "ports: [{name: http, port: 80}]\nroutes: [{backends: [{service: Other, port: 80}]}]",
        "write the name of a Service",
    ),
    (
        "a backend's port of zero",
        "ports: [{name: http, port: 80}]\nroutes: [{backends: [{service: other, port: 0}]}]",
        "backends[].port is the number of a port",
    ),
    (
        "a cookie for a header",
        "ports: [{name: http, port: 80}]\nroutes: [{sessionPersistence: {type: Header, cookieConfig: {}}}]",
        "is for type Cookie alone",
    ),
    (
        "a cookie without an end",
        "ports: [{name: http, port: 80}]\nroutes: [{sessionPersistence: {cookieConfig: {lifetimeType: Permanent}}}]",
        "a Permanent cookie lives as long",
    ),
    (
        "a code that is no failure",
        "ports: [{name: http, port: 80}]\nroutes: [{retry: {codes: [200]}}]",
        "should be greater than or equal to 400",
    ),
    (
        "two filters alike",
        "ports: [{name: http, port: 80}]\nroutes: [{filters: [{type: CORS, cors: {}}, {type: CORS, cors: {}}]}]",
        "two of filters have one type",
    ),
    (
        "a redirect and a rewrite",
        "ports: [{name: http, port: 80}]\nroutes: [{filters: [{type: RequestRedirect, requestRedirect: {port: 1}}, {type: URLRewrite, urlRewrite: {hostname: a}}]}]",
        "redirected or rewritten",
    ),
    (
        "a filter without its field",
        "ports: [{name: http, port: 80}]\nroutes: [{filters: [{type: CORS}]}]",
        "the field that its type names",
    ),
    (
        "a filter with another's field",
        "ports: [{name: http, port: 80}]\nroutes: [{filters: [{type: CORS, cors: {}, urlRewrite: {hostname: a}}]}]",
        "the field that its type names",
    ),
    (
        "headers unchanged",
        "ports: [{name: http, port: 80}]\nroutes: [{filters: [{type: RequestHeaderModifier, requestHeaderModifier: {}}]}]",
        "write set, add or remove",
    ),
    (
        "a header to remove with a space",
        "ports: [{name: http, port: 80}]\nroutes: [{filters: [{type: ResponseHeaderModifier, responseHeaderModifier: {remove: ['a b']}}]}]",
        "the name of a header has letters",
    ),
    (
        "a redirect to nowhere",
        "ports: [{name: http, port: 80}]\nroutes: [{filters: [{type: RequestRedirect, requestRedirect: {statusCode: 301}}]}]",
        "a redirect leads somewhere else",
    ),
    (
        "a scheme",
        "ports: [{name: http, port: 80}]\nroutes: [{filters: [{type: RequestRedirect, requestRedirect: {scheme: ftp}}]}]",
        "supported values: \"http\"",
    ),
    (
        "a status that redirects nobody",
        "ports: [{name: http, port: 80}]\nroutes: [{filters: [{type: RequestRedirect, requestRedirect: {port: 1, statusCode: 200}}]}]",
        "supported values: \"301\"",
    ),
    (
        "a rewrite of nothing",
        "ports: [{name: http, port: 80}]\nroutes: [{filters: [{type: URLRewrite, urlRewrite: {}}]}]",
        "a rewrite changes something",
    ),
    (
        "a wildcard to rewrite to",
        "ports: [{name: http, port: 80}]\nroutes: [{filters: [{type: URLRewrite, urlRewrite: {hostname: '*.a.io'}}]}]",
        "write one host name",
    ),
    (
        "a path of the other type",
        "ports: [{name: http, port: 80}]\nroutes: [{filters: [{type: URLRewrite, urlRewrite: {path: {type: ReplaceFullPath, replacePrefixMatch: /}}}]}]",
        "as its type says, and not the other",
    ),
    (
        "a relative replacement",
        "ports: [{name: http, port: 80}]\nroutes: [{filters: [{type: URLRewrite, urlRewrite: {path: {type: ReplaceFullPath, replaceFullPath: a}}}]}]",
        "what replaces a path must start",
    ),
    (
        "percent and fraction",
        "ports: [{name: http, port: 80}]\nroutes: [{filters: [{type: RequestMirror, requestMirror: {backendRef: {name: a, port: 1}, percent: 1, fraction: {numerator: 1}}}]}]",
        "percent and fraction say the same",
    ),
    (
        "more than all",
        "ports: [{name: http, port: 80}]\nroutes: [{filters: [{type: RequestMirror, requestMirror: {backendRef: {name: a, port: 1}, fraction: {numerator: 2, denominator: 1}}}]}]",
        "a fraction is at most 1",
    ),
    (
        "a mirror in upper case",
        "ports: [{name: http, port: 80}]\nroutes: [{filters: [{type: RequestMirror, requestMirror: {backendRef: {name: A, port: 1}}}]}]",
        "write a name of lower-case letters",
    ),
    (
        "all origins and one",
        "ports: [{name: http, port: 80}]\nroutes: [{filters: [{type: CORS, cors: {allowOrigins: ['*', 'https://a.io']}}]}]",
        "'*' takes all",
    ),
    (
        "an origin without a scheme",
        "ports: [{name: http, port: 80}]\nroutes: [{filters: [{type: CORS, cors: {allowOrigins: ['a.io']}}]}]",
        "an origin is a scheme and a host",
    ),
    (
        "a method of CORS",
        "ports: [{name: http, port: 80}]\nroutes: [{filters: [{type: CORS, cors: {allowMethods: [get]}}]}]",
        "supported values: \"GET\"",
    ),
    (
        "a header of CORS",
        "ports: [{name: http, port: 80}]\nroutes: [{filters: [{type: CORS, cors: {exposeHeaders: ['a b']}}]}]",
        "a header has no spaces",
    ),
    (
        "a kind with a digit first",
        "ports: [{name: http, port: 80}]\nroutes: [{filters: [{type: ExtensionRef, extensionRef: {group: a.io, kind: 1a, name: a}}]}]",
        "write a kind",
    ),
    (
        "an extension without a name",
        "ports: [{name: http, port: 80}]\nroutes: [{filters: [{type: ExtensionRef, extensionRef: {group: a.io, kind: A, name: ''}}]}]",
        "write the name of an object",
    ),
    (
        "a group in upper case",
        "ports: [{name: http, port: 80}]\nroutes: [{filters: [{type: ExtensionRef, extensionRef: {group: A.io, kind: A, name: a}}]}]",
        "write an API group",
    ),
];

const ACCEPTED: [Accepted; 7] = [
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
    (
        "every filter",
        "ports: [{name: http, port: 80}]\nroutes: [{filters: [{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: A, value: b}], add: [{name: C, value: d}], remove: [e]}}, {type: ResponseHeaderModifier, responseHeaderModifier: {remove: [a]}}, {type: URLRewrite, urlRewrite: {hostname: a.io, path: {type: ReplacePrefixMatch, replacePrefixMatch: ''}}}, {type: RequestMirror, requestMirror: {backendRef: {name: a, port: 1}, percent: 0}}, {type: RequestMirror, requestMirror: {backendRef: {name: b, namespace: c, port: 1}, fraction: {numerator: 1, denominator: 1000}}}, {type: CORS, cors: {allowOrigins: ['https://*.a.io:8443', 'http://*'], allowMethods: ['*'], allowHeaders: ['*'], exposeHeaders: ['*', X-A], allowCredentials: true, maxAge: 60}}, {type: ExtensionRef, extensionRef: {group: traefik.io, kind: Middleware, name: a}}]}, {name: away, filters: [{type: RequestRedirect, requestRedirect: {scheme: https, hostname: a.io, port: 8443, statusCode: 308, path: {type: ReplaceFullPath, replaceFullPath: /x}}}]}]",
    ),
    (
        "gRPC",
        "ports: [{name: grpc, port: 80, protocol: grpc}]\nroutes: [{gateway: {kind: ListenerSet, name: a}, tlsRedirect: false, grpcMatches: [{method: {service: .shop.v1.Cart, method: Get_1}, headers: [{name: a, value: b}]}, {method: {type: RegularExpression, service: 'shop[.].*'}}, {}]}]",
    ),
    (
        "shares, retries and a session",
        "ports: [{name: http, port: 80}]\nroutes: [{backends: [{weight: 0}, {port: http, weight: 1000000}, {service: b, port: 80}], retry: {codes: [502, 503], attempts: 2, backoff: 100ms}, sessionPersistence: {sessionName: a, absoluteTimeout: 12h, cookieConfig: {lifetimeType: Permanent}}}]",
    ),
];

#[tokio::test]
async fn refused() {
    server::assert_refused(&REFUSED).await;
}

#[tokio::test]
async fn accepted() {
    server::assert_accepted(&ACCEPTED).await;
}
