//! Ports of the Service and of the main container.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use microservice_crds::{Port, Protocol, Route};

use super::{ContainerPortPlan, PortPlan, check, draft::Draft};

/// The ports, with what they leave open.
pub(super) fn resolve(draft: &mut Draft<'_>) -> Vec<PortPlan> {
    let mut ports: Vec<PortPlan> = Vec::new();
    let mut numbers = BTreeMap::new();
    for port in &draft.spec.ports {
        let field = format!("ports[{}]", port.name);
        draft.problems.check(format!("{field}.name"), check::port_name(&port.name));
        draft.problems.check(format!("{field}.port"), check::port_number(port.port));
        let target = draft.ledger.derive(&format!("{field}.targetPort"), port.target_port, || port.port);
        draft.problems.check(format!("{field}.targetPort"), check::port_number(target));
        let protocol = draft.ledger.derive(&format!("{field}.protocol"), port.protocol, Default::default);
        let mut resolved =
            PortPlan { name: port.name.clone(), port: port.port, target, target_name: port.name.clone(), protocol };
        let transport = resolved.transport();
        if ports.iter().any(|other| other.name == port.name) {
            draft.refuse(&field, "two ports have this name; rename one");
        }
        if let Some(other) = numbers.insert((port.port, transport), &port.name) {
            draft.refuse(
                format!("{field}.port"),
                format!("port {}/{transport} is also that of {other:?}; choose another number", port.port),
            );
        }
        // A container port is listed once; ports of the Service that share it go by the name of the first.
        if let Some(first) = ports.iter().find(|p| p.target == target && p.transport() == transport) {
            resolved.target_name.clone_from(&first.target_name);
        }
        ports.push(resolved);
    }
    ports
}

/// The ports that the main container listens on.
pub(super) fn of_container(ports: &[PortPlan]) -> Vec<ContainerPortPlan> {
    ports
        .iter()
        .filter(|p| p.name == p.target_name)
        .map(|p| ContainerPortPlan { name: p.name.clone(), number: p.target, transport: p.transport() })
        .collect()
}

/// The port that is meant when none is said: the first over TCP.
pub(super) fn first_tcp(ports: &[PortPlan]) -> Option<&PortPlan> {
    ports.iter().find(|p| p.transport() == "TCP")
}

/// The port with this name, or with this number on the Service.
pub(super) fn of_service<'a>(ports: &'a [PortPlan], wanted: &IntOrString) -> Option<&'a PortPlan> {
    ports.iter().find(|p| match wanted {
        IntOrString::Int(number) => p.port == *number,
        IntOrString::String(name) => p.name == *name,
    })
}

/// The port of this service that a route leads to where it names no backend, of ports as they are written.
pub(crate) fn of_route<'a>(ports: &'a [Port], route: &Route) -> Option<&'a Port> {
    if let Some(wanted) = &route.port {
        return ports.iter().find(|port| is(port, wanted));
    }
    let first = |grpc: bool| {
        ports.iter().find(|port| match port.protocol.unwrap_or_default() {
            Protocol::Grpc => true,
            Protocol::Tcp | Protocol::Udp => false,
            _ => !grpc,
        })
    };
    first(!route.grpc_matches.is_empty()).or_else(|| first(false))
}

/// The number of a port of the Service that is said by number, or by its name here.
pub(crate) fn number(ports: &[Port], wanted: &IntOrString) -> Option<i32> {
    match wanted {
        IntOrString::Int(number) => Some(*number),
        IntOrString::String(_) => ports.iter().find(|port| is(port, wanted)).map(|port| port.port),
    }
}

fn is(port: &Port, wanted: &IntOrString) -> bool {
    match wanted {
        IntOrString::Int(number) => port.port == *number,
        IntOrString::String(name) => port.name == *name,
    }
}

/// The names, for messages.
pub(super) fn names(ports: &[PortPlan]) -> String {
    if ports.is_empty() {
        return "none".to_owned();
    }
    ports.iter().map(|p| p.name.as_str()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use crate::plan::tests::{planned, refused};

    #[test]
    fn target_and_protocol_follow() {
        let plan = planned("{image: a:1, ports: [{name: dns, port: 53}, {name: dns-udp, port: 53, protocol: udp}]}");
        let ports: Vec<_> = plan.ports.iter().map(|p| (p.target, p.transport(), p.app_protocol())).collect();
        assert_eq!(ports, [(53, "TCP", None), (53, "UDP", None)]);
    }

    #[test]
    fn a_shared_target_is_listed_once() {
        let plan = planned("{image: a:1, ports: [{name: http, port: 80, targetPort: 8080}, {name: alt, port: 8080}]}");
        assert_eq!(plan.pod.containers.main().unwrap().ports.len(), 1);
        assert_eq!(plan.ports[1].target_name, "http");
    }

    #[test]
    fn what_clashes_is_refused() {
        assert_eq!(refused("{image: a:1, ports: [{name: a, port: 80}, {name: b, port: 80}]}"), ["ports[b].port"]);
        assert_eq!(refused("{image: a:1, ports: [{name: a, port: 80}, {name: a, port: 81}]}"), ["ports[a]"]);
        assert_eq!(refused("{image: a:1, ports: [{name: a, port: 70000}]}"), ["ports[a].port", "ports[a].targetPort"]);
    }
}
