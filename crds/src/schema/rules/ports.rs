//! Ports of the main container and of sidecars.

use super::{Place, pattern};

/// CEL: whether a port is one of UDP.
fn udp(port: &str) -> String {
    format!("(has({port}.protocol) && {port}.protocol == 'udp')")
}

/// CEL: the number that a port has in the container.
fn target(port: &str) -> String {
    format!("(has({port}.targetPort) ? {port}.targetPort : {port}.port)")
}

pub(super) fn places() -> Vec<Place> {
    let same_family = format!("{} == {}", udp("a"), udp("b"));
    let name = "a port's name has at most 15 lower-case letters, digits and single dashes, at least one letter, and \
                no dash at its ends, as in http or grpc-admin";
    vec![
        Place::at("spec.ports")
            .check(
                format!("self.all(a, self.exists_one(b, a.port == b.port && {same_family}))"),
                "two ports have the same port number: give each its own, or make one of them udp",
            )
            .check(
                format!("self.all(a, self.exists_one(b, {} == {} && {same_family}))", target("a"), target("b")),
                "two ports have the same targetPort (which is port, unless said): give each its own, or make one of \
                 them udp",
            ),
        pattern(
            Place::at_each(["spec.ports[].name", "spec.sidecars[].ports[].name", "spec.initContainers[].ports[].name"])
                .longest(15)
                .check("!self.contains('--')", name),
            "^([0-9]+-?)*[0-9]*[a-z]([-a-z0-9]*[a-z0-9])?$",
            name,
        ),
        Place::at("spec").check(
            "!has(self.sidecars) || !has(self.ports) || self.sidecars.all(s, !has(s.ports) || \
             s.ports.all(p, !self.ports.exists(own, own.name == p.name)))",
            "a sidecar's port has the name of a port of the service, and the Service would send to either: rename it",
        ),
    ]
}
