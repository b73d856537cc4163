//! A Microservice comes, changes, and goes.

use k8s_openapi::api::{
    apps::v1::{Deployment, ReplicaSet},
    autoscaling::v2::HorizontalPodAutoscaler,
    core::v1::{ConfigMap, Service, ServiceAccount},
    policy::v1::PodDisruptionBudget,
};
use kube::{Resource, ResourceExt, api::ListParams};
use microservice_crds::{Microservice, gateway::HttpRoute};
use microservice_tests::rig::{Rig, condition, status};

const WEB: &str = "
image: registry.example/web:v1
system: shop
ports: [{name: http, port: 80, targetPort: 8080, protocol: http}]
resources: {requests: {cpu: 100m, memory: 64Mi}}
scaling: {minReplicas: 2, maxReplicas: 4, cpu: 80}
config: {mountPath: /etc/web, files: {web.yaml: 'level: info'}}
routes: [{hostnames: [web.example.com], gateway: {name: public}}]
";

fn owned_by<K: Resource>(child: &K, service: &Microservice) -> bool {
    child
        .meta()
        .owner_references
        .iter()
        .flatten()
        .any(|owner| owner.controller == Some(true) && Some(&owner.uid) == service.metadata.uid.as_ref())
}

#[tokio::test]
async fn becomes_all_its_children_and_ready() -> anyhow::Result<()> {
    let rig = Rig::start("children").await?;
    rig.apply("web", WEB).await?;
    let service = rig.ready("web").await?;

    let deployment: Deployment = rig.get("web").await?;
    assert!(owned_by(&deployment, &service));
    assert!(owned_by(&rig.get::<Service>("web").await?, &service));
    assert!(owned_by(&rig.get::<ServiceAccount>("web").await?, &service));
    assert!(owned_by(&rig.get::<HorizontalPodAutoscaler>("web").await?, &service));
    assert!(owned_by(&rig.get::<PodDisruptionBudget>("web").await?, &service));
    assert!(owned_by(&rig.get::<HttpRoute>("web").await?, &service));
    let maps = rig.api::<ConfigMap>().list(&ListParams::default().labels("app.kubernetes.io/name=web")).await?;
    assert_eq!(maps.items.len(), 1);
    assert!(owned_by(&maps.items[0], &service) && maps.items[0].immutable == Some(true));

    let status = status(&service);
    assert_eq!(status.image.as_deref(), Some("registry.example/web:v1"));
    // Its Gateway is not there, so nobody can open it.
    assert_eq!(status.url, None);
    assert_eq!(status.profile.as_deref(), Some("v1"));
    assert_eq!(status.children.len(), 7, "{:?}", status.children);
    // No gateway controller runs here: that is said, and blocks nothing.
    assert_eq!(condition(&service, "Exposed").unwrap().status, "Unknown");
    Ok(())
}

#[tokio::test]
async fn kubectl_waits_for_it_describes_it_and_scales_it() -> anyhow::Result<()> {
    let rig = Rig::start("kubectl").await?;
    let namespace = rig.namespace.as_str();
    rig.apply("web", "{image: 'registry.example/web:v1', scaling: {replicas: 1}}").await?;
    let wait = ["wait", "--for=condition=Ready", "msvc/web", "-n", namespace, "--timeout=60s"];
    assert!(rig.cluster.kubectl_ok(&wait).await?.contains("condition met"));
    let described = rig.cluster.kubectl_ok(&["describe", "msvc", "web", "-n", namespace]).await?;
    assert!(described.contains("Observed Generation:"), "{described}");

    rig.cluster.kubectl_ok(&["scale", "msvc/web", "--replicas=3", "-n", namespace]).await?;
    rig.wait("three replicas", "web", |d: &Deployment| {
        d.status.as_ref().is_some_and(|s| s.available_replicas == Some(3))
    })
    .await?;
    rig.ready("web").await?;
    let wide = rig.cluster.kubectl_ok(&["get", "msvc", "-o", "wide", "-n", namespace]).await?;
    assert!(wide.contains("registry.example/web:v1"), "{wide}");

    rig.cluster.kubectl_ok(&["scale", "msvc/web", "--replicas=0", "-n", namespace]).await?;
    rig.condition("web", "Ready", "True", "ScaledToZero").await?;
    Ok(())
}

