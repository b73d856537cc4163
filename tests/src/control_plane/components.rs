//! The command lines of the servers.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Result;

use super::{binaries::Binaries, certificates::Certificates, node::Node, options::Options, place::Place, stages};

/// Everything that the command lines are made of.
pub(super) struct Components {
    pub(super) binaries: Binaries,
    pub(super) certificates: Certificates,
    pub(super) options: Options,
    pub(super) folder: PathBuf,
    pub(super) place: Place,
    pub(super) node: Option<Node>,
}

/// Each request is one line: short ones when they are complete, watches when they start. The servers of the control
/// plane itself are left out: nobody asks about them, and they are most of the traffic.
const AUDIT_POLICY: &str = r#"
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: None
  users: ["system:apiserver", "system:kube-controller-manager", "system:kube-scheduler", "system:kube-proxy", "kwok", "coredns"]
- level: None
  userGroups: ["system:serviceaccounts:kube-system", "system:nodes"]
- level: Metadata
  verbs: [watch]
  omitStages: [RequestReceived, ResponseComplete]
- level: Metadata
"#;

impl Components {
    /// The address of the API server.
    pub(super) fn server(&self) -> String {
        format!("https://{}:{}", self.place.address, self.place.api_port)
    }

    /// The audit log: among those that outlive their control planes, where `AUDIT_LOGS` names a folder for them.
    pub(super) fn audit_log(&self) -> PathBuf {
        match (std::env::var_os("AUDIT_LOGS").filter(|folder| !folder.is_empty()), self.folder.file_name()) {
            (Some(kept), Some(name)) => PathBuf::from(kept).join(name).with_extension("log"),
            _ => self.folder.join("logs").join("audit.log"),
        }
    }

    /// The kubeconfig of one user.
    pub(super) fn kubeconfig(&self, user: &str) -> PathBuf {
        self.folder.join(format!("{user}.kubeconfig"))
    }

    /// Writes all files that the command lines name.
    pub(super) fn write_files(&self) -> Result<()> {
        let admins = Some("system:masters");
        for (user, name, group) in [
            ("admin", "admin", admins),
            ("kwok", "kwok", admins),
            ("coredns", "coredns", admins),
            ("kube-proxy", "system:kube-proxy", None),
            ("kubelet", "system:node:node-0", Some("system:nodes")),
            ("kube-controller-manager", "system:kube-controller-manager", None),
            ("kube-scheduler", "system:kube-scheduler", None),
        ] {
            let text = self.certificates.kubeconfig(&self.server(), name, group)?;
            fs::write(self.kubeconfig(user), text)?;
        }
        fs::write(self.folder.join("audit-policy.yaml"), AUDIT_POLICY)?;
        let stages = stages::all(&self.binaries.kwok_stages(), &self.options.stages)?;
        fs::write(self.folder.join("stages.yaml"), stages)?;
        Ok(())
    }

    fn etcd_server(&self) -> String {
        format!("http://{}:{}", self.place.address, self.place.etcd_port)
    }

    pub(super) fn etcd(&self) -> Command {
        let client = self.etcd_server();
        let peer = format!("http://{}:{}", self.place.address, self.place.etcd_peer_port);
        let mut command = self.command("etcd");
        command
            .arg(option("--data-dir", &self.folder.join("etcd")))
            .arg(format!("--listen-client-urls={client}"))
            .arg(format!("--advertise-client-urls={client}"))
            .arg(format!("--listen-peer-urls={peer}"))
            .arg(format!("--initial-advertise-peer-urls={peer}"))
            .arg(format!("--initial-cluster=default={peer}"))
            // Nothing here outlives the machine, so nothing need reach the disk.
            .args(["--unsafe-no-fsync", "--log-level=warn"]);
        command
    }

