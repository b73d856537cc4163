//! A real gateway: Traefik, as a process beside the control plane, with the rights of an account of its own.
//!
//! It gives its verdict on every route, whether or not pods run. On a real node, where they do, it stands in the node's
//! network, and carries traffic to them.

mod objects;
mod program;

use std::{
    net::{Ipv4Addr, SocketAddr},
    process::Command,
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use kube::{
    Api,
    api::{ApiResource, DynamicObject},
};
use tokio::sync::OnceCell;

use crate::control_plane::{ControlPlane, Process, ports};

pub use objects::{NAMESPACE, PRIVATE, PUBLIC};

/// How long Traefik may take to speak of its Gateways.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running gateway. It ends with its control plane.
pub struct Gateway {
    /// Where the listener `http` is.
    pub http: SocketAddr,
    /// Where the listener `https` is.
    pub https: SocketAddr,
    /// The certificate of the listener `https`, as PEM.
    pub certificate: String,
    /// Traefik.
    pub process: Process,
}

static SHARED: OnceCell<Gateway> = OnceCell::const_new();

impl Gateway {
    /// The gateway that all tests of this process share, on the control plane that they share.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn shared(cluster: &ControlPlane) -> Result<&'static Self> {
        SHARED.get_or_try_init(|| Self::start(cluster)).await
    }

    /// Starts Traefik on free ports of loopback, or on the usual ports of the real node, and waits until its Gateways are
    /// programmed. The control plane must have the Gateway API.
    ///
    /// # Errors
    /// When the program cannot be fetched, or says nothing; the error has the end of its log.
    pub async fn start(cluster: &ControlPlane) -> Result<Self> {
        // Its names are not ours in a cluster of somebody else.
        ensure!(!cluster.is_existing(), "the gateway of the tests is for a control plane of their own");
        let program = tokio::task::spawn_blocking(program::prepare).await??;
        let (mut command, address, [http, https]) = match cluster.node() {
            Ok(node) => (node.command(&program), node.address(), [80, 443]),
            Err(_) => (Command::new(program), Ipv4Addr::LOCALHOST, [ports::free()?, ports::free()?]),
        };
        cluster.apply(objects::access()).await?;
        let (certificate, secret) = objects::certificate()?;
        cluster.apply(&secret).await?;
        cluster.apply(&objects::gateways(http, https)).await?;

        let (http, https) = (SocketAddr::new(address.into(), http), SocketAddr::new(address.into(), https));
        command
            .arg(format!("--entrypoints.http.address={http}"))
            .arg(format!("--entrypoints.https.address={https}"))
            .arg(format!("--providers.kubernetesgateway.statusaddress.ip={address}"))
            .args(["--global.checknewversion=false", "--global.sendanonymoususage=false"])
            .env("KUBECONFIG", cluster.kubeconfig_of_account(NAMESPACE, objects::ACCOUNT).await?)
            .current_dir(cluster.folder());
        let process = cluster.spawn("traefik", command)?;
        let gateway = Self { http, https, certificate, process };
        for name in [PUBLIC, PRIVATE] {
            gateway.programmed(cluster, name).await?;
        }
        Ok(gateway)
    }

    /// Waits until Traefik says that a Gateway takes traffic.
    async fn programmed(&self, cluster: &ControlPlane, name: &str) -> Result<()> {
        let kind = ApiResource {
            group: "gateway.networking.k8s.io".into(),
            version: "v1".into(),
            api_version: "gateway.networking.k8s.io/v1".into(),
            kind: "Gateway".into(),
            plural: "gateways".into(),
        };
        let api: Api<DynamicObject> = Api::namespaced_with(cluster.client()?, NAMESPACE, &kind);
        let ask = || async {
            self.process.check()?;
            let gateway = api.get(name).await?;
            let conditions = gateway.data["status"]["conditions"].as_array().cloned().unwrap_or_default();
            let programmed = conditions.iter().any(|c| c["type"] == "Programmed" && c["status"] == "True");
            Ok(programmed.then_some(()))
        };
        cluster
            .wait_until(&format!("Gateway {name} to be programmed"), NAMESPACE, PATIENCE, ask)
            .await
            .with_context(|| format!("Traefik's log is {}", self.process.log().display()))
    }
}
