//! Builds the programs with Go, from the lock files.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail, ensure};
use serde::Deserialize;

use super::{
    kubernetes::Kubernetes,
    locks::{CYCLONUS, FLUX, GATEWAY_API, KWOK, LockFile, PROMETHEUS_OPERATOR, lock_files},
    programs::Program,
};

/// The oldest Go that the lock files name.
const OLDEST_GO: (u32, u32) = (1, 26);

const REMEDY: &str = "install it from https://go.dev/dl or your distribution (it is needed once, to build the test \
    control plane), or set KUBEBUILDER_ASSETS to a folder with the programs";

/// The Go tool, and a folder with the lock files written out.
pub(super) struct Go {
    workspace: PathBuf,
    kubernetes: &'static Kubernetes,
}

impl Go {
    /// Checks that Go is there and new enough.
    pub(super) fn find(cache: &Path, kubernetes: &'static Kubernetes) -> Result<Self> {
        let output = Command::new("go").arg("version").output();
        let Ok(output) = output else {
            bail!("Go {}.{} or newer is missing: {REMEDY}", OLDEST_GO.0, OLDEST_GO.1);
        };
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let version = parse_version(&text);
        ensure!(
            version.is_none_or(|found| found >= OLDEST_GO),
            "Go {}.{} or newer is needed, found \"{}\": {REMEDY}",
            OLDEST_GO.0,
            OLDEST_GO.1,
            text.trim()
        );
        let workspace = cache.join(".build");
        for lock in lock_files(kubernetes).into_iter().chain([&PROMETHEUS_OPERATOR, &FLUX, &CYCLONUS]) {
            let folder = workspace.join(lock.folder);
            fs::create_dir_all(&folder)?;
            fs::write(folder.join("go.mod"), lock.go_mod)?;
            fs::write(folder.join("go.sum"), lock.go_sum)?;
        }
        Ok(Self { workspace, kubernetes })
    }

    /// Builds one program. It appears under its name only when it is whole.
    pub(super) fn build(&self, program: &Program, target: &Path) -> Result<()> {
        // Not the name that another process would use: a Go that was left behind by one that was killed may go on.
        let unfinished = self.workspace.join(format!("{}.{}", program.name, std::process::id()));
        let output = self
            .command(program.lock_file.unwrap_or(&self.kubernetes.lock_file))
            .args(["build", "-trimpath", "-ldflags", &self.kubernetes.linker_flags(), "-o"])
            .arg(&unfinished)
            .arg(program.package)
            .output()
            .context("cannot run go")?;
        ensure!(
            output.status.success(),
            "go could not build {}: {}",
            program.name,
            String::from_utf8_lossy(&output.stderr).trim()
        );
        fs::rename(&unfinished, target)?;
        Ok(())
    }

    /// Copies the CRDs of a channel of the Gateway API.
    pub(super) fn copy_gateway_api(&self, channel: &str, target: &Path) -> Result<()> {
        let module = self.module(&GATEWAY_API, "sigs.k8s.io/gateway-api")?;
        self.copy(&files_in(&module.join("config/crd").join(channel))?, target, |text| {
            text.contains("kind: CustomResourceDefinition")
        })
    }

    /// Copies the CRDs of the Prometheus operator that speak of what is scraped and of rules.
    pub(super) fn copy_prometheus_operator(&self, target: &Path) -> Result<()> {
        let module = self.module(&PROMETHEUS_OPERATOR, "github.com/prometheus-operator/prometheus-operator")?;
        self.copy(&files_in(&module.join("example/prometheus-operator-crd"))?, target, |text| {
            ["podmonitors", "servicemonitors", "prometheusrules"]
                .iter()
                .any(|plural| text.contains(&format!("name: {plural}.monitoring.coreos.com")))
        })
    }

