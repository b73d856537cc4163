//! Starting, in the order in which the servers need each other.

use std::{
    env,
    net::Ipv4Addr,
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
    existing, load, new_folder,
    node::{Node, Parts},
    nodes,
    options::Options,
    place::Place,
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
        let real_node = options.real_node;
        let (binaries, parts) = tokio::task::spawn_blocking(move || prepare(real_node)).await??;
        for _ in 1..TRIES {
            match Self::try_start(binaries.clone(), parts.clone(), options.clone()).await {
                Err(error) if format!("{error:#}").contains("address already in use") => {}
                other => return other,
            }
        }
        Self::try_start(binaries, parts, options).await
    }

    async fn try_start(binaries: Binaries, parts: Option<Parts>, options: Options) -> Result<Self> {
        let folder = new_folder()?;
        // From here on the folder goes away with the group.
        let group = Group::create(&folder)?;
        let node = parts.map(|parts| Node::create(&group, &folder, parts)).transpose()?;
        let place = node.as_ref().map_or_else(Place::loopback, |node| Ok(Place::beside(node.network())))?;
        let addresses = [place.address, place.api_service];
        let components = Components {
            binaries,
            certificates: Certificates::create(&folder.join("certificates"), &addresses)?,
            options: options.clone(),
            folder,
            place,
            node,
        };
        components.write_files()?;
        let config = access::read_config(&components.kubeconfig("admin")).await?;

        let etcd = group.spawn("etcd", components.etcd())?;
        wait_listening((components.place.address, components.place.etcd_port), &etcd).await?;
        let apiserver = group.spawn("kube-apiserver", components.apiserver())?;
        wait_ready(&config, &[&etcd, &apiserver]).await?;
        let mut servers = vec![etcd, apiserver.clone()];
        servers.push(group.spawn("kube-controller-manager", components.controller_manager())?);
        servers.push(group.spawn("kube-scheduler", components.scheduler())?);
        match &components.node {
            Some(node) => servers.extend(node.start(&group, &components).await?),
            None => servers.push(group.spawn("kwok", components.kwok())?),
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
            account: super::account::Slot::default(),
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
        match self.node() {
            Ok(node) => self.apply(&node.objects()).await?,
            Err(_) => nodes::create(&client, options).await?,
        }
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

/// What must be there before the first process is started.
fn prepare(real_node: bool) -> Result<(Binaries, Option<Parts>)> {
    if !real_node {
        return Ok((Binaries::prepare()?, None));
    }
    Ok((Binaries::prepare_with_node()?, Some(Parts::prepare()?)))
}

async fn wait_listening(address: (Ipv4Addr, u16), server: &Process) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    while tokio::net::TcpStream::connect(address).await.is_err() {
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
