//! The operator in the test's own process, in one namespace, under a user agent of its own: so that many tests share a
//! server, and each can count its requests.

use std::time::Duration;

use anyhow::Result;
use kube::Client;
use microservice_operator::{Context, Options, cluster, run};
use tokio::{sync::oneshot, task::JoinHandle};

use crate::{control_plane::ControlPlane, faults::Script};

/// A running operator. Dropping it is a crash; [`Operator::stop`] is a shutdown.
pub struct Operator {
    context: Context,
    task: JoinHandle<()>,
    shutdown: Option<oneshot::Sender<()>>,
}

impl Operator {
    /// Starts an operator in a namespace, whose requests pass through the script.
    ///
    /// # Errors
    /// When there is no client for the cluster.
    pub fn start(control_plane: &ControlPlane, namespace: Option<&str>, agent: &str, script: &Script) -> Result<Self> {
        let config = cluster::configure(control_plane.config(), agent)?;
        let client = script.client(Client::try_from(config)?);
        let options = Options { namespace: namespace.map(str::to_owned), ..Options::default() };
        let context = Context::new(client, options);
        let (shutdown, stopped) = oneshot::channel();
        let running = context.clone();
        let script = script.clone();
        let task = tokio::spawn(async move {
            let stop = async { drop(stopped.await) };
            tokio::select! {
                _ = run(running, 8, stop) => {}
                () = script.crashed() => {}
            }
        });
        Ok(Self { context, task, shutdown: Some(shutdown) })
    }

    /// Whether it has started and has nothing to do.
    #[must_use]
    pub fn idle(&self) -> bool {
        self.context.idle()
    }

    /// Whether it has ended, by crash or shutdown.
    #[must_use]
    pub fn ended(&self) -> bool {
        self.task.is_finished()
    }

    /// What it knows and does, for tests that look inside.
    #[must_use]
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// Shuts down as on SIGTERM.
    pub async fn stop(mut self) {
        if let Some(shutdown) = self.shutdown.take() {
            let _ = shutdown.send(());
        }
        let _ = tokio::time::timeout(Duration::from_secs(10), &mut self.task).await;
    }
}

impl Drop for Operator {
    fn drop(&mut self) {
        self.task.abort();
    }
}
