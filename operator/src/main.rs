//! The operator's process.

use std::{
    io::{IsTerminal, Write as _},
    process::ExitCode,
};

use anyhow::Context as _;
use clap::Parser;
use kube::{Client, Config};
use microservice_operator::{Context, Options, cluster, run};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// Keeps Deployments, Services, autoscalers, routes and more as your Microservice objects say.
#[derive(Parser)]
#[command(version)]
struct Args {
    /// Work in this namespace only. Default: in all.
    #[arg(long, env = "WATCH_NAMESPACE")]
    namespace: Option<String>,
    /// Reconciles at a time.
    #[arg(long, env = "CONCURRENCY", default_value_t = 8)]
    concurrency: usize,
    /// Requests to the API server at a time.
    #[arg(long, env = "IN_FLIGHT", default_value_t = 8)]
    in_flight: usize,
    /// Name under which events are published: the pod's.
    #[arg(long, env = "POD_NAME")]
    identity: Option<String>,
    /// Which log lines are written. Example: `info,microservice_operator=debug`.
    #[arg(long, env = "LOG", default_value = "info")]
    log: String,
    /// How log lines are written.
    #[arg(long, env = "LOG_FORMAT", value_enum, default_value_t = LogFormat::Text)]
    log_format: LogFormat,
    /// User agent of all requests.
    #[arg(long, env = "USER_AGENT", default_value = concat!("microservice-operator/", env!("CARGO_PKG_VERSION")))]
    user_agent: String,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum LogFormat {
    Text,
    Json,
}

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
    let filter = EnvFilter::try_new(&args.log).context("--log")?;
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    match args.log_format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().init(),
    }
    let config = Config::infer().await.context("no cluster: set KUBECONFIG, or run inside one")?;
    let config = cluster::configure(config, &args.user_agent).context("--user-agent")?;
    let client = Client::try_from(config).context("the cluster's configuration")?;
    let options = Options { namespace: args.namespace, in_flight: args.in_flight, identity: args.identity };
    let mut terminate = signal(SignalKind::terminate())?;
    let shutdown = async move {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
    };
    run(Context::new(client, options), args.concurrency, shutdown).await;
    Ok(())
}
