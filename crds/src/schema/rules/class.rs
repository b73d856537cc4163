//! What a class decides, and the values that it gives to services.

use super::{DNS_LABEL, DNS_SUBDOMAIN, Place, pattern};

pub(super) fn places() -> Vec<Place> {
    let gateways = "spec.routing.gateways[]";
    vec![
        pattern(Place::at("spec.profile").longest(8), "^v[1-9][0-9]*$", "profile must be 'v' and a number, as in v1"),
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
    ]
}
