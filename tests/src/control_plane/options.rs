//! What a caller may choose about a control plane.

use std::path::PathBuf;

/// What a [`ControlPlane`](super::ControlPlane) is started with.
#[derive(Debug, Clone)]
pub struct Options {
    /// The kubeconfig of a cluster that runs already, to be used instead of starting one; several files are written
    /// as in `KUBECONFIG`. Without it the environment decides, by `USE_EXISTING_CLUSTER` and `KUBECONFIG`. The other
    /// options say nothing about such a cluster, but for [`gateway_api`](Self::gateway_api).
    pub existing_cluster: Option<PathBuf>,
    /// Runs the autoscaler controller, with short periods, and serves `metrics.k8s.io` from PodMetrics objects.
    /// Off by default: autoscalers without metrics make thousands of requests and drown every count.
    pub hpa: bool,
    /// Installs the CRDs of the Gateway API before [`start`](super::ControlPlane::start) returns, unless an existing
    /// cluster has them.
    pub gateway_api: bool,
    /// One real node in the place of the fake ones: kubelet, containerd, kube-proxy and CoreDNS in a network namespace
    /// of their own, so that containers run, probes ask and Services carry traffic. Needs root and a few Debian
    /// packages; the other options about nodes and Stages say nothing about it.
    pub real_node: bool,
    /// More kwok Stages, as YAML documents.
    pub stages: Vec<String>,
    /// More arguments of kube-apiserver; one given here wins over ours.
    pub apiserver_args: Vec<String>,
    /// How many fake nodes there are.
    pub nodes: usize,
    /// The cpu that each node offers.
    pub node_cpu: String,
    /// The memory that each node offers.
    pub node_memory: String,
    /// How many pods each node takes.
    pub node_pods: String,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            existing_cluster: None,
            hpa: false,
            gateway_api: false,
            real_node: false,
            stages: Vec::new(),
            apiserver_args: Vec::new(),
            nodes: 1,
            node_cpu: "10k".into(),
            node_memory: "10Ti".into(),
            node_pods: "100k".into(),
        }
    }
}

impl Options {
    /// Uses a cluster that runs already (see the field).
    #[must_use]
    pub fn existing_cluster(mut self, kubeconfig: impl Into<PathBuf>) -> Self {
        self.existing_cluster = Some(kubeconfig.into());
        self
    }

    /// Runs the autoscaler controller (see the field).
    #[must_use]
    pub fn hpa(mut self) -> Self {
        self.hpa = true;
        self
    }

    /// Installs the CRDs of the Gateway API (see the field).
    #[must_use]
    pub fn gateway_api(mut self) -> Self {
        self.gateway_api = true;
        self
    }

    /// Starts a real node (see the field).
    #[must_use]
    pub fn real_node(mut self) -> Self {
        self.real_node = true;
        self
    }

    /// Adds one argument of kube-apiserver.
    #[must_use]
    pub fn apiserver_arg(mut self, arg: impl Into<String>) -> Self {
        self.apiserver_args.push(arg.into());
        self
    }
}
