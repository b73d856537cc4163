use std::time::Instant;

use anyhow::{Context as _, Result};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::process::{PATIENCE, StandIn};

#[tokio::test]
async fn on_sigterm_what_has_begun_is_finished_and_nothing_else_begins() -> Result<()> {
    let mut service = StandIn::start(&[]).await?;
    // A request whose body is yet to come; "100 Continue" is the word that it is being served.
    let mut begun = TcpStream::connect(service.address).await?;
    let head = "PUT /control HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\nexpect: 100-continue\r\n\r\n";
    begun.write_all(head.as_bytes()).await?;
    let mut word = [0; 25];
    begun.read_exact(&mut word).await?;
    assert_eq!(String::from_utf8_lossy(&word), "HTTP/1.1 100 Continue\r\n\r\n");

    service.terminate().await?;
    let start = Instant::now();
    while TcpStream::connect(service.address).await.is_ok() {
        anyhow::ensure!(start.elapsed() < PATIENCE, "it goes on listening");
        tokio::task::yield_now().await;
    }
    assert!(service.process.try_wait()?.is_none(), "it did not finish what it had begun");

    begun.write_all(b"{}").await?;
    let mut answer = String::new();
    begun.read_to_string(&mut answer).await?;
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    assert_eq!(service.end().await?, Some(0));
    Ok(())
}

#[tokio::test]
async fn called_as_a_shell_it_waits_for_the_url_of_the_script() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let shell = folder.path().join("sh");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_stand-in"), &shell)?;
    let service = StandIn::start(&[("STAND_IN_READY", "false")]).await?;
    let script = format!("until wget -q -O /dev/null http://{}/_healthz; do sleep 2; done", service.at());
    let mut waiting = tokio::process::Command::new(&shell).args(["-c", &script]).kill_on_drop(true).spawn()?;
    assert!(tokio::time::timeout(std::time::Duration::from_millis(700), waiting.wait()).await.is_err());
    service.change(&stand_in::control::Change { ready: Some(true), ..Default::default() }).await?;
    let status = tokio::time::timeout(PATIENCE, waiting.wait()).await.context("it goes on waiting")??;
    assert!(status.success(), "{status}");

    let status = tokio::process::Command::new(&shell).args(["-c", "echo hello"]).status().await?;
    assert_eq!(status.code(), Some(2));
    Ok(())
}
