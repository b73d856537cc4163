//! Zero writes at rest, after a restart, and in a storm of other people's status writes.

use k8s_openapi::api::{apps::v1::Deployment, autoscaling::v2::HorizontalPodAutoscaler};
use kube::api::{Patch, PatchParams};
use microservice_crds::Microservice;
use microservice_tests::{faults::Script, rig::Rig};
use serde_json::json;

const WEB: &str = "
image: registry.example/web:v1
ports: [{name: http, port: 80, targetPort: 8080, protocol: http}, {name: udp, port: 53, protocol: udp}]
env: [{name: A, value: a}, {name: POD, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]
resources: {requests: {cpu: 1000m, memory: 1024Mi}, limits: {memory: '1.5Gi'}}
scaling: {minReplicas: 2, maxReplicas: 4, cpu: 80, memory: 70}
config: {mountPath: /etc/web, files: {web.yaml: 'level: info'}}
probes: {readiness: {httpGet: {path: /}}, liveness: {grpc: {port: http}}}
volumes: [{name: data, emptyDir: {sizeLimit: 1024Mi}}, {name: all, projected: {sources: [{serviceAccountToken: {path: t}}]}}]
volumeMounts: [{name: data, mountPath: /data}, {name: all, mountPath: /all}]
sidecars: [{name: proxy, image: 'registry.example/proxy:1'}]
routes: [{hostnames: [web.example.com], gateway: {name: public}, paths: [/a, /b]}]
affinity: {podAntiAffinity: {preferredDuringSchedulingIgnoredDuringExecution:
  [{weight: 1, podAffinityTerm: {topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {a: b}}}}]}}
";

#[tokio::test]
async fn a_restart_of_the_operator_writes_nothing() -> anyhow::Result<()> {
    let mut rig = Rig::start("restart").await?;
    for name in ["one", "two", "three"] {
        rig.apply(name, &WEB.replace("web.example.com", &format!("{name}.example.com"))).await?;
    }
    for name in ["one", "two", "three"] {
        rig.ready(name).await?;
    }
    rig.idle().await?;
    rig.stop_operator().await;
    let mark = rig.mark().await?;
    rig.start_operator(&Script::record())?;
    rig.idle().await?;
    let sent = rig.since(mark).await?;
    assert_eq!(sent.clone().writes().count(), 0, "{:?}", sent.summary());
    assert_eq!(sent.clone().verb("get").count(), 0, "{:?}", sent.summary());
    Ok(())
}

#[tokio::test]
async fn creation_and_an_image_change_take_as_many_requests_as_they_must() -> anyhow::Result<()> {
    let rig = Rig::start("requests").await?;
    let mark = rig.mark().await?;
    rig.apply("web", WEB).await?;
    let service = rig.ready("web").await?;
    rig.idle().await?;
    let children = service.status.unwrap().children.len();
    let sent = rig.since(mark).await?;
    let status = sent.clone().filter(|r| r.subresource == "status").count();
    let writes = sent.clone().writes().count();
    assert!(status <= 2, "{:?}", sent.summary());
    // One more, because the autoscaler's minimum is above one.
    assert_eq!(writes - status, children + 1, "{:?}", sent.summary());
    assert_eq!(sent.clone().verb("get").count(), 0, "{:?}", sent.summary());

    let mark = rig.mark().await?;
    rig.apply("web", &WEB.replace("web:v1", "web:v2")).await?;
    rig.wait("v2 to be Ready", "web", |s: &Microservice| {
        microservice_tests::rig::observed(s)
            && microservice_tests::rig::condition(s, "Ready").is_some_and(|c| c.status == "True")
    })
    .await?;
    rig.idle().await?;
    let sent = rig.since(mark).await?;
    assert!(sent.count() <= 3, "{:?}", sent.summary());
    Ok(())
}

#[tokio::test]
async fn a_storm_of_status_writes_by_others_costs_nothing() -> anyhow::Result<()> {
    let rig = Rig::start("storm").await?;
    rig.apply("web", WEB).await?;
    rig.ready("web").await?;
    rig.idle().await?;
    let mark = rig.mark().await?;
    let scalers = rig.api::<HorizontalPodAutoscaler>();
    let deployments = rig.api::<Deployment>();
    for round in 0..50 {
        let time = format!("2026-01-01T00:00:{:02}Z", round);
        let patch = json!({"status": {"lastScaleTime": time}});
        scalers.patch_status("web", &PatchParams::default(), &Patch::Merge(patch)).await?;
        let patch = json!({"status": {"collisionCount": round}});
        deployments.patch_status("web", &PatchParams::default(), &Patch::Merge(patch)).await?;
    }
    rig.idle().await?;
    let sent = rig.since(mark).await?;
    assert_eq!(sent.count(), 0, "{:?}", sent.summary());
    Ok(())
}
