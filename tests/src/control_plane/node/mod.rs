//! A real node: kubelet, containerd and kube-proxy, and CoreDNS beside them, in namespaces of their own.

mod containerd;
mod dns;
mod kubelet;
mod network;
mod tools;

use std::{
    fs,
    net::Ipv4Addr,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use microservice_release::image::write_image;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use self::tools::Tools;
use super::{
    components::Components,
    processes::{Group, Process},
};
use crate::image::{self, ImageOptions};

pub(super) use self::network::Network;

const PATIENCE: Duration = Duration::from_secs(120);

const INTERVAL: Duration = Duration::from_millis(50);

/// What a real node is made of and the lock files do not name.
#[derive(Debug, Clone)]
pub(super) struct Parts {
    tools: Tools,
    pause: PathBuf,
}

impl Parts {
    /// Whether the machine has what is needed; asked before anything is built.
    pub(super) fn check() -> Result<()> {
        Tools::find().map(drop)
    }

    /// Finds or builds them. Blocks.
    pub(super) fn prepare() -> Result<Self> {
        Ok(Self { tools: Tools::find()?, pause: image::static_binary("pause", "pause")? })
    }
}

/// The files of a node, below the folder of its control plane.
#[derive(Debug, Clone)]
struct Folder(PathBuf);

impl Folder {
    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Where containerd listens.
    fn socket(&self) -> PathBuf {
        self.file("containerd.sock")
    }

    /// What the networks of pods are.
    fn networks(&self) -> PathBuf {
        self.file("networks")
    }

    /// Where images of a registry are pulled from, one folder for each.
    fn registries(&self) -> PathBuf {
        self.file("registries")
    }
}

/// A real node.
#[derive(Debug)]
pub struct Node {
    folder: Folder,
    network: Network,
    parts: Parts,
}

impl Node {
    /// Makes the namespaces, in which nothing runs yet.
    pub(super) fn create(group: &Group, control_plane: &Path, parts: Parts) -> Result<Self> {
        let folder = Folder(control_plane.join("node"));
        fs::create_dir_all(folder.file("tmp"))?;
        let network = Network::create(group, control_plane, &folder.0, &parts.tools)?;
        Ok(Self { folder, network, parts })
    }

    pub(super) fn network(&self) -> &Network {
        &self.network
    }

    /// Starts the programs of the node, once the API server answers, and returns when pods can run and be reached.
    pub(super) async fn start(&self, group: &Group, components: &Components) -> Result<Vec<Process>> {
        let (folder, network, program) = (&self.folder, &self.network, |name: &str| components.binaries.program(name));
        containerd::write(folder, network, &self.parts.tools)?;
        kubelet::write(folder, network, &components.certificates.path("ca.crt"), &components.kubeconfig("kube-proxy"))?;
        dns::write(folder, network, &components.kubeconfig("coredns"))?;
        let containerd = group.spawn("containerd", containerd::command(folder, network))?;
        let proxy = group.spawn("kube-proxy", kubelet::kube_proxy(folder, network, &program("kube-proxy")))?;
        let dns = group.spawn("coredns", dns::command(folder, network, &program("coredns")))?;
        wait_until(&containerd, || async { self.ctr(&["version"]).await.is_ok() }).await?;
        let options = ImageOptions { user: None, ..ImageOptions::default() };
        self.import_image(&[containerd::PAUSE], &self.parts.pause, &options).await?;
        let kubeconfig = components.kubeconfig("kubelet");
        let kubelet = group.spawn("kubelet", kubelet::kubelet(folder, network, &program("kubelet"), &kubeconfig))?;
        let address = network.address();
        wait_until(&proxy, || async move { healthy(address, kubelet::PROXY_HEALTH).await.unwrap_or(false) }).await?;
        wait_until(&dns, || async move { TcpStream::connect((address, dns::PORT)).await.is_ok() }).await?;
        Ok(vec![containerd, proxy, dns, kubelet])
    }

    /// The objects by which pods find the nameserver.
    pub(super) fn objects(&self) -> String {
        dns::objects(&self.network)
    }

    /// The node's address: what listens there is reached from pods, and from this process.
    #[must_use]
    pub fn address(&self) -> Ipv4Addr {
        self.network.address()
    }

    /// This machine's address, as the node and its pods see it.
    #[must_use]
    pub fn host(&self) -> Ipv4Addr {
        self.network.host()
    }

    /// A command that runs in the node's network, where pods and Services are reached as from a pod, and otherwise as
    /// any command of this machine. It takes over the process: its id is that of the program.
    #[must_use]
    pub fn command(&self, program: &Path) -> Command {
        self.network.command(program)
    }

    /// Has images of a registry, as in `registry.example`, pulled from a URL, as in `http://10.100.0.1:5000`, which the
    /// node can reach. Without this a pull fails, since no name of another network can be resolved there.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn pull_from(&self, registry: &str, url: &str) -> Result<()> {
        let folder = self.folder.registries().join(registry);
        fs::create_dir_all(&folder)?;
        // containerd 1.6 does not see a server that is not among the hosts.
        let hosts = format!("server = '{url}'\n[host.'{url}']\ncapabilities = ['pull', 'resolve']\n");
        Ok(fs::write(folder.join("hosts.toml"), hosts)?)
    }

    /// Makes an image of one static program, and gives it these names.
    ///
    /// # Errors
    /// When the program is not there, or containerd does not take the image.
    pub async fn import_image(&self, names: &[&str], program: &Path, options: &ImageOptions) -> Result<()> {
        let archive = tempfile::Builder::new().prefix("image-").suffix(".tar").tempfile_in(self.folder.file("tmp"))?;
        // It goes from one folder of this machine to another.
        let options = ImageOptions { compressed: false, ..options.clone() };
        write_image(archive.as_file(), names, &[image::program(program)?], &options)?;
        self.import_archive(archive.path()).await
    }

    /// Takes an archive of images as it is, with the names that it gives them.
    ///
    /// # Errors
    /// When containerd does not take it.
    pub async fn import_archive(&self, archive: &Path) -> Result<()> {
        let path = archive.to_string_lossy();
        self.ctr(&["--namespace=k8s.io", "images", "import", "--snapshotter=native", &path]).await?;
        Ok(())
    }

    /// Runs containerd's own client.
    async fn ctr(&self, args: &[&str]) -> Result<String> {
        let output = tokio::process::Command::new("ctr")
            .arg("--address")
            .arg(self.folder.socket())
            .args(args)
            .env("PATH", &self.parts.tools.path)
            .output()
            .await
            .context("cannot run ctr")?;
        ensure!(
            output.status.success(),
            "ctr {} failed: {}",
            args.join(" "),
            String::from_utf8_lossy(&output.stderr).trim()
        );
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

async fn wait_until<F, Fut>(process: &Process, check: F) -> Result<()>
where
    F: Fn() -> Fut,
    Fut: Future<Output = bool>,
{
    let deadline = Instant::now() + PATIENCE;
    while !check().await {
        process.check()?;
        if Instant::now() > deadline {
            bail!("the real node does not become ready; see {}", process.log().display());
        }
        tokio::time::sleep(INTERVAL).await;
    }
    Ok(())
}

/// Whether `/healthz` says so.
async fn healthy(address: Ipv4Addr, port: u16) -> Result<bool> {
    let mut stream = TcpStream::connect((address, port)).await?;
    stream.write_all(b"GET /healthz HTTP/1.0\r\n\r\n").await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer.split(' ').nth(1) == Some("200"))
}
