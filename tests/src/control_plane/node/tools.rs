//! What the machine must have for a real node: root, and a few packages.

use std::{env, fs, os::unix::fs::MetadataExt as _, path::PathBuf};

use anyhow::{Result, bail};

/// The Debian packages.
const PACKAGES: &str = "containerd runc containernetworking-plugins iptables iproute2";

/// Programs of these packages, and of util-linux, which every Debian has.
const PROGRAMS: [&str; 10] = [
    "containerd",
    "containerd-shim-runc-v2",
    "ctr",
    "runc",
    "iptables",
    "ip6tables",
    "ip",
    "nsenter",
    "setpriv",
    "unshare",
];

/// Where the network plugins may be: of Debian, and of everybody else.
const PLUGIN_FOLDERS: [&str; 2] = ["/usr/lib/cni", "/opt/cni/bin"];

const PLUGINS: [&str; 4] = ["ptp", "host-local", "portmap", "loopback"];

/// Where programs are looked for besides `PATH`, which names no `sbin` for some users.
const FOLDERS: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The tools, all present.
#[derive(Debug, Clone)]
pub(in crate::control_plane) struct Tools {
    /// For the processes of the node.
    pub(super) path: String,
    /// The folder with the network plugins.
    pub(super) plugins: PathBuf,
}

impl Tools {
    /// Looks for all of them.
    ///
    /// # Errors
    /// One line that says what is missing and what to do.
    pub(in crate::control_plane) fn find() -> Result<Self> {
        let root = fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0);
        check(root, &env::var("PATH").unwrap_or_default(), &PLUGIN_FOLDERS.map(PathBuf::from))
    }
}

fn check(root: bool, path: &str, plugin_folders: &[PathBuf]) -> Result<Tools> {
    let path = if path.is_empty() { FOLDERS.to_owned() } else { format!("{path}:{FOLDERS}") };
    let folders: Vec<PathBuf> = env::split_paths(&path).collect();
    let mut missing: Vec<&str> =
        PROGRAMS.into_iter().filter(|program| !folders.iter().any(|folder| folder.join(program).is_file())).collect();
    let lacks = |folder: &PathBuf| PLUGINS.into_iter().filter(|plugin| !folder.join(plugin).is_file()).count();
    let plugins = plugin_folders.iter().find(|folder| lacks(folder) == 0);
    if plugins.is_none() {
        missing.push("the network plugins");
    }
    let install = format!("apt-get install --no-install-recommends {PACKAGES}");
    match (plugins, root) {
        (Some(plugins), true) if missing.is_empty() => Ok(Tools { path, plugins: plugins.clone() }),
        (_, true) => bail!("a real node needs {}: {install}", missing.join(", ")),
        _ if missing.is_empty() => bail!("a real node needs root"),
        _ => bail!("a real node needs root, and {}: {install}", missing.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn error(root: bool, plugins: &Path) -> String {
        let error = check(root, "/nonexistent", &[plugins.to_path_buf()]).unwrap_err().to_string();
        assert_eq!(error.lines().count(), 1, "{error}");
        error
    }

    #[test]
    fn what_is_missing_is_told_in_one_line() {
        let folder = tempfile::tempdir().unwrap();
        let told = error(true, folder.path());
        assert!(told.contains("the network plugins") && told.ends_with(PACKAGES), "{told}");
        assert!(error(false, folder.path()).starts_with("a real node needs root, and "));
        for plugin in PLUGINS {
            fs::write(folder.path().join(plugin), "").unwrap();
        }
        for program in PROGRAMS {
            fs::write(folder.path().join(program), "").unwrap();
        }
        let path = folder.path().to_string_lossy();
        let found = check(false, &path, &[folder.path().to_path_buf()]);
        assert_eq!(found.unwrap_err().to_string(), "a real node needs root");
        assert!(check(true, &path, &[folder.path().to_path_buf()]).is_ok());
    }
}
