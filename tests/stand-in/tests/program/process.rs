//! A running stand-in.

use std::{net::SocketAddr, process::Stdio, time::Duration};

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use http::{Method, Request, StatusCode, header::HOST};
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::Value;
use stand_in::control::{Behaviour, Change};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    net::TcpStream,
    process::{Child, Command},
};

/// Generous, because it is no measure of speed.
pub const PATIENCE: Duration = Duration::from_secs(30);

pub struct StandIn {
    pub process: Child,
    pub address: SocketAddr,
}

impl StandIn {
    /// Starts one on a free port, in an environment of its own, with arguments as another program would have them.
    pub async fn start(env: &[(&str, &str)]) -> Result<Self> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stand-in"));
        command.env_clear().env("STAND_IN_ADDRESS", "127.0.0.1").env("STAND_IN_PORTS", "0").envs(env.iter().copied());
        command.args(["--listen=:1234", "serve"]).stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut process = command.spawn()?;
        let mut lines = BufReader::new(process.stdout.take().context("no output")?).lines();
        while let Some(line) = lines.next_line().await? {
            if let Some(address) = line.strip_prefix("listens on ") {
                return Ok(Self { process, address: address.parse()? });
            }
        }
        anyhow::bail!("it ended with {}", process.wait().await?)
    }

    pub fn at(&self) -> String {
        self.address.to_string()
    }

    pub async fn get(&self, path: &str) -> Result<(StatusCode, Value)> {
        self.ask(Method::GET, path, "").await
    }

    /// Over HTTP/1, on a connection of its own.
    pub async fn ask(&self, method: Method, path: &str, body: &str) -> Result<(StatusCode, Value)> {
        let stream = TcpStream::connect(self.address).await?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        let request =
            Request::builder().method(method).uri(path).header(HOST, "shop.example.com").header("x-test", "1");
        let answer = sender.send_request(request.body(Full::new(Bytes::from(body.to_owned())))?).await?;
        let status = answer.status();
        Ok((status, serde_json::from_slice(&answer.into_body().collect().await?.to_bytes())?))
    }

    /// Over HTTP/2 without TLS, with prior knowledge.
    pub async fn get_h2c(&self, path: &str) -> Result<(StatusCode, Value)> {
        let stream = TcpStream::connect(self.address).await?;
        let (mut sender, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        let request = Request::get(format!("http://shop.example.com{path}")).body(Full::<Bytes>::default())?;
        let answer = sender.send_request(request).await?;
        let status = answer.status();
        Ok((status, serde_json::from_slice(&answer.into_body().collect().await?.to_bytes())?))
    }

    pub async fn channel(&self) -> Result<tonic::transport::Channel> {
        Ok(tonic::transport::Endpoint::new(format!("http://{}", self.address))?.connect().await?)
    }

    pub async fn change(&self, change: &Change) -> Result<Behaviour> {
        let (status, answer) = self.ask(Method::PUT, "/control", &serde_json::to_string(change)?).await?;
        ensure!(status == StatusCode::OK, "{status}: {answer}");
        Ok(serde_json::from_value(answer)?)
    }

    pub async fn terminate(&self) -> Result<()> {
        let id = self.process.id().context("it has ended")?.to_string();
        // The standard library has no other signal than SIGKILL.
        let status = Command::new("sh").args(["-c", "kill -s TERM \"$1\"", "kill", &id]).status().await?;
        ensure!(status.success(), "kill");
        Ok(())
    }

    /// The status that it ends with.
    pub async fn end(&mut self) -> Result<Option<i32>> {
        Ok(tokio::time::timeout(PATIENCE, self.process.wait()).await.context("it does not end")??.code())
    }
}
