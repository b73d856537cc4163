//! Probes: the port that they leave out is filled in, and a name must be that of a port.

use k8s_openapi::{
    api::core::v1::{GRPCAction, HTTPGetAction, Probe as CoreProbe, TCPSocketAction},
    apimachinery::pkg::util::intstr::IntOrString,
};
use microservice_crds::{Probe, Protocol};

use super::{ContainerPortPlan, PortPlan, check, draft::Draft, ports};

/// The ports that a probe may name.
pub(super) struct Reachable<'a> {
    /// Ports of the container.
    pub container: &'a [ContainerPortPlan],
    /// Ports of the service, in the main container only: the first over TCP is the default.
    pub service: &'a [PortPlan],
}

impl Reachable<'_> {
    fn default_port(&self) -> Option<&PortPlan> {
        ports::first_tcp(self.service)
    }

    /// The container port of this name; a name of a Service port leads to the one behind it.
    fn named(&self, name: &str) -> Option<(String, i32)> {
        let alias = self.service.iter().find(|p| p.name == name && p.transport() == "TCP");
        let name = alias.map_or(name, |p| p.target_name.as_str());
        let port = self.container.iter().find(|p| p.name == name && p.transport == "TCP")?;
        Some((port.name.clone(), port.number))
    }
}

/// The readiness probe of the main container, which the profile gives to whoever says nothing.
pub(super) fn readiness(draft: &mut Draft<'_>, probe: Option<&Probe>, reach: &Reachable<'_>) -> Option<CoreProbe> {
    if probe.is_none() && draft.profile.tcp_readiness && reach.default_port().is_some() {
        let probe = resolve(draft, "probes.readiness", Some(&Probe::default()), reach);
        draft.ledger.record("probes.readiness", &probe, super::Source::Profile);
        return probe;
    }
    resolve(draft, "probes.readiness", probe, reach)
}

/// A probe as Kubernetes takes it; none where it is absent, disabled or cannot be built.
pub(super) fn resolve(
    draft: &mut Draft<'_>,
    field: &str,
    probe: Option<&Probe>,
    reach: &Reachable<'_>,
) -> Option<CoreProbe> {
    let probe = probe.filter(|p| !p.disabled)?;
    let handlers = [probe.http_get.is_some(), probe.tcp_socket.is_some(), probe.grpc.is_some(), probe.exec.is_some()];
    if handlers.into_iter().filter(|said| *said).count() > 1 {
        draft.refuse(field, "more than one of httpGet, tcpSocket, grpc and exec; keep one");
        return None;
    }
    check_times(draft, field, probe);
    let mut core = CoreProbe {
        exec: probe.exec.clone(),
        initial_delay_seconds: probe.initial_delay_seconds,
        period_seconds: probe.period_seconds,
        timeout_seconds: probe.timeout_seconds,
        success_threshold: probe.success_threshold,
        failure_threshold: probe.failure_threshold,
        termination_grace_period_seconds: probe.termination_grace_period_seconds,
        ..CoreProbe::default()
    };
    if let Some(get) = &probe.http_get {
        let port = port(draft, &format!("{field}.httpGet.port"), get.port.as_ref(), reach)?;
        let https = reach.service.iter().any(|p| p.protocol == Protocol::Https && port.is(&p.target_name, p.target));
        let scheme = get.scheme.clone().or_else(|| https.then(|| "HTTPS".to_owned()));
        core.http_get = Some(HTTPGetAction {
            host: None,
            path: get.path.clone().filter(|path| !path.is_empty()),
            port: port.by_name,
            scheme,
            http_headers: (!get.http_headers.is_empty()).then(|| get.http_headers.clone()),
        });
    } else if let Some(grpc) = &probe.grpc {
        let port = port(draft, &format!("{field}.grpc.port"), grpc.port.as_ref(), reach)?;
        core.grpc = Some(GRPCAction { port: port.number, service: grpc.service.clone() });
    } else if probe.exec.is_none() {
        let said = probe.tcp_socket.as_ref().and_then(|tcp| tcp.port.as_ref());
        let port = port(draft, &format!("{field}.tcpSocket.port"), said, reach)?;
        core.tcp_socket = Some(TCPSocketAction { host: None, port: port.by_name });
    }
    Some(core)
}

struct ProbePort {
    by_name: IntOrString,
    number: i32,
}

