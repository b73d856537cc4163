//! A client, as one in front of a gateway: it asks one address for any host.

mod load;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, header::HOST};
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use stand_in::identity::Identity;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{
        ClientConfig, RootCertStore,
        crypto::ring,
        pki_types::{CertificateDer, ServerName, pem::PemObject as _},
    },
};

pub use load::{Load, Report};

/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// A client of one address.
#[derive(Clone)]
pub struct Client {
    address: SocketAddr,
    tls: Option<TlsConnector>,
}

/// What was answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Client {
    /// A client of an address that speaks plain HTTP.
    #[must_use]
    pub fn new(address: SocketAddr) -> Self {
        Self { address, tls: None }
    }

    /// A client of an address that speaks TLS, and shows a certificate that this one, a PEM, vouches for.
    ///
    /// # Errors
    /// When it is no certificate.
    pub fn with_tls(address: SocketAddr, certificate: &str) -> Result<Self> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(certificate.as_bytes())?)?;
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { address, tls: Some(Arc::new(config).into()) })
    }

    /// Gets a path of a host.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn get(&self, host: &str, path: &str) -> Result<Answer> {
        self.send(host, path, &[]).await
    }

    /// Gets a path of a host, with headers.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn send(&self, host: &str, path: &str, headers: &[(&str, &str)]) -> Result<Answer> {
        self.request(Method::GET, host, path, headers, Bytes::new()).await
    }

    /// Sends a request, over a connection of its own, so that each is balanced anew.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn request(
        &self,
        method: Method,
        host: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> Result<Answer> {
        let mut request = Request::builder().method(method).uri(path).header(HOST, host);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(body))?;
        let ask = async {
            let stream = TcpStream::connect(self.address).await.context("cannot connect")?;
            match &self.tls {
                None => exchange(stream, request).await,
                Some(tls) => {
                    let name = ServerName::try_from(host.to_owned())?;
                    exchange(tls.connect(name, stream).await.context("no TLS")?, request).await
                }
            }
        };
        tokio::time::timeout(PATIENCE, ask).await.unwrap_or_else(|_| bail!("no answer in time"))
    }
}

async fn exchange<S>(stream: S, request: Request<Full<Bytes>>) -> Result<Answer>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection);
    let answer = sender.send_request(request).await.context("no answer")?;
    let (parts, body) = answer.into_parts();
    let body = body.collect().await.context("half an answer")?.to_bytes();
    connection.abort();
    Ok(Answer { status: parts.status, headers: parts.headers, body })
}

impl Answer {
    /// The body, as JSON.
    ///
    /// # Errors
    /// When it is something else.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        let text = || format!("{}: {}", self.status, String::from_utf8_lossy(&self.body));
        serde_json::from_slice(&self.body).with_context(text)
    }

    /// The stand-in that answered.
    ///
    /// # Errors
    /// When it was somebody else, a gateway without a backend, say.
    pub fn who(&self) -> Result<Identity> {
        self.json()
    }
}
