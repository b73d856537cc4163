//! What a service offers and uses, who may use it, and what it reaches outside.

use serde_json::json;

use super::{DNS_LABEL, HOSTNAME, LABEL_VALUE, Place, pattern};

/// One to three numbers, and a pre-release after a dash.
const VERSION: &str = "^(0|[1-9][0-9]{0,8})([.](0|[1-9][0-9]{0,8})){0,2}(-[0-9A-Za-z][-0-9A-Za-z.]*)?$";
/// Comparisons with such versions, all of which must hold.
const RANGE: &str = "^(([~^]|[<>]=?|=)? ?[0-9]+([.]([0-9]+|[*xX])){0,2}(-[0-9A-Za-z][-0-9A-Za-z.]*)?|[*])(, ?([~^]|[<>]=?|=)? ?[0-9]+([.]([0-9]+|[*xX])){0,2}(-[0-9A-Za-z][-0-9A-Za-z.]*)?)*$";

/// CEL: whether a port of the kind name-or-number is a number.
const IS_NUMBER: &str = "(has(self.port) && type(self.port) == int)";

fn label(path: &str, what: &str) -> Place {
    pattern(
        Place::at(path).longest(63),
        DNS_LABEL,
        &format!("write the name of {what}: lower-case letters, digits and '-', at most 63"),
    )
}

/// As [`label`], where an empty text says nothing.
fn label_or_nothing(path: &str, what: &str) -> Place {
    Place::at(path).longest(63).check(
        format!("self == '' || self.matches('{DNS_LABEL}')"),
        format!("write the name of {what}: lower-case letters, digits and '-', at most 63"),
    )
}

pub(super) fn cidr(place: Place) -> Place {
    place.check(
        "isCIDR(self)",
        "write addresses as in 203.0.113.0/24 or 2001:db8::/32; one address ends with /32 or /128",
    )
}

fn exposes() -> Vec<Place> {
    vec![
        Place::at("spec").check(
            "!has(self.exposes) || self.exposes.all(a, has(self.ports) && size(self.ports) > 0 && (!has(a.port) || \
             self.ports.exists(p, p.name == a.port)))",
            "exposes[].port is not the name of one of ports: correct it, or add the port",
        ),
        label("spec.exposes[].name", "an API"),
        pattern(Place::at("spec.exposes[].version").longest(64), VERSION, "write a version as in 2, 1.4 or 1.4.0-rc.1"),
        Place::at("spec.exposes[].port").longest(15),
        pattern(
            Place::at("spec.exposes[].sunset").longest(10),
            "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$",
            "write a day as in 2027-06-30",
        ),
    ]
}

fn uses() -> Vec<Place> {
    vec![
        label("spec.uses[].service", "a service"),
        label_or_nothing("spec.uses[].namespace", "a namespace"),
        label_or_nothing("spec.uses[].api", "an API"),
        Place::at("spec.uses[].port").port_name_or_number("uses[].port is the name or the number of a port"),
        Place::at("spec.uses[]")
            .check(
                "!has(self.port) || self.api == ''",
                "uses[].api says the port already: remove uses[].port, or uses[].api",
            )
            .check(
                format!("!has(self.version) || !{IS_NUMBER}"),
                "with a port number nothing is looked up, versions neither: remove uses[].version, or name the api instead",
            )
            .check(
                format!("!has(self.targetPort) || {IS_NUMBER}"),
                "uses[].targetPort belongs to a port number: the port of an API, or one by name, is looked up",
            ),
        pattern(
            Place::at("spec.uses[].version").longest(128),
            RANGE,
            "write a range of versions as in ^1.2, ~1.4.0 or >=1.2, <3",
        ),
        pattern(Place::at("spec.uses[].timeout").longest(32), "^([0-9]{1,5}(h|m|s|ms)){1,4}$", "write a duration as in 500ms, 10s or 1m30s"),
    ]
}

fn external() -> Vec<Place> {
    vec![
        label("spec.external[].name", "what is outside"),
        Place::at("spec.external[].ports").set("minItems", json!(1)),
        Place::at("spec.external[].ports[]").check(
            "!has(self.endPort) || self.endPort >= self.port",
            "external[].ports[].endPort is the last port of a range: it must not be less than port",
        ),
        Place::at("spec.external[]").check(
            "(has(self.cidrs) && size(self.cidrs) > 0) || (has(self.hosts) && size(self.hosts) > 0)",
            "say where it is: write external[].cidrs, external[].hosts or both",
        ),
        cidr(Place::at("spec.external[].cidrs[]")),
        pattern(
            Place::at("spec.external[].hosts[]"),
            HOSTNAME,
            "a host name has lower-case letters, digits, '-' and '.', no port, and may start with '*.'",
        ),
    ]
}

fn consent() -> Vec<Place> {
    vec![
        Place::at("spec.allowFrom[]")
            .check(
                "has(self.service) || has(self.system) || has(self.namespace) || has(self.namespaces) || \
                 (has(self.self) && self.self)",
                "an empty item would admit nobody: say service, system, namespace, namespaces or self, or remove it",
            )
            .check(
                "!(has(self.self) && self.self) || \
                 !(has(self.service) || has(self.system) || has(self.namespace) || has(self.namespaces))",
                "allowFrom[].self stands alone: make two items of it",
            )
            .check(
                "!(has(self.namespace) && has(self.namespaces))",
                "allowFrom[].namespace is a name, and namespaces are chosen by labels: keep one",
            ),
        label("spec.allowFrom[].service", "a service"),
        label("spec.allowFrom[].namespace", "a namespace"),
        pattern(Place::at("spec.allowFrom[].system").longest(63), LABEL_VALUE, "write the name of a system"),
    ]
}

pub(super) fn places() -> Vec<Place> {
    [exposes(), uses(), external(), consent(), super::class::selectors(&["spec.allowFrom[].namespaces"])]
        .into_iter()
        .flatten()
        .collect()
}
