//! Containers that end, or run without ever being ready.

use kube::ResourceExt;
use microservice_tests::{rig::Rig, told};

use crate::read::{assert_says, pod, web};

#[tokio::test]
async fn a_crash_loop_names_pod_container_exit_code_and_the_logs() -> anyhow::Result<()> {
    let rig = Rig::start("crash").await?;
    let more =
        ", podAnnotations: {test.microservices.dev/behaviour: crash-loop, test.microservices.dev/message: 'no config'}";
    let spec = format!("{{image: 'registry.example/web:v1'{more}}}");
    let ready = told::CRASH_LOOP.by(&rig, &spec).await?;
    let pod = pod(&rig).await?.name_any();
    assert_says(&ready, &["no config"]);
    // The words for a person at a terminal: the reason stands in a column.
    let table = rig.cluster.kubectl_ok(&["get", "msvc", "web", "-n", &rig.namespace]).await?;
    assert!(table.contains("CrashLoop"), "{table}");
    let available = rig.condition("web", "Available", "False", "TooFewPods").await?;
    assert_says(&available, &["0 of 1 pods are available", "CrashLoop", &pod]);
    Ok(())
}

#[tokio::test]
async fn a_container_that_was_killed_for_its_memory_names_its_limit() -> anyhow::Result<()> {
    let rig = Rig::start("oom").await?;
    told::OUT_OF_MEMORY.by(&rig, &web("oom-killed", ", resources: {limits: {memory: 64Mi}}")).await?;
    Ok(())
}

#[tokio::test]
async fn a_sidecar_that_crashes_is_named_where_it_stands_in_the_spec() -> anyhow::Result<()> {
    let rig = Rig::start("sidecar").await?;
    // A sidecar is an init container to Kubernetes; here it crashes, and nothing after it begins.
    let spec = "{image: 'registry.example/web:v1', sidecars: [{name: proxy, image: 'registry.example/proxy:1'}], \
                podAnnotations: {test.microservices.dev/behaviour: init-crash}}";
    told::SIDECAR.by(&rig, spec).await?;
    Ok(())
}

#[tokio::test]
async fn a_failing_init_container_is_named() -> anyhow::Result<()> {
    let rig = Rig::start("init").await?;
    let more = ", initContainers: [{name: prepare, image: 'registry.example/prepare:1'}, {name: migrate, image: 'registry.example/migrate:1'}]";
    let spec = web("init-crash, test.microservices.dev/container: migrate", more);
    told::INIT_CONTAINER.by(&rig, &spec).await?;
    Ok(())
}

#[tokio::test]
async fn a_failing_readiness_probe_is_told_with_what_it_asks() -> anyhow::Result<()> {
    let rig = Rig::start("unready").await?;
    let probes = ", probes: {readiness: {httpGet: {path: /_healthz}}}";
    told::UNREADY.by(&rig, &web("never-ready", probes)).await?;
    Ok(())
}
