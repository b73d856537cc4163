//! The tree of calls: who was called, who they called, and how long it took.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use http::{Request, StatusCode, header::HOST};
use http_body_util::{BodyExt as _, Empty};
use hyper_util::rt::TokioIo;
use serde::{Deserialize, Serialize};
use tokio::net::TcpStream;

use crate::{
    dns::Dns,
    identity::Identity,
    peers::{self, Peer},
};

/// How deep a tree is that nobody asked another depth of, and how deep one may be.
const USUAL_DEPTH: u32 = 4;
const DEEPEST: u32 = 8;

/// How long a call may take, for each level below it and itself.
const PATIENCE: Duration = Duration::from_secs(3);

/// The services that lead to a call, so that no call goes in circles.
pub(crate) const CALLERS: &str = "x-stand-in-callers";

/// One call, and the calls that it led to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// Whom the caller wanted, as `host:port`; empty for the first of all.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub address: String,
    /// Who answered, if somebody did.
    #[serde(flatten)]
    pub identity: Option<Identity>,
    /// How long it took, with all that is below.
    pub millis: u64,
    /// Why there is no answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// It is among its own callers, and called nobody again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cycle: bool,
    /// The calls that it made, in the order of the names of its variables.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<Call>,
}

impl Call {
    /// This call and all below it, each before those that it made.
    pub fn all(&self) -> impl Iterator<Item = &Self> {
        let mut open = vec![self];
        std::iter::from_fn(move || {
            let call = open.pop()?;
            open.extend(call.calls.iter().rev());
            Some(call)
        })
    }

    /// The addresses that nobody answered at, as often as they were called.
    pub fn unanswered(&self) -> impl Iterator<Item = &str> {
        self.all().filter(|call| call.identity.is_none()).map(|call| call.address.as_str())
    }
}

/// Calls the peers.
pub(crate) struct Caller {
    identity: Identity,
    peers: Vec<Peer>,
    dns: Dns,
}

impl Caller {
    pub(crate) fn new(identity: Identity) -> Arc<Self> {
        Arc::new(Self { identity, peers: peers::peers(std::env::vars()), dns: Dns::new() })
    }

    pub(crate) fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The tree below this service.
    pub(crate) async fn tree(&self, depth: Option<u32>, callers: &str) -> Call {
        let start = Instant::now();
        let depth = depth.unwrap_or(USUAL_DEPTH).min(DEEPEST);
        let cycle = callers.split(',').any(|caller| caller == self.identity.stand_in_for);
        let mut calls = Vec::new();
        if depth > 0 && !cycle {
            let callers = if callers.is_empty() {
                self.identity.stand_in_for.clone()
            } else {
                format!("{callers},{}", self.identity.stand_in_for)
            };
            calls = futures::future::join_all(self.peers.iter().map(|peer| self.call(peer, depth - 1, &callers))).await;
        }
        let identity = Some(self.identity.clone());
        Call { address: String::new(), identity, millis: millis(start), error: None, cycle, calls }
    }

    async fn call(&self, peer: &Peer, depth: u32, callers: &str) -> Call {
        let start = Instant::now();
        let mut call = self.ask(peer, depth, callers).await.unwrap_or_else(|error| Call {
            address: String::new(),
            identity: None,
            millis: 0,
            error: Some(format!("{error:#}")),
            cycle: false,
            calls: Vec::new(),
        });
        // As the caller saw it: with the way there.
        call.address.clone_from(&peer.address);
        call.millis = millis(start);
        call
    }

    async fn ask(&self, peer: &Peer, depth: u32, callers: &str) -> Result<Call> {
        let path = format!("/call?depth={depth}");
        let patience = PATIENCE * (depth + 1);
        let (status, body) = get(&self.dns, &peer.host, peer.port, &path, &[(CALLERS, callers)], patience).await?;
        if status != StatusCode::OK {
            bail!("answered {status}");
        }
        serde_json::from_slice(&body).context("the answer is not a stand-in's")
    }
}

/// One request over a connection of its own, so that each one is balanced anew.
pub(crate) async fn get(
    dns: &Dns,
    host: &str,
    port: u16,
    path: &str,
    headers: &[(&str, &str)],
    patience: Duration,
) -> Result<(StatusCode, Bytes)> {
    let ask = async {
        let address = SocketAddr::new(dns.resolve(host).await?, port);
        let stream = TcpStream::connect(address).await.context("cannot connect")?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        let connection = tokio::spawn(connection);
        let mut request = Request::get(path).header(HOST, format!("{host}:{port}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = sender.send_request(request.body(Empty::<Bytes>::new())?).await?;
        let status = answer.status();
        let body = answer.into_body().collect().await?.to_bytes();
        connection.abort();
        Ok((status, body))
    };
    tokio::time::timeout(patience, ask).await.unwrap_or_else(|_| bail!("no answer within {} s", patience.as_secs()))
}

fn millis(start: Instant) -> u64 {
    u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX)
}
