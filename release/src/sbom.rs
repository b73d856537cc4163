//! What a program is made of, as a CycloneDX document: without a time, a serial number or a path, so that the same lock
//! file gives the same document.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    process::Command,
};

use anyhow::{Context as _, Result, ensure};
use cargo_metadata::{Metadata, MetadataCommand, Package};
use cyclonedx_bom::{
    external_models::{normalized_string::NormalizedString, spdx::SpdxExpression, uri::Purl},
    models::{
        bom::{Bom, SpecVersion},
        component::{Classification, Component, Components, Scope},
        dependency::{Dependencies, Dependency},
        hash::{Hash, HashAlgorithm, HashValue, Hashes},
        license::{LicenseChoice, Licenses},
        metadata::Metadata as Head,
    },
    validation::Validate as _,
};

use crate::binary::{cargo, host, rustc, said_by};

/// A crate by name and version.
type Crate = (String, String);

/// Which crate asks for which.
type Edges = BTreeMap<Crate, BTreeSet<Crate>>;

/// What cargo knows about a workspace.
///
/// # Errors
/// When cargo cannot read it, or the lock file is not up to date.
pub fn metadata(root: &Path) -> Result<Metadata> {
    let mut command = MetadataCommand::new();
    command.current_dir(root).other_options(["--locked".into(), "--filter-platform".into(), host()?]);
    command.exec().context("cargo cannot read the workspace")
}

/// The document for a program of the workspace, built for this machine.
///
/// # Errors
/// When cargo cannot tell, or what it tells makes no valid document.
pub fn sbom(metadata: &Metadata, package: &str) -> Result<Vec<u8>> {
    let root = metadata.workspace_root.as_std_path();
    // All that takes part, and of that what the program has in it.
    let all = edges(root, package, "normal,build")?;
    let inside = edges(root, package, "normal,no-proc-macro")?;
    let checksums = checksums(root)?;
    let mut described = Vec::new();
    let mut subject = None;
    for id in all.keys() {
        let found = find(metadata, id)?;
        let mut component = describe(found, checksums.get(id))?;
        if id.0 == package {
            component.component_type = Classification::Application;
            subject = Some(component);
            continue;
        }
        component.scope = Some(if inside.contains_key(id) { Scope::Required } else { Scope::Excluded });
        described.push(component);
    }
    described.extend(beneath()?);
    let dependencies = all.iter().map(|(id, on)| {
        let dependencies = on.iter().map(reference).collect::<Result<_>>()?;
        Ok(Dependency { dependency_ref: reference(id)?, dependencies })
    });
    let bom = Bom {
        serial_number: None,
        spec_version: SpecVersion::V1_5,
        metadata: Some(Head {
            timestamp: None,
            tools: None,
            authors: None,
            component: Some(subject.with_context(|| format!("{package} is not among what it is made of"))?),
            manufacture: None,
            supplier: None,
            licenses: None,
            properties: None,
            lifecycles: None,
        }),
        components: Some(Components(described)),
        dependencies: Some(Dependencies(dependencies.collect::<Result<_>>()?)),
        ..Bom::default()
    };
    let verdict = bom.validate();
    ensure!(verdict.passed(), "the list of contents of {package} is not valid: {verdict:?}");
    let mut bytes = Vec::new();
    bom.output_as_json(&mut bytes, SpecVersion::V1_5)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// What cargo would build, by these kinds of dependency. `cargo tree` is asked, since `cargo metadata` has the features of
/// the whole workspace turned on.
fn edges(root: &Path, package: &str, kinds: &str) -> Result<Edges> {
    let mut command = cargo();
    command.args(["tree", "--quiet", "--locked", "--package", package, "--target", &host()?, "--edges", kinds]);
    command.args(["--prefix", "depth", "--format", " {p}"]).current_dir(root);
    parse(&said_by(&mut command)?)
}

/// Reads lines such as `2 serde v1.0.0 (*)`: the number says how deep a crate lies below the first.
fn parse(tree: &str) -> Result<Edges> {
    let mut edges = Edges::new();
    let mut way: Vec<Crate> = Vec::new();
    for line in tree.lines() {
        let mut words = line.split_whitespace();
        let mut word = || words.next().with_context(|| format!("cargo tree says {line:?}"));
        let (depth, name, version) = (word()?.parse()?, word()?, word()?);
        let id = (name.to_owned(), version.trim_start_matches('v').to_owned());
        edges.entry(id.clone()).or_default();
        way.truncate(depth);
        if let Some(parent) = way.last() {
            edges.entry(parent.clone()).or_default().insert(id.clone());
        }
        way.push(id);
    }
    Ok(edges)
}

fn find<'a>(metadata: &'a Metadata, (name, version): &Crate) -> Result<&'a Package> {
    let same = |package: &&Package| package.name.as_str() == name && package.version.to_string() == *version;
    metadata.packages.iter().find(same).with_context(|| format!("cargo does not know {name} {version}"))
}

