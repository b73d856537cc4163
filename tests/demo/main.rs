//! The main job, to be watched: a whole system of twelve services, from nothing to Ready, and what the operator does
//! when somebody changes, breaks or loads it.
//!
//! `DEMO=once` ends it by itself; with `NODE=real` containers run, and a request goes through all of them; with
//! `USE_EXISTING_CLUSTER=true` it runs in the cluster of `KUBECONFIG`.

/// Prints a line at once, also into a pipe.
macro_rules! say {
    ($($arg:tt)*) => {{
        writeln!(stdout(), $($arg)*)?;
        stdout().flush()?;
    }};
}

mod acts;
mod cluster;
mod edges;
mod outside;
mod shop;
mod tree;
mod words;

use std::{
    io::{IsTerminal, Write as _, stderr, stdout},
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Result, bail};
use clap::Parser;
use microservice_tests::control_plane::existing_cluster_is_wanted;
use tokio::signal::unix::{SignalKind, signal};

use crate::{cluster::*, shop::*};

const NAMESPACE: &str = "online-boutique";
const SERVICES: usize = 12;
/// The system that sums them up.
const SYSTEM: &str = "online-boutique";

/// For how long the API server may answer with errors.
const GRACE: Duration = Duration::from_secs(10);

/// The samples, as one types it in the repository.
const SAMPLES: &str = "manifests/samples/online-boutique";

/// What all images of the samples start with: too long to be shown again and again.
const REGISTRY: &str = "us-central1-docker.pkg.dev/online-boutique-ci/microservices-demo/";

/// The tags of the image that is edited: the one of the samples, a slip of the finger, and what was meant.
const OLD: &str = "v0.10.6";
const TYPO: &str = "v0.10.55";
const NEW: &str = "v0.10.5";

/// Shows Online Boutique, twelve services, on a real Kubernetes: from nothing to Ready, a wrong image and what the
/// status says of it, a rollout, repairs, an autoscaler.
///
/// DEMO=once ends it by itself; otherwise it stays until Ctrl-C. KEEP=1 keeps the logs. USE_EXISTING_CLUSTER=true runs
/// it in the cluster of KUBECONFIG, in the namespace online-boutique, and says at the end what it leaves there.
#[derive(Parser)]
struct Arguments {
    /// End by itself, as with DEMO=once.
    #[arg(long)]
    once: bool,

    /// Run containers, on a real node, and end with a request through a real gateway. Needs root and a few packages.
    #[arg(long)]
    real_node: bool,
}

/// What is to be removed from an existing cluster: commands, for whoever wants to.
static LEFT: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Whether everything was shown.
static SHOWN: AtomicBool = AtomicBool::new(false);

#[tokio::main]
async fn main() {
    let arguments = Arguments::parse();
    let once = arguments.once || std::env::var("DEMO").is_ok_and(|value| value == "once");
    let status = match watched(once, arguments.real_node).await {
        Ok(status) => status,
        Err(error) => {
            let clear = if stderr().is_terminal() { "\r\x1b[2K" } else { "" };
            let _ = writeln!(stderr(), "{clear}demo: {error:#}");
            1
        }
    };
    let _ = say_what_is_left();
    // Not by returning: that would wait for a build that nobody waits for any more.
    std::process::exit(status);
}

/// The demo until its end, or until somebody ends it: then nothing of it is left when this returns.
async fn watched(once: bool, real_node: bool) -> Result<i32> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let ended = tokio::select! {
        result = demo(once, real_node) => return result.map(|()| 0),
        _ = interrupt.recv() => 130,
        _ = terminate.recv() => 143,
    };
    if stdout().is_terminal() {
        let _ = write!(stdout(), "\r\x1b[2K");
    }
    let gone = match (existing_cluster_is_wanted(), real_node) {
        (true, _) => "the operator is",
        (_, true) => "the control plane, its node and the operator are",
        (_, false) => "the control plane and the operator are",
    };
    let _ = writeln!(stdout(), "Ended; {gone} gone.");
    Ok(if SHOWN.load(Ordering::Relaxed) { 0 } else { ended })
}

async fn demo(once: bool, real_node: bool) -> Result<()> {
    let start = Instant::now();
    let (cluster, operator) = match (existing_cluster_is_wanted(), real_node) {
        (true, true) => bail!("USE_EXISTING_CLUSTER=true names a cluster that has its nodes: unset it, or NODE"),
        (true, false) => use_cluster().await?,
        (false, true) => start_real_cluster().await?,
        (false, false) => start_cluster().await?,
    };
    let shop = Shop { api: Shop::apis(cluster.client()?), cluster: &cluster, operator: &operator };

    let mark = if cluster.is_existing() { None } else { Some(cluster.audit().mark().await?) };
    say!("\n3. Twelve services are declared. Each one's line says when it was Ready.");
    shop.become_ready().await?;
    say!("\n   $ kubectl get msvc -n {NAMESPACE}");
    for line in cluster.kubectl_ok(&["get", "msvc", "-n", NAMESPACE]).await?.lines() {
        say!("   {}", line.trim_end());
    }
    shop.show_system().await?;
    shop.show_requests(mark).await?;

    say!("\n4. A typo in an image tag. The status says so, and the system's does; the old pod serves on.");
    shop.mistype().await?;
    say!("\n5. The right tag. That service rolls, and no other.");
    shop.roll_one().await?;
    say!("\n6. What somebody deletes or edits by hand comes back.");
    shop.repair().await?;
    say!("\n7. Load. The autoscaler scales, and the operator leaves its number alone.");
    shop.scale().await?;
    say!("\n8. A service that nobody invited. Both sides say so, and nothing is opened to it.");
    shop.be_uninvited().await?;
    if shop.is_real() {
        say!("\n9. A request from outside, through the gateway, and all the calls that it leads to.");
        shop.ask_from_outside().await?;
    }

    operator.check()?;
    SHOWN.store(true, Ordering::Relaxed);
    say!("\nDone after {:.0} s.", start.elapsed().as_secs_f64());
    if !once || cluster.is_existing() {
        say!("Look around:");
        if !cluster.is_existing() {
            say!("  export KUBECONFIG={}", cluster.kubeconfig().display());
        }
        say!("  kubectl get msvc -n {NAMESPACE} -o wide");
        say!("  kubectl describe msvc frontend -n {NAMESPACE}");
    }
    if !once {
        say!("  less {}", operator.log().display());
        say!("Ctrl-C ends {}.", if cluster.is_existing() { "the operator" } else { "it all and leaves nothing" });
        loop {
            tokio::time::sleep(Duration::from_millis(500)).await;
            operator.check()?;
        }
    }
    cluster.stop();
    Ok(())
}
