//! What the Gateway API would refuse, or what cannot be meant.

use super::{PORTS, spec};
use crate::plan::tests::refused;

const GATEWAY: &str = "gateway: {name: g}";

/// Each row: the rest of a route, and the fields that stand against it.
fn assert_refused(rows: &[(&str, &[&str])]) {
    for (route, fields) in rows {
        let fields: Vec<String> = fields.iter().map(|field| format!("routes[main].{field}")).collect();
        assert_eq!(refused(&spec(&format!("{{{GATEWAY}, {route}}}"))), fields, "{route}");
    }
}

#[test]
fn what_leads_nowhere() {
    for (route, field) in [
        ("name: main", "routes[main].gateway"),
        ("name: a--b, gateway: {name: g}", "routes[a--b].name"),
        ("gateway: {name: ''}", "routes[main].gateway.name"),
        ("gateway: {name: G}", "routes[main].gateway.name"),
        ("gateway: {name: g, namespace: A}", "routes[main].gateway.namespace"),
        ("gateway: {name: g, sectionName: A}", "routes[main].gateway.sectionName"),
        ("gateway: {name: g}, port: nope", "routes[main].port"),
        ("gateway: {name: g}, port: dns", "routes[main].port"),
        ("gateway: {name: g}, hostnames: [192.0.2.1]", "routes[main].hostnames"),
        ("gateway: {name: g}, hostnames: [a.io, a.io]", "routes[main].hostnames"),
        ("gateway: {name: g}, tlsRedirect: true", "routes[main].tlsRedirect"),
    ] {
        assert_eq!(refused(&spec(&format!("{{{route}}}"))), [field], "{route}");
    }
    let hosts: Vec<_> = (0..65).map(|i| format!("h{i}.example.com")).collect();
    assert_refused(&[(&format!("hostnames: [{}]", hosts.join(", ")), &["hostnames"])]);
    assert_eq!(refused(&spec("{gateway: {name: g}}, {gateway: {name: g}, paths: [/a]}")), ["routes[main].name"]);
    let raw = "{image: a:1, ports: [{name: raw, port: 9}], routes: [{gateway: {name: g}}]}";
    assert_eq!(refused(raw), ["routes[main].port"]);
}

#[test]
fn names_that_would_be_too_long_once_the_route_is_split() {
    let hosts: Vec<_> = (0..17).map(|i| format!("h{i}.io")).collect();
    let name = "a".repeat(57);
    let route = |hosts: &str| format!("{{{PORTS}, routes: [{{name: {name}, {GATEWAY}, hostnames: [{hosts}]}}]}}");
    assert!(crate::plan::tests::planned(&route("h.io")).routes.len() == 1);
    assert_eq!(refused(&route(&hosts.join(", "))), [format!("routes[{name}].name")]);
}

#[test]
fn kinds_that_do_not_fit() {
    assert_refused(&[
        ("paths: [/a], matches: [{}]", &["paths"]),
        ("grpcMatches: [{}], paths: [/a], port: grpc", &["grpcMatches"]),
        ("grpcMatches: [{}], port: http", &["grpcMatches"]),
        ("port: grpc, timeouts: {request: 1s}", &["timeouts"]),
        ("port: grpc, retry: {attempts: 1}", &["retry"]),
        ("port: grpc, filters: [{type: CORS, cors: {}}]", &["filters[0]"]),
        ("port: grpc, filters: [{type: URLRewrite, urlRewrite: {hostname: a.io}}]", &["filters[0]"]),
        ("port: grpc, filters: [{type: RequestRedirect, requestRedirect: {hostname: a.io}}]", &["filters[0]"]),
    ]);
}

