//! An image as an archive of the OCI image layout, which containerd, podman and skopeo take. It holds one static program
//! for each architecture, and nothing else.

use std::{
    collections::{BTreeMap, BTreeSet},
    env::consts,
    io::Write,
};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::archive::{Entry, gzip, sha256, tar};

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";
const COMPRESSED_LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

/// How a program stands in its image.
#[derive(Debug, Clone)]
pub struct ImageOptions {
    /// The path of the program in the image, which is what runs.
    pub entrypoint: String,
    /// The arguments it gets, unless the container names others.
    pub arguments: Vec<String>,
    /// Further paths that lead to the program, as in `/bin/sh`.
    pub links: Vec<String>,
    /// The user it runs as, by number or by name; root where there is none.
    pub user: Option<String>,
    /// Its environment.
    pub env: Vec<(String, String)>,
    /// What the image says of itself, as in `org.opencontainers.image.title`.
    pub labels: BTreeMap<String, String>,
    /// Whether the program is compressed: an image that is only for this machine is made much faster without.
    pub compressed: bool,
}

impl Default for ImageOptions {
    fn default() -> Self {
        Self {
            entrypoint: "/program".into(),
            arguments: Vec::new(),
            links: Vec::new(),
            // What images without a distribution call "nonroot".
            user: Some("65532".into()),
            env: Vec::new(),
            labels: BTreeMap::new(),
            compressed: true,
        }
    }
}

/// A program for one architecture.
#[derive(Debug, Clone)]
pub struct Program {
    /// The architecture, as images call it: `amd64`, `arm64`.
    pub architecture: String,
    /// The program itself.
    pub bytes: Vec<u8>,
}

/// The architecture of this machine, as images call it.
#[must_use]
pub fn host_architecture() -> &'static str {
    match consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

/// Writes the archive. The names, as in `registry.example/app:1` or `redis`, are those that pods call the image by where
/// it is imported.
///
/// # Errors
/// When there is no program, or two for one architecture, a name has a digest, or the archive cannot be written.
pub fn write_image(
    mut archive: impl Write,
    names: &[&str],
    programs: &[Program],
    options: &ImageOptions,
) -> Result<()> {
    let architectures: BTreeSet<&str> = programs.iter().map(|program| program.architecture.as_str()).collect();
    ensure!(architectures.len() == programs.len(), "two programs for one architecture");
    let mut blobs = Blobs::default();
    let mut manifests = Vec::new();
    for architecture in architectures {
        let program = programs.iter().find(|program| program.architecture == architecture);
        manifests.push(manifest(&mut blobs, program.context("a program is gone")?, options)?);
    }
    // With one architecture the names lead to its manifest, with several to a list of manifests.
    let top = match manifests.as_slice() {
        [] => anyhow::bail!("an image needs a program"),
        [one] => one.clone(),
        _ => {
            let index = json!({
                "schemaVersion": 2,
                "mediaType": INDEX,
                "manifests": manifests,
                "annotations": options.labels,
            });
            blobs.json(INDEX, &index)
        }
    };
    let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": named(&top, names)?});
    let mut entries = blobs.0;
    entries.push(Entry::file("oci-layout", r#"{"imageLayoutVersion":"1.0.0"}"#));
    entries.push(Entry::file("index.json", index.to_string()));
    archive.write_all(&tar(entries)?)?;
    Ok(archive.flush()?)
}

/// The descriptor once for each name: that is how a layout gives one image several names.
fn named(descriptor: &Value, names: &[&str]) -> Result<Vec<Value>> {
    let mut all = Vec::new();
    for name in names {
        let (name, tag) = full_name(name);
        let mut descriptor = descriptor.clone();
        if let Some(fields) = descriptor.as_object_mut() {
            // The first is the specification's, which knows only tags; the second is what containerd goes by.
            let annotations = json!({"org.opencontainers.image.ref.name": tag, "io.containerd.image.name": name});
            fields.insert("annotations".into(), annotations);
        }
        all.push(descriptor);
    }
    Ok(all)
}

/// A name with all that people leave out, and the tag. The kubelet completes what a pod asks for, and nobody completes what
/// is imported. Of a tag and a digest the digest is the name: what the node looks for. Whether it is that of these bytes
/// nobody asks of an image that is there, which is how a test gives a pod another image than it names.
fn full_name(name: &str) -> (String, &str) {
    let (name, digest) = match name.split_once('@') {
        Some((name, digest)) => (name, Some(digest)),
        None => (name, None),
    };
    let (path, tag) = match name.rsplit_once(':') {
        // Otherwise the colon is that of a port.
        Some((path, tag)) if !tag.contains('/') => (path, tag),
        _ => (name, "latest"),
    };
    let (registry, path) = match path.split_once('/') {
        Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" => (first, rest),
        _ => ("docker.io", path),
    };
    let library = if registry == "docker.io" && !path.contains('/') { "library/" } else { "" };
    let repository = format!("{registry}/{library}{path}");
    match digest {
        Some(digest) => (format!("{repository}@{digest}"), tag),
        None => (format!("{repository}:{tag}"), tag),
    }
}

fn manifest(blobs: &mut Blobs, program: &Program, options: &ImageOptions) -> Result<Value> {
    let mut entries = vec![Entry::program(options.entrypoint.trim_start_matches('/'), program.bytes.as_slice())];
    for link in &options.links {
        entries.push(Entry::link(link.trim_start_matches('/'), &options.entrypoint));
    }
    let layer = tar(entries)?;
    let env: Vec<String> = options.env.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let config = json!({
        "architecture": program.architecture,
        "os": "linux",
        "created": "1970-01-01T00:00:00Z",
        "config": {
            "Entrypoint": [options.entrypoint],
            "Cmd": options.arguments,
            "Env": env,
            "User": options.user.as_deref().unwrap_or_default(),
            "Labels": options.labels,
        },
        "rootfs": {"type": "layers", "diff_ids": [format!("sha256:{}", sha256(&layer))]},
    });
    let layer = if options.compressed { blobs.add(COMPRESSED_LAYER, gzip(&layer)?) } else { blobs.add(LAYER, layer) };
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": blobs.json(CONFIG, &config),
        "layers": [layer],
        "annotations": options.labels,
    });
    let mut descriptor = blobs.json(MANIFEST, &manifest);
    if let Some(fields) = descriptor.as_object_mut() {
        fields.insert("platform".into(), json!({"architecture": program.architecture, "os": "linux"}));
    }
    Ok(descriptor)
}

