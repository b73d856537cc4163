//! CoreDNS: names of Services, as pods ask for them. It runs beside the node, as the servers do, and not as a pod.

use std::{fs, path::Path, process::Command};

use anyhow::Result;

use super::{Folder, network::Network};

/// Where it listens.
pub(super) const PORT: u16 = 53;

/// Writes the configuration.
pub(super) fn write(folder: &Folder, network: &Network, kubeconfig: &Path) -> Result<()> {
    let corefile = format!(
        ".:{PORT} {{
    bind {address}
    errors
    kubernetes cluster.local in-addr.arpa {{
        kubeconfig {kubeconfig}
        ttl 1
    }}
    loadbalance
}}
",
        address = network.address(),
        kubeconfig = kubeconfig.display(),
    );
    fs::write(folder.file("Corefile"), corefile)?;
    Ok(())
}

/// The command.
pub(super) fn command(folder: &Folder, network: &Network, program: &Path) -> Command {
    let mut command = network.command(program);
    command.arg("-conf").arg(folder.file("Corefile")).current_dir("/").env_remove("KUBECONFIG");
    command
}

/// The Service that pods ask, and where it leads.
pub(super) fn objects(network: &Network) -> String {
    format!(
        "apiVersion: v1
kind: Service
metadata: {{name: kube-dns, namespace: kube-system, labels: {{k8s-app: kube-dns, kubernetes.io/name: CoreDNS}}}}
spec:
  clusterIP: {service}
  ports:
  - {{name: dns, port: 53, targetPort: {PORT}, protocol: UDP}}
  - {{name: dns-tcp, port: 53, targetPort: {PORT}, protocol: TCP}}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {{name: kube-dns, namespace: kube-system, labels: {{kubernetes.io/service-name: kube-dns}}}}
addressType: IPv4
ports:
- {{name: dns, port: {PORT}, protocol: UDP}}
- {{name: dns-tcp, port: {PORT}, protocol: TCP}}
endpoints:
- {{addresses: ['{address}'], conditions: {{ready: true}}}}
",
        service = network.dns_service(),
        address = network.address(),
    )
}