#[tokio::test]
async fn a_new_image_rolls_and_a_new_system_does_not() -> anyhow::Result<()> {
    let rig = Rig::start("roll").await?;
    rig.apply("web", WEB).await?;
    rig.ready("web").await?;
    let sets = || async { anyhow::Ok(rig.api::<ReplicaSet>().list(&ListParams::default()).await?.items.len()) };
    assert_eq!(sets().await?, 1);

    rig.apply("web", &WEB.replace("system: shop", "system: store")).await?;
    rig.wait("the new label", "web", |s: &Service| s.labels()["app.kubernetes.io/part-of"] == "store").await?;
    rig.ready("web").await?;
    assert_eq!(sets().await?, 1, "a label of the system rolled the pods");

    rig.apply("web", &WEB.replace("web:v1", "web:v2")).await?;
    let service = rig
        .wait("v2 to be Ready", "web", |s: &Microservice| {
            status(s).image.as_deref() == Some("registry.example/web:v2")
                && condition(s, "Ready").is_some_and(|c| c.status == "True")
        })
        .await?;
    assert_eq!(status(&service).observed_generation, service.metadata.generation.unwrap());
    assert_eq!(sets().await?, 2);
    let restarted = format!("{WEB}\nrestartedAt: '2026-01-31T12:00:00Z'").replace("web:v1", "web:v2");
    rig.apply("web", &restarted).await?;
    rig.wait("a third template", "web", |d: &Deployment| d.annotations()["deployment.kubernetes.io/revision"] == "3")
        .await?;
    Ok(())
}

#[tokio::test]
async fn a_new_config_file_rolls_and_keeps_one_predecessor() -> anyhow::Result<()> {
    let rig = Rig::start("config").await?;
    let maps = || async {
        let list = rig.api::<ConfigMap>().list(&ListParams::default().labels("app.kubernetes.io/name=web")).await?;
        anyhow::Ok(list.items.iter().map(|m| m.data.clone().unwrap()["web.yaml"].clone()).collect::<Vec<_>>())
    };
    for level in ["one", "two", "three"] {
        rig.apply("web", &WEB.replace("level: info", level)).await?;
        rig.ready("web").await?;
    }
    rig.idle().await?;
    let mut kept = maps().await?;
    kept.sort();
    assert_eq!(kept, ["three", "two"]);
    let deployment: Deployment = rig.get("web").await?;
    assert_eq!(deployment.annotations()["deployment.kubernetes.io/revision"], "3");
    Ok(())
}

#[tokio::test]
async fn what_the_spec_no_longer_says_leaves_the_children_also_if_said_while_the_operator_was_down()
-> anyhow::Result<()> {
    let mut rig = Rig::start("leaves").await?;
    let full = "
image: registry.example/web:v1
ports: [{name: http, port: 80, protocol: http}, {name: admin, port: 81, protocol: http}]
env: [{name: A, value: a}, {name: B, value: b}]
resources: {requests: {cpu: 100m}, limits: {memory: 128Mi}}
tolerations: [{key: dedicated, operator: Exists}]
podAnnotations: {note: here}
scaling: {replicas: 2}
";
    rig.apply("web", full).await?;
    rig.ready("web").await?;
    rig.stop_operator().await;
    rig.apply(
        "web",
        "
image: registry.example/web:v1
ports: [{name: http, port: 80, protocol: http}]
env: [{name: A, value: a}]
resources: {requests: {cpu: 100m}}
scaling: {replicas: 1}
",
    )
    .await?;
    rig.start_operator(&microservice_tests::faults::Script::record())?;
    rig.ready("web").await?;
    rig.idle().await?;

    let deployment: Deployment = rig.get("web").await?;
    let template = deployment.spec.unwrap().template;
    let pod = template.spec.unwrap();
    let container = &pod.containers[0];
    assert_eq!(container.env.as_ref().unwrap().len(), 1);
    assert_eq!(container.ports.as_ref().unwrap().len(), 1);
    assert!(container.resources.as_ref().unwrap().limits.is_none());
    assert!(pod.tolerations.is_none());
    assert!(!template.metadata.unwrap().annotations.unwrap_or_default().contains_key("note"));
    assert_eq!(rig.get::<Service>("web").await?.spec.unwrap().ports.unwrap().len(), 1);
    assert!(rig.find::<PodDisruptionBudget>("web").await?.is_none(), "no budget for one replica");
    Ok(())
}

#[tokio::test]
async fn features_taken_away_are_pruned() -> anyhow::Result<()> {
    let rig = Rig::start("prune").await?;
    rig.apply("web", WEB).await?;
    rig.ready("web").await?;
    rig.apply("web", "{image: 'registry.example/web:v1', serviceAccount: {name: default}}").await?;
    rig.ready("web").await?;
    rig.idle().await?;
    assert!(rig.find::<Service>("web").await?.is_none());
    assert!(rig.find::<ServiceAccount>("web").await?.is_none());
    assert!(rig.find::<HorizontalPodAutoscaler>("web").await?.is_none());
    assert!(rig.find::<PodDisruptionBudget>("web").await?.is_none());
    assert!(rig.find::<HttpRoute>("web").await?.is_none());
    Ok(())
}

