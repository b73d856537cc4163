//! A panic in one reconcile is that Microservice's alone.

use std::time::Duration;

use anyhow::{Result, ensure};
use microservice_tests::{
    faults::{Fault, Script, is_write},
    rig::Rig,
};

use crate::rest::at_rest;

const WEB: &str = "{image: 'registry.example/web:v1', ports: [{name: http, port: 80}]}";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_hits_one_service_and_is_tried_again_ever_later() -> Result<()> {
    let script = Script::record();
    script.always(Fault::Panic, |call| is_write(call) && call.ends_with("/bad"));
    let mut rig = Rig::without_operator("panic").await?;
    rig.start_operator(&script)?;
    rig.apply("bad", WEB).await?;
    for name in ["one", "two"] {
        rig.apply(name, WEB).await?;
    }
    for name in ["one", "two"] {
        rig.ready(name).await?;
    }
    let window = Duration::from_secs(if crate::all() { 20 } else { 4 });
    tokio::time::sleep(window).await;
    let panics = script.calls().iter().filter(|call| is_write(call) && call.ends_with("/bad")).count();
    println!("{panics} panics in {window:?}");
    ensure!((2..=6).contains(&panics), "{panics} panics");
    // The others are served all the while.
    rig.apply("one", &WEB.replace("v1", "v2")).await?;
    rig.ready("one").await?;
    script.heal();
    rig.ready("bad").await?;
    at_rest(&[&script], Duration::from_secs(1)).await
}
