//! An image as an archive that `docker load` and containerd take: a list of names, a configuration, and one layer. The
//! same input gives the same bytes.

use std::{
    fs,
    io::{Read, Write},
    path::Path,
};

use anyhow::{Context as _, Result};
use microservice_release::image::host_architecture;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tar::{Builder, EntryType, Header};

use super::ImageOptions;

/// Writes the archive.
///
/// # Errors
/// When the program cannot be read, or the archive cannot be written.
pub fn write_archive(archive: impl Write, names: &[&str], program: &Path, options: &ImageOptions) -> Result<()> {
    let program = fs::read(program).with_context(|| format!("cannot read {}", program.display()))?;
    let layer = layer(&program, options)?;
    let config = config(&digest(&layer), options).to_string();
    let (config_file, layer_file) = (format!("{}.json", digest(config.as_bytes())), format!("{}.tar", digest(&layer)));
    let manifest = json!([{"Config": config_file, "RepoTags": names, "Layers": [layer_file]}]).to_string();
    let mut archive = Builder::new(archive);
    file(&mut archive, &config_file, 0o644, config.as_bytes())?;
    file(&mut archive, &layer_file, 0o644, &layer[..])?;
    file(&mut archive, "manifest.json", 0o644, manifest.as_bytes())?;
    archive.into_inner()?.flush()?;
    Ok(())
}

/// The program where it is to stand, and links to it.
fn layer(program: &[u8], options: &ImageOptions) -> Result<Vec<u8>> {
    let mut layer = Builder::new(Vec::new());
    file(&mut layer, options.entrypoint.trim_start_matches('/'), 0o755, program)?;
    for link in &options.links {
        let mut header = header(EntryType::Symlink, 0o777, 0);
        layer.append_link(&mut header, link.trim_start_matches('/'), &options.entrypoint)?;
    }
    Ok(layer.into_inner()?)
}

fn config(layer: &str, options: &ImageOptions) -> serde_json::Value {
    let env: Vec<String> = options.env.iter().map(|(name, value)| format!("{name}={value}")).collect();
    json!({
        "architecture": host_architecture(),
        "os": "linux",
        "created": "1970-01-01T00:00:00Z",
        "config": {
            "Entrypoint": [options.entrypoint],
            "Cmd": options.arguments,
            "Env": env,
            "User": options.user.as_deref().unwrap_or_default(),
        },
        "rootfs": {"type": "layers", "diff_ids": [format!("sha256:{layer}")]},
    })
}

fn file(archive: &mut Builder<impl Write>, path: &str, mode: u32, content: impl AsRef<[u8]>) -> Result<()> {
    let content = content.as_ref();
    let mut header = header(EntryType::Regular, mode, content.len().try_into()?);
    archive.append_data(&mut header, path, content.take(u64::MAX))?;
    Ok(())
}

fn header(kind: EntryType, mode: u32, size: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(size);
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    header
}

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive(folder: &Path, options: &ImageOptions) -> Vec<u8> {
        let program = folder.join("any-name");
        fs::write(&program, "program").unwrap();
        let mut bytes = Vec::new();
        write_archive(&mut bytes, &["registry.example/a:v1", "registry.example/b:v1"], &program, options).unwrap();
        bytes
    }

    #[test]
    fn the_same_program_is_the_same_image() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let options = ImageOptions::default();
        assert_eq!(archive(one.path(), &options), archive(other.path(), &options));
        let root = ImageOptions { user: None, ..options.clone() };
        assert_ne!(archive(one.path(), &options), archive(one.path(), &root));
    }

    #[test]
    fn the_names_lead_to_the_program_and_its_links() {
        let folder = tempfile::tempdir().unwrap();
        let options = ImageOptions { links: vec!["/bin/sh".into()], ..ImageOptions::default() };
        let bytes = archive(folder.path(), &options);
        tar::Archive::new(&bytes[..]).unpack(folder.path()).unwrap();
        let text = fs::read_to_string(folder.path().join("manifest.json")).unwrap();
        let manifest: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(manifest[0]["RepoTags"][1], "registry.example/b:v1");
        let layer = fs::read(folder.path().join(manifest[0]["Layers"][0].as_str().unwrap())).unwrap();
        let config = fs::read_to_string(folder.path().join(manifest[0]["Config"].as_str().unwrap())).unwrap();
        assert!(config.contains(&format!("sha256:{}", digest(&layer))), "{config}");
        let mut layer = tar::Archive::new(&layer[..]);
        let paths: Vec<String> =
            layer.entries().unwrap().map(|entry| entry.unwrap().path().unwrap().display().to_string()).collect();
        assert_eq!(paths, ["program", "bin/sh"]);
    }
}
