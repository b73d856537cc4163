//! The operator's process.

use std::{io::Write as _, process::ExitCode, sync::Arc};

use anyhow::Context as _;
use clap::Parser;
use kube::{Config, client::ClientBuilder};
use microservice_operator::{
    Context, Options,
    args::{Args, MetricsAuth},
    cluster,
    leader::Election,
    logging, run,
    serve::{Pages, serve},
    telemetry::{Metrics, Observe, traces},
};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::task::AbortOnDropHandle;

#[tokio::main]
async fn main() -> ExitCode {
    match operate(Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "microservice-operator: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn operate(args: Args) -> anyhow::Result<()> {
    let (spans, _traces) = match &args.otlp_endpoint {
        Some(endpoint) => {
            let (layer, traces) = traces::start(endpoint, args.identity.as_deref())?;
            (Some(layer), Some(traces))
        }
        None => (None, None),
    };
    let logging = logging::start(&args.log, args.log_format, args.log_file.clone(), spans)?;
    let _level = AbortOnDropHandle::new(tokio::spawn(logging.follow()));
    // Before anything can take time: who asks to end, ends.
    let mut terminate = signal(SignalKind::terminate())?;
    let shutdown = async move {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
    };
    let metrics = Arc::new(Metrics::default());
    let config = Config::infer().await.context("no cluster: set KUBECONFIG, or run inside one")?;
    let config = cluster::configure(config, &args.user_agent).context("--user-agent")?;
    let client = ClientBuilder::try_from(config).context("the cluster's configuration")?;
    let client = client.with_layer(&Observe(metrics.clone())).build();
    let election = match (args.leader_elect, args.lease_namespace) {
        (false, _) => None,
        (true, Some(namespace)) => Some(Election { namespace, name: args.lease_name }),
        (true, None) => anyhow::bail!("--leader-elect needs --lease-namespace (POD_NAMESPACE): where the Lease is"),
    };
    let options =
        Options { namespace: args.namespace, in_flight: args.in_flight, identity: args.identity, election, metrics };
    let ctx = Context::new(client, options);
    let protected = args.metrics_auth == MetricsAuth::Token;
    serve(&ctx, &Pages { health: args.health_address, metrics: args.metrics_address, protected })?;
    run(ctx, args.concurrency, shutdown).await?;
    Ok(())
}
