//! A list that comes late: what is not known yet is not taken for absent.

use anyhow::{Result, ensure};
use k8s_openapi::api::{apps::v1::Deployment, core::v1::Service};
use microservice_crds::annotations;
use microservice_tests::{
    control_plane::{ControlPlane, Options},
    faults::{Fault, Script},
    operator::Operator,
    rig::{PATIENCE, Rig},
};

/// The definitions cannot be listed for longer than the operator waits, and when they can, the classes still are not: a
/// service of the default class must not be rendered without it meanwhile, or all its pods would be replaced.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_class_that_is_not_known_yet_is_not_taken_away() -> Result<()> {
    let cluster: &'static ControlPlane = Box::leak(Box::new(ControlPlane::start(Options::default()).await?));
    let result = late(cluster).await;
    // A leaked one would not end by itself.
    cluster.kill_apiserver();
    result
}

async fn late(cluster: &'static ControlPlane) -> Result<()> {
    let mut rig = Rig::on(cluster, "late").await?;
    let default = [(annotations::DEFAULT_CLASS, "true")];
    rig.apply_class_with("gold", "{defaults: {env: [{name: REGION, value: north}]}}", &default).await?;
    rig.start_operator(&Script::record())?;
    rig.apply("web", "{image: 'registry.example/web:v1', ports: [{name: http, port: 80}]}").await?;
    rig.ready("web").await?;
    rig.idle().await?;
    let generation = rig.get::<Deployment>("web").await?.metadata.generation;
    rig.stop_operator().await;

    let script = Script::record();
    script.always(Fault::Refused(500), |call| call.ends_with("/customresourcedefinitions"));
    let held = script.hold(|call| call.ends_with("/microserviceclasses"));
    rig.start_operator(&script)?;
    idle(&rig).await?;
    // Something is to be done, and cannot be while it is not known how.
    rig.delete::<Service>("web").await?;
    rig.idle().await?;
    ensure!(rig.find::<Service>("web").await?.is_none(), "planned without the definitions");
    let stalled = rig.get::<microservice_crds::Microservice>("web").await?;
    ensure!(microservice_tests::rig::condition(&stalled, "Stalled").is_none(), "no right is missing");

    script.heal();
    held.reached().await;
    rig.idle().await?;
    ensure!(rig.find::<Service>("web").await?.is_none(), "planned without the classes");
    ensure!(rig.get::<Deployment>("web").await?.metadata.generation == generation, "the class was taken away");

    held.go();
    rig.wait("the Service to be made anew", "web", |_: &Service| true).await?;
    rig.ready("web").await?;
    rig.idle().await?;
    ensure!(rig.get::<Deployment>("web").await?.metadata.generation == generation, "the class was taken away");
    Ok(())
}

/// Waits until the operator has started and has nothing to do.
async fn idle(rig: &Rig) -> Result<()> {
    let operator: Option<&Operator> = rig.operator.as_ref();
    let ask = || async move { Ok(operator.is_some_and(Operator::idle).then_some(())) };
    rig.cluster.wait_until("the operator to start", &rig.namespace, PATIENCE, ask).await
}
