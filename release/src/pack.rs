//! Everything that a release carries, as one folder.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, ensure};

use crate::{
    archive::sha256,
    chart::chart,
    image::{ImageOptions, Program, write_image},
    plugin::{self, Platform},
    schemas::schemas,
};

/// The operator's program, its package, its chart, and the last part of its image's name.
pub const OPERATOR: &str = "microservice-operator";

/// An image larger than this is a mistake: something got into it.
pub const LARGEST_IMAGE: usize = 25_000_000;

const CHARTS: [&str; 2] = ["charts/microservice-operator", "charts/microservice-operator-crds"];
const INSTALL: &str = "manifests/install.yaml";
const CRDS: &str = "crds/yaml";
const LICENCE: &str = "LICENSE";

/// What a release is made of.
#[derive(Debug)]
pub struct Release {
    /// The root of the repository.
    pub root: PathBuf,
    /// The version, as in `0.1.0`.
    pub version: String,
    /// The name of the image, as in `registry.example/microservice-operator:0.1.0`.
    pub image: String,
    /// What the image says of itself.
    pub labels: BTreeMap<String, String>,
    /// The operator's program for each architecture.
    pub operators: Vec<Program>,
    /// The plugin's program for each platform.
    pub plugins: BTreeMap<Platform, Vec<u8>>,
    /// The lists of contents, by package.
    pub sboms: BTreeMap<String, Vec<u8>>,
    /// Where the plugin's archives will be found.
    pub url: String,
}

/// How the operator stands in its image: `Dockerfile` says the same.
#[must_use]
pub fn operator_image(labels: BTreeMap<String, String>) -> ImageOptions {
    ImageOptions {
        entrypoint: format!("/{OPERATOR}"),
        // By number: a cluster that refuses root cannot tell who a name is.
        user: Some("65532:65532".into()),
        labels,
        ..ImageOptions::default()
    }
}

/// The archive of an image of the operator, under this name.
///
/// # Errors
/// When it cannot be written, or is too large.
pub fn operator_archive(name: &str, programs: &[Program], labels: BTreeMap<String, String>) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    write_image(&mut bytes, &[name], programs, &operator_image(labels))?;
    // Each architecture counts by itself: a node pulls only its own.
    let most = LARGEST_IMAGE * programs.len();
    ensure!(bytes.len() <= most, "the image has {} bytes, more than {most}", bytes.len());
    Ok(bytes)
}

/// The name of a package's list of contents.
#[must_use]
pub fn sbom_file(package: &str, version: &str) -> String {
    format!("{package}-{version}.cdx.json")
}

impl Release {
    /// The archive of the operator's image.
    ///
    /// # Errors
    /// When it cannot be written, or is too large.
    pub fn image(&self) -> Result<Vec<u8>> {
        operator_archive(&self.image, &self.operators, self.labels.clone())
    }

    /// All files, by their path in the release.
    ///
    /// # Errors
    /// When a part of the repository is missing, or is of another version.
    pub fn files(&self) -> Result<BTreeMap<String, Vec<u8>>> {
        self.check_inputs()?;
        let version = &self.version;
        let mut files = BTreeMap::new();
        for folder in CHARTS {
            let chart = chart(&self.root.join(folder), version)?;
            files.insert(chart.file, chart.bytes);
        }
        let install = self.read(INSTALL)?;
        let image = format!("{OPERATOR}:{version}");
        let names_it = String::from_utf8_lossy(&install).contains(&image);
        ensure!(names_it, "{INSTALL} does not install {image}: is it of another version?");
        files.insert("install.yaml".into(), install);
        let crds = self.crds()?;
        for (name, schema) in schemas(&crds)? {
            files.insert(format!("schemas/{name}"), schema);
        }
        files.insert("crds.yaml".into(), crds.into_bytes());
        let licence = self.read(LICENCE)?;
        let mut archives = Vec::new();
        for (platform, program) in &self.plugins {
            archives.push(plugin::archive(platform, program, &licence, version)?);
        }
        files.insert("msvc.krew.yaml".into(), plugin::krew(&archives, version, &self.url)?.into_bytes());
        for archive in archives {
            let sum = format!("{}  {}\n", sha256(&archive.bytes), archive.file);
            files.insert(format!("{}.sha256", archive.file), sum.into_bytes());
            files.insert(archive.file, archive.bytes);
        }
        files.insert(format!("{OPERATOR}-{version}.oci.tar"), self.image()?);
        for (package, sbom) in &self.sboms {
            files.insert(sbom_file(package, version), sbom.clone());
        }
        files.insert(LICENCE.into(), licence);
        let sums: String = files.iter().map(|(path, bytes)| format!("{}  {path}\n", sha256(bytes))).collect();
        files.insert("SHA256SUMS".into(), sums.into_bytes());
        Ok(files)
    }

    /// Names all that is missing at once.
    ///
    /// # Errors
    /// When something is missing.
    pub fn check_inputs(&self) -> Result<()> {
        let charts = CHARTS.map(|folder| format!("{folder}/Chart.yaml"));
        let wanted = charts.iter().map(String::as_str).chain([INSTALL, CRDS, LICENCE]);
        let missing: Vec<&str> = wanted.filter(|path| !self.root.join(path).exists()).collect();
        ensure!(missing.is_empty(), "{} lacks what a release carries: {}", self.root.display(), missing.join(", "));
        Ok(())
    }

    /// All CRDs as one text.
    fn crds(&self) -> Result<String> {
        let folder = self.root.join(CRDS);
        let entries = fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
        let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
        paths.sort();
        let mut text = String::new();
        for path in paths {
            text.push_str(&fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?);
        }
        Ok(text)
    }

    fn read(&self, path: &str) -> Result<Vec<u8>> {
        let path = self.root.join(path);
        fs::read(&path).with_context(|| format!("cannot read {}", path.display()))
    }
}

/// Writes files into a folder that then holds nothing else.
///
/// # Errors
/// When they cannot be written.
pub fn write(folder: &Path, files: &BTreeMap<String, Vec<u8>>) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("cannot empty {}", folder.display()))?;
    }
    for (path, bytes) in files {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap_or(folder))?;
        fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}
