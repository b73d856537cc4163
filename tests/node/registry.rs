//! A registry that has no image, or tells nobody: what a pull is answered with.

use std::net::Ipv4Addr;

use anyhow::Result;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
};

/// Starts one that gives this answer to every request, and returns its URL. It ends with the test.
pub async fn start(host: Ipv4Addr, status: &'static str, header: &'static str) -> Result<String> {
    let listener = TcpListener::bind((host, 0)).await?;
    let url = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream, status, header));
        }
    });
    Ok(url)
}

async fn answer(stream: TcpStream, status: &'static str, header: &'static str) -> Result<()> {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    // A request of a client that pulls has no body.
    while stream.read_line(&mut line).await? > 2 {
        line.clear();
    }
    let answer = format!("HTTP/1.1 {status}\r\n{header}Content-Length: 0\r\nConnection: close\r\n\r\n");
    stream.write_all(answer.as_bytes()).await?;
    Ok(())
}