/// What an image consists of, by checksum.
#[derive(Default)]
struct Blobs(Vec<Entry>);

impl Blobs {
    /// Adds a blob, and returns the descriptor that leads to it.
    fn add(&mut self, media_type: &str, bytes: Vec<u8>) -> Value {
        let (digest, size) = (sha256(&bytes), bytes.len());
        self.0.push(Entry::file(format!("blobs/sha256/{digest}"), bytes));
        json!({"mediaType": media_type, "digest": format!("sha256:{digest}"), "size": size})
    }

    fn json(&mut self, media_type: &str, value: &Value) -> Value {
        self.add(media_type, value.to_string().into_bytes())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    fn program(architecture: &str) -> Program {
        Program { architecture: architecture.into(), bytes: architecture.as_bytes().to_vec() }
    }

    fn written(programs: &[Program], options: &ImageOptions) -> Vec<u8> {
        let mut bytes = Vec::new();
        write_image(&mut bytes, &["registry.example/a:v1", "registry.example/b:v2"], programs, options).unwrap();
        bytes
    }

    fn files(archive: &[u8]) -> BTreeMap<String, Vec<u8>> {
        let mut archive = tar::Archive::new(archive);
        let read = |entry: std::io::Result<tar::Entry<'_, &[u8]>>| {
            let mut entry = entry.unwrap();
            let path = entry.path().unwrap().display().to_string();
            let mut content = Vec::new();
            entry.read_to_end(&mut content).unwrap();
            (path, content)
        };
        archive.entries().unwrap().map(read).collect()
    }

