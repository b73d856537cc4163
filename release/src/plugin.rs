//! The kubectl plugin as archives, one for each platform, and the manifest by which krew installs it.

use std::{fmt, str::FromStr};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::archive::{Entry, gzip, sha256, tar};
use crate::image::host_architecture;

/// The plugin's program.
pub const PROGRAM: &str = "kubectl-msvc";

/// What a program runs on, in the words that kubectl and krew use: `linux/amd64`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Platform {
    os: String,
    architecture: String,
}

impl Platform {
    /// This machine.
    #[must_use]
    pub fn host() -> Self {
        let os = if std::env::consts::OS == "macos" { "darwin" } else { std::env::consts::OS };
        Self { os: os.into(), architecture: host_architecture().into() }
    }

    fn program(&self) -> String {
        if self.os == "windows" { format!("{PROGRAM}.exe") } else { PROGRAM.into() }
    }
}

impl FromStr for Platform {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let (os, architecture) = text.split_once('/').context("a platform is OS/ARCHITECTURE, as in linux/arm64")?;
        ensure!(["linux", "darwin", "windows"].contains(&os), "krew knows linux, darwin and windows, not {os:?}");
        ensure!(["amd64", "arm64"].contains(&architecture), "an architecture is amd64 or arm64, not {architecture:?}");
        Ok(Self { os: os.into(), architecture: architecture.into() })
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)
    }
}

/// The plugin for one platform.
#[derive(Debug)]
pub struct Archive {
    platform: Platform,
    /// The name of the archive.
    pub file: String,
    /// The archive.
    pub bytes: Vec<u8>,
}

/// Packs the plugin's program with the licence.
///
/// # Errors
/// When it cannot be packed.
pub fn archive(platform: &Platform, program: &[u8], licence: &[u8], version: &str) -> Result<Archive> {
    let entries = vec![Entry::program(platform.program(), program), Entry::file("LICENSE", licence)];
    let Platform { os, architecture } = platform;
    let file = format!("{PROGRAM}-{version}-{os}-{architecture}.tar.gz");
    Ok(Archive { platform: platform.clone(), file, bytes: gzip(&tar(entries)?)? })
}

/// The manifest for krew; the archives are to be found under the URL.
///
/// # Errors
/// None that is known: what is written is plain data.
pub fn krew(archives: &[Archive], version: &str, url: &str) -> Result<String> {
    let platforms: Vec<Value> = archives
        .iter()
        .map(|archive| {
            json!({
                "selector": {"matchLabels": {"os": archive.platform.os, "arch": archive.platform.architecture}},
                "uri": format!("{}/{}", url.trim_end_matches('/'), archive.file),
                "sha256": sha256(&archive.bytes),
                "bin": archive.platform.program(),
                "files": [
                    {"from": archive.platform.program(), "to": "."},
                    {"from": "LICENSE", "to": "."},
                ],
            })
        })
        .collect();
    let manifest = json!({
        "apiVersion": "krew.googlecontainertools.github.com/v1alpha2",
        "kind": "Plugin",
        "metadata": {"name": "msvc"},
        "spec": {
            "version": format!("v{version}"),
            "shortDescription": "Render Microservice objects without a cluster",
            "description": "Prints the objects that Microservices stand for, by the code that the operator runs.\n",
            "platforms": platforms,
        },
    });
    Ok(serde_saphyr::to_string(&manifest)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn krew_finds_each_archive_by_url_and_checksum() {
        let linux = archive(&"linux/arm64".parse().unwrap(), b"1", b"", "0.1.0").unwrap();
        let windows = archive(&"windows/amd64".parse().unwrap(), b"2", b"", "0.1.0").unwrap();
        let sum = sha256(&linux.bytes);
        let manifest = krew(&[linux, windows], "0.1.0", "https://releases.example/v0.1.0/").unwrap();
        let manifest: Value = serde_saphyr::from_str(&manifest).unwrap();
        let platforms = &manifest["spec"]["platforms"];
        assert_eq!(platforms[0]["uri"], "https://releases.example/v0.1.0/kubectl-msvc-0.1.0-linux-arm64.tar.gz");
        assert_eq!(platforms[0]["sha256"], sum);
        assert_eq!(platforms[0]["selector"]["matchLabels"]["arch"], "arm64");
        assert_eq!(platforms[1]["bin"], "kubectl-msvc.exe");
        assert!("plan9/amd64".parse::<Platform>().is_err());
    }
}
