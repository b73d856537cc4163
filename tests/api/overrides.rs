//! The escape hatch, as far as the server knows it.

use crate::server::{self, Accepted, Refused};

pub const REFUSED: [Refused; 4] = [
    ("a kind in lower case", "overrides: {deployment: {spec: {}}}", "overrides go by the kind of a child"),
    ("a resource", "overrides: {deployments.apps: {spec: {}}}", "overrides go by the kind of a child"),
    ("no object", "overrides: {Deployment: 5}", "must be of type object"),
    ("a list", "overrides: []", "must be of type object"),
];

const ACCEPTED: [Accepted; 2] = [
    (
        "any fields",
        "overrides: {Deployment: {spec: {template: {spec: {shareProcessNamespace: true, containers: [{name: frontend, stdin: true}]}}}}, Service: {spec: {publishNotReadyAddresses: true}}}",
    ),
    ("none", "overrides: {}"),
];

#[tokio::test]
async fn refused() {
    server::assert_refused(&REFUSED).await;
}

#[tokio::test]
async fn accepted() {
    server::assert_accepted(&ACCEPTED).await;
}
