//! Labels and annotations of children.

use crate::server::{self, Accepted, Refused};

pub const REFUSED: [Refused; 13] = [
    ("the name", "labels: {app.kubernetes.io/name: x}", "the operator or Kubernetes sets app.kubernetes.io/name"),
    (
        "the version",
        "podLabels: {app.kubernetes.io/version: x}",
        "the operator or Kubernetes sets app.kubernetes.io/name",
    ),
    ("the hash", "podLabels: {pod-template-hash: x}", "the operator or Kubernetes sets app.kubernetes.io/name"),
    ("our domain", "labels: {microservices.dev/x: z}", "all keys of microservices.dev/: remove them here"),
    ("Argo CD's label", "labels: {argocd.argoproj.io/instance: x}", "these labels tell a GitOps tool"),
    ("Argo CD's annotation", "annotations: {argocd.argoproj.io/tracking-id: x}", "these annotations tell a tool"),
    ("Flux's label", "podLabels: {kustomize.toolkit.fluxcd.io/name: x}", "these labels tell a GitOps tool"),
    (
        "our annotations",
        "annotations: {microservices.dev/digest: x}",
        "the operator or Kubernetes writes these annotations",
    ),
    (
        "the restart",
        "podAnnotations: {kubectl.kubernetes.io/restartedAt: x}",
        "the operator or Kubernetes writes these annotations (for a restart: spec.restartedAt)",
    ),
    ("a key with a space", "labels: {'my team': x}", "a key has a name of letters"),
    ("an empty key", "podAnnotations: {'': x}", "a key has a name of letters"),
    ("a value with a space", "labels: {team: check out}", "the value of a label has letters"),
    (
        "a value too long",
        "podLabels: {team: a23456789-123456789-123456789-123456789-123456789-123456789-1234}",
        "may not be more than 63",
    ),
];

const ACCEPTED: [Accepted; 2] = [
    (
        "of one's own",
        "labels: {team: checkout, example.com/tier: '1', empty: ''}\npodLabels: {a: b}\nannotations: {example.com/note: any text at all}\npodAnnotations: {prometheus.io/scrape: 'true'}",
    ),
    (
        "those that steer a GitOps tool",
        "annotations: {argocd.argoproj.io/sync-options: Prune=false, kustomize.toolkit.fluxcd.io/prune: disabled}",
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
