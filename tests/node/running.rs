//! Containers that end, or run without ever being ready.

use kube::ResourceExt;
use microservice_tests::{
    failures::{assert_says, fails, pod},
    told,
};

use crate::real::{IMAGE, start, web};

#[tokio::test]
async fn a_crash_loop_names_pod_container_exit_code_and_the_logs() -> anyhow::Result<()> {
    let rig = start("crash").await?;
    told::CRASH_LOOP.by(&rig, &web(IMAGE, ", env: [{name: STAND_IN_EXIT, value: '3'}]")).await?;
    let pod = pod(&rig).await?.name_any();
    let available = rig.condition("web", "Available", "False", "TooFewPods").await?;
    assert_says(&available, &["0 of 1 pods are available", "CrashLoop", &pod]);
    Ok(())
}

#[tokio::test]
async fn a_container_that_was_killed_for_its_memory_names_its_limit() -> anyhow::Result<()> {
    let rig = start("oom").await?;
    let more = ", resources: {limits: {memory: 64Mi}}, env: [{name: STAND_IN_MEMORY_MIB, value: '200'}]";
    told::OUT_OF_MEMORY.by(&rig, &web(IMAGE, more)).await?;
    Ok(())
}

#[tokio::test]
async fn a_sidecar_that_crashes_is_named_where_it_stands_in_the_spec() -> anyhow::Result<()> {
    let rig = start("sidecar").await?;
    let more = format!(", sidecars: [{{name: proxy, image: '{IMAGE}', env: [{{name: STAND_IN_EXIT, value: '1'}}]}}]");
    told::SIDECAR.by(&rig, &web(IMAGE, &more)).await?;
    Ok(())
}

#[tokio::test]
async fn a_failing_init_container_is_named() -> anyhow::Result<()> {
    let rig = start("init").await?;
    let more =
        format!(", initContainers: [{{name: migrate, image: '{IMAGE}', env: [{{name: STAND_IN_EXIT, value: '1'}}]}}]");
    told::INIT_CONTAINER.by(&rig, &web(IMAGE, &more)).await?;
    Ok(())
}

#[tokio::test]
async fn a_failing_readiness_probe_is_told_with_what_it_asks() -> anyhow::Result<()> {
    let rig = start("unready").await?;
    let more = ", env: [{name: STAND_IN_READY, value: 'false'}], probes: {readiness: {httpGet: {path: /_healthz}}}";
    told::UNREADY.by(&rig, &web(IMAGE, more)).await?;
    Ok(())
}

#[tokio::test]
async fn a_container_that_a_probe_ends_points_to_the_probe() -> anyhow::Result<()> {
    let rig = start("ended").await?;
    // It hears that it is to end, and ends well: its exit code alone would say that it ended by itself.
    let more = ", env: [{name: STAND_IN_READY, value: 'false'}], drainSeconds: 0, \
                probes: {liveness: {httpGet: {path: /_healthz}, periodSeconds: 1, failureThreshold: 1}}";
    let ready = fails(&rig, &web(IMAGE, more), "CrashLoop").await?;
    let pod = pod(&rig).await?.name_any();
    let words = "because its liveness probe (GET /_healthz on port http) failed";
    assert_says(&ready, &[&format!("Container web of pod {pod} ended with 0"), words, "--previous"]);
    Ok(())
}

#[tokio::test]
async fn a_container_that_never_starts_points_to_its_startup_probe() -> anyhow::Result<()> {
    let rig = start("startup").await?;
    let more = ", env: [{name: STAND_IN_READY, value: 'false'}], drainSeconds: 0, \
                probes: {startup: {httpGet: {path: /_healthz}, periodSeconds: 1, failureThreshold: 2}}";
    let ready = fails(&rig, &web(IMAGE, more), "CrashLoop").await?;
    assert_says(&ready, &["because its startup probe (GET /_healthz on port http) failed"]);
    Ok(())
}
