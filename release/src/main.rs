//! `make image` and `make release`.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::{
    collections::{BTreeMap, btree_map::Entry},
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, Result, bail};
use cargo_metadata::Metadata;
use clap::{Parser, Subcommand};
use microservice_release::{
    archive::sha256,
    binary::{StaticBuild, check_static},
    image::{Program, host_architecture},
    pack::{self, OPERATOR, Release, sbom_file},
    plugin::{self, Platform},
    sbom,
};

/// Makes what a release carries. Nothing is pulled, pushed or signed.
#[derive(Parser)]
#[command(version)]
struct Args {
    /// The root of the repository.
    #[arg(long, default_value = ".")]
    root: PathBuf,
    /// The operator's program for an architecture; for this machine's it is built where none is given.
    #[arg(long = "binary", value_name = "ARCHITECTURE=PATH", value_parser = pair, global = true)]
    binaries: Vec<(String, PathBuf)>,
    /// The image's name, without its tag.
    #[arg(long, default_value = "registry.example/microservice-operator", global = true)]
    image: String,
    /// The commit that it is made from.
    #[arg(long, value_parser = clap::builder::NonEmptyStringValueParser::new(), global = true)]
    revision: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Writes the operator's image and its list of contents to `target/image`.
    Image,
    /// Writes everything to `target/release-artifacts/VERSION`.
    Release {
        /// The plugin's program for a platform; for this machine's it is built where none is given.
        #[arg(long = "plugin", value_name = "OS/ARCHITECTURE=PATH", value_parser = pair)]
        plugins: Vec<(String, PathBuf)>,
        /// Where the plugin's archives will be found.
        #[arg(long, default_value = "https://releases.example/microservice-operator")]
        url: String,
    },
}

fn pair(text: &str) -> Result<(String, PathBuf), String> {
    let (name, path) = text.split_once('=').ok_or("it has no =")?;
    Ok((name.to_owned(), path.into()))
}

fn main() -> ExitCode {
    match run(Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: Args) -> Result<()> {
    let root = args.root.canonicalize().with_context(|| args.root.display().to_string())?;
    let metadata = sbom::metadata(&root)?;
    let package = metadata.packages.iter().find(|package| package.name == OPERATOR);
    let package = package.with_context(|| format!("{} has no package {OPERATOR}", root.display()))?;
    let version = package.version.to_string();
    let mut labels = BTreeMap::new();
    let mut label = |name: &str, value: Option<&str>| {
        value.map(|value| labels.insert(format!("org.opencontainers.image.{name}"), value.to_owned()))
    };
    label("title", Some(OPERATOR));
    label("version", Some(&version));
    label("description", package.description.as_deref());
    label("licenses", package.license.as_deref());
    label("revision", args.revision.as_deref());
    let mut release = Release {
        image: format!("{}:{version}", args.image),
        labels,
        operators: Vec::new(),
        plugins: BTreeMap::new(),
        sboms: BTreeMap::new(),
        url: String::new(),
        version,
        root,
    };
    let output = metadata.target_directory.as_std_path();
    match args.command {
        Command::Image => {
            release.operators = operators(&release.root, &metadata, &args.binaries)?;
            let path = output.join("image").join(format!("{OPERATOR}-{}.tar", release.version));
            save(&path, &release.image()?)?;
            save(&path.with_file_name(sbom_file(OPERATOR, &release.version)), &sbom::sbom(&metadata, OPERATOR)?)
        }
        Command::Release { plugins, url } => {
            // Before minutes of building.
            release.check_inputs()?;
            release.operators = operators(&release.root, &metadata, &args.binaries)?;
            release.plugins = plugin_programs(&release.root, &metadata, &plugins)?;
            for package in [OPERATOR, plugin::PROGRAM] {
                release.sboms.insert(package.into(), sbom::sbom(&metadata, package)?);
            }
            release.url = url;
            let (folder, files) = (output.join("release-artifacts").join(&release.version), release.files()?);
            pack::write(&folder, &files)?;
            println!("{}:", folder.display());
            for (path, bytes) in &files {
                println!("{:>10} {path}", bytes.len());
            }
            Ok(())
        }
    }
}

fn save(path: &Path, bytes: &[u8]) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
    println!("{}: {} bytes, sha256:{}", path.display(), bytes.len(), sha256(bytes));
    Ok(())
}

fn operators(root: &Path, metadata: &Metadata, given: &[(String, PathBuf)]) -> Result<Vec<Program>> {
    let mut paths = given.to_vec();
    if paths.iter().all(|(architecture, _)| architecture != host_architecture()) {
        paths.push((host_architecture().into(), build(root, metadata, OPERATOR)?));
    }
    let read = |(architecture, path): (String, PathBuf)| {
        let bytes = read(&path)?;
        check_static(&bytes, &architecture).with_context(|| path.display().to_string())?;
        Ok(Program { architecture, bytes })
    };
    paths.into_iter().map(read).collect()
}

fn plugin_programs(
    root: &Path,
    metadata: &Metadata,
    given: &[(String, PathBuf)],
) -> Result<BTreeMap<Platform, Vec<u8>>> {
    let mut programs = BTreeMap::new();
    for (platform, path) in given {
        if programs.insert(platform.parse()?, read(path)?).is_some() {
            bail!("two plugins for {platform}");
        }
    }
    if let Entry::Vacant(place) = programs.entry(Platform::host()) {
        place.insert(read(&build(root, metadata, plugin::PROGRAM)?)?);
    }
    Ok(programs)
}

/// Builds a program whose package is called like it.
fn build(root: &Path, metadata: &Metadata, name: &str) -> Result<PathBuf> {
    let target = metadata.target_directory.join("static");
    let build =
        StaticBuild { workspace: root, target: target.as_std_path(), profile: "release", package: name, program: name };
    println!("building {name}, static ...");
    build.run()
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}