    /// Copies the CRDs of Flux's sources and Kustomizations.
    pub(super) fn copy_flux(&self, target: &Path) -> Result<()> {
        let mut files = Vec::new();
        for module in ["github.com/fluxcd/source-controller", "github.com/fluxcd/kustomize-controller"] {
            files.extend(files_in(&self.module(&FLUX, module)?.join("config/crd/bases"))?);
        }
        self.copy(&files, target, |_| true)
    }

    /// Copies those Stages of kwok that need no change of ours; the others are in `tests/stages`.
    pub(super) fn copy_kwok_stages(&self, target: &Path) -> Result<()> {
        let stages = self.module(&KWOK, "sigs.k8s.io/kwok")?.join("kustomize/stage");
        let files = [
            "node/fast/node-initialize.yaml",
            "node/heartbeat-with-lease/node-heartbeat-with-lease.yaml",
            "pod/fast/pod-complete.yaml",
            "pod/fast/pod-delete.yaml",
        ]
        .map(|file| stages.join(file));
        self.copy(&files, target, |_| true)
    }

    /// Removes what was only needed to build.
    pub(super) fn finish(&self) {
        let _ = fs::remove_dir_all(&self.workspace);
    }

    fn copy(&self, files: &[PathBuf], target: &Path, wanted: fn(&str) -> bool) -> Result<()> {
        let unfinished = self.workspace.join("files");
        let _ = fs::remove_dir_all(&unfinished);
        fs::create_dir_all(&unfinished)?;
        for file in files {
            let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
            if wanted(&text) {
                let name = file.file_name().context("a file without a name")?;
                fs::write(unfinished.join(name), text)?;
            }
        }
        fs::rename(&unfinished, target)?;
        Ok(())
    }

    /// Where Go has put the sources of a module that a lock file pins; downloads them first if needed.
    fn module(&self, lock: &LockFile, module: &str) -> Result<PathBuf> {
        #[derive(Deserialize)]
        struct Downloaded {
            #[serde(rename = "Dir")]
            folder: PathBuf,
        }
        let output = self.command(lock).args(["mod", "download", "-json", module]).output().context("cannot run go")?;
        ensure!(
            output.status.success(),
            "go could not download {module}: {}{}",
            String::from_utf8_lossy(&output.stdout).trim(),
            String::from_utf8_lossy(&output.stderr).trim()
        );
        let downloaded: Downloaded = serde_json::from_slice(&output.stdout)?;
        Ok(downloaded.folder)
    }

    fn command(&self, lock: &LockFile) -> Command {
        // A build takes both cores for minutes; whoever works beside it should not notice.
        let nice = Command::new("nice").arg("true").output().is_ok();
        let mut command = if nice {
            let mut command = Command::new("nice");
            command.args(["-n", "10", "go"]);
            command
        } else {
            Command::new("go")
        };
        command.current_dir(self.workspace.join(lock.folder)).env("CGO_ENABLED", "0").env("GOWORK", "off");
        command
    }
}

/// `go version go1.26.8 linux/amd64` → (1, 26); a development version says nothing that could be compared.
fn parse_version(text: &str) -> Option<(u32, u32)> {
    let version = text.split_whitespace().find_map(|word| word.strip_prefix("go1."))?;
    let minor: String = version.chars().take_while(char::is_ascii_digit).collect();
    Some((1, minor.parse().ok()?))
}

fn files_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .with_context(|| format!("cannot read {}", folder.display()))?
        .filter_map(|entry| entry.ok().map(|e| e.path()))
        .filter(|path| path.extension().is_some_and(|e| e == "yaml"))
        .collect();
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::parse_version;

    #[test]
    fn versions_of_go_are_read() {
        assert_eq!(parse_version("go version go1.26.8 linux/amd64"), Some((1, 26)));
        assert_eq!(parse_version("go version go1.27rc1 linux/amd64"), Some((1, 27)));
        assert_eq!(parse_version("go version devel +abc linux/amd64"), None);
    }
}
