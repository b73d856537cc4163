//! What Flux applies: an archive of files that is served on loopback, and a GitRepository that says where.

use std::{
    convert::Infallible,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::{Context as _, Result};
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use http_body_util::Full;
use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use kube::{
    Api,
    api::{DynamicObject, Patch, PatchParams},
};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tokio::{net::TcpListener, task::JoinSet};

use crate::control_plane::ControlPlane;

/// A file of the archive: its path in it, and its text.
pub type File = (String, String);

/// The files of a folder, without those of folders in it.
///
/// # Errors
/// When they cannot be read.
pub fn files_of(folder: &Path) -> Result<Vec<File>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        if path.is_file() {
            let name = path.file_name().context("a file without a name")?.to_string_lossy().into_owned();
            files.push((name, std::fs::read_to_string(&path)?));
        }
    }
    files.sort();
    Ok(files)
}

/// A GitRepository with its archive. The server ends when this is dropped.
pub struct Source {
    name: String,
    url: String,
    served: Arc<Mutex<Bytes>>,
    api: Api<DynamicObject>,
    _server: JoinSet<()>,
}

impl Source {
    /// Makes a GitRepository, without anything in it yet.
    ///
    /// # Errors
    /// When the API server refuses it, or no port is free.
    pub async fn start(cluster: &ControlPlane, namespace: &str, name: &str) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let served = Arc::<Mutex<Bytes>>::default();
        let mut server = JoinSet::new();
        server.spawn(serve(listener, served.clone()));
        let api = super::api(cluster.client()?, namespace, "source.toolkit.fluxcd.io", "GitRepository");
        let body = json!({
            "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository",
            "metadata": {"name": name, "namespace": namespace},
            // Nobody asks there: the controller that would does not run.
            "spec": {"url": "https://git.example/shop.git", "interval": "1h"},
        });
        api.patch(name, &PatchParams::apply("test").force(), &Patch::Apply(&body)).await?;
        Ok(Self { name: name.to_owned(), url, served, api, _server: server })
    }

    /// Serves these files from now on; answers with the name of their revision.
    ///
    /// # Errors
    /// When the API server does not take the status.
    pub async fn publish(&self, files: &[File]) -> Result<String> {
        let archive = pack(files)?;
        let digest: String = Sha256::digest(&archive).iter().map(|byte| format!("{byte:02x}")).collect();
        let revision = format!("main@sha1:{}", &digest[..40]);
        let size = archive.len();
        *self.served.lock().unwrap_or_else(PoisonError::into_inner) = archive;
        let now = Timestamp::from_second(Timestamp::now().as_second())?.to_string();
        let status = json!({"status": {
            "observedGeneration": 1,
            "conditions": [{
                "type": "Ready", "status": "True", "reason": "Succeeded", "message": "stored artifact",
                "observedGeneration": 1, "lastTransitionTime": now,
            }],
            "artifact": {
                "path": format!("{}/{digest}.tar.gz", self.name), "url": format!("{}/{digest}.tar.gz", self.url),
                "revision": revision, "digest": format!("sha256:{digest}"), "size": size, "lastUpdateTime": now,
            },
        }});
        self.api.patch_status(&self.name, &PatchParams::default(), &Patch::Merge(status)).await?;
        Ok(revision)
    }
}

/// Answers every question with the archive of the moment: Flux compares its digest.
async fn serve(listener: TcpListener, served: Arc<Mutex<Bytes>>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let served = served.clone();
        let service = service_fn(move |_: Request<Incoming>| {
            let body = served.lock().unwrap_or_else(PoisonError::into_inner).clone();
            async move { Ok::<_, Infallible>(Response::new(Full::new(body))) }
        });
        connections.spawn(async move {
            // A connection that breaks is its client's to tell of.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

/// The same files always make the same bytes.
fn pack(files: &[File]) -> Result<Bytes> {
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (name, text) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len().try_into()?);
        header.set_mode(0o644);
        header.set_mtime(0);
        archive.append_data(&mut header, name, text.as_bytes())?;
    }
    Ok(archive.into_inner()?.finish()?.into())
}
