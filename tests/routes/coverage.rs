//! What the generated routes must have among them, so that the proof proves something.

use microservice_core::children::Desired;

/// Parts of the documents, as JSON text, and what they stand for.
const PARTS: [(&str, &str); 36] = [
    ("\"kind\":\"HTTPRoute\"", "HTTPRoutes"),
    ("\"kind\":\"GRPCRoute\"", "GRPCRoutes"),
    ("\"kind\":\"ListenerSet\"", "ListenerSets as parents"),
    ("\"sectionName\":\"websecure\"", "listeners"),
    ("--redirect\"", "redirects to https"),
    ("--main--2\"", "host names that were split"),
    ("--main--1-2\"", "matches that were split"),
    ("\"type\":\"RequestHeaderModifier\"", "headers of requests"),
    ("\"type\":\"ResponseHeaderModifier\"", "headers of answers"),
    ("\"type\":\"RequestRedirect\"", "redirects"),
    ("\"type\":\"URLRewrite\"", "rewrites"),
    ("\"type\":\"RequestMirror\"", "mirrors"),
    ("\"type\":\"CORS\"", "CORS"),
    ("\"type\":\"ExtensionRef\"", "extensions"),
    ("\"replacePrefixMatch\":\"\"", "prefixes that are taken away"),
    ("\"replaceFullPath\"", "paths that are replaced"),
    ("\"statusCode\":308", "status codes"),
    ("\"maxAge\":5", "the default of maxAge"),
    ("\"statusCode\":302", "the default of statusCode"),
    ("\"denominator\":100", "the default of a fraction"),
    ("\"percent\":", "percentages"),
    ("\"type\":\"Exact\",\"value\":\"/", "exact paths"),
    ("\"queryParams\"", "query parameters"),
    ("\"method\":\"CONNECT\"", "methods"),
    ("\"X-15\"", "sixteen headers"),
    ("\"/p127\"", "128 paths"),
    ("\"h63.r0.example.com\"", "64 host names"),
    ("\"service\":\"shop.v1.Cart\"", "gRPC services"),
    ("\"backendRequest\"", "timeouts"),
    ("\"request\":\"99999h\"", "long timeouts"),
    ("\"weight\":0", "weights of nothing"),
    ("\"weight\":1000000", "great weights"),
    ("\"retry\"", "retries"),
    ("\"sessionPersistence\"", "sessions"),
    ("\"lifetimeType\":\"Permanent\"", "cookies that stay"),
    ("\"namespace\":\"other\"", "mirrors in other namespaces"),
];

/// Fails with all that no object has.
pub fn assert_everything<'a>(objects: impl Iterator<Item = &'a Desired>) {
    let texts: Vec<String> = objects.map(|child| child.body.to_string()).collect();
    let missing: Vec<&str> =
        PARTS.iter().filter(|(part, _)| !texts.iter().any(|text| text.contains(part))).map(|(_, what)| *what).collect();
    assert!(missing.is_empty(), "no object has {missing:?}");
}
