//! The count of replicas passes from one owner to another, and no value in between is less than both.

use k8s_openapi::api::{autoscaling::v2::HorizontalPodAutoscaler, policy::v1::PodDisruptionBudget};
use kube::api::PostParams;
use microservice_tests::{
    control_plane::Load,
    faults::Script,
    rig::{PATIENCE, Rig},
};
use serde_json::json;

fn web(scaling: &str) -> String {
    format!(
        "{{image: 'registry.example/web:v1', ports: [{{name: http, port: 80}}], \
         resources: {{requests: {{cpu: 100m}}}}, scaling: {scaling}}}"
    )
}

/// Waits until the autoscaler is gone.
pub async fn without_autoscaler(rig: &Rig) -> anyhow::Result<()> {
    let gone = || async move { Ok(rig.find::<HorizontalPodAutoscaler>("web").await?.is_none().then_some(())) };
    rig.cluster.wait_until("the autoscaler to go", &rig.namespace, PATIENCE, gone).await
}

#[tokio::test]
async fn the_autoscaler_comes_and_goes_without_a_dip() -> anyhow::Result<()> {
    let rig = Rig::start("handover").await?;
    rig.apply("web", &web("{replicas: 4}")).await?;
    rig.ready("web").await?;
    let counts = rig.record_counts("web").await?;

    rig.apply("web", &web("{minReplicas: 3, maxReplicas: 6, cpu: 80}")).await?;
    let load = rig.load("web", Load::PerPod(200))?;
    rig.replicas("web", 6).await?;
    rig.ready("web").await?;
    let seen = counts.so_far().await?;
    assert!(seen.is_sorted() && seen.starts_with(&[4]), "dipped when the autoscaler came: {seen:?}");
    drop(load);

    // From six that the autoscaler has chosen to a fixed five, and nothing else.
    rig.apply("web", &web("{replicas: 5}")).await?;
    rig.replicas("web", 5).await?;
    rig.ready("web").await?;
    without_autoscaler(&rig).await?;
    rig.idle().await?;
    let seen = counts.so_far().await?;
    assert!(seen.ends_with(&[6, 5]) && seen.iter().all(|count| *count >= 4), "dipped when it went: {seen:?}");

    rig.apply("web", &web("{minReplicas: 3, maxReplicas: 6, cpu: 80}")).await?;
    rig.wait("the autoscaler", "web", |h: &HorizontalPodAutoscaler| {
        h.status.as_ref().is_some_and(|s| s.current_replicas.is_some())
    })
    .await?;
    // And no owner at all: the count stays as it is.
    let before = counts.so_far().await?;
    rig.apply("web", "{image: 'registry.example/web:v1', ports: [{name: http, port: 80}]}").await?;
    rig.ready("web").await?;
    without_autoscaler(&rig).await?;
    rig.idle().await?;
    assert_eq!(counts.so_far().await?, before);
    Ok(())
}

/// What an autoscaler of somebody else writes while the operator lets go is not overwritten by what was there before.
#[tokio::test]
async fn a_count_that_is_written_in_the_very_moment_is_not_lost() -> anyhow::Result<()> {
    let script = Script::record();
    let mut rig = Rig::without_operator("moment").await?;
    rig.start_operator(&script)?;
    rig.apply("web", &web("{replicas: 4}")).await?;
    rig.ready("web").await?;
    rig.idle().await?;
    let counts = rig.record_counts("web").await?;
    let held = script.hold(|call| call.starts_with("PATCH ") && call.ends_with("/deployments/web"));
    rig.apply("web", &web("{minReplicas: 3, maxReplicas: 8, cpu: 80}")).await?;
    held.reached().await;
    rig.cluster.kubectl_ok(&["scale", "-n", &rig.namespace, "deployment/web", "--replicas=6"]).await?;
    held.go();
    rig.wait("the autoscaler", "web", |_: &HorizontalPodAutoscaler| true).await?;
    rig.ready("web").await?;
    rig.idle().await?;
    assert_eq!(counts.so_far().await?, [4, 6]);
    Ok(())
}

