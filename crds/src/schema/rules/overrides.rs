//! The escape hatch: partial objects by kind. What may stand in them only the renderer can tell.

use serde_json::json;

use super::Place;

pub(super) fn places() -> Vec<Place> {
    vec![Place::at("spec.overrides").set("maxProperties", json!(16)).check(
        "self.all(kind, kind.matches('^[A-Z][A-Za-z0-9]{0,62}$'))",
        "overrides go by the kind of a child, as in {Deployment: {spec: {...}}}",
    )]
}