    pub(super) fn apiserver(&self) -> Command {
        let file = |name: &str| self.certificates.path(name);
        let mut command = self.command("kube-apiserver");
        command
            .arg(format!("--etcd-servers={}", self.etcd_server()))
            .arg(format!("--secure-port={}", self.place.api_port))
            .arg(format!("--bind-address={}", self.place.address))
            .arg(format!("--advertise-address={}", self.place.address))
            .arg(format!("--service-cluster-ip-range={}", self.place.services))
            .args([
                "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
                "--authorization-mode=Node,RBAC",
                "--allow-privileged",
                "--audit-log-mode=blocking",
                "--audit-log-format=json",
                // Never rotated: a reader keeps its place by the offset.
                "--audit-log-maxsize=1000000",
            ])
            .arg(option("--client-ca-file", &file("ca.crt")))
            .arg(option("--tls-cert-file", &file("apiserver.crt")))
            .arg(option("--tls-private-key-file", &file("apiserver.key")))
            .arg(option("--service-account-key-file", &file("service-accounts.pub")))
            .arg(option("--service-account-signing-key-file", &file("service-accounts.key")))
            .arg(option("--audit-policy-file", &self.folder.join("audit-policy.yaml")))
            .arg(option("--audit-log-path", &self.audit_log()));
        if self.node.is_some() {
            command
                // The name of the node is known nowhere.
                .arg("--kubelet-preferred-address-types=InternalIP")
                .arg(option("--kubelet-client-certificate", &file("kubelet-client.crt")))
                .arg(option("--kubelet-client-key", &file("kubelet-client.key")));
        } else {
            // No pod is there to ask for it.
            command.arg("--endpoint-reconciler-type=none");
        }
        command.args(self.binaries.kubernetes().apiserver_args).args(&self.options.apiserver_args);
        command
    }

    pub(super) fn controller_manager(&self) -> Command {
        let mut command = self.command("kube-controller-manager");
        command
            .arg(option("--kubeconfig", &self.kubeconfig("kube-controller-manager")))
            .arg(option("--root-ca-file", &self.certificates.path("ca.crt")))
            .arg(option("--service-account-private-key-file", &self.certificates.path("service-accounts.key")))
            .args([
                "--use-service-account-credentials",
                "--leader-elect=false",
                "--secure-port=0",
                "--kube-api-qps=200",
                "--kube-api-burst=200",
            ]);
        if self.options.hpa {
            command.args([
                "--horizontal-pod-autoscaler-sync-period=2s",
                "--horizontal-pod-autoscaler-cpu-initialization-period=0s",
                "--horizontal-pod-autoscaler-initial-readiness-delay=0s",
                "--horizontal-pod-autoscaler-downscale-stabilization=5s",
            ]);
        } else {
            command.arg("--controllers=*,-horizontal-pod-autoscaler-controller");
        }
        command.args(self.binaries.kubernetes().controller_manager_args);
        command
    }

    pub(super) fn scheduler(&self) -> Command {
        let mut command = self.command("kube-scheduler");
        command.arg(option("--kubeconfig", &self.kubeconfig("kube-scheduler"))).args([
            "--leader-elect=false",
            "--secure-port=0",
            "--kube-api-qps=200",
            "--kube-api-burst=200",
        ]);
        command
    }

    pub(super) fn kwok(&self) -> Command {
        let mut command = self.command("kwok");
        command
            .arg(option("--kubeconfig", &self.kubeconfig("kwok")))
            .arg(option("--config", &self.folder.join("stages.yaml")))
            .args(["--manage-all-nodes", "--node-lease-duration-seconds=40"]);
        command
    }

    /// Runs in the control plane's own folder, and takes nothing of the caller's configuration.
    fn command(&self, name: &str) -> Command {
        let program = self.binaries.program(name);
        let mut command = match &self.node {
            Some(node) => node.command(&program),
            None => Command::new(program),
        };
        command.current_dir(&self.folder).env("HOME", &self.folder).env_remove("KUBECONFIG");
        command
    }
}

fn option(name: &str, path: &Path) -> String {
    format!("{name}={}", path.display())
}
