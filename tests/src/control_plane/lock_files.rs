//! What is built with Go, and from which lock files.

/// One Go module that serves as a lock file; its text is compiled in, so that the cache is found from anywhere.
pub(super) struct LockFile {
    pub(super) folder: &'static str,
    pub(super) go_mod: &'static str,
    pub(super) go_sum: &'static str,
}

pub(super) const KUBERNETES: LockFile = LockFile {
    folder: "kubernetes",
    go_mod: include_str!("../../controlplane/go.mod"),
    go_sum: include_str!("../../controlplane/go.sum"),
};
pub(super) const KWOK: LockFile = LockFile {
    folder: "kwok",
    go_mod: include_str!("../../controlplane/kwok/go.mod"),
    go_sum: include_str!("../../controlplane/kwok/go.sum"),
};
pub(super) const GATEWAY_API: LockFile = LockFile {
    folder: "gateway-api",
    go_mod: include_str!("../../controlplane/gateway-api/go.mod"),
    go_sum: include_str!("../../controlplane/gateway-api/go.sum"),
};

pub(super) const COREDNS: LockFile = LockFile {
    folder: "coredns",
    go_mod: include_str!("../../controlplane/coredns/go.mod"),
    go_sum: include_str!("../../controlplane/coredns/go.sum"),
};

/// Only CRDs, which few tests want: their folder is named by this file's own hash, so that a change of it builds nothing.
pub(super) const PROMETHEUS_OPERATOR: LockFile = LockFile {
    folder: "prometheus-operator",
    go_mod: include_str!("../../controlplane/prometheus-operator/go.mod"),
    go_sum: include_str!("../../controlplane/prometheus-operator/go.sum"),
};

/// What tests of GitOps want, with a hash of its own as well.
pub(super) const FLUX: LockFile = LockFile {
    folder: "flux",
    go_mod: include_str!("../../controlplane/flux/go.mod"),
    go_sum: include_str!("../../controlplane/flux/go.sum"),
};

/// The judge of NetworkPolicies, which needs no control plane.
pub(super) const CYCLONUS: LockFile = LockFile {
    folder: "cyclonus",
    go_mod: include_str!("../../controlplane/cyclonus/go.mod"),
    go_sum: include_str!("../../controlplane/cyclonus/go.sum"),
};

/// All that the control plane is made of.
pub(super) const LOCK_FILES: [&LockFile; 4] = [&KUBERNETES, &KWOK, &GATEWAY_API, &COREDNS];

/// A program of the control plane.
pub(super) struct Program {
    pub(super) name: &'static str,
    pub(super) package: &'static str,
    pub(super) lock_file: &'static LockFile,
}

pub(super) const PROGRAMS: [Program; 6] = [
    Program { name: "kube-apiserver", package: "k8s.io/kubernetes/cmd/kube-apiserver", lock_file: &KUBERNETES },
    Program {
        name: "kube-controller-manager",
        package: "k8s.io/kubernetes/cmd/kube-controller-manager",
        lock_file: &KUBERNETES,
    },
    Program { name: "kube-scheduler", package: "k8s.io/kubernetes/cmd/kube-scheduler", lock_file: &KUBERNETES },
    Program { name: "kubectl", package: "k8s.io/kubernetes/cmd/kubectl", lock_file: &KUBERNETES },
    Program { name: "etcd", package: "go.etcd.io/etcd/server/v3", lock_file: &KUBERNETES },
    Program { name: "kwok", package: "sigs.k8s.io/kwok/cmd/kwok", lock_file: &KWOK },
];

/// What a real node is made of besides; built only where one is asked for.
pub(super) const NODE_PROGRAMS: [Program; 3] = [
    Program { name: "kubelet", package: "k8s.io/kubernetes/cmd/kubelet", lock_file: &KUBERNETES },
    Program { name: "kube-proxy", package: "k8s.io/kubernetes/cmd/kube-proxy", lock_file: &KUBERNETES },
    Program { name: "coredns", package: "github.com/coredns/coredns", lock_file: &COREDNS },
];

/// Flux's part that applies; built only where a test wants it.
pub(super) const FLUX_PROGRAM: Program =
    Program { name: "kustomize-controller", package: "github.com/fluxcd/kustomize-controller", lock_file: &FLUX };

/// Answers what NetworkPolicies allow; built only for the tests that ask.
pub(super) const CYCLONUS_PROGRAM: Program =
    Program { name: "cyclonus", package: "github.com/mattfenwick/cyclonus/cmd/cyclonus", lock_file: &CYCLONUS };

/// Installs charts; built only for the tests that do.
pub(super) const HELM: Program = Program { name: "helm", package: "helm.sh/helm/v4/cmd/helm", lock_file: &KWOK };