#[tokio::test]
async fn deleted_and_made_anew_at_once_it_gets_new_children() -> anyhow::Result<()> {
    let rig = Rig::start("anew").await?;
    rig.apply("web", WEB).await?;
    let old = rig.ready("web").await?;
    let old_deployment: Deployment = rig.get("web").await?;
    rig.delete::<Microservice>("web").await?;
    rig.apply("web", WEB).await?;
    let new = rig.ready("web").await?;
    assert_ne!(old.uid(), new.uid());
    for_each_child(&rig, &new).await?;
    assert_ne!(rig.get::<Deployment>("web").await?.uid(), old_deployment.uid());

    // And without a successor, nothing stays: no finalizer is in the way, the garbage collector takes it all.
    assert!(new.finalizers().is_empty());
    rig.stop_operator_and_delete("web").await?;
    Ok(())
}

async fn for_each_child(rig: &Rig, service: &Microservice) -> anyhow::Result<()> {
    assert!(owned_by(&rig.get::<Deployment>("web").await?, service));
    assert!(owned_by(&rig.get::<Service>("web").await?, service));
    assert!(owned_by(&rig.get::<ServiceAccount>("web").await?, service));
    assert!(owned_by(&rig.get::<HorizontalPodAutoscaler>("web").await?, service));
    assert!(owned_by(&rig.get::<PodDisruptionBudget>("web").await?, service));
    assert!(owned_by(&rig.get::<HttpRoute>("web").await?, service));
    Ok(())
}

trait Uninstall {
    async fn stop_operator_and_delete(self, name: &str) -> anyhow::Result<()>;
}

impl Uninstall for Rig {
    async fn stop_operator_and_delete(mut self, name: &str) -> anyhow::Result<()> {
        self.stop_operator().await;
        let deployment: Deployment = self.get(name).await?;
        self.delete::<Microservice>(name).await?;
        self.wait_gone::<Deployment>(name, &deployment.uid().unwrap()).await
    }
}

#[tokio::test]
async fn a_fresh_object_is_never_taken_for_healthy() -> anyhow::Result<()> {
    // Nobody has looked at it yet: the status says so from the first moment, by the schema alone.
    let rig = Rig::without_operator("fresh").await?;
    let fresh = rig.apply("web", "{image: 'registry.example/web:v1'}").await?;
    assert_eq!(status(&fresh).observed_generation, -1);
    Ok(())
}

#[tokio::test]
async fn paused_stops_all_writes_and_says_so() -> anyhow::Result<()> {
    let rig = Rig::start("paused").await?;
    rig.apply("web", WEB).await?;
    rig.ready("web").await?;
    rig.apply("web", &format!("{WEB}\npaused: true").replace("web:v1", "web:v2")).await?;
    rig.condition("web", "Ready", "True", "Paused").await?;
    rig.idle().await?;
    let mark = rig.mark().await?;
    rig.edit::<Service>("web", serde_json::json!({"metadata": {"labels": {"app.kubernetes.io/part-of": "other"}}}))
        .await?;
    rig.delete::<PodDisruptionBudget>("web").await?;
    rig.idle().await?;
    let written = rig.since(mark).await?.writes().filter(|request| request.subresource != "status");
    assert_eq!(written.count(), 0, "{:?}", written.summary());
    let deployment: Deployment = rig.get("web").await?;
    assert_eq!(
        deployment.spec.unwrap().template.spec.unwrap().containers[0].image.as_deref(),
        Some("registry.example/web:v1")
    );

    rig.apply("web", &WEB.replace("web:v1", "web:v2")).await?;
    rig.ready("web").await?;
    rig.wait("the budget to come back", "web", |_: &PodDisruptionBudget| true).await?;
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_built_is_stalled_and_leaves_the_last_good_state() -> anyhow::Result<()> {
    let rig = Rig::start("stalled").await?;
    rig.apply("web", WEB).await?;
    rig.ready("web").await?;
    let before: Deployment = rig.get("web").await?;
    // It passes admission, but there is no class to take the gateway from.
    rig.apply("web", &WEB.replace(", gateway: {name: public}", "").replace("web:v1", "web:v2")).await?;
    let stalled = rig.condition("web", "Stalled", "True", "InvalidSpec").await?;
    assert!(stalled.message.contains("routes") && stalled.message.contains("gateway"), "{}", stalled.message);
    assert_eq!(condition(&rig.get("web").await?, "Ready").unwrap().status, "False");
    rig.idle().await?;
    let mark = rig.mark().await?;
    let after: Deployment = rig.get("web").await?;
    assert_eq!(before.metadata.resource_version, after.metadata.resource_version, "the last good state was touched");
    rig.idle().await?;
    assert_eq!(rig.since(mark).await?.count(), 0, "it was tried again although nothing changed");

    rig.apply("web", WEB).await?;
    let service = rig.ready("web").await?;
    assert!(condition(&service, "Stalled").is_none());
    Ok(())
}
