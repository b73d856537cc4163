//! Probes.

use crate::server::{self, Accepted, Refused};

pub const REFUSED: [Refused; 28] = [
    (
        "two handlers",
        "ports: [{name: http, port: 80}]\nprobes: {readiness: {httpGet: {}, tcpSocket: {}}}",
        "a probe has one of httpGet, tcpSocket, grpc and exec",
    ),
    (
        "disabled with a handler",
        "ports: [{name: http, port: 80}]\nprobes: {readiness: {disabled: true, httpGet: {}}}",
        "a disabled probe asks nothing",
    ),
    (
        "successes of liveness",
        "ports: [{name: http, port: 80}]\nprobes: {liveness: {successThreshold: 2}}",
        "successThreshold must be 1 for liveness and startup",
    ),
    (
        "successes of startup",
        "ports: [{name: http, port: 80}]\nprobes: {startup: {successThreshold: 2}}",
        "successThreshold must be 1 for liveness and startup",
    ),
    (
        "readiness that ends the pod",
        "ports: [{name: http, port: 80}]\nprobes: {readiness: {terminationGracePeriodSeconds: 5}}",
        "a readiness probe ends nothing",
    ),
    ("readiness without a port", "probes: {readiness: {}}", "probes.readiness has no port to ask"),
    ("liveness without a port", "probes: {liveness: {httpGet: {}}}", "probes.liveness has no port to ask"),
    (
        "startup with a udp port",
        "ports: [{name: dns, port: 53, protocol: udp}]\nprobes: {startup: {tcpSocket: {}}}",
        "probes.startup has no port to ask",
    ),
    (
        "readiness of an unknown port",
        "ports: [{name: http, port: 80}]\nprobes: {readiness: {httpGet: {port: htpp}}}",
        "probes.readiness names a port that is not in ports",
    ),
    (
        "liveness of a udp port",
        "ports: [{name: http, port: 80}, {name: dns, port: 53, protocol: udp}]\nprobes: {liveness: {tcpSocket: {port: dns}}}",
        "probes.liveness names a port that is not in ports, or is udp",
    ),
    (
        "startup of an unknown port",
        "probes: {startup: {grpc: {port: grpc}}}",
        "probes.startup names a port that is not in ports",
    ),
    (
        "a scheme in lower case",
        "ports: [{name: http, port: 80}]\nprobes: {readiness: {httpGet: {scheme: https}}}",
        "supported values: \"HTTP\", \"HTTPS\"",
    ),
    (
        "a relative path",
        "ports: [{name: http, port: 80}]\nprobes: {readiness: {httpGet: {path: healthz}}}",
        "the path of a probe must start with '/'",
    ),
    (
        "exec without a command",
        "probes: {readiness: {exec: {}}}",
        "exec needs a command, as in {command: [/bin/check]}",
    ),
    (
        "a port of zero",
        "ports: [{name: http, port: 80}]\nprobes: {readiness: {tcpSocket: {port: 0}}}",
        "the port of a probe is the name of a port, or a number from 1 to 65535",
    ),
    (
        "a port that is too large",
        "ports: [{name: http, port: 80}]\nprobes: {readiness: {httpGet: {port: 70000}}}",
        "httpGet.port in body should be less than or equal to 65535",
    ),
    ("a period of zero", "probes: {readiness: {periodSeconds: 0}}", "should be greater than or equal to 1"),
    (
        "a sidecar's readiness without a port",
        "sidecars: [{name: s, image: i, readinessProbe: {httpGet: {path: /}}}]",
        "readinessProbe of a sidecar must say its port",
    ),
    (
        "a sidecar's liveness without a port",
        "sidecars: [{name: s, image: i, livenessProbe: {}}]",
        "livenessProbe of a sidecar must say its port",
    ),
    (
        "a sidecar's startup without a port",
        "sidecars: [{name: s, image: i, startupProbe: {tcpSocket: {}}}]",
        "startupProbe of a sidecar must say its port",
    ),
    (
        "a sidecar's readiness of an unknown port",
        "sidecars: [{name: s, image: i, readinessProbe: {httpGet: {port: admin}}}]",
        "readinessProbe names a port that the sidecar does not have",
    ),
    (
        "a sidecar's liveness of an unknown port",
        "sidecars: [{name: s, image: i, ports: [{name: a, containerPort: 1}], livenessProbe: {tcpSocket: {port: b}}}]",
        "livenessProbe names a port that the sidecar does not have",
    ),
    (
        "a sidecar's startup of an unknown port",
        "sidecars: [{name: s, image: i, startupProbe: {grpc: {port: b}}}]",
        "startupProbe names a port that the sidecar does not have",
    ),
    (
        "a sidecar's readiness that ends the pod",
        "sidecars: [{name: s, image: i, readinessProbe: {tcpSocket: {port: 1}, terminationGracePeriodSeconds: 5}}]",
        "a readiness probe ends nothing",
    ),
    (
        "a sidecar's successes of liveness",
        "sidecars: [{name: s, image: i, livenessProbe: {tcpSocket: {port: 1}, successThreshold: 5}}]",
        "successThreshold must be 1",
    ),
    (
        "an init container's readiness",
        "initContainers: [{name: s, image: i, readinessProbe: {tcpSocket: {port: 1}}}]",
        "has no readinessProbe",
    ),
    (
        "an init container's liveness",
        "initContainers: [{name: s, image: i, livenessProbe: {}}]",
        "has no livenessProbe",
    ),
    ("an init container's startup", "initContainers: [{name: s, image: i, startupProbe: {}}]", "has no startupProbe"),
];

const ACCEPTED: [Accepted; 7] = [
    (
        "the port left out",
        "ports: [{name: http, port: 80}]\nprobes: {readiness: {httpGet: {path: /_healthz}}, liveness: {tcpSocket: {}}, startup: {}}",
    ),
    (
        "named ports",
        "ports: [{name: grpc, port: 80, protocol: grpc}]\nprobes: {readiness: {grpc: {port: grpc, service: shop}}}",
    ),
    (
        "a worker's number",
        "probes: {liveness: {httpGet: {port: 9000, scheme: HTTPS, httpHeaders: [{name: Host, value: x}]}}}",
    ),
    ("a worker's command", "probes: {liveness: {exec: {command: [/bin/check]}, successThreshold: 1}}"),
    ("disabled without ports", "probes: {readiness: {disabled: true}}"),
    ("not disabled, said", "ports: [{name: http, port: 80}]\nprobes: {readiness: {disabled: false, httpGet: {}}}"),
    (
        "a sidecar's",
        "sidecars: [{name: s, image: i, ports: [{name: admin, containerPort: 1}], readinessProbe: {httpGet: {port: admin}}, livenessProbe: {tcpSocket: {port: 2}}, startupProbe: {exec: {command: [x]}}}]",
    ),
];

#[tokio::test]
async fn refused() {
    server::assert_refused(&REFUSED).await;
}

#[tokio::test]
async fn accepted() {
    server::assert_accepted(&ACCEPTED).await;
}