#[test]
fn matches() {
    assert_refused(&[
        ("paths: [x]", &["paths"]),
        ("matches: [{path: {type: Exact, value: /a//b}}]", &["matches[0].path"]),
        ("matches: [{method: get}]", &["matches[0].method"]),
        ("matches: [{headers: [{name: 'a b', value: x}]}]", &["matches[0].headers"]),
        ("matches: [{headers: [{name: a, value: x}, {name: A, value: y}]}]", &["matches[0].headers"]),
        ("matches: [{headers: [{name: a, value: ''}]}]", &["matches[0].headers[a].value"]),
        ("matches: [{queryParams: [{name: a, value: ''}]}]", &["matches[0].queryParams[a].value"]),
        ("port: grpc, grpcMatches: [{method: {}}]", &["grpcMatches[0].method"]),
        ("port: grpc, grpcMatches: [{headers: [{name: '', value: x}]}]", &["grpcMatches[0].headers"]),
    ]);
}

#[test]
fn backends() {
    assert_refused(&[
        ("backends: [{service: other}]", &["backends[0].port"]),
        ("backends: [{service: other, port: http}]", &["backends[0].port"]),
        ("backends: [{service: other, port: 0}]", &["backends[0].port"]),
        ("backends: [{service: Other, port: 80}]", &["backends[0].service"]),
        ("backends: [{weight: -1}]", &["backends[0].weight"]),
        ("backends: [{}, {service: web, port: 80}]", &["backends[1]"]),
        ("backends: [{port: dns}]", &["backends[0].port"]),
        ("backends: [{}], filters: [{type: RequestRedirect, requestRedirect: {scheme: https}}]", &["backends"]),
    ]);
}

#[test]
fn policies() {
    assert_refused(&[
        ("timeouts: {request: 1x}", &["timeouts.request"]),
        ("timeouts: {request: 1s, backendRequest: 2s}", &["timeouts.backendRequest"]),
        ("retry: {codes: [200]}", &["retry.codes"]),
        ("retry: {codes: [500, 500]}", &["retry.codes"]),
        ("retry: {attempts: 0}", &["retry.attempts"]),
        ("retry: {backoff: soon}", &["retry.backoff"]),
        ("sessionPersistence: {sessionName: ''}", &["sessionPersistence.sessionName"]),
        ("sessionPersistence: {absoluteTimeout: 1}", &["sessionPersistence.absoluteTimeout"]),
        ("sessionPersistence: {type: Header, cookieConfig: {}}", &["sessionPersistence.cookieConfig"]),
        ("sessionPersistence: {cookieConfig: {lifetimeType: Permanent}}", &["sessionPersistence.absoluteTimeout"]),
    ]);
}

