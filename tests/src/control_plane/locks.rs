//! The lock files: Go modules without code, which pin what the control plane is made of.

use super::kubernetes::Kubernetes;

/// One Go module that serves as a lock file; its text is compiled in, so that the cache is found from anywhere.
#[derive(Debug)]
pub(super) struct LockFile {
    pub(super) folder: &'static str,
    pub(super) go_mod: &'static str,
    pub(super) go_sum: &'static str,
}

pub(super) static KWOK: LockFile = LockFile {
    folder: "kwok",
    go_mod: include_str!("../../controlplane/kwok/go.mod"),
    go_sum: include_str!("../../controlplane/kwok/go.sum"),
};
pub(super) static GATEWAY_API: LockFile = LockFile {
    folder: "gateway-api",
    go_mod: include_str!("../../controlplane/gateway-api/go.mod"),
    go_sum: include_str!("../../controlplane/gateway-api/go.sum"),
};

pub(super) static COREDNS: LockFile = LockFile {
    folder: "coredns",
    go_mod: include_str!("../../controlplane/coredns/go.mod"),
    go_sum: include_str!("../../controlplane/coredns/go.sum"),
};

/// Only CRDs, which few tests want: their folder is named by this file's own hash, so that a change of it builds nothing.
pub(super) static PROMETHEUS_OPERATOR: LockFile = LockFile {
    folder: "prometheus-operator",
    go_mod: include_str!("../../controlplane/prometheus-operator/go.mod"),
    go_sum: include_str!("../../controlplane/prometheus-operator/go.sum"),
};

/// What tests of GitOps want, with a hash of its own as well.
pub(super) static FLUX: LockFile = LockFile {
    folder: "flux",
    go_mod: include_str!("../../controlplane/flux/go.mod"),
    go_sum: include_str!("../../controlplane/flux/go.sum"),
};

/// The judge of NetworkPolicies, which needs no control plane.
pub(super) static CYCLONUS: LockFile = LockFile {
    folder: "cyclonus",
    go_mod: include_str!("../../controlplane/cyclonus/go.mod"),
    go_sum: include_str!("../../controlplane/cyclonus/go.sum"),
};

/// All that a control plane is made of.
pub(super) fn lock_files(kubernetes: &'static Kubernetes) -> [&'static LockFile; 4] {
    [&kubernetes.lock_file, &KWOK, &GATEWAY_API, &COREDNS]
}
