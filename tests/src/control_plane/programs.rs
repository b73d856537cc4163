//! What is built with Go, and from which lock files.

use super::locks::{COREDNS, CYCLONUS, FLUX, KWOK, LockFile};

/// A program of the control plane.
pub(super) struct Program {
    pub(super) name: &'static str,
    pub(super) package: &'static str,
    /// None is that of the Kubernetes that is built.
    pub(super) lock_file: Option<&'static LockFile>,
}

pub(super) const PROGRAMS: [Program; 6] = [
    Program { name: "kube-apiserver", package: "k8s.io/kubernetes/cmd/kube-apiserver", lock_file: None },
    Program {
        name: "kube-controller-manager",
        package: "k8s.io/kubernetes/cmd/kube-controller-manager",
        lock_file: None,
    },
    Program { name: "kube-scheduler", package: "k8s.io/kubernetes/cmd/kube-scheduler", lock_file: None },
    Program { name: "kubectl", package: "k8s.io/kubernetes/cmd/kubectl", lock_file: None },
    Program { name: "etcd", package: "go.etcd.io/etcd/server/v3", lock_file: None },
    Program { name: "kwok", package: "sigs.k8s.io/kwok/cmd/kwok", lock_file: Some(&KWOK) },
];

/// What a real node is made of besides; built only where one is asked for.
pub(super) const NODE_PROGRAMS: [Program; 3] = [
    Program { name: "kubelet", package: "k8s.io/kubernetes/cmd/kubelet", lock_file: None },
    Program { name: "kube-proxy", package: "k8s.io/kubernetes/cmd/kube-proxy", lock_file: None },
    Program { name: "coredns", package: "github.com/coredns/coredns", lock_file: Some(&COREDNS) },
];

/// Flux's part that applies; built only where a test wants it.
pub(super) const FLUX_PROGRAM: Program =
    Program { name: "kustomize-controller", package: "github.com/fluxcd/kustomize-controller", lock_file: Some(&FLUX) };

/// Installs charts; built only for the tests that do.
pub(super) const HELM: Program = Program { name: "helm", package: "helm.sh/helm/v4/cmd/helm", lock_file: Some(&KWOK) };

/// Answers what NetworkPolicies allow; built only for the tests that ask.
pub(super) const CYCLONUS_PROGRAM: Program =
    Program { name: "cyclonus", package: "github.com/mattfenwick/cyclonus/cmd/cyclonus", lock_file: Some(&CYCLONUS) };
