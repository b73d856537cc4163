//! Where the programs of the control plane are: in `KUBEBUILDER_ASSETS`, or in a cache that a fresh clone finds again.
//!
//! The cache folder is named by the hash of the lock files, so a change of a version is a new folder.

use std::{
    env, fs,
    fs::File,
    io::Write as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use sha2::{Digest as _, Sha256};

use super::{
    build, cache,
    kubernetes::Kubernetes,
    locks::{CYCLONUS, FLUX, LockFile, PROMETHEUS_OPERATOR, lock_files},
    node::Parts,
    programs::{CYCLONUS_PROGRAM, FLUX_PROGRAM, HELM, NODE_PROGRAMS, PROGRAMS, Program},
};

/// The programs and files of the control plane, all present on disk.
#[derive(Debug, Clone)]
pub struct Binaries {
    kubernetes: &'static Kubernetes,
    cache: PathBuf,
    assets: Option<PathBuf>,
    /// A kubectl that is neither of the two, for an existing cluster.
    kubectl: Option<PathBuf>,
}

impl Binaries {
    /// Finds the programs, and builds those that are missing. This takes minutes the first time, says so on standard
    /// error, and blocks; several callers at once build once.
    ///
    /// # Errors
    /// When Go is missing or too old, or a build fails.
    pub fn prepare() -> Result<Self> {
        let binaries = Self::find()?;
        if !binaries.complete() {
            let _lock = binaries.lock()?;
            binaries.build_missing()?;
        }
        Ok(binaries)
    }

    /// The same with the programs of a real node.
    ///
    /// # Errors
    /// When the machine cannot have a real node, Go is missing or too old, or a build fails.
    pub fn prepare_with_node() -> Result<Self> {
        // Before anything takes minutes.
        Parts::check()?;
        let binaries = Self::prepare()?;
        if binaries.missing(&NODE_PROGRAMS).next().is_some() {
            let _lock = binaries.lock()?;
            // Asked again under the lock: another process may have built them meanwhile.
            let missing: Vec<&Program> = binaries.missing(&NODE_PROGRAMS).collect();
            let go = binaries.go()?;
            binaries.build(&go, &missing)?;
            go.finish();
        }
        Ok(binaries)
    }

    /// Builds Helm, if it is not there yet; answers with its path.
    ///
    /// # Errors
    /// When Go is missing or too old, or the build fails.
    pub fn prepare_helm(&self) -> Result<PathBuf> {
        let path = self.program(HELM.name);
        if !path.is_file() {
            let _lock = self.lock()?;
            let go = self.go()?;
            // Asked again under the lock: another process may have built it meanwhile.
            if !path.is_file() {
                self.build(&go, &[&HELM])?;
            }
            go.finish();
        }
        Ok(path)
    }

    /// What is needed with an existing cluster: kubectl, wherever it is found; it is built only if it is nowhere.
    pub(super) fn for_existing_cluster() -> Result<Self> {
        let mut binaries = Self::find()?;
        if !binaries.program("kubectl").is_file() {
            let folders = env::var_os("PATH").unwrap_or_default();
            binaries.kubectl = env::split_paths(&folders).map(|folder| folder.join("kubectl")).find(|p| p.is_file());
        }
        if !binaries.program("kubectl").is_file() {
            let _lock = binaries.lock()?;
            let missing: Vec<&Program> = PROGRAMS.iter().filter(|program| program.name == "kubectl").collect();
            let go = binaries.go().context("there is no kubectl in PATH, and none can be built")?;
            binaries.build(&go, &missing)?;
            go.finish();
        }
        Ok(binaries)
    }

    /// Fetches the CRDs of the Gateway API, if they are not there yet.
    pub(super) fn prepare_gateway_api(&self) -> Result<()> {
        if !self.gateway_api().is_dir() {
            let _lock = self.lock()?;
            let go = self.go()?;
            go.copy_gateway_api("standard", &self.gateway_api())?;
            go.finish();
        }
        Ok(())
    }

    /// Fetches the CRDs of the Gateway API's experimental channel, if they are not there yet; answers with their folder.
    pub(super) fn prepare_experimental_gateway_api(&self) -> Result<PathBuf> {
        let folder = self.cache.join("gateway-api-experimental");
        if !folder.is_dir() {
            let _lock = self.lock()?;
            let go = self.go()?;
            // Asked again under the lock: another process may have fetched them meanwhile.
            if !folder.is_dir() {
                go.copy_gateway_api("experimental", &folder)?;
            }
            go.finish();
        }
        Ok(folder)
    }

    /// Fetches the CRDs of the Prometheus operator, if they are not there yet; answers with their folder.
    pub(super) fn prepare_prometheus_operator(&self) -> Result<PathBuf> {
        let folder = self.cache.join(format!("prometheus-operator-{}", hash(&[&PROMETHEUS_OPERATOR], self.kubernetes)));
        if !folder.is_dir() {
            let _lock = self.lock()?;
            let go = self.go()?;
            // Asked again under the lock: another process may have fetched them meanwhile.
            if !folder.is_dir() {
                go.copy_prometheus_operator(&folder)?;
            }
            go.finish();
        }
        Ok(folder)
    }

    /// Builds Flux's kustomize-controller and fetches the CRDs of Flux, if they are not there yet; answers with the
    /// program and the folder of the CRDs. This takes minutes the first time.
    ///
    /// # Errors
    /// When Go is missing or too old, or a build fails.
    pub fn prepare_flux(&self) -> Result<(PathBuf, PathBuf)> {
        let folder = self.cache.join(format!("flux-{}", hash(&[&FLUX], self.kubernetes)));
        let (program, definitions) = (folder.join(FLUX_PROGRAM.name), folder.join("crds"));
        if !program.is_file() || !definitions.is_dir() {
            let _lock = self.lock()?;
            let go = self.go()?;
            fs::create_dir_all(&folder)?;
            // Asked again under the lock: another process may have built them meanwhile.
            if !program.is_file() {
                say("building kustomize-controller ...");
                go.build(&FLUX_PROGRAM, &program)?;
            }
            if !definitions.is_dir() {
                go.copy_flux(&definitions)?;
            }
            go.finish();
        }
        Ok((program, definitions))
    }

    /// Builds Cyclonus, if it is not there yet; answers with its path. Nothing of the control plane is needed for it.
    pub(crate) fn prepare_cyclonus() -> Result<PathBuf> {
        let binaries = Self::find()?;
        if let Some(given) = binaries.given(CYCLONUS_PROGRAM.name) {
            return Ok(given);
        }
        let folder = binaries.cache.join(format!("cyclonus-{}", hash(&[&CYCLONUS], binaries.kubernetes)));
        let program = folder.join(CYCLONUS_PROGRAM.name);
        if !program.is_file() {
            let _lock = binaries.lock()?;
            let go = build::Go::find(&binaries.cache, binaries.kubernetes)?;
            fs::create_dir_all(&folder)?;
            // Asked again under the lock: another process may have built it meanwhile.
            if !program.is_file() {
                say("building cyclonus ...");
                go.build(&CYCLONUS_PROGRAM, &program)?;
            }
            go.finish();
        }
        Ok(program)
    }

    fn find() -> Result<Self> {
        let assets = env::var_os("KUBEBUILDER_ASSETS").map(PathBuf::from).filter(|folder| folder.is_dir());
        let kubernetes = Kubernetes::of_environment()?;
        let cache = cache::root()?.join("controlplane").join(hash(&lock_files(kubernetes), kubernetes));
        Ok(Self { kubernetes, cache, assets, kubectl: None })
    }

    /// Nobody else builds while this is held.
    fn lock(&self) -> Result<File> {
        cache::lock(&self.cache, "builds the control plane")
    }

    fn go(&self) -> Result<build::Go> {
        build::Go::find(&self.cache, self.kubernetes)
    }

    /// The path of a program, by its name.
    #[must_use]
    pub fn program(&self, name: &str) -> PathBuf {
        let other = || self.kubectl.clone().filter(|_| name == "kubectl");
        self.given(name).or_else(other).unwrap_or_else(|| self.cache.join(name))
    }

    /// Which Kubernetes they are.
    #[must_use]
    pub fn kubernetes(&self) -> &'static Kubernetes {
        self.kubernetes
    }

    /// The folder that the programs and files are kept in.
    #[must_use]
    pub fn cache(&self) -> &Path {
        &self.cache
    }

    /// The folder with the CRDs of the Gateway API, standard channel.
    #[must_use]
    pub fn gateway_api(&self) -> PathBuf {
        self.cache.join("gateway-api")
    }

    /// The folder with the Stages that come with kwok.
    #[must_use]
    pub fn kwok_stages(&self) -> PathBuf {
        self.cache.join("kwok-stages")
    }

    /// A program that the caller brought along.
    fn given(&self, name: &str) -> Option<PathBuf> {
        let path = self.assets.as_ref()?.join(name);
        path.is_file().then_some(path)
    }

    fn complete(&self) -> bool {
        self.missing(&PROGRAMS).next().is_none() && self.gateway_api().is_dir() && self.kwok_stages().is_dir()
    }

    fn missing<'a>(&self, programs: &'a [Program]) -> impl Iterator<Item = &'a Program> {
        programs.iter().filter(|program| !self.program(program.name).is_file())
    }

    fn build_missing(&self) -> Result<()> {
        // Asked again under the lock: another process may have built them meanwhile.
        let missing: Vec<&Program> = self.missing(&PROGRAMS).collect();
        let go = self.go()?;
        self.build(&go, &missing)?;
        if !self.gateway_api().is_dir() {
            go.copy_gateway_api("standard", &self.gateway_api())?;
        }
        if !self.kwok_stages().is_dir() {
            go.copy_kwok_stages(&self.kwok_stages())?;
        }
        go.finish();
        Ok(())
    }

    fn build(&self, go: &build::Go, programs: &[&Program]) -> Result<()> {
        for (index, program) in programs.iter().enumerate() {
            say(&format!("building {} ({}/{}) ...", program.name, index + 1, programs.len()));
            go.build(program, &self.cache.join(program.name))?;
        }
        Ok(())
    }
}

/// Tells a person what takes so long. Written straight to standard error, since the test harness hides what the
/// print macros write until a test has failed.
pub(crate) fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "control plane: {line}");
}

fn hash(locks: &[&LockFile], kubernetes: &Kubernetes) -> String {
    let mut hash = Sha256::new();
    for lock in locks {
        hash.update(lock.go_mod);
        hash.update(lock.go_sum);
    }
    hash.update(kubernetes.linker_flags());
    hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}
