//! Ports and the Service.

use crate::server::{self, Accepted, Refused};

pub const REFUSED: [Refused; 15] = [
    (
        "the same name twice",
        "ports: [{name: http, port: 80}, {name: http, port: 81}]",
        "spec.ports[1]: Duplicate value",
    ),
    ("the same port twice", "ports: [{name: a, port: 80, targetPort: 1}, {name: b, port: 80}]", "the same port number"),
    (
        "the same target twice",
        "ports: [{name: a, port: 80, targetPort: 8080}, {name: b, port: 8080, protocol: http}]",
        "two ports have the same targetPort",
    ),
    ("a long name", "ports: [{name: a234567890123456, port: 80}]", "may not be more than 15"),
    ("a name in upper case", "ports: [{name: HTTP, port: 80}]", "a port's name has at most 15"),
    ("a name of digits", "ports: [{name: '80', port: 80}]", "a port's name has at most 15"),
    ("a name with two dashes", "ports: [{name: a--b, port: 80}]", "a port's name has at most 15"),
    ("a name that ends with a dash", "ports: [{name: a-, port: 80}]", "a port's name has at most 15"),
    ("port zero", "ports: [{name: http, port: 0}]", "should be greater than or equal to 1"),
    ("a port too large", "ports: [{name: http, port: 65536}]", "should be less than or equal to 65535"),
    ("an unknown protocol", "ports: [{name: http, port: 80, protocol: HTTP}]", "supported values: \"http\", \"https\""),
    (
        "a sidecar's port named alike",
        "ports: [{name: http, port: 80}]\nsidecars: [{name: s, image: i, ports: [{name: http, containerPort: 81}]}]",
        "a sidecar's port has the name of a port of the service",
    ),
    ("a service without ports", "service: {headless: true}", "there is no Service without ports"),
    (
        "headless and published",
        "ports: [{name: http, port: 80}]\nservice: {headless: true, type: NodePort}",
        "a headless Service has no address to publish",
    ),
    (
        "a policy for outside traffic of an inner service",
        "ports: [{name: http, port: 80}]\nservice: {externalTrafficPolicy: Local}",
        "only for service.type NodePort and LoadBalancer",
    ),
];

const ACCEPTED: [Accepted; 6] = [
    ("none", "ports: []"),
    ("tcp and udp on one number", "ports: [{name: dns, port: 53}, {name: dns-udp, port: 53, protocol: udp}]"),
    (
        "names",
        "ports: [{name: a, port: 1}, {name: 9p, port: 2}, {name: grpc-admin-v1, port: 3}, {name: 1-a-2, port: 4}]",
    ),
    (
        "all protocols",
        "ports: [{name: a, port: 1, protocol: http}, {name: b, port: 2, protocol: https}, {name: c, port: 3, protocol: h2c}, {name: d, port: 4, protocol: grpc}, {name: e, port: 5, protocol: ws}, {name: f, port: 6, protocol: tcp}, {name: g, port: 7, protocol: udp}]",
    ),
    (
        "a published service",
        "ports: [{name: http, port: 80, targetPort: 8080}]\nservice: {type: LoadBalancer, externalTrafficPolicy: Local, sessionAffinity: ClientIP, annotations: {cloud.example/lb: internal}}",
    ),
    ("traffic distribution", "ports: [{name: http, port: 80}]\nservice: {trafficDistribution: PreferClose}"),
];

#[tokio::test]
async fn refused() {
    server::assert_refused(&REFUSED).await;
}

#[tokio::test]
async fn accepted() {
    server::assert_accepted(&ACCEPTED).await;
}
