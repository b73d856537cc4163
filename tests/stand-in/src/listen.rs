//! Its life: it listens, serves, and on SIGTERM ends what it has begun and begins nothing more.

use std::{
    convert::Infallible,
    env,
    io::{Write as _, stdout},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, Result};
use hyper::service::service_fn;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::{conn::auto, graceful::GracefulShutdown},
};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    task::JoinSet,
};

use crate::{answers::Answers, control::Change, identity::Identity, ports};

/// Runs until SIGTERM or SIGINT. One line on standard output says who it is, and one where it listens, for each port.
///
/// # Errors
/// When the environment is not understood, or a port is taken.
pub async fn run() -> Result<()> {
    let env = |name: &str| env::var(name).ok();
    // As process 1 of a container it would not hear a signal without asking for it.
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let identity = Identity::read(env);
    writeln!(stdout(), "stand-in for {}, pod {} {}", identity.stand_in_for, identity.pod, identity.uid)?;
    let answers = Arc::new(Answers::new(identity));
    answers.change(&Change::read(env)?).await?;

    let graceful = Arc::new(GracefulShutdown::new());
    let mut listeners = JoinSet::new();
    let address = ports::address(env)?;
    for port in ports::ports(env)? {
        let listener = TcpListener::bind((address, port)).await;
        let listener = listener.with_context(|| format!("cannot listen on {address}:{port}"))?;
        writeln!(stdout(), "listens on {}", listener.local_addr()?)?;
        listeners.spawn(accept(listener, answers.clone(), graceful.clone()));
    }
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    listeners.shutdown().await;
    if let Some(graceful) = Arc::into_inner(graceful) {
        graceful.shutdown().await;
    }
    Ok(())
}

async fn accept(listener: TcpListener, answers: Arc<Answers>, graceful: Arc<GracefulShutdown>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of file descriptors, say: that passes.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let answers = answers.clone();
        let service = service_fn(move |request| {
            let answers = answers.clone();
            async move { Ok::<_, Infallible>(answers.answer(request).await) }
        });
        let server = auto::Builder::new(TokioExecutor::new());
        let connection = server.serve_connection(TokioIo::new(stream), service).into_owned();
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            // A connection that breaks is its client's to tell of.
            let _ = connection.await;
        });
    }
}
