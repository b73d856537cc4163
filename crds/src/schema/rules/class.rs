//! What a class decides and permits.

use serde_json::json;

use super::{DNS_LABEL, DNS_SUBDOMAIN, HOSTNAME, Place, edges, metadata, pattern};

/// CEL: a text with the placeholders for what a service is called filled in.
fn filled_in(placeholders: &[&str]) -> String {
    placeholders.iter().fold("self".to_owned(), |text, name| format!("{text}.replace('{{{name}}}', 'x')"))
}

/// Host names with placeholders.
fn host(path: &str, placeholders: &[&str], message: &str) -> Place {
    Place::at(path).check(format!("{}.matches('{HOSTNAME}')", filled_in(placeholders)), message)
}

/// Label selectors.
pub(super) fn selectors(paths: &[&str]) -> Vec<Place> {
    let part = |field: &str| Place::at_each(paths.iter().map(|path| format!("{path}.{field}")));
    vec![
        part("matchExpressions").set("maxItems", json!(8)),
        part("matchExpressions[].operator").one_of(&["In", "NotIn", "Exists", "DoesNotExist"]),
        part("matchExpressions[]").check(
            "(self.operator == 'In' || self.operator == 'NotIn') == (has(self.values) && size(self.values) > 0)",
            "In and NotIn compare with values, Exists and DoesNotExist with none: add values, or remove them",
        ),
        metadata::keys(part("matchLabels").set("maxProperties", json!(8))),
        metadata::values(part("matchLabels{}")),
    ]
}

fn routing() -> Vec<Place> {
    let gateways = "spec.routing.gateways[]";
    vec![
        pattern(
            Place::at(&format!("{gateways}.name")),
            DNS_SUBDOMAIN,
            "write the name of a Gateway: lower-case letters, digits, '-' and '.'",
        ),
        pattern(
            Place::at(&format!("{gateways}.namespace")).longest(63),
            DNS_LABEL,
            "write the name of a namespace: lower-case letters, digits and '-'",
        ),
        pattern(
            Place::at_each(["sectionName", "listeners.http", "listeners.https"].map(|f| format!("{gateways}.{f}"))),
            DNS_SUBDOMAIN,
            "write the name of a listener: lower-case letters, digits, '-' and '.'",
        ),
        Place::at(&format!("{gateways}.listeners"))
            .check("self.http != self.https", "http and https are two listeners: one only redirects, the other serves"),
        // Two alike would be refused in every route. A set would say so too, but no apply takes a set of objects.
        Place::at("spec.routing.gateways")
            .check("self.all(g, self.exists_one(h, h == g))", "the same gateway stands there twice: keep one"),
        Place::at("spec.routing").check(
            "!has(self.tlsRedirect) || !self.tlsRedirect || (has(self.gateways) && size(self.gateways) > 0 && \
             self.gateways.all(g, has(g.listeners)))",
            "tlsRedirect needs to know the two listeners: say listeners at every one of gateways, or remove it",
        ),
        host(
            "spec.routing.hostTemplates[]",
            &["name", "namespace", "route"],
            "a template is a host name in lower case in which {name}, {namespace} and {route} may stand, as in \
             {name}.{namespace}.example.com",
        ),
        host(
            "spec.routing.hosts[].pattern",
            &["name", "namespace"],
            "a pattern is a host name in lower case, which may start with '*.' and in which {name} and {namespace} may \
             stand, as in *.{namespace}.example.com",
        ),
    ]
}

fn permissions() -> Vec<Place> {
    let within = |field: &str| format!("(!has(s.{field}) || s.{field} <= self.limits.maxReplicas)");
    vec![
        Place::at("spec.images.allowedPrefixes[]").check(
            "self.size() > 0 && !self.matches('[[:space:]]') && !self.contains('://')",
            "write how the name of an image starts, without spaces and scheme, as in registry.example/shop/",
        ),
        pattern(
            Place::at("spec.limits.requiredRequests[]"),
            "^(([a-z0-9]([-a-z0-9]*[a-z0-9])?[.])*[a-z0-9]([-a-z0-9]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$",
            "write the name of a resource, as in cpu, memory or example.com/gpu",
        ),
        Place::at("spec").check(
            format!(
                "!has(self.limits) || !has(self.limits.maxReplicas) || !has(self.defaults) || \
                 !has(self.defaults.scaling) || [self.defaults.scaling].all(s, {} && {} && {})",
                within("replicas"),
                within("minReplicas"),
                within("maxReplicas")
            ),
            "defaults.scaling gives more replicas than limits.maxReplicas allows: lower the one, or raise the other",
        ),
    ]
}

fn network() -> Vec<Place> {
    let peers = ["dns[]", "gateways[]", "monitoring[]"].map(|list| format!("spec.network.{list}"));
    let part = |field: &str| Place::at_each(peers.iter().map(|peer| format!("{peer}.{field}")));
    vec![
        Place::at_each(&peers).check(
            "has(self.namespace) || (has(self.podLabels) && size(self.podLabels) > 0) || \
             (has(self.cidrs) && size(self.cidrs) > 0)",
            "an empty peer would be everybody: say namespace, podLabels, cidrs or several of them",
        ),
        pattern(
            part("namespace").longest(63),
            DNS_LABEL,
            "write the name of a namespace: lower-case letters, digits and '-'",
        ),
        metadata::keys(part("podLabels").set("maxProperties", json!(8))),
        metadata::values(part("podLabels{}")),
        edges::cidr(part("cidrs[]")),
        edges::cidr(Place::at("spec.network.hosts[].cidrs[]")),
        Place::at("spec.network.hosts[].cidrs").set("minItems", json!(1)),
        pattern(
            Place::at("spec.network.hosts[].pattern"),
            HOSTNAME,
            "a pattern is a host name in lower case, which may start with '*.', as in *.example.com",
        ),
    ]
}

pub(super) fn places() -> Vec<Place> {
    let mut places = vec![
        pattern(Place::at("spec.profile").longest(8), "^v[1-9][0-9]*$", "profile must be 'v' and a number, as in v1"),
        Place::at("spec.defaults").check(
            "!has(self.drainSeconds) || self.drainSeconds == 0 || self.drainSeconds < \
             (has(self.terminationGracePeriodSeconds) ? self.terminationGracePeriodSeconds : 30)",
            "defaults.drainSeconds must be less than defaults.terminationGracePeriodSeconds (30 unless said), which \
             includes it: lower the one, or raise the other",
        ),
    ];
    places.extend(selectors(&["spec.namespaces", "spec.routing.hosts[].namespaces"]));
    places.extend(routing());
    places.extend(permissions());
    places.extend(network());
    places
}
