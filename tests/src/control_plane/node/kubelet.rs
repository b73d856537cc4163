//! kubelet, and kube-proxy beside it.

use std::{fs, path::Path, process::Command};

use anyhow::Result;
use serde_json::json;

use super::{Folder, network::Network};

/// The name of the node.
pub(super) const NODE: &str = "node-0";

/// Where kube-proxy says whether it has written its rules.
pub(super) const PROXY_HEALTH: u16 = 10256;

/// Writes the configuration of both.
pub(super) fn write(folder: &Folder, network: &Network, ca: &Path, proxy_kubeconfig: &Path) -> Result<()> {
    // Pods get the cluster's nameserver and its search domains, and nothing of the host.
    fs::write(folder.file("resolv.conf"), "")?;
    fs::write(folder.file("kubelet.json"), kubelet_config(folder, network, ca).to_string())?;
    fs::write(folder.file("kube-proxy.json"), proxy_config(network, proxy_kubeconfig).to_string())?;
    Ok(())
}

/// The kubelet's command.
pub(super) fn kubelet(folder: &Folder, network: &Network, program: &Path, kubeconfig: &Path) -> Command {
    let mut command = network.command_on_node(program);
    command
        .arg(format!("--config={}", folder.file("kubelet.json").display()))
        .arg(format!("--root-dir={}", folder.file("kubelet").display()))
        .arg(format!("--kubeconfig={}", kubeconfig.display()))
        .arg(format!("--hostname-override={NODE}"))
        .arg(format!("--node-ip={}", network.address()))
        .arg("--node-labels=topology.kubernetes.io/zone=zone-0");
    command
}

/// The command of kube-proxy.
pub(super) fn kube_proxy(folder: &Folder, network: &Network, program: &Path) -> Command {
    let mut command = network.command_on_node(program);
    command.arg(format!("--config={}", folder.file("kube-proxy.json").display()));
    command
}

fn kubelet_config(folder: &Folder, network: &Network, ca: &Path) -> serde_json::Value {
    json!({
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {"anonymous": {"enabled": false}, "webhook": {"enabled": true}, "x509": {"clientCAFile": ca}},
        "authorization": {"mode": "Webhook"},
        "containerRuntimeEndpoint": format!("unix://{}", folder.socket().display()),
        "cgroupDriver": "cgroupfs",
        "enforceNodeAllocatable": [],
        "cgroupRoot": format!("/{}", network.name()),
        "failCgroupV1": false,
        "failSwapOn": false,
        "oomScoreAdj": 0,
        "clusterDNS": [network.dns_service()],
        "clusterDomain": "cluster.local",
        "resolvConf": folder.file("resolv.conf"),
        "podLogsDir": folder.file("pod-logs"),
        "volumePluginDir": folder.file("volume-plugins"),
        // The machine is not ours: no pod is driven out for what others do on it, and no image that was imported goes.
        "evictionHard": {"memory.available": "10Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
        "imageGCHighThresholdPercent": 100,
    })
}

fn proxy_config(network: &Network, kubeconfig: &Path) -> serde_json::Value {
    json!({
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "clientConnection": {"kubeconfig": kubeconfig},
        "hostnameOverride": NODE,
        "mode": "iptables",
        "clusterCIDR": network.pods(),
        "detectLocalMode": "ClusterCIDR",
        "healthzBindAddress": format!("{}:{PROXY_HEALTH}", network.address()),
        "metricsBindAddress": format!("{}:10249", network.address()),
        "oomScoreAdj": 0,
        // Limits of the whole machine, which stay as they are.
        "conntrack": {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
        // A new pod is to be reached soon.
        "iptables": {"minSyncPeriod": "100ms"},
    })
}
