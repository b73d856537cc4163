//! The cluster that all tests here share: without our definitions, which the chart brings.

use std::path::Path;

use anyhow::Result;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use microservice_tests::{
    control_plane::{ControlPlane, Options},
    helm::{Helm, chart},
    rig::Rig,
};
use serde_json::json;
use tokio::sync::OnceCell;

/// Where the definitions' chart is installed, and where install.yaml installs the operator.
pub const SYSTEM: &str = "microservice-operator-system";

/// The cluster, and Helm for it.
pub struct Stage {
    pub cluster: &'static ControlPlane,
    pub helm: Helm,
}

impl Stage {
    /// A cluster with the definitions, which Helm has installed.
    pub async fn open() -> Result<Self> {
        static PREPARED: OnceCell<()> = OnceCell::const_new();
        let cluster = ControlPlane::shared(Options::default().gateway_api()).await?;
        let stage = Self { cluster, helm: Helm::of(cluster).await? };
        PREPARED.get_or_try_init(|| stage.prepare()).await?;
        Ok(stage)
    }

    async fn prepare(&self) -> Result<()> {
        self.cluster.create_namespace(SYSTEM).await?;
        self.restrict(SYSTEM).await?;
        for (kind, plural) in [
            ("PodMonitor", "podmonitors"),
            ("ServiceMonitor", "servicemonitors"),
            ("PrometheusRule", "prometheusrules"),
        ] {
            self.cluster.install_definition(&monitoring(kind, plural)?).await?;
        }
        self.install_definitions().await
    }

    /// Installs the chart of the definitions.
    pub async fn install_definitions(&self) -> Result<()> {
        let chart = chart("microservice-operator-crds");
        let args = ["install", "microservice-operator-crds", path(&chart), "--namespace", SYSTEM, "--wait"];
        self.helm.ok(&args).await?;
        let args = ["wait", "--for=condition=Established", "--timeout=60s", "crd/microservices.microservices.dev"];
        self.cluster.kubectl_ok(&args).await?;
        Ok(())
    }

    /// Only pods under the restricted rules are admitted from now on.
    pub async fn restrict(&self, namespace: &str) -> Result<()> {
        let label = "pod-security.kubernetes.io/";
        let args = [
            "label",
            "namespace",
            namespace,
            &format!("{label}enforce=restricted"),
            &format!("{label}warn=restricted"),
        ];
        self.cluster.kubectl_ok(&args).await?;
        Ok(())
    }

    /// A new namespace that admits only restricted pods.
    pub async fn namespace(&self, name: &str) -> Result<String> {
        let namespace = self.cluster.namespace(name).await?;
        self.restrict(&namespace).await?;
        Ok(namespace)
    }

    /// What tests do with services, in a namespace that is there.
    pub fn rig(&self, namespace: &str) -> Result<Rig> {
        let (cluster, client) = (self.cluster, self.cluster.client()?);
        Ok(Rig { cluster, namespace: namespace.to_owned(), client, agent: String::new(), operator: None })
    }

    /// Has the server check all of it, as if it were applied. A warning is a failure, too.
    pub async fn dry_run(&self, what: &str, yaml: &str) -> Result<()> {
        let args = ["apply", "--server-side", "--dry-run=server", "--force-conflicts", "-f", "-"];
        let output = self.cluster.kubectl_with_input(&args, yaml).await?;
        anyhow::ensure!(output.success && output.stderr.is_empty(), "{what}: {}", output.stderr.trim());
        Ok(())
    }
}

/// A path as Helm and kubectl want it.
pub fn path(path: &Path) -> &str {
    path.to_str().expect("a path of text")
}

/// A definition that takes everything: here it matters that the chart's objects have a place to go.
fn monitoring(kind: &str, plural: &str) -> Result<CustomResourceDefinition> {
    let schema = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    Ok(serde_json::from_value(json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{plural}.monitoring.coreos.com")},
        "spec": {
            "group": "monitoring.coreos.com", "scope": "Namespaced",
            "names": {"kind": kind, "plural": plural, "singular": kind.to_lowercase()},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": schema}}],
        },
    }))?)
}
