//! containerd: it runs the containers, with images that we make and networks of plain routes.

use std::{fs, path::Path, process::Command};

use anyhow::Result;
use serde_json::json;

use super::{Folder, network::Network, tools::Tools};

/// The image of the container that holds a pod's namespaces.
pub(super) const PAUSE: &str = "pause.test/pause:1";

/// Writes the configuration.
pub(super) fn write(folder: &Folder, network: &Network, tools: &Tools) -> Result<()> {
    fs::create_dir_all(folder.networks())?;
    fs::create_dir_all(folder.registries())?;
    fs::write(folder.file("containerd.toml"), config(folder, tools))?;
    fs::write(folder.networks().join("10-pods.conflist"), pod_network(folder, network).to_string())?;
    Ok(())
}

/// The command.
pub(super) fn command(folder: &Folder, network: &Network) -> Command {
    let mut command = network.command_on_node(Path::new("containerd"));
    command.arg("--config").arg(folder.file("containerd.toml"));
    command
}

fn config(folder: &Folder, tools: &Tools) -> String {
    // A literal string of TOML has no escapes; a folder with a quote in its name has no place here.
    let path = |path: &Path| format!("'{}'", path.display());
    format!(
        "version = 2
root = {root}
state = '/run/containerd'
# They would make folders, or look for devices, that nobody asked for.
disabled_plugins = ['io.containerd.internal.v1.opt', 'io.containerd.snapshotter.v1.aufs',
    'io.containerd.snapshotter.v1.btrfs', 'io.containerd.snapshotter.v1.devmapper', 'io.containerd.snapshotter.v1.zfs']

[grpc]
address = {socket}

[plugins.'io.containerd.grpc.v1.cri']
sandbox_image = '{PAUSE}'
# Without CAP_SYS_RESOURCE, which the root of a container lacks, runc fails otherwise.
restrict_oom_score_adj = true
# Any user may listen on port 80, as in most clusters.
enable_unprivileged_ports = true

[plugins.'io.containerd.grpc.v1.cri'.containerd]
snapshotter = 'native'

[plugins.'io.containerd.grpc.v1.cri'.containerd.runtimes.runc]
runtime_type = 'io.containerd.runc.v2'

[plugins.'io.containerd.grpc.v1.cri'.containerd.runtimes.runc.options]
SystemdCgroup = false

[plugins.'io.containerd.grpc.v1.cri'.cni]
bin_dir = {plugins}
conf_dir = {networks}

[plugins.'io.containerd.grpc.v1.cri'.registry]
config_path = {registries}
",
        root = path(&folder.file("containerd")),
        socket = path(&folder.socket()),
        plugins = path(&tools.plugins),
        networks = path(&folder.networks()),
        registries = path(&folder.registries()),
    )
}

/// Each pod has a pair of interfaces of its own, and the node routes between them.
fn pod_network(folder: &Folder, network: &Network) -> serde_json::Value {
    json!({
        "cniVersion": "1.0.0",
        "name": network.name(),
        "plugins": [
            {"type": "ptp", "ipam": {
                "type": "host-local",
                "dataDir": folder.file("addresses"),
                "ranges": [[{"subnet": network.pods()}]],
                "routes": [{"dst": "0.0.0.0/0"}],
            }},
            {"type": "portmap", "capabilities": {"portMappings": true}},
        ],
    })
}
