//! Rollouts under constant load, as seen by the client: nothing fails, unless the pods are not given the time.

use std::{collections::BTreeSet, time::Duration};

use anyhow::{Result, ensure};
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use microservice_crds::Microservice;
use microservice_tests::traffic::{Load, Report};
use serde_json::{Value, json};

use super::stage::{Stage, service};

/// Requests a second.
const RATE: u32 = 200;

/// The longest that the load goes on. It ends with the rollout, which takes less than half a minute where nothing else is
/// done meanwhile; that the load outlives it is checked.
const LONGEST: Duration = Duration::from_secs(120);

/// Applies an edit under load, and goes on until only pods of the new template are left, all of them ready, and all of
/// them have answered.
async fn under_load(stage: &Stage, host: &str, edit: Value) -> Result<Report> {
    let before: Vec<String> = stage.pods("web").await?.iter().filter_map(ResourceExt::uid).collect();
    ensure!(!before.is_empty(), "there are no pods to roll");
    let load = Load::start(&stage.client, host, "/", RATE, LONGEST);
    stage.until("the load to flow", || async { Ok((load.seen() > 20).then_some(())) }).await?;

    stage.rig.edit::<Microservice>("web", edit).await?;
    let rolled = || async {
        let pods: Vec<Pod> = stage.pods("web").await?;
        let old = pods.iter().filter_map(ResourceExt::uid).any(|uid| before.contains(&uid));
        Ok((!old).then_some(()))
    };
    stage.until("the old pods to be gone", rolled).await?;
    stage.rig.ready("web").await?;
    let new: BTreeSet<String> = stage.pods("web").await?.iter().map(ResourceExt::name_any).collect();
    let met = || async { Ok(new.is_subset(&load.met()).then_some(())) };
    stage.until("all new pods to have answered", met).await?;
    ensure!(!load.ended(), "the load ended before the rollout did, and has not seen the rest of it");
    let report = load.stop().await?;
    let answered = |pod: &String| report.pods.get(pod).is_some_and(|count| *count > 0);
    ensure!(new.iter().all(answered), "not all of {new:?} have served: {report:?}");
    // What a busy machine delays is sent afterwards; half of it is still a load.
    let rate = report.sent as f64 / report.lasted.as_secs_f64();
    ensure!(rate >= f64::from(RATE) / 2.0, "only {rate:.0} requests a second: {report:?}");
    Ok(report)
}

#[tokio::test]
async fn a_rolling_update_loses_no_request() -> Result<()> {
    let stage = Stage::start("rolling").await?;
    let host = stage.host();
    let spec = format!("scaling: {{replicas: 3}}\nroutes: [{{hostnames: [{host}], gateway: GATEWAY}}]");
    stage.apply("web", &service("web", &spec)).await?;
    stage.rig.ready("web").await?;
    stage.answers(&host, "/", "web").await?;

    let report = under_load(&stage, &host, json!({"spec": {"image": "stand-in.test/web:v2"}})).await?;
    assert_eq!(report.failed, [].into(), "{report:?}");
    // Both versions have served.
    let images: Vec<&str> = report.images.keys().map(String::as_str).collect();
    assert_eq!(images, ["stand-in.test/web:v1", "stand-in.test/web:v2"], "{report:?}");
    Ok(())
}

/// The test of the test: pods that are not given the time are missed, and the load sees it.
#[tokio::test]
async fn without_drain_and_readiness_requests_are_lost() -> Result<()> {
    let stage = Stage::start("abrupt").await?;
    let host = stage.host();
    let spec = format!(
        "
image: stand-in.test/web:v1
ports: [{{name: http, port: 80, targetPort: 8080, protocol: http}}]
probes: {{readiness: {{disabled: true}}}}
scaling: {{replicas: 3}}
drainSeconds: 0
rollout: {{maxUnavailable: 100%, maxSurge: 0}}
routes: [{{hostnames: [{host}], gateway: GATEWAY}}]
"
    );
    stage.apply("web", &spec).await?;
    stage.rig.ready("web").await?;
    stage.answers(&host, "/", "web").await?;
    let report = under_load(&stage, &host, json!({"spec": {"image": "stand-in.test/web:v2"}})).await?;
    assert!(report.failures() > 0, "{report:?}");
    Ok(())
}

#[tokio::test]
async fn a_change_of_target_port_loses_no_request() -> Result<()> {
    let stage = Stage::start("port").await?;
    let host = stage.host();
    let spec = format!("scaling: {{replicas: 2}}\nroutes: [{{hostnames: [{host}], gateway: GATEWAY}}]");
    stage.apply("web", &service("web", &spec)).await?;
    stage.rig.ready("web").await?;
    stage.answers(&host, "/", "web").await?;

    let ports = json!([{"name": "http", "port": 80, "targetPort": 9090, "protocol": "http"}]);
    let env = json!([{"name": "PORT", "value": "9090"}]);
    let report = under_load(&stage, &host, json!({"spec": {"ports": ports, "env": env}})).await?;
    assert_eq!(report.failed, [].into(), "{report:?}");
    // The new pods listen there, and nowhere else.
    let pod = stage.pod("web").await?;
    assert!(pod.get("web", "/").await.is_ok());
    Ok(())
}