impl ProbePort {
    fn is(&self, name: &str, number: i32) -> bool {
        match &self.by_name {
            IntOrString::String(own) => own == name,
            IntOrString::Int(own) => *own == number,
        }
    }
}

fn port(draft: &mut Draft<'_>, field: &str, said: Option<&IntOrString>, reach: &Reachable<'_>) -> Option<ProbePort> {
    match said {
        Some(IntOrString::Int(number)) => {
            draft.problems.check(field, check::port_number(*number));
            Some(ProbePort { by_name: IntOrString::Int(*number), number: *number })
        }
        Some(IntOrString::String(name)) => {
            let found = reach.named(name);
            if found.is_none() {
                let names: Vec<_> =
                    reach.container.iter().filter(|p| p.transport == "TCP").map(|p| p.name.as_str()).collect();
                let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
                draft.refuse(
                    field,
                    format!("there is no TCP port {name:?} (there are: {names}); name one of them or write a number"),
                );
            }
            found.map(|(name, number)| ProbePort { by_name: IntOrString::String(name), number })
        }
        None => {
            let port = reach.default_port();
            if port.is_none() {
                draft.refuse(field, "there is no TCP port to take; write the port, or list one under ports");
            }
            port.map(|p| ProbePort { by_name: IntOrString::String(p.target_name.clone()), number: p.target })
        }
    }
}

fn check_times(draft: &mut Draft<'_>, field: &str, probe: &Probe) {
    for (name, value, least) in [
        ("initialDelaySeconds", probe.initial_delay_seconds, 0),
        ("periodSeconds", probe.period_seconds, 1),
        ("timeoutSeconds", probe.timeout_seconds, 1),
        ("successThreshold", probe.success_threshold, 1),
        ("failureThreshold", probe.failure_threshold, 1),
    ] {
        if let Some(value) = value.filter(|v| *v < least) {
            draft.refuse(format!("{field}.{name}"), format!("{value} is too small; write {least} or more"));
        }
    }
    let readiness = field.ends_with("readiness") || field.ends_with("readinessProbe");
    if !readiness && probe.success_threshold.is_some_and(|v| v > 1) {
        draft.refuse(format!("{field}.successThreshold"), "only readiness may ask for more than 1; leave it out");
    }
    match probe.termination_grace_period_seconds {
        Some(_) if readiness => draft
            .refuse(format!("{field}.terminationGracePeriodSeconds"), "a readiness probe ends nothing; leave it out"),
        Some(seconds) if seconds < 1 => draft.refuse(
            format!("{field}.terminationGracePeriodSeconds"),
            format!("{seconds} is too small; write 1 or more"),
        ),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use crate::plan::tests::{planned, refused};

    fn readiness(spec: &str) -> String {
        let plan = planned(spec);
        serde_json::to_string(&plan.pod.containers.main().unwrap().readiness).unwrap()
    }

    #[test]
    fn the_port_is_filled_in() {
        let port = "image: a:1, ports: [{name: u, port: 1, protocol: udp}, {name: web, port: 80, targetPort: 8080, protocol: https}]";
        assert_eq!(readiness(&format!("{{{port}}}")), r#"{"tcpSocket":{"port":"web"}}"#);
        assert_eq!(
            readiness(&format!("{{{port}, probes: {{readiness: {{httpGet: {{path: /ok}}}}}}}}")),
            r#"{"httpGet":{"path":"/ok","port":"web","scheme":"HTTPS"}}"#
        );
        assert_eq!(
            readiness(&format!("{{{port}, probes: {{readiness: {{grpc: {{port: web}}}}}}}}")),
            r#"{"grpc":{"port":8080}}"#
        );
        assert_eq!(readiness(&format!("{{{port}, probes: {{readiness: {{disabled: true}}}}}}")), "null");
        assert_eq!(readiness("{image: a:1}"), "null");
    }

    #[test]
    fn what_leads_nowhere_is_refused() {
        assert_eq!(refused("{image: a:1, probes: {liveness: {httpGet: {}}}}"), ["probes.liveness.httpGet.port"]);
        assert_eq!(
            refused("{image: a:1, probes: {liveness: {tcpSocket: {port: web}}}}"),
            ["probes.liveness.tcpSocket.port"]
        );
        assert_eq!(
            refused("{image: a:1, probes: {startup: {exec: {command: [a]}, successThreshold: 2, periodSeconds: 0}}}"),
            ["probes.startup.periodSeconds", "probes.startup.successThreshold"]
        );
    }
}
