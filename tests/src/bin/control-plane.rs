//! A test control plane for a person: starts one, says how to reach it, and stays until it is told to end.

use std::{
    io::{Write as _, stdout},
    process::ExitCode,
};

use anyhow::{Result, ensure};
use clap::Parser;
use microservice_tests::{
    control_plane::{Binaries, ControlPlane, Options, existing_cluster_is_wanted},
    image::static_binary,
};
use tokio::signal::unix::{SignalKind, signal};

/// Starts a real Kubernetes control plane on loopback, without containers, and stays until Ctrl-C.
///
/// Its programs are built once, with Go, and kept in the cache folder; programs in a folder that KUBEBUILDER_ASSETS
/// names are used instead. KEEP=1 keeps the logs. With USE_EXISTING_CLUSTER=true, tests and demo use the cluster of
/// KUBECONFIG: then there is nothing to build here, and nothing to start.
#[derive(Parser)]
struct Arguments {
    /// Only build what is missing, and end.
    #[arg(long)]
    build_only: bool,

    /// Also build this program of the workspace as a static one, for an image; may be repeated.
    #[arg(long = "static")]
    statics: Vec<String>,

    /// Run the autoscaler controller, and serve metrics.k8s.io from PodMetrics objects.
    #[arg(long)]
    hpa: bool,

    /// Install the CRDs of the Gateway API, standard channel.
    #[arg(long)]
    gateway_api: bool,

    /// Install the definitions of our own resources.
    #[arg(long)]
    crds: bool,

    /// A real node in the place of the fake ones: kubelet, containerd, kube-proxy and CoreDNS in a network namespace.
    /// Needs root and a few Debian packages.
    #[arg(long)]
    real_node: bool,

    /// How many fake nodes there are.
    #[arg(long, default_value_t = 1)]
    nodes: usize,

    /// One more argument for kube-apiserver; may be repeated.
    #[arg(long = "apiserver-arg", allow_hyphen_values = true)]
    apiserver_args: Vec<String>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "control-plane: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<()> {
    if existing_cluster_is_wanted() {
        ensure!(
            arguments.build_only,
            "USE_EXISTING_CLUSTER=true names a cluster that runs already; unset it to start one"
        );
        writeln!(stdout(), "USE_EXISTING_CLUSTER=true: nothing to build")?;
        return Ok(());
    }
    // Before the signals are listened to: Ctrl-C ends a build at once.
    let prepare = if arguments.real_node { Binaries::prepare_with_node } else { Binaries::prepare };
    let binaries = tokio::task::spawn_blocking(prepare).await??;
    for program in arguments.statics {
        tokio::task::spawn_blocking(move || static_binary(&program, &program)).await??;
    }
    if arguments.build_only {
        writeln!(stdout(), "{}", binaries.cache().display())?;
        return Ok(());
    }
    // Listened to from the start, so that a Ctrl-C while the servers come up leaves nothing either.
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let options = Options {
        hpa: arguments.hpa,
        gateway_api: arguments.gateway_api,
        real_node: arguments.real_node,
        nodes: arguments.nodes,
        apiserver_args: arguments.apiserver_args,
        ..Options::default()
    };
    let control_plane = tokio::select! {
        started = ControlPlane::start(options) => started?,
        _ = interrupt.recv() => return Ok(()),
        _ = terminate.recv() => return Ok(()),
    };
    if arguments.crds {
        for definition in microservice_crds::schema::crds()? {
            control_plane.install_definition(&definition).await?;
        }
    }
    writeln!(stdout(), "export KUBECONFIG={}", control_plane.kubeconfig().display())?;
    stdout().flush()?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    control_plane.stop();
    Ok(())
}
