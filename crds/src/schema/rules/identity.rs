//! The name of a Microservice, and what it belongs to.

use super::{DNS_SUBDOMAIN, LABEL_VALUE, Place, pattern};

pub(super) fn places() -> Vec<Place> {
    vec![
        Place::at("")
            .check(
                "self.metadata.name.size() <= 50 && self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",
                "metadata.name must start with a lower-case letter, have only lower-case letters, digits and dashes, \
                 and at most 50 characters: its children are named by it, a Service among them",
            )
            .check(
                "!self.metadata.name.contains('--')",
                "metadata.name must not contain '--': it separates the name of a Microservice from what its children \
                 add to it",
            )
            .check(
                "self.metadata.name != 'default'",
                "metadata.name must not be 'default': every namespace has a ServiceAccount of that name",
            ),
        pattern(
            Place::at("spec.class"),
            DNS_SUBDOMAIN,
            "class must be the name of a MicroserviceClass: lower-case letters, digits, '-' and '.'",
        ),
        pattern(
            Place::at("spec.system").longest(63),
            LABEL_VALUE,
            "system becomes the value of a label: write letters, digits, '-', '_' and '.', at most 63, and start and \
             end with a letter or digit",
        ),
        pattern(Place::at("spec.profile").longest(8), "^v[1-9][0-9]*$", "profile must be 'v' and a number, as in v1"),
    ]
}
