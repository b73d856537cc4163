//! Whatever ends the owner, nothing of the node is left on this machine.

use std::{
    collections::BTreeSet,
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use microservice_tests::control_plane::{ControlPlane, Options};

const PATIENCE: Duration = Duration::from_secs(120);

#[tokio::test]
async fn a_killed_owner_leaves_nothing() -> Result<()> {
    let before = rules()?;
    let mut owner = Owner::start()?;
    owner.run_a_pod().await?;
    let traces = owner.traces()?;
    owner.signal("KILL")?;
    traces.vanish()?;
    assert_eq!(rules()?, before);
    Ok(())
}

#[tokio::test]
async fn ctrl_c_leaves_nothing() -> Result<()> {
    let before = rules()?;
    let mut owner = Owner::start()?;
    owner.run_a_pod().await?;
    let traces = owner.traces()?;
    owner.signal("INT")?;
    traces.vanish()?;
    assert_eq!(rules()?, before);
    Ok(())
}

#[tokio::test]
async fn an_owner_that_is_killed_while_it_starts_leaves_nothing() -> Result<()> {
    let mut owner = Owner::start()?;
    // The namespaces are there, and the servers are on their way.
    let traces = wait_for("its processes", || owner.traces().ok().filter(|traces| traces.processes.len() > 3))?;
    owner.signal("KILL")?;
    traces.vanish()
}

/// A process that has a real node.
struct Owner {
    process: Child,
    temporary: tempfile::TempDir,
}

impl Owner {
    fn start() -> Result<Self> {
        let temporary = tempfile::tempdir()?;
        let process = Command::new(env!("CARGO_BIN_EXE_control-plane"))
            .arg("--real-node")
            .env("TMPDIR", temporary.path())
            .stdout(Stdio::piped())
            .spawn()?;
        Ok(Self { process, temporary })
    }

    /// Waits until it is ready, and runs a pod on it.
    async fn run_a_pod(&mut self) -> Result<()> {
        let mut line = String::new();
        BufReader::new(self.process.stdout.take().context("no output")?).read_line(&mut line)?;
        let kubeconfig = line.trim().strip_prefix("export KUBECONFIG=").context(line.clone())?;
        let cluster = ControlPlane::start(Options::default().existing_cluster(kubeconfig)).await?;
        let pod = "{apiVersion: v1, kind: Pod, metadata: {name: pause, namespace: default}, spec: \
                   {containers: [{name: pause, image: 'pause.test/pause:1'}]}}";
        cluster.apply(pod).await?;
        let pods: Api<Pod> = Api::namespaced(cluster.client()?, "default");
        cluster
            .wait_until("the pod to run", "default", PATIENCE, || async {
                let status = pods.get("pause").await?.status.unwrap_or_default();
                Ok((status.phase.as_deref() == Some("Running")).then_some(()))
            })
            .await
    }

    /// What there is of it now.
    fn traces(&self) -> Result<Traces> {
        let folder = fs::read_dir(self.temporary.path())?.next().context("no folder")??.path();
        let name = folder.to_string_lossy().rsplit('-').next().map(|unique| format!("msnode-{unique}"));
        let mut traces = Traces { folder, name: name.context("no name")?, processes: BTreeSet::new() };
        let (ours, all) = (namespaces(Path::new("/proc/self")), processes());
        let mut theirs = BTreeSet::new();
        for process in all.iter().filter(|process| traces.owns(process)) {
            theirs.extend(namespaces(process).difference(&ours).cloned());
        }
        let within = |process: &&PathBuf| traces.owns(process) || !namespaces(process).is_disjoint(&theirs);
        traces.processes = all.iter().filter(within).filter_map(|process| identity(process)).collect();
        ensure!(!theirs.is_empty() && traces.interface().exists(), "it has no namespaces yet");
        Ok(traces)
    }

    fn signal(&mut self, signal: &str) -> Result<()> {
        let sent = Command::new("kill").args(["-s", signal, &self.process.id().to_string()]).status()?;
        ensure!(sent.success(), "cannot send {signal}");
        self.process.wait()?;
        Ok(())
    }
}

/// By what a real node is found.
struct Traces {
    folder: PathBuf,
    /// Of its interface and its control groups.
    name: String,
    /// All that ran in its namespaces. The namespaces themselves have no names: the next one gets the number of one that
    /// is gone.
    processes: BTreeSet<(PathBuf, String)>,
}

impl Traces {
    /// The folder is in the command line of what we start, and the name in the control groups of pods.
    fn owns(&self, process: &Path) -> bool {
        let folder = self.folder.to_string_lossy();
        let contains = |file: &str, what: &str| {
            fs::read(process.join(file)).is_ok_and(|text| String::from_utf8_lossy(&text).contains(what))
        };
        contains("cmdline", &folder) || contains("cgroup", &self.name)
    }

    fn interface(&self) -> PathBuf {
        Path::new("/sys/class/net").join(&self.name)
    }

    /// Waits until there is nothing.
    fn vanish(&self) -> Result<()> {
        ensure!(self.processes.len() > 3, "its processes were not found");
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = self.left()?;
            if left.is_empty() {
                return Ok(());
            }
            ensure!(Instant::now() < deadline, "left behind: {}", left.join(", "));
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn left(&self) -> Result<Vec<String>> {
        let folder = self.folder.to_string_lossy();
        let mut left: Vec<String> = processes()
            .into_iter()
            .filter(|process| {
                self.owns(process) || identity(process).is_some_and(|known| self.processes.contains(&known))
            })
            .map(|process| process.display().to_string())
            .collect();
        if self.folder.exists() {
            left.push(folder.to_string());
        }
        let hierarchies = ["/sys/fs/cgroup".into()].into_iter().chain(entries("/sys/fs/cgroup"));
        left.extend(
            hierarchies.map(|h: PathBuf| h.join(&self.name)).filter(|g| g.exists()).map(|g| g.display().to_string()),
        );
        let mounts = fs::read_to_string("/proc/self/mounts")?;
        left.extend(mounts.lines().filter(|line| line.contains(&*folder)).map(|line| format!("mount {line}")));
        for what in ["link", "route", "address", "netns"] {
            let output = Command::new("ip").arg(what).output()?;
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            left.extend(text.lines().filter(|line| line.contains(&self.name)).map(|line| format!("{what} {line}")));
        }
        Ok(left)
    }
}

/// The packet filter of this machine, without its counters and times.
fn rules() -> Result<Vec<String>> {
    let output = Command::new("iptables-save").output()?;
    ensure!(output.status.success(), "iptables-save: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    Ok(lines.map(|line| line.split(" [").next().unwrap_or_default().to_owned()).collect())
}

fn processes() -> Vec<PathBuf> {
    let number = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().parse::<u32>().is_ok());
    entries("/proc").filter(number).collect()
}

fn entries(folder: &str) -> impl Iterator<Item = PathBuf> + use<> {
    fs::read_dir(folder).into_iter().flatten().filter_map(|entry| entry.ok().map(|entry| entry.path()))
}

/// A process and the time of its start; none that is dead and not buried.
fn identity(process: &Path) -> Option<(PathBuf, String)> {
    let stat = fs::read_to_string(process.join("stat")).ok()?;
    // After the name, which may hold anything: the state, and 19 fields later the start.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let alive = fields.next()? != "Z";
    Some((process.to_path_buf(), fields.nth(18)?.to_owned())).filter(|_| alive)
}

/// As in `net:[4026531833]`.
fn namespaces(process: &Path) -> BTreeSet<String> {
    let link = |kind| fs::read_link(process.join("ns").join(kind)).ok();
    ["net", "mnt", "pid"].into_iter().filter_map(link).map(|link| link.display().to_string()).collect()
}

fn wait_for<T>(what: &str, mut check: impl FnMut() -> Option<T>) -> Result<T> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = check() {
            return Ok(found);
        }
        ensure!(Instant::now() < deadline, "timed out waiting for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
