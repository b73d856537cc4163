//! The Service.

use super::{Place, filled, is_true};

pub(super) fn places() -> Vec<Place> {
    let published = "has(self.type) && (self.type == 'NodePort' || self.type == 'LoadBalancer')";
    vec![
        Place::at("spec").check(
            format!("!has(self.service) || {}", filled("self.ports")),
            "service is said, but there is no Service without ports: add ports, or remove service",
        ),
        Place::at("spec.service")
            .check(
                format!("!{} || !({published})", is_true("self.headless")),
                "a headless Service has no address to publish: remove service.headless, or service.type",
            )
            .check(
                format!("!has(self.externalTrafficPolicy) || {published}"),
                "service.externalTrafficPolicy is only for service.type NodePort and LoadBalancer: set the type, or \
                 remove it",
            ),
        Place::at("spec.service.trafficDistribution").one_of(&["PreferSameZone", "PreferSameNode", "PreferClose"]),
    ]
}