    /// The blob that a descriptor leads to; its size and checksum are what the descriptor says.
    fn blob<'a>(files: &'a BTreeMap<String, Vec<u8>>, descriptor: &Value) -> &'a [u8] {
        let digest = descriptor["digest"].as_str().unwrap();
        let bytes = &files[&format!("blobs/{}", digest.replace(':', "/"))];
        assert_eq!(format!("sha256:{}", sha256(bytes)), digest);
        assert_eq!(descriptor["size"], bytes.len());
        bytes
    }

    fn json_blob(files: &BTreeMap<String, Vec<u8>>, descriptor: &Value) -> Value {
        serde_json::from_slice(blob(files, descriptor)).unwrap()
    }

    #[test]
    fn the_same_programs_are_the_same_image() {
        let options = ImageOptions::default();
        let one = written(&[program("amd64"), program("arm64")], &options);
        assert_eq!(one, written(&[program("arm64"), program("amd64")], &options));
        let root = ImageOptions { user: None, ..options };
        assert_ne!(one, written(&[program("amd64"), program("arm64")], &root));
    }

    #[test]
    fn the_names_lead_to_the_program_and_its_links() {
        let labels = BTreeMap::from([("org.opencontainers.image.title".into(), "it".into())]);
        let options = ImageOptions { links: vec!["/bin/sh".into()], labels, ..ImageOptions::default() };
        let files = files(&written(&[program("amd64")], &options));
        assert!(files.contains_key("oci-layout"));
        let index: Value = serde_json::from_slice(&files["index.json"]).unwrap();
        let top = &index["manifests"][1];
        assert_eq!(top["annotations"]["io.containerd.image.name"], "registry.example/b:v2");
        assert_eq!(top["annotations"]["org.opencontainers.image.ref.name"], "v2");
        assert_eq!(top["platform"]["architecture"], "amd64");
        let manifest = json_blob(&files, top);
        let config = json_blob(&files, &manifest["config"]);
        assert_eq!(config["config"]["User"], "65532");
        assert_eq!(config["config"]["Labels"]["org.opencontainers.image.title"], "it");
        let mut layer = Vec::new();
        flate2::read::GzDecoder::new(blob(&files, &manifest["layers"][0])).read_to_end(&mut layer).unwrap();
        assert_eq!(config["rootfs"]["diff_ids"][0], format!("sha256:{}", sha256(&layer)));
        let layer = super::tests::files(&layer);
        assert_eq!(layer.keys().collect::<Vec<_>>(), ["bin/sh", "program"]);
        assert_eq!(layer["program"], b"amd64");
    }

    #[test]
    fn a_name_gets_what_people_leave_out() {
        for (name, full) in [
            ("redis", "docker.io/library/redis:latest"),
            ("redis:alpine", "docker.io/library/redis:alpine"),
            ("team/app", "docker.io/team/app:latest"),
            ("localhost/app:1", "localhost/app:1"),
            ("127.0.0.1:5000/app", "127.0.0.1:5000/app:latest"),
            ("registry.example/team/app:v1", "registry.example/team/app:v1"),
        ] {
            assert_eq!(full_name(name).0, full);
        }
        assert_eq!(full_name("app:1@sha256:0"), ("docker.io/library/app@sha256:0".to_owned(), "1"));
    }

    #[test]
    fn an_image_that_is_not_compressed_holds_the_same() {
        let options = ImageOptions { compressed: false, ..ImageOptions::default() };
        let plain = files(&written(&[program("amd64")], &options));
        let index: Value = serde_json::from_slice(&plain["index.json"]).unwrap();
        let manifest = json_blob(&plain, &index["manifests"][0]);
        assert_eq!(manifest["layers"][0]["mediaType"], LAYER);
        let layer = blob(&plain, &manifest["layers"][0]);
        let config = json_blob(&plain, &manifest["config"]);
        assert_eq!(config["rootfs"]["diff_ids"][0], format!("sha256:{}", sha256(layer)));
        assert_eq!(files(layer)["program"], b"amd64");
    }

    #[test]
    fn several_architectures_are_a_list_of_manifests() {
        let options = ImageOptions::default();
        let files = files(&written(&[program("arm64"), program("amd64")], &options));
        let index: Value = serde_json::from_slice(&files["index.json"]).unwrap();
        let list = json_blob(&files, &index["manifests"][0]);
        assert_eq!(list["mediaType"], INDEX);
        for (place, architecture) in ["amd64", "arm64"].into_iter().enumerate() {
            assert_eq!(list["manifests"][place]["platform"]["architecture"], architecture);
            let manifest = json_blob(&files, &list["manifests"][place]);
            assert_eq!(json_blob(&files, &manifest["config"])["architecture"], architecture);
        }
        let twice = write_image(Vec::new(), &["a:1"], &[program("amd64"), program("amd64")], &options);
        assert!(twice.unwrap_err().to_string().contains("two programs"));
    }
}
