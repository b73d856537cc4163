//! What a system is called, and what it lists.

use super::{Place, pattern};

pub(super) fn places() -> Vec<Place> {
    vec![
        Place::at("").check(
            "self.metadata.name.size() <= 63",
            "metadata.name must have at most 63 characters: services name the system in spec.system, which becomes the \
             value of a label",
        ),
        pattern(
            Place::at("spec.members[]").longest(50),
            "^[a-z]([-a-z0-9]*[a-z0-9])?$",
            "write the name of a Microservice: lower-case letters, digits and '-'",
        ),
    ]
}
