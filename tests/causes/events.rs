//! Events: one when something goes wrong, one when it is well again, none when all goes as it should.

use anyhow::Result;
use k8s_openapi::api::events::v1::Event;
use kube::{ResourceExt, api::ListParams};
use microservice_tests::rig::Rig;
use serde_json::json;

use crate::{
    read::{fails, kubelet_says, pod, recovers, web},
    routes::{gateway_says, public},
};

/// Type and reason of each event about the service, and how often it was told.
async fn told(rig: &Rig) -> Result<Vec<(String, String, i32)>> {
    rig.idle().await?;
    let list = ListParams::default().fields("regarding.kind=Microservice,regarding.name=web");
    let mut events: Vec<_> = rig.api::<Event>().list(&list).await?.items;
    events.sort_by_key(|e| e.event_time.clone().map(|t| t.0));
    let told = |e: Event| {
        let times = e.series.map_or(1, |series| series.count);
        (e.type_.unwrap_or_default(), e.reason.unwrap_or_default(), times)
    };
    Ok(events.into_iter().map(told).collect())
}

fn event(kind: &str, reason: &str) -> (String, String, i32) {
    (kind.into(), reason.into(), 1)
}

#[tokio::test]
async fn a_plain_creation_and_a_plain_rollout_tell_nothing() -> Result<()> {
    let rig = Rig::start("quiet").await?;
    rig.apply("web", &web("ready", ", scaling: {replicas: 2}")).await?;
    rig.ready("web").await?;
    rig.apply("web", &web("ready", ", scaling: {replicas: 2}").replace("web:v1", "web:v2")).await?;
    rig.ready("web").await?;
    assert_eq!(told(&rig).await?, []);
    Ok(())
}

#[tokio::test]
async fn a_failure_is_told_once_and_its_end_too() -> Result<()> {
    let rig = Rig::start("told").await?;
    fails(&rig, &web("crash-loop", ""), "CrashLoop").await?;
    assert_eq!(told(&rig).await?, [event("Warning", "CrashLoop")]);

    // The kubelet goes on about it: nothing new, nothing written.
    let mark = rig.mark().await?;
    let name = pod(&rig).await?.name_any();
    for (wait, times) in [("2m40s", 4), ("5m0s", 4)] {
        let message = format!("back-off {wait} restarting failed container=web pod={name}");
        let container = json!({
            "name": "web", "restartCount": times, "state": {"waiting": {"reason": "CrashLoopBackOff", "message": message}},
        });
        kubelet_says(&rig, &name, json!({"containerStatuses": [container]})).await?;
    }
    assert_eq!(told(&rig).await?, [event("Warning", "CrashLoop")]);
    let writes = rig.since(mark).await?.writes();
    assert_eq!(writes.count(), 0, "{:?}", writes.summary());
    let described = rig.cluster.kubectl_ok(&["describe", "msvc", "web", "-n", &rig.namespace]).await?;
    assert!(described.contains("Warning") && described.contains("exited with 3"), "{described}");

    recovers(&rig).await?;
    rig.ready("web").await?;
    assert_eq!(told(&rig).await?, [event("Warning", "CrashLoop"), event("Normal", "Recovered")]);
    Ok(())
}

#[tokio::test]
async fn a_failure_of_a_new_image_is_told_once_and_the_next_good_one_too() -> Result<()> {
    let rig = Rig::start("again").await?;
    rig.apply("web", &web("ready", "")).await?;
    rig.ready("web").await?;
    rig.apply("web", &web("config-error-root", "").replace("web:v1", "web:v2")).await?;
    rig.condition("web", "Ready", "False", "ContainerConfigError").await?;
    rig.apply("web", &web("ready", "").replace("web:v1", "web:v3")).await?;
    rig.ready("web").await?;
    assert_eq!(told(&rig).await?, [event("Warning", "ContainerConfigError"), event("Normal", "Recovered")]);
    Ok(())
}

#[tokio::test]
async fn a_second_failure_beside_the_first_is_told_alone() -> Result<()> {
    let rig = Rig::start("both").await?;
    public(&rig).await?;
    let routes = ", routes: [{hostnames: [web.example.com], gateway: {name: public}}]";
    fails(&rig, &web("crash-loop", routes), "CrashLoop").await?;
    gateway_says(&rig, &[["Accepted", "False", "NoMatchingListenerHostname", "No such host."]]).await?;
    rig.condition("web", "Exposed", "False", "HostnameNotCovered").await?;
    // What keeps it from being Ready is still the pod.
    rig.condition("web", "Ready", "False", "CrashLoop").await?;
    assert_eq!(told(&rig).await?, [event("Warning", "CrashLoop"), event("Warning", "HostnameNotCovered")]);
    Ok(())
}
