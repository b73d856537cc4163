//! Starting, in the order in which the servers need each other.

use std::{
    env,
    sync::{Mutex, atomic::AtomicBool},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::{Api, Client, Config};

use super::{
    ControlPlane, Own, access,
    binaries::Binaries,
    certificates::Certificates,
    components::Components,
    existing, load, new_folder, nodes,
    options::Options,
    ports,
    processes::{Group, Process},
};

/// Generous: the machine may be building something beside us.
const PATIENCE: Duration = Duration::from_secs(120);

const INTERVAL: Duration = Duration::from_millis(50);

/// How often a start is tried when another process took one of our ports first.
const TRIES: usize = 3;

impl ControlPlane {
    /// Starts a control plane and waits until pods can run on it. The programs are built first if they are missing,
    /// which takes minutes, once.
    ///
    /// With [`Options::existing_cluster`], or with `USE_EXISTING_CLUSTER=true` in the environment, nothing is started and
    /// that cluster is used.
    ///
    /// # Errors
    /// When the programs cannot be built, or a server does not become ready; the error has the end of its log. When an
    /// existing cluster does not answer.
    pub async fn start(options: Options) -> Result<Self> {
        let started = match &options.existing_cluster {
            Some(kubeconfig) => Self::connect(kubeconfig).await?,
            None if existing::existing_cluster_is_wanted() => {
                Self::connect(&existing::kubeconfig_of_environment()?).await?
            }
            None => return Self::start_own(options).await,
        };
        if options.gateway_api {
            started.install_gateway_api().await?;
        }
        Ok(started)
    }

    async fn start_own(options: Options) -> Result<Self> {
        let binaries = tokio::task::spawn_blocking(Binaries::prepare).await??;
        for _ in 1..TRIES {
            match Self::try_start(binaries.clone(), options.clone()).await {
                Err(error) if format!("{error:#}").contains("address already in use") => {}
                other => return other,
            }
        }
        Self::try_start(binaries, options).await
    }

    async fn try_start(binaries: Binaries, options: Options) -> Result<Self> {
        let folder = new_folder()?;
        // From here on the folder goes away with the group.
        let group = Group::create(&folder)?;
        let components = Components {
            binaries,
            certificates: Certificates::create(&folder.join("certificates"))?,
            options: options.clone(),
            folder,
            etcd_port: ports::free()?,
            etcd_peer_port: ports::free()?,
            api_port: ports::free()?,
        };
        components.write_files()?;
        let config = access::read_config(&components.kubeconfig("admin")).await?;

        let etcd = group.spawn("etcd", components.etcd())?;
        wait_listening(components.etcd_port, &etcd).await?;
        let apiserver = group.spawn("kube-apiserver", components.apiserver())?;
        wait_ready(&config, &[&etcd, &apiserver]).await?;
        let mut servers = vec![etcd, apiserver.clone()];
        for (name, command) in [
            ("kube-controller-manager", components.controller_manager()),
            ("kube-scheduler", components.scheduler()),
            ("kwok", components.kwok()),
        ] {
            servers.push(group.spawn(name, command)?);
        }
        let control_plane = Self {
            folder: components.folder.clone(),
            kubeconfig: components.kubeconfig("admin"),
            config,
            binaries: components.binaries.clone(),
            group: Mutex::new(group),
            own: Some(Own { components, apiserver: Mutex::new(apiserver) }),
            namespaces: Mutex::default(),
            keep: AtomicBool::new(false),
        };
        if env::var_os("KEEP").is_some_and(|value| value == "1") {
            control_plane.keep();
        }
        control_plane.prepare(&options, &servers).await?;
        Ok(control_plane)
    }

    /// Makes what every cluster has: nodes that take pods, and what the options ask for.
    async fn prepare(&self, options: &Options, servers: &[Process]) -> Result<()> {
        let client = self.client()?;
        nodes::create(&client, options).await?;
        if options.hpa {
            self.install_definition(&load::definition()?).await?;
        }
        if options.gateway_api {
            self.install_gateway_api().await?;
        }
        let accounts: Api<ServiceAccount> = Api::namespaced(client.clone(), "default");
        let deadline = Instant::now() + PATIENCE;
        loop {
            for server in servers {
                server.check()?;
            }
            // The account is the controller manager's sign of life, the nodes are kwok's.
            let ready = nodes::ready(&client, options).await? && accounts.get_opt("default").await?.is_some();
            if ready {
                return Ok(());
            }
            if Instant::now() > deadline {
                self.keep();
                bail!("the nodes do not become ready");
            }
            tokio::time::sleep(INTERVAL).await;
        }
    }
}

async fn wait_listening(port: u16, server: &Process) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
        server.check()?;
        if Instant::now() > deadline {
            bail!("etcd does not listen; see {}", server.log().display());
        }
        tokio::time::sleep(INTERVAL).await;
    }
    Ok(())
}

/// Waits until the API server calls itself ready.
pub(super) async fn wait_ready(config: &Config, servers: &[&Process]) -> Result<()> {
    let client = Client::try_from(config.clone())?;
    let deadline = Instant::now() + PATIENCE;
    loop {
        for server in servers {
            server.check()?;
        }
        let request = http::Request::get("/readyz").body(Vec::new()).context("cannot make a request")?;
        let answer = tokio::time::timeout(Duration::from_secs(5), client.request_text(request)).await;
        let error = match answer {
            Ok(Ok(_)) => return Ok(()),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "no answer".into(),
        };
        if Instant::now() > deadline {
            bail!("the API server does not become ready: {error}");
        }
        tokio::time::sleep(INTERVAL).await;
    }
}