#[test]
fn filters() {
    let rows: &[(&str, &[&str])] = &[
        ("{type: CORS}", &["filters[0]"]),
        ("{type: CORS, cors: {}, urlRewrite: {hostname: a.io}}", &["filters[0]"]),
        ("{type: CORS, cors: {}}, {type: CORS, cors: {}}", &["filters[1]"]),
        ("{type: RequestHeaderModifier, requestHeaderModifier: {}}", &["filters[0].requestHeaderModifier"]),
        (
            "{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: a, value: x}, {name: A, value: y}]}}",
            &["filters[0].requestHeaderModifier.set"],
        ),
        (
            "{type: ResponseHeaderModifier, responseHeaderModifier: {add: [{name: a, value: ''}]}}",
            &["filters[0].responseHeaderModifier.add[a].value"],
        ),
        (
            "{type: RequestHeaderModifier, requestHeaderModifier: {remove: [a, A]}}",
            &["filters[0].requestHeaderModifier.remove"],
        ),
        ("{type: URLRewrite, urlRewrite: {}}", &["filters[0].urlRewrite"]),
        ("{type: URLRewrite, urlRewrite: {hostname: '*.a.io'}}", &["filters[0].urlRewrite.hostname"]),
        (
            "{type: URLRewrite, urlRewrite: {path: {type: ReplaceFullPath, replacePrefixMatch: /}}}",
            &["filters[0].urlRewrite.path", "filters[0].urlRewrite.path"],
        ),
        (
            "{type: URLRewrite, urlRewrite: {path: {type: ReplaceFullPath, replaceFullPath: x}}}",
            &["filters[0].urlRewrite.path.replaceFullPath"],
        ),
        (
            "{type: URLRewrite, urlRewrite: {hostname: a.io}}, {type: RequestRedirect, requestRedirect: {port: 1}}",
            &["filters"],
        ),
        (
            "{type: RequestMirror, requestMirror: {backendRef: {name: '', port: 0}}}",
            &["filters[0].requestMirror.backendRef.name", "filters[0].requestMirror.backendRef.port"],
        ),
        (
            "{type: RequestMirror, requestMirror: {backendRef: {name: a, port: 1}, percent: 1, fraction: {numerator: 1}}}",
            &["filters[0].requestMirror"],
        ),
        (
            "{type: RequestMirror, requestMirror: {backendRef: {name: a, port: 1}, fraction: {numerator: 2, denominator: 1}}}",
            &["filters[0].requestMirror.fraction"],
        ),
        ("{type: CORS, cors: {allowOrigins: ['*', 'https://a.io']}}", &["filters[0].cors.allowOrigins"]),
        ("{type: CORS, cors: {allowMethods: [get]}}", &["filters[0].cors.allowMethods"]),
        ("{type: CORS, cors: {allowHeaders: ['a b']}}", &["filters[0].cors.allowHeaders"]),
        ("{type: CORS, cors: {maxAge: 0}}", &["filters[0].cors.maxAge"]),
        ("{type: ExtensionRef, extensionRef: {group: a.io, kind: 1, name: x}}", &["filters[0].extensionRef.kind"]),
        ("{type: RequestRedirect, requestRedirect: {scheme: ftp}}", &["filters[0].requestRedirect.scheme"]),
        (
            "{type: RequestRedirect, requestRedirect: {port: 1, statusCode: 200}}",
            &["filters[0].requestRedirect.statusCode"],
        ),
    ];
    let rows: Vec<(String, &[&str])> =
        rows.iter().map(|(filters, fields)| (format!("filters: [{filters}]"), *fields)).collect();
    assert_refused(&rows.iter().map(|(filters, fields)| (filters.as_str(), *fields)).collect::<Vec<_>>());
}

#[test]
fn a_prefix_is_replaced_only_where_one_matches() {
    let rewrite =
        "filters: [{type: URLRewrite, urlRewrite: {path: {type: ReplacePrefixMatch, replacePrefixMatch: ''}}}]";
    let exact = "matches: [{path: {value: /a}}, {path: {type: Exact, value: /b}}]";
    assert_refused(&[(&format!("{exact}, {rewrite}"), &["filters[0]"])]);
}

#[test]
fn two_routes_that_want_the_same_requests() {
    let twins = |second: &str| spec(&format!("{{{GATEWAY}, hostnames: [a.io, b.io]}}, {{name: two, {second}}}"));
    assert_eq!(refused(&twins(&format!("{GATEWAY}, hostnames: [b.io], paths: [/]"))), ["routes[two]"]);
    assert_eq!(refused(&twins("gateway: {name: g, sectionName: s}, hostnames: [b.io]")), ["routes[two]"]);
    for other in ["gateway: {name: h}, hostnames: [b.io]", "gateway: {name: g}, hostnames: [b.io], paths: [/x]"] {
        assert_eq!(crate::plan::tests::planned(&twins(other)).routes.len(), 2, "{other}");
    }
}

#[test]
fn more_claims_than_can_be_kept() {
    let list = |make: &dyn Fn(usize) -> String, count| (0..count).map(make).collect::<Vec<_>>().join(", ");
    let hosts = list(&|i| format!("h{i}.io"), 64);
    let paths = list(&|i| format!("/p{i}"), 65);
    assert_eq!(refused(&spec(&format!("{{{GATEWAY}, hostnames: [{hosts}], paths: [{paths}]}}"))), ["routes"]);
}