#[tokio::test]
async fn a_fixed_count_that_is_dropped_stays_as_it_was() -> anyhow::Result<()> {
    let rig = Rig::start("dropped").await?;
    rig.apply("web", &web("{replicas: 3}")).await?;
    rig.ready("web").await?;
    let counts = rig.record_counts("web").await?;
    rig.apply("web", "{image: 'registry.example/web:v2', ports: [{name: http, port: 80}]}").await?;
    rig.ready("web").await?;
    rig.idle().await?;
    assert_eq!(counts.so_far().await?, [3]);
    Ok(())
}

#[tokio::test]
async fn an_autoscaler_starts_a_service_that_was_stopped() -> anyhow::Result<()> {
    let rig = Rig::start("stopped").await?;
    rig.apply("web", &web("{replicas: 0}")).await?;
    rig.condition("web", "Ready", "True", "ScaledToZero").await?;
    let counts = rig.record_counts("web").await?;
    // At zero its controller would rest for ever.
    rig.apply("web", &web("{minReplicas: 2, maxReplicas: 4, cpu: 80}")).await?;
    rig.condition("web", "Ready", "True", "RolledOut").await?;
    rig.idle().await?;
    assert_eq!(counts.so_far().await?, [0, 2]);
    Ok(())
}

/// The autoscaler takes its count back as long as it is there. So it goes first, whatever else goes wrong.
#[tokio::test]
async fn the_autoscaler_goes_although_another_child_cannot_be_made() -> anyhow::Result<()> {
    let rig = Rig::start("beside").await?;
    rig.apply("web", &web("{minReplicas: 1, maxReplicas: 3, cpu: 80}")).await?;
    rig.ready("web").await?;
    rig.wait("the autoscaler at work", "web", |h: &HorizontalPodAutoscaler| {
        h.status.as_ref().is_some_and(|s| s.conditions.is_some())
    })
    .await?;
    // With five replicas there would be a budget, whose name is taken.
    let budget: PodDisruptionBudget = serde_json::from_value(json!({
        "metadata": {"name": "web"}, "spec": {"maxUnavailable": 1, "selector": {"matchLabels": {"a": "b"}}},
    }))?;
    rig.api::<PodDisruptionBudget>().create(&PostParams::default(), &budget).await?;
    let counts = rig.record_counts("web").await?;
    rig.apply("web", &web("{replicas: 5}")).await?;
    rig.condition("web", "Ready", "False", "NameClash").await?;
    without_autoscaler(&rig).await?;
    rig.replicas("web", 5).await?;
    rig.idle().await?;
    assert_eq!(counts.so_far().await?, [1, 5]);
    Ok(())
}

#[tokio::test]
async fn taking_the_autoscaler_away_takes_nothing_else() -> anyhow::Result<()> {
    let rig = Rig::start("prune").await?;
    let more = "routes: [{hostnames: [web.example.com], gateway: {name: public}}]\n\
                config: {mountPath: /etc/web, files: {a: x}}\n\
                disruptionBudget: {maxUnavailable: 1}";
    let spec = |scaling: &str| {
        format!(
            "image: 'registry.example/web:v1'\nports: [{{name: http, port: 80, protocol: http}}]\n{more}\n{scaling}"
        )
    };
    rig.apply("web", &spec("scaling: {minReplicas: 1, maxReplicas: 3, cpu: 80}")).await?;
    let before = rig.ready("web").await?.status.unwrap_or_default().children;
    rig.idle().await?;
    let mark = rig.mark().await?;
    rig.apply("web", &spec("")).await?;
    let after = rig.ready("web").await?.status.unwrap_or_default().children;
    without_autoscaler(&rig).await?;
    rig.idle().await?;
    let writes = rig.since(mark).await?.writes().filter(|r| r.subresource != "status" && r.resource != "events");
    let writes: Vec<String> = writes.0.iter().map(|r| format!("{} {}", r.kind(), r.name)).collect();
    assert_eq!(writes, ["delete horizontalpodautoscalers web"]);
    let gone: Vec<_> = before.into_iter().filter(|child| !after.contains(child)).map(|child| child.kind).collect();
    assert_eq!(gone, ["HorizontalPodAutoscaler"]);
    Ok(())
}
