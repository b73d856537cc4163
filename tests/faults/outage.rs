//! An API server that is gone, and one that refuses everything.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use k8s_openapi::api::apps::v1::Deployment;
use microservice_tests::{
    control_plane::{ControlPlane, Options},
    faults::Script,
    rig::Rig,
};

use crate::{oracles::end_state, rest::at_rest};

/// Streams of one operator: Microservices, seven kinds of children, pods, definitions.
const STREAMS: usize = 10;

fn web(image: &str) -> String {
    format!("{{image: 'registry.example/{image}', ports: [{{name: http, port: 80}}], scaling: {{replicas: 2}}}}")
}

/// Panics in the product since the first call of this, whoever caught them.
fn panics() -> usize {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    static HOOK: std::sync::Once = std::sync::Once::new();
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if info.location().is_some_and(|at| !at.file().contains("tests/")) {
                COUNT.fetch_add(1, Ordering::SeqCst);
            }
            before(info);
        }));
    });
    COUNT.load(Ordering::SeqCst)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_api_server_that_is_gone_comes_back_to_the_same_end() -> Result<()> {
    let down = Duration::from_secs(if crate::all() { 30 } else { 6 });
    let panicked = panics();
    let cluster: &'static ControlPlane = Box::leak(Box::new(ControlPlane::start(Options::default()).await?));
    let script = Script::record();
    let result = gone(cluster, &script, down).await;
    // A leaked one would not end by itself.
    cluster.kill_apiserver();
    result?;
    ensure!(panics() == panicked, "something panicked");
    Ok(())
}

async fn gone(cluster: &'static ControlPlane, script: &Script, down: Duration) -> Result<()> {
    let mut rig = Rig::on(cluster, "outage").await?;
    rig.start_operator(script)?;
    let names = ["one", "two", "three", "four"];
    for name in names {
        rig.apply(name, &web("web:v1")).await?;
    }
    for name in names {
        rig.ready(name).await?;
    }
    // One change is in flight, one service is new, when the server goes.
    rig.apply("one", &web("web:v2")).await?;
    rig.apply("new", &web("web:v1")).await?;
    cluster.kill_apiserver();
    let (tried, written) = (script.tries(), script.writes());
    tokio::time::sleep(down / 2).await;
    let half = script.tries();
    tokio::time::sleep(down / 2).await;
    let (first, second) = (half - tried, script.tries() - half);
    println!("down for {down:?}: {first} requests tried in the first half, {second} in the second");
    ensure!(second <= first, "the rate does not drop: {first}, then {second}");
    let each = 6 + down.as_secs() as usize / 5;
    ensure!(first + second <= STREAMS * each, "{first} + {second} requests while the server was down");
    ensure!(script.writes() - written <= 20, "{:?}", script.calls().split_off(written));

    cluster.restart_apiserver().await?;
    let back = Instant::now();
    // The operator's own part; what makes pods of it has a backoff of its own.
    for (name, image) in [("one", "registry.example/web:v2"), ("new", "registry.example/web:v1")] {
        rig.wait("the Deployment", name, |d: &Deployment| {
            let pod = d.spec.as_ref().and_then(|spec| spec.template.spec.as_ref());
            pod.is_some_and(|pod| pod.containers.iter().any(|c| c.image.as_deref() == Some(image)))
        })
        .await?;
    }
    println!("all applied {:?} after the server was back", back.elapsed());
    ensure!(back.elapsed() < Duration::from_secs(15), "it took {:?}", back.elapsed());
    for name in names.into_iter().chain(["new"]) {
        rig.wait("the rollout", name, rolled_out).await?;
    }
    let rolled = Instant::now();
    for name in names.into_iter().chain(["new"]) {
        rig.ready(name).await?;
        let state = end_state(&rig.client, &rig.namespace, name).await?;
        ensure!(state.is_none(), "{name}: {state:?}");
    }
    println!("all Ready {:?} after the server was back, {:?} after the rollouts", back.elapsed(), rolled.elapsed());
    ensure!(rolled.elapsed() < Duration::from_secs(10), "it took {:?}", rolled.elapsed());
    at_rest(&[script], Duration::from_secs(2)).await?;
    // And the streams live: what is changed now is seen.
    rig.apply("two", &web("web:v3")).await?;
    rig.ready("two").await?;
    Ok(())
}

fn rolled_out(deployment: &Deployment) -> bool {
    let Some(status) = &deployment.status else { return false };
    let wanted = deployment.spec.as_ref().and_then(|spec| spec.replicas);
    status.observed_generation == deployment.metadata.generation
        && [status.replicas, status.updated_replicas, status.available_replicas].iter().all(|count| *count == wanted)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_refuses_everything_is_left_alone_until_it_is_well() -> Result<()> {
    tokio::try_join!(refused(500), refused(429))?;
    Ok(())
}

async fn refused(status: u16) -> Result<()> {
    let window = Duration::from_secs(if crate::all() { 60 } else { 10 });
    let panicked = panics();
    let script = Script::record();
    let mut rig = Rig::without_operator(&format!("refused-{status}")).await?;
    rig.start_operator(&script)?;
    let names = ["one", "two", "three", "four", "five", "six"];
    for name in names {
        rig.apply(name, &web("web:v1")).await?;
    }
    for name in names {
        rig.ready(name).await?;
    }
    script.refuse_all(status);
    let start = script.tries();
    for name in names {
        rig.apply(name, &web("web:v2")).await?;
    }
    tokio::time::sleep(window / 2).await;
    let half = script.tries();
    tokio::time::sleep(window / 2).await;
    let (first, second) = (half - start, script.tries() - half);
    println!("{status} for {window:?}: {first} requests in the first half, {second} in the second");
    ensure!(first <= 20, "{first} requests in the first half");
    // At most one in ten seconds, and what was already on its way.
    ensure!(second <= 2 + window.as_secs() as usize / 20, "{second} requests in the second half");

    script.heal();
    let well = Instant::now();
    for name in names {
        rig.ready(name).await?;
        let state = end_state(&rig.client, &rig.namespace, name).await?;
        ensure!(state.is_none(), "{name}: {state:?}");
    }
    println!("all Ready {:?} after the server was well", well.elapsed());
    ensure!(well.elapsed() < Duration::from_secs(25), "it took {:?}", well.elapsed());
    at_rest(&[&script], Duration::from_secs(1)).await?;
    ensure!(panics() == panicked, "something panicked");
    Ok(())
}
