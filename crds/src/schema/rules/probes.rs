//! Probes: how Kubernetes asks, and whom.

use super::{Place, count, filled, is_true};

const HANDLERS: [&str; 4] = ["httpGet", "tcpSocket", "grpc", "exec"];
const WITH_PORT: [&str; 3] = ["httpGet", "tcpSocket", "grpc"];
const MAIN: [&str; 3] = ["readiness", "liveness", "startup"];

/// CEL: whether the port of a probe's handler fulfils a condition, in which it is called PORT.
fn port_fulfils(probe: &str, condition: &str) -> String {
    let handlers = WITH_PORT.map(|handler| {
        let port = format!("{probe}.{handler}.port");
        format!("(has({probe}.{handler}) && has({port}) && ({}))", condition.replace("PORT", &port))
    });
    format!("({})", handlers.join(" || "))
}

/// CEL: whether a probe needs no port of this container.
fn needs_no_port(probe: &str) -> String {
    format!("!has({probe}) || {} || has({probe}.exec)", is_true(&format!("{probe}.disabled")))
}

/// CEL: a condition on one probe of the main container, in which it is called `probe`.
///
/// The server builds the map of all fields of the spec anew at each `self.x`, and does so for every rule at every write
/// of a status: so the probe is taken out once.
fn of_probe(name: &str, condition: &str) -> String {
    format!("!has(self.probes) || [self.probes].all(all, !has(all.{name}) || [all.{name}].all(probe, {condition}))")
}

/// Probes of the main container, which may leave the port out.
fn main_container() -> Vec<Place> {
    let mut spec = Place::at("spec");
    for name in MAIN {
        spec = spec
            .check(
                of_probe(
                    name,
                    &format!(
                        "{} || has(probe.exec) || {} || (has(self.ports) && self.ports.exists(p, !has(p.protocol) || \
                         p.protocol != 'udp'))",
                        is_true("probe.disabled"),
                        port_fulfils("probe", "true")
                    ),
                ),
                format!(
                    "probes.{name} has no port to ask: add a port that is not udp, say the number of one in the probe, \
                     or use exec"
                ),
            )
            .check(
                of_probe(
                    name,
                    &format!(
                        "!{}",
                        port_fulfils(
                            "probe",
                            "type(PORT) == string && !(has(self.ports) && self.ports.exists(p, p.name == PORT && \
                             (!has(p.protocol) || p.protocol != 'udp')))"
                        )
                    ),
                ),
                format!("probes.{name} names a port that is not in ports, or is udp: use the name of one of ports"),
            );
    }
    vec![
        spec,
        Place::at_each(["spec.probes.liveness", "spec.probes.startup"]).check(
            "!has(self.successThreshold) || self.successThreshold == 1",
            "successThreshold must be 1 for liveness and startup: remove it",
        ),
        Place::at("spec.probes.readiness").check(
            "!has(self.terminationGracePeriodSeconds)",
            "a readiness probe ends nothing: set terminationGracePeriodSeconds on liveness or startup, or remove it",
        ),
    ]
}

/// Probes of sidecars, which must say the port, and of init containers, which have none.
fn other_containers() -> Vec<Place> {
    let mut sidecar = Place::at("spec.sidecars[]");
    let mut init = Place::at("spec.initContainers[]");
    for name in MAIN {
        let probe = format!("self.{name}Probe");
        sidecar = sidecar
            .check(
                format!("{} || {}", needs_no_port(&probe), port_fulfils(&probe, "true")),
                format!("{name}Probe of a sidecar must say its port, or use exec"),
            )
            .check(
                format!(
                    "!has({probe}) || !{}",
                    port_fulfils(
                        &probe,
                        "type(PORT) == string && !(has(self.ports) && self.ports.exists(p, p.name == PORT))"
                    )
                ),
                format!("{name}Probe names a port that the sidecar does not have: use a name or number of its ports"),
            );
        init = init.check(
            format!("!has({probe})"),
            format!("an init container runs to its end and has no {name}Probe: remove it, or make it a sidecar"),
        );
    }
    vec![
        sidecar,
        init,
        Place::at_each(["spec.sidecars[].livenessProbe", "spec.sidecars[].startupProbe"]).check(
            "!has(self.successThreshold) || self.successThreshold == 1",
            "successThreshold must be 1 for liveness and startup: remove it",
        ),
        Place::at("spec.sidecars[].readinessProbe").check(
            "!has(self.terminationGracePeriodSeconds)",
            "a readiness probe ends nothing: set terminationGracePeriodSeconds on liveness or startup, or remove it",
        ),
    ]
}

pub(super) fn places() -> Vec<Place> {
    let all: Vec<String> =
        MAIN.iter().flat_map(|name| [format!("spec.probes.{name}"), format!("spec.sidecars[].{name}Probe")]).collect();
    let each = |field: &'static str| Place::at_each(all.iter().map(move |probe| format!("{probe}.{field}")));
    let mut places = vec![
        Place::at_each(&all)
            .check(
                format!("{} <= 1", count(&HANDLERS)),
                "a probe has one of httpGet, tcpSocket, grpc and exec: remove the others",
            )
            .check(
                format!("!{} || {} == 0", is_true("self.disabled"), count(&HANDLERS)),
                "a disabled probe asks nothing: remove disabled, or the httpGet, tcpSocket, grpc or exec beside it",
            ),
        each("httpGet.scheme").one_of(&["HTTP", "HTTPS"]),
        each("httpGet.path").check("self.startsWith('/')", "the path of a probe must start with '/'"),
        each("exec").check(filled("self.command"), "exec needs a command, as in {command: [/bin/check]}"),
    ];
    places.push(
        Place::at_each(all.iter().flat_map(|probe| WITH_PORT.map(|handler| format!("{probe}.{handler}.port"))))
            .port_name_or_number("the port of a probe is the name of a port, or a number from 1 to 65535"),
    );
    places.extend(main_container());
    places.extend(other_containers());
    places
}
