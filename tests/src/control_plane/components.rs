//! The command lines of the servers.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Result;

use super::{binaries::Binaries, certificates::Certificates, options::Options, stages};

/// Everything that the command lines are made of.
pub(super) struct Components {
    pub(super) binaries: Binaries,
    pub(super) certificates: Certificates,
    pub(super) options: Options,
    pub(super) folder: PathBuf,
    pub(super) etcd_port: u16,
    pub(super) etcd_peer_port: u16,
    pub(super) api_port: u16,
}

/// Each request is one line: short ones when they are complete, watches when they start. The servers of the control
/// plane itself are left out: nobody asks about them, and they are most of the traffic.
const AUDIT_POLICY: &str = r#"
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: None
  users: ["system:apiserver", "system:kube-controller-manager", "system:kube-scheduler", "kwok"]
- level: None
  userGroups: ["system:serviceaccounts:kube-system"]
- level: Metadata
  verbs: [watch]
  omitStages: [RequestReceived, ResponseComplete]
- level: Metadata
"#;

impl Components {
    /// The address of the API server.
    pub(super) fn server(&self) -> String {
        format!("https://127.0.0.1:{}", self.api_port)
    }

    /// The audit log.
    pub(super) fn audit_log(&self) -> PathBuf {
        self.folder.join("logs").join("audit.log")
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

    pub(super) fn etcd(&self) -> Command {
        let client = format!("http://127.0.0.1:{}", self.etcd_port);
        let peer = format!("http://127.0.0.1:{}", self.etcd_peer_port);
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
            .arg(format!("--etcd-servers=http://127.0.0.1:{}", self.etcd_port))
            .arg(format!("--secure-port={}", self.api_port))
            .args([
                "--bind-address=127.0.0.1",
                "--advertise-address=127.0.0.1",
                "--endpoint-reconciler-type=none",
                "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
                "--service-cluster-ip-range=10.96.0.0/12",
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
            .arg(option("--audit-log-path", &self.audit_log()))
            .args(&self.options.apiserver_args);
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
        let mut command = Command::new(self.binaries.program(name));
        command.current_dir(&self.folder).env("HOME", &self.folder).env_remove("KUBECONFIG");
        command
    }
}

fn option(name: &str, path: &Path) -> String {
    format!("{name}={}", path.display())
}
