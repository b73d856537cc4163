//! Containers: image, environment, hooks, sidecars.

use crate::server::{self, Accepted, Refused};

pub const REFUSED: [Refused; 29] = [
    ("no image", "image: null", "spec.image: Required value"),
    ("an empty image", "image: ''", "image must be the name of an image"),
    ("an image with a space", "image: 'app :v1'", "image must be the name of an image"),
    ("a sidecar's empty image", "sidecars: [{name: s, image: ''}]", "image must be the name of an image"),
    ("a pull policy", "imagePullPolicy: always", "supported values: \"Always\", \"IfNotPresent\", \"Never\""),
    ("the same variable twice", "env: [{name: A, value: x}, {name: A, value: y}]", "Duplicate value"),
    ("a variable with =", "env: [{name: A=B, value: x}]", "the name of an environment variable"),
    (
        "value and valueFrom",
        "env: [{name: A, value: x, valueFrom: {fieldRef: {fieldPath: status.podIP}}}]",
        "an environment variable has value or valueFrom",
    ),
    ("valueFrom nothing", "env: [{name: A, valueFrom: {}}]", "valueFrom has exactly one of"),
    ("envFrom nothing", "envFrom: [{prefix: A}]", "each of envFrom has exactly one of"),
    ("an empty hook", "lifecycle: {postStart: {}}", "a hook has exactly one of exec, httpGet and sleep"),
    (
        "two hooks in one",
        "lifecycle: {preStop: {sleep: {seconds: 1}, exec: {command: [x]}}}",
        "a hook has exactly one of",
    ),
    (
        "a hook without a command",
        "lifecycle: {preStop: {exec: {}}}",
        "exec needs a command, as in {command: [/bin/stop]}",
    ),
    (
        "a sidecar named as the service",
        "sidecars: [{name: frontend, image: i}]",
        "a sidecar has the name of the Microservice",
    ),
    (
        "an init container named as the service",
        "initContainers: [{name: frontend, image: i}]",
        "an init container has the name of the Microservice",
    ),
    ("a sidecar's name", "sidecars: [{name: Proxy, image: i}]", "the name of a container has lower-case letters"),
    ("two sidecars alike", "sidecars: [{name: s, image: i}, {name: s, image: i}]", "Duplicate value"),
    (
        "a sidecar and an init container alike",
        "sidecars: [{name: s, image: i}]\ninitContainers: [{name: s, image: i}]",
        "a sidecar and an init container have the same name",
    ),
    (
        "a privileged sidecar",
        "sidecars: [{name: s, image: i, securityContext: {privileged: true}}]",
        "unknown field \"spec.sidecars[0].securityContext\"",
    ),
    ("a restart that is no time", "restartedAt: today", "spec.restartedAt"),
    ("claims", "resources: {claims: [{name: gpu}]}", "unknown field \"spec.resources.claims\""),
    ("a fraction as a number", "resources: {limits: {cpu: 0.5}}", "spec.resources.limits.cpu"),
    (
        "a quantity of words",
        "resources: {limits: {memory: plenty}}",
        "spec.resources.limits.memory in body should match",
    ),
    (
        "a quantity without a unit of Kubernetes",
        "resources: {limits: {memory: 1GB}}",
        "spec.resources.limits.memory in body should match",
    ),
    (
        "a negative number",
        "resources: {requests: {memory: -1}}",
        "spec.resources.requests.memory in body should be greater than or equal to 0",
    ),
    (
        "a negative quantity",
        "resources: {requests: {memory: -1Mi}}",
        "spec.resources.requests.memory in body should match",
    ),
    (
        "a quantity of a sidecar",
        "sidecars: [{name: s, image: i, resources: {limits: {cpu: much}}}]",
        "in body should match",
    ),
    (
        "a request above its limit",
        "resources: {requests: {cpu: 2}, limits: {cpu: 1500m}}",
        "resources.requests must not be greater",
    ),
    ("a pull secret's name", "imagePullSecrets: [{name: ''}]", "write the name of an object of this namespace"),
];

const ACCEPTED: [Accepted; 6] = [
    (
        "digest",
        "image: registry.example:5000/a/b@sha256:0123456789012345678901234567890123456789012345678901234567890123",
    ),
    (
        "environment",
        "env: [{name: A, value: ''}, {name: a.b-c, value: $(A)}, {name: B, valueFrom: {secretKeyRef: {name: s, key: k}}}, {name: C, valueFrom: {resourceFieldRef: {resource: limits.cpu}}}]\nenvFrom: [{configMapRef: {name: x}}, {prefix: P_, secretRef: {name: z, optional: true}}]",
    ),
    (
        "quantities",
        "resources: {requests: {cpu: 1, memory: 64Mi, example.com/gpu: 1}, limits: {cpu: '1.5', memory: '1e9', example.com/gpu: 1}}",
    ),
    ("a time", "restartedAt: '2026-01-31T12:00:00Z'"),
    (
        "containers",
        "sidecars: [{name: proxy, image: i, env: [{name: A, value: b}], resources: {limits: {memory: 64Mi}}, runAsUser: 65532}]\ninitContainers: [{name: migrate, image: i, command: [x], args: [z], workingDir: /, imagePullPolicy: Always}]",
    ),
    ("hooks", "lifecycle: {postStart: {httpGet: {port: 80, path: /}}, preStop: {sleep: {seconds: 5}}}"),
];

#[tokio::test]
async fn refused() {
    server::assert_refused(&REFUSED).await;
}

#[tokio::test]
async fn accepted() {
    server::assert_accepted(&ACCEPTED).await;
}