fn describe(package: &Package, checksum: Option<&String>) -> Result<Component> {
    let id = (package.name.to_string(), package.version.to_string());
    let mut component = Component::new(Classification::Library, &id.0, &id.1, Some(reference(&id)?));
    component.purl = Some(Purl::new("cargo", &id.0, &id.1)?);
    component.description = package.description.as_deref().map(|text| NormalizedString::new(text.trim()));
    if let Some(license) = &package.license {
        let expression = SpdxExpression::parse_lax(license.clone())?;
        component.licenses = Some(Licenses(vec![LicenseChoice::Expression(expression)]));
    }
    component.hashes = checksum
        .map(|checksum| Hashes(vec![Hash { alg: HashAlgorithm::SHA_256, content: HashValue(checksum.clone()) }]));
    Ok(component)
}

/// What is in a static program besides crates: the standard library, and where it is the C library, that, too.
fn beneath() -> Result<Vec<Component>> {
    let mut all = Vec::new();
    let words = said_by(rustc().arg("--version"))?;
    let version = words.split_whitespace().nth(1).context("rustc does not say its version")?;
    all.push(("rust-std", version.to_owned(), "MIT OR Apache-2.0"));
    // Another C library does not know this word.
    if let Ok(words) = said_by(Command::new("getconf").arg("GNU_LIBC_VERSION"))
        && let Some(version) = words.strip_prefix("glibc ")
    {
        all.push(("glibc", version.to_owned(), "LGPL-2.1-or-later"));
    }
    let describe = |(name, version, license): (&str, String, &str)| {
        let purl = Purl::new("generic", name, &version)?;
        let mut component = Component::new(Classification::Library, name, &version, Some(purl.to_string()));
        component.purl = Some(purl);
        component.scope = Some(Scope::Required);
        component.licenses = Some(Licenses(vec![LicenseChoice::expression(license)]));
        Ok(component)
    };
    all.into_iter().map(describe).collect()
}

fn reference((name, version): &Crate) -> Result<String> {
    Ok(Purl::new("cargo", name, version)?.to_string())
}

/// The checksums of the lock file.
fn checksums(root: &Path) -> Result<BTreeMap<Crate, String>> {
    #[derive(serde::Deserialize)]
    struct Lock {
        package: Vec<Locked>,
    }
    #[derive(serde::Deserialize)]
    struct Locked {
        name: String,
        version: String,
        checksum: Option<String>,
    }
    let path = root.join("Cargo.lock");
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let lock: Lock = toml::from_str(&text).with_context(|| path.display().to_string())?;
    Ok(lock.package.into_iter().filter_map(|p| Some(((p.name, p.version), p.checksum?))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_read_as_who_asks_for_whom() {
        let edges = parse("0 app v1.0.0 (/src/app)\n1 a v1.0.0\n2 c v3.0.0\n1 b v2.0.0 (proc-macro)\n2 c v3.0.0 (*)\n");
        let edges = edges.unwrap();
        let of = |name: &str| -> Vec<&str> {
            let found = edges.iter().find(|((found, _), _)| found == name).unwrap();
            found.1.iter().map(|(name, _)| name.as_str()).collect()
        };
        assert_eq!(of("app"), ["a", "b"]);
        assert_eq!(of("a"), ["c"]);
        assert_eq!(of("b"), ["c"]);
        assert!(of("c").is_empty());
    }

    #[test]
    fn the_plugin_is_made_of_the_core_and_of_crates_with_checksum_and_licence() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let metadata = metadata(root).unwrap();
        let bytes = sbom(&metadata, "kubectl-msvc").unwrap();
        assert_eq!(bytes, sbom(&metadata, "kubectl-msvc").unwrap());
        let text = String::from_utf8(bytes).unwrap();
        assert!(!text.contains(root.to_str().unwrap()), "a path of this machine");
        let document: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(document["metadata"]["component"]["name"], "kubectl-msvc");
        assert!(document.get("serialNumber").is_none() && document["metadata"].get("timestamp").is_none());
        let component = |name: &str| {
            let all = document["components"].as_array().unwrap();
            all.iter().find(|component| component["name"] == name).unwrap_or_else(|| panic!("no {name}"))
        };
        assert_eq!(component("microservice-core")["scope"], "required");
        let serde = component("serde");
        assert_eq!(serde["licenses"][0]["expression"], "MIT OR Apache-2.0");
        assert_eq!(serde["hashes"][0]["alg"], "SHA-256");
        // It only takes part in the build.
        assert_eq!(component("syn")["scope"], "excluded");
        assert_eq!(component("rust-std")["scope"], "required");
        let all = document["components"].as_array().unwrap();
        assert!(all.iter().all(|component| component["name"] != "tokio"), "the plugin has no runtime in it");
    }
}
