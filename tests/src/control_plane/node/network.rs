//! The namespaces of a real node: network, mounts and processes of its own, joined to the host by one pair of
//! interfaces.
//!
//! One process holds them. When it is killed, the kernel ends everything in them: containers and their shims, mounts,
//! interfaces, and with the interfaces the routes to them. So the host is left as it was, however we end; nothing of its
//! own network and packet filter is touched meanwhile. Nothing in there has a way out to other networks.

use std::{
    fs,
    net::Ipv4Addr,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, Result, bail, ensure};

use super::tools::Tools;
use crate::control_plane::processes::{AT_END, Group, Process};

const PATIENCE: Duration = Duration::from_secs(30);

/// The second number of our addresses, 10.N.0.0: one N for each node that runs on this machine.
const NUMBERS: std::ops::RangeInclusive<u8> = 100..=250;

/// What the holder does before it waits; `$1` is the node's folder, `$2` the control group for all pods. What the programs of the node write outside of that
/// goes into the memory of their own view of the file system: `/run`, logs, and what the network plugins remember. The
/// kubelet wants some settings of the kernel to be so, and would set them for the whole machine; it reads what it likes
/// instead. As process 1 the shell buries whom others leave behind.
const HOLDER: &str = r#"
set -e
mount -n -t tmpfs -o mode=755 tmpfs /run
mount -n -t tmpfs -o mode=755 tmpfs /var/log
mkdir /run/upper /run/work
mount -n -t overlay -o lowerdir=/var/lib,upperdir=/run/upper,workdir=/run/work overlay /var/lib
mkdir /run/settings
for setting in vm/overcommit_memory=1 vm/panic_on_oom=0 kernel/panic=10 kernel/panic_on_oops=1 \
    kernel/keys/root_maxkeys=1000000 kernel/keys/root_maxbytes=25000000; do
    file=/proc/sys/${setting%=*}
    copy=/run/settings/${file##*/}
    echo "${setting#*=}" >"$copy"
    [ ! -e "$file" ] || mount -n --bind "$copy" "$file"
done
if [ -f /sys/fs/cgroup/cgroup.controllers ]; then all=/sys/fs/cgroup; else all='/sys/fs/cgroup/*'; fi
for group in $all; do
    [ ! -f "$group/cgroup.procs" ] || mkdir "$group/$2"
    for set in cpuset.cpus cpuset.mems; do
        [ ! -f "$group/$set" ] || cat "$group/$set" >"$group/$2/$set"
    done
done
echo 1 >/proc/sys/net/ipv4/ip_forward
ip link set lo up
: >"$1/held"
while :; do
    sleep 86400 &
    wait
done
"#;

/// The namespaces, and the addresses in them.
#[derive(Debug, Clone)]
pub(in crate::control_plane) struct Network {
    /// Of the interface on the host, and of the control group that all pods are in.
    name: String,
    number: u8,
    holder: u32,
    folder: PathBuf,
    path: String,
}

impl Network {
    /// Makes the namespaces and the way to them. `folder` is the node's own, below that of the control plane.
    pub(super) fn create(group: &Group, control_plane: &Path, folder: &Path, tools: &Tools) -> Result<Self> {
        // The name of the folder ends with letters that no other control plane has.
        let unique = control_plane.to_string_lossy().rsplit('-').next().unwrap_or_default().to_owned();
        let name = format!("msnode-{unique}");
        ensure!(name.len() <= 15, "{name} is too long for an interface");
        fs::write(control_plane.join(AT_END), at_end(&name, folder))?;
        let mut command = Command::new("unshare");
        command
            .args(["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--"])
            .args(["sh", "-c", HOLDER, "holder"])
            .arg(folder)
            .arg(&name)
            .current_dir("/")
            .env("PATH", &tools.path);
        let holder = group.spawn("node", command)?;
        wait_held(&holder, &folder.join("held"))?;
        let mut network =
            Self { name, number: 0, holder: holder.id(), folder: folder.to_path_buf(), path: tools.path.clone() };
        network.join()?;
        Ok(network)
    }

    /// The pair of interfaces, and the routes on both sides.
    fn join(&mut self) -> Result<()> {
        let (name, holder) = (self.name.clone(), self.holder.to_string());
        self.ip(&["link", "add", &name, "type", "veth", "peer", "name", "eth0", "netns", &holder])?;
        self.ip(&["link", "set", &name, "up"])?;
        self.number = self.claim()?;
        self.ip(&["address", "add", &format!("{}/30", self.host()), "dev", &name])?;
        self.ip_inside(&["address", "add", &format!("{}/30", self.address()), "dev", "eth0"])?;
        self.ip_inside(&["link", "set", "eth0", "up"])?;
        // Without a route, what a process in here sends to a Service does not get as far as the rules of kube-proxy.
        self.ip_inside(&["route", "add", &self.services(), "dev", "eth0"])
    }

    /// Takes the first number that nobody has. The route is what claims it: the kernel takes only one such.
    fn claim(&self) -> Result<u8> {
        let taken = self.run(self.ip_command(&["-4", "route", "show", "table", "all"]))?;
        let span = u32::from(NUMBERS.end() - NUMBERS.start()) + 1;
        // Processes that start together must not walk the same row.
        let nanos = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.subsec_nanos());
        let first = std::process::id().wrapping_add(nanos / 1000) % span;
        for step in 0..span {
            let number = NUMBERS.start() + u8::try_from((first + step) % span)?;
            let prefix = format!("10.{number}.");
            if taken.split_whitespace().any(|word| word.starts_with(&prefix)) {
                continue;
            }
            let (range, inside) = (format!("{prefix}0.0/16"), format!("{prefix}0.2"));
            match self.ip(&["route", "add", &range, "via", &inside, "dev", &self.name, "onlink"]) {
                Ok(()) => return Ok(number),
                Err(error) if format!("{error:#}").contains("File exists") => {}
                Err(error) => return Err(error),
            }
        }
        bail!("all networks from 10.{}.0.0 to 10.{}.0.0 are in use", NUMBERS.start(), NUMBERS.end())
    }

    /// Of the interface on the host, and of the control group that all pods are in.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The host's address, as the node and its pods see it.
    pub(super) fn host(&self) -> Ipv4Addr {
        Ipv4Addr::new(10, self.number, 0, 1)
    }

    /// The node's address.
    pub(in crate::control_plane) fn address(&self) -> Ipv4Addr {
        Ipv4Addr::new(10, self.number, 0, 2)
    }

    /// The addresses of pods.
    pub(super) fn pods(&self) -> String {
        format!("10.{}.64.0/18", self.number)
    }

    /// The addresses of Services.
    pub(in crate::control_plane) fn services(&self) -> String {
        format!("10.{}.128.0/17", self.number)
    }

    /// The address of the Service `kubernetes`.
    pub(in crate::control_plane) fn api_service(&self) -> Ipv4Addr {
        Ipv4Addr::new(10, self.number, 128, 1)
    }

    /// The address of the nameserver.
    pub(super) fn dns_service(&self) -> Ipv4Addr {
        Ipv4Addr::new(10, self.number, 128, 10)
    }

    /// A command in the node's network, and otherwise on the host.
    pub(in crate::control_plane) fn command(&self, program: &Path) -> Command {
        // Not `ip netns exec`: that has a view of /sys of its own, without control groups.
        let mut command = Command::new("nsenter");
        command.arg(format!("--net=/proc/{}/ns/net", self.holder)).arg("--").arg(program);
        command
    }

    /// A command on the node: in its network, with its view of the file system and among its processes, and with
    /// nothing of the caller's environment.
    pub(super) fn command_on_node(&self, program: &Path) -> Command {
        let namespace = |kind: &str, file: &str| format!("--{kind}=/proc/{}/ns/{file}", self.holder);
        let mut command = Command::new("nsenter");
        command
            .args([namespace("net", "net"), namespace("mount", "mnt"), namespace("pid", "pid_for_children")])
            // nsenter stays outside, and is what we know: who kills it means the program.
            .args(["--", "setpriv", "--pdeathsig", "KILL", "--"])
            .arg(program)
            .current_dir("/")
            .env_clear()
            .env("PATH", &self.path)
            .env("HOME", &self.folder)
            .env("TMPDIR", self.folder.join("tmp"));
        command
    }

    fn ip(&self, args: &[&str]) -> Result<()> {
        self.run(self.ip_command(args)).map(drop)
    }

    fn ip_inside(&self, args: &[&str]) -> Result<()> {
        let mut command = self.command(Path::new("ip"));
        command.args(args).env("PATH", &self.path);
        self.run(command).map(drop)
    }

    fn ip_command(&self, args: &[&str]) -> Command {
        let mut command = Command::new("ip");
        command.args(args).env("PATH", &self.path);
        command
    }

    fn run(&self, mut command: Command) -> Result<String> {
        let output = command.output().with_context(|| format!("cannot run {}", command.get_program().display()))?;
        ensure!(
            output.status.success(),
            "{:?} failed, which makes the network of the real node: {}",
            command,
            String::from_utf8_lossy(&output.stderr).trim()
        );
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

/// What the kernel does not do when the holder is dead: it takes its time with the interface, and it leaves the empty
/// control groups.
fn at_end(name: &str, folder: &Path) -> String {
    format!(
        r#"ip link delete '{name}'
for group in /sys/fs/cgroup/'{name}' /sys/fs/cgroup/*/'{name}'; do
    tries=0
    while [ -d "$group" ] && [ "$tries" -lt 100 ]; do
        find "$group" -depth -type d -exec rmdir {{}} \;
        [ ! -d "$group" ] || sleep 0.05
        tries=$((tries + 1))
    done
done
rm -rf -- '{}'
"#,
        folder.display()
    )
}

fn wait_held(holder: &Process, file: &Path) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    while !file.exists() {
        holder.check().context("the namespaces of the real node cannot be made")?;
        ensure!(
            Instant::now() < deadline,
            "the namespaces of the real node are not there; see {}",
            holder.log().display()
        );
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}
