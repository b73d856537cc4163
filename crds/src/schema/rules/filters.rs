//! What a route does with a request on its way: the rules of the Gateway API, in our words.

use serde_json::json;

use super::{DNS_LABEL, DNS_SUBDOMAIN, Place, count, filled, pattern, routes::TOKEN};

/// Each type of filter, and the field that it names.
const FIELDS: [(&str, &str); 7] = [
    ("RequestHeaderModifier", "requestHeaderModifier"),
    ("ResponseHeaderModifier", "responseHeaderModifier"),
    ("RequestRedirect", "requestRedirect"),
    ("URLRewrite", "urlRewrite"),
    ("RequestMirror", "requestMirror"),
    ("CORS", "cors"),
    ("ExtensionRef", "extensionRef"),
];
/// Those that a route may have once.
const ONCE: &str = "['RequestHeaderModifier', 'ResponseHeaderModifier', 'RequestRedirect', 'URLRewrite', 'CORS']";
const METHODS: [&str; 10] = ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "*"];

pub(super) fn places() -> Vec<Place> {
    let filter = "spec.routes[].filters[]";
    let at = |field: &str| format!("{filter}.{field}");
    let named = FIELDS.map(|(kind, field)| format!("has(self.{field}) == (self.type == '{kind}')")).join(" && ");
    vec![
        Place::at("spec.routes[].filters")
            .check(
                format!("{ONCE}.all(t, self.filter(f, f.type == t).size() <= 1)"),
                "two of filters have one type that can be there once: join them in one",
            )
            .check(
                "!self.exists(f, f.type == 'RequestRedirect') || !self.exists(f, f.type == 'URLRewrite')",
                "a request is redirected or rewritten: remove RequestRedirect or URLRewrite",
            ),
        Place::at(filter).check(named, "a filter has the field that its type names, and no other"),
        Place::at_each([at("requestHeaderModifier"), at("responseHeaderModifier")]).check(
            ["set", "add", "remove"].map(|list| filled(&format!("self.{list}"))).join(" || "),
            "a filter of headers changes something: write set, add or remove",
        ),
        pattern(
            Place::at_each(
                ["requestHeaderModifier", "responseHeaderModifier"].iter().flat_map(|kind| {
                    ["set[].name", "add[].name", "remove[]"].map(|list| at(&format!("{kind}.{list}")))
                }),
            ),
            TOKEN,
            "the name of a header has letters, digits and -!#$%&*+.^_`|~",
        ),
        Place::at_each(
            ["requestHeaderModifier", "responseHeaderModifier"]
                .iter()
                .flat_map(|kind| ["set[].value", "add[].value"].map(|list| at(&format!("{kind}.{list}")))),
        )
        .set("minLength", json!(1)),
        Place::at(&at("requestRedirect")).check(
            format!("{} > 0", count(&["scheme", "hostname", "path", "port"])),
            "a redirect leads somewhere else: write scheme, hostname, port or path",
        ),
        Place::at(&at("requestRedirect.scheme")).one_of(&["http", "https"]),
        Place::at(&at("requestRedirect.statusCode")).set("enum", json!([301, 302, 303, 307, 308])),
        Place::at(&at("urlRewrite")).check(
            format!("{} > 0", count(&["hostname", "path"])),
            "a rewrite changes something: write hostname or path",
        ),
        pattern(
            Place::at_each([at("requestRedirect.hostname"), at("urlRewrite.hostname")]),
            DNS_SUBDOMAIN,
            "write one host name, as in shop.example.com",
        ),
        Place::at_each([at("requestRedirect.path"), at("urlRewrite.path")])
            .check(
                "has(self.replaceFullPath) == (self.type == 'ReplaceFullPath') && \
                 has(self.replacePrefixMatch) == (self.type == 'ReplacePrefixMatch')",
                "path has replaceFullPath or replacePrefixMatch, as its type says, and not the other",
            )
            .check(
                "(!has(self.replaceFullPath) || self.replaceFullPath.startsWith('/')) && \
                 (!has(self.replacePrefixMatch) || self.replacePrefixMatch == '' || \
                 self.replacePrefixMatch.startsWith('/'))",
                "what replaces a path must start with '/', as in /api",
            ),
        Place::at(&at("requestMirror"))
            .check("!has(self.percent) || !has(self.fraction)", "percent and fraction say the same: keep one of them"),
        Place::at(&at("requestMirror.fraction")).check(
            "self.numerator <= self.denominator",
            "a fraction is at most 1: write a numerator up to the denominator",
        ),
        pattern(
            Place::at_each([at("requestMirror.backendRef.name"), at("requestMirror.backendRef.namespace")]).longest(63),
            DNS_LABEL,
            "write a name of lower-case letters, digits and '-'",
        ),
        Place::at_each([at("cors.allowOrigins"), at("cors.allowMethods"), at("cors.allowHeaders")])
            .check("size(self) <= 1 || !self.exists(x, x == '*')", "'*' takes all: write it alone, or remove it"),
        Place::at(&at("cors.allowOrigins[]")).check(
            "self == '*' || self.startsWith('https://') || self.startsWith('http://')",
            "an origin is a scheme and a host, as in https://shop.example.com or https://*.example.com, or '*'",
        ),
        Place::at(&at("cors.allowMethods[]")).one_of(&METHODS),
        Place::at_each([at("cors.allowHeaders[]"), at("cors.exposeHeaders[]")])
            .check("self.size() > 0 && !self.contains(' ')", "a header has no spaces and at least one character"),
        pattern(
            Place::at(&at("extensionRef.kind")).longest(63),
            "^[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?$",
            "write a kind, as in Middleware",
        ),
        pattern(
            Place::at(&at("extensionRef.name")),
            DNS_SUBDOMAIN,
            "write the name of an object: lower-case letters, digits, '-' and '.'",
        ),
        Place::at(&at("extensionRef.group"))
            .check(format!("self == '' || self.matches('{DNS_SUBDOMAIN}')"), "write an API group, as in traefik.io"),
    ]
}
