//! What a class says of networks and contracts.

use crate::server::{self, Accepted, Refused};

pub const REFUSED: [Refused; 13] = [
    ("a mode", "network: {mode: Strict}", "supported values: \"Off\", \"Observe\", \"Enforce\""),
    ("a peer that is everybody", "network: {monitoring: [{}]}", "an empty peer would be everybody"),
    ("a DNS peer that is everybody", "network: {dns: [{ports: [53]}]}", "an empty peer would be everybody"),
    ("the namespace of a peer", "network: {gateways: [{namespace: a.b}]}", "write the name of a namespace"),
    ("a label's key of a peer", "network: {gateways: [{podLabels: {'a b': c}}]}", "a key has a name of letters"),
    ("a label's value of a peer", "network: {gateways: [{podLabels: {a: 'b c'}}]}", "the value of a label has letters"),
    ("addresses of a peer", "network: {dns: [{cidrs: [169.254.20.10]}]}", "write addresses as in 203.0.113.0/24"),
    ("a DNS port", "network: {dns: [{namespace: a, ports: [0]}]}", "should be greater than or equal to 1"),
    ("addresses of a host", "network: {hosts: [{pattern: a.example, cidrs: [x]}]}", "write addresses as in"),
    ("a host without addresses", "network: {hosts: [{pattern: a.example, cidrs: []}]}", "should have at least 1 items"),
    (
        "the pattern of a host",
        "network: {hosts: [{pattern: 'a.*.example', cidrs: [10.0.0.0/8]}]}",
        "a pattern is a host name in lower case, which may start with '*.', as in *.example.com",
    ),
    ("other hosts", "network: {otherHosts: All}", "supported values: \"Nothing\", \"AnyAddress\""),
    ("a timeout", "contracts: {holdTimeoutSeconds: 0}", "should be greater than or equal to 1"),
];

const ACCEPTED: [Accepted; 3] = [
    ("nothing", "network: {}\ncontracts: {}"),
    (
        "all of it",
        "network: {mode: Enforce, dns: [{namespace: kube-system, podLabels: {k8s-app: kube-dns}, ports: [53, 5353]}, {cidrs: [169.254.20.10/32]}], gateways: [{namespace: envoy}], monitoring: [{podLabels: {app: prometheus}}], hosts: [{pattern: '*.example.com', cidrs: [203.0.113.0/24]}], otherHosts: AnyAddress}\ncontracts: {mode: Enforce, holdTimeoutSeconds: 60}",
    ),
    ("a word in quotes", "network: {mode: 'Off'}\ncontracts: {mode: 'Off'}"),
];

#[tokio::test]
async fn refused() {
    server::assert_classes_refused(&REFUSED).await;
}

#[tokio::test]
async fn accepted() {
    server::assert_classes_accepted(&ACCEPTED).await;
}
