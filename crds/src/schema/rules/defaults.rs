//! Values that a class gives are held to the rules of the Microservice's own fields, which have the same names.

use serde_json::Value;

use super::{
    super::tree::{self, Node},
    Place,
};

/// Where the Microservice has its fields, and the class its defaults.
const SPEC: &str = "spec.";
const DEFAULTS: &str = "spec.defaults.";

/// Blocks of which a class has only some fields: rules of the whole block speak of the others.
const PARTIAL: [&str; 2] = ["spec.service", "spec.serviceAccount"];

/// The rules of a Microservice for the fields that a class has too.
pub(super) fn places(of_microservices: Vec<Place>, class: &mut Value) -> Vec<Place> {
    let mut exists = |path: &str| tree::edit(class, path, |_: &mut Node| ()).is_none();
    let mut places = Vec::new();
    for mut place in of_microservices {
        place.paths = place
            .paths
            .iter()
            .filter(|path| !PARTIAL.contains(&path.as_str()))
            .filter_map(|path| Some(format!("{DEFAULTS}{}", path.strip_prefix(SPEC)?)))
            .filter(|path| exists(path))
            .collect();
        if !place.paths.is_empty() {
            places.push(place);
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use crate::schema::rules::{of_classes, of_microservices};

    #[test]
    fn defaults_have_the_rules_of_the_fields_that_they_stand_for() {
        let messages = |places: Vec<super::Place>, path: &str| -> Vec<String> {
            let here = places.into_iter().filter(|place| place.paths.iter().any(|p| p == path));
            let said = |place: super::Place| {
                let keywords = place.keywords.into_iter().map(|(keyword, value)| format!("{keyword}: {value}"));
                place.checks.into_iter().map(|(_, message)| message).chain(keywords).collect::<Vec<_>>()
            };
            here.flat_map(said).collect()
        };
        for field in [
            "labels",
            "podAnnotations",
            "service.annotations",
            "env[]",
            "env[].name",
            "resources",
            "resources.limits{}",
            "probes.readiness",
            "probes.liveness.exec",
            "scaling",
            "scaling.metrics[]",
            "rollout",
            "rollout.maxSurge",
            "disruptionBudget",
            "topologySpread[]",
            "tolerations[]",
            "priorityClassName",
            "dnsConfig.nameservers[]",
            "security.capabilities[]",
            "imagePullSecrets[].name",
        ] {
            let own = messages(of_microservices(), &format!("spec.{field}"));
            assert!(!own.is_empty(), "{field}");
            assert_eq!(messages(of_classes(), &format!("spec.defaults.{field}")), own, "{field}");
        }
        assert!(messages(of_classes(), "spec.defaults.service").is_empty());
    }
}
