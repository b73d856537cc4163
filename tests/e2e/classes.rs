//! A class decides for the services that use it, and for nobody else.

use anyhow::Result;
use k8s_openapi::api::{
    apps::v1::Deployment,
    autoscaling::v2::HorizontalPodAutoscaler,
    core::v1::{Namespace, Service},
};
use kube::{Api, ResourceExt, api::Patch};
use microservice_crds::Microservice;
use microservice_tests::rig::{Rig, condition, status};
use serde_json::json;

use crate::handover::without_autoscaler;

const PORTS: &str = "ports: [{name: http, port: 80, targetPort: 8080, protocol: http}]";

fn note(key: &str, value: &str) -> impl Fn(&Service) -> bool {
    let (key, value) = (key.to_owned(), value.to_owned());
    move |service| service.annotations().get(&key) == Some(&value)
}

#[tokio::test]
async fn a_change_of_a_class_reaches_exactly_its_services_with_one_write_each() -> Result<()> {
    let rig = Rig::start("classes").await?;
    let (one, two) = (format!("{}-one", rig.namespace), format!("{}-two", rig.namespace));
    let class = |value: &str| format!("{{defaults: {{service: {{annotations: {{example.com/tier: {value}}}}}}}}}");
    rig.apply_class(&one, &class("gold")).await?;
    rig.apply_class(&two, &class("iron")).await?;
    for (name, class) in [("a", &one), ("b", &one), ("c", &two)] {
        rig.apply(name, &format!("{{image: 'registry.example/web:v1', {PORTS}, class: {class}}}")).await?;
    }
    for (name, class) in [("a", &one), ("b", &one), ("c", &two)] {
        let service = rig.ready(name).await?;
        assert_eq!(status(&service).class.as_ref(), Some(class));
    }
    rig.idle().await?;

    let mark = rig.mark().await?;
    rig.apply_class(&one, &class("silver")).await?;
    for name in ["a", "b"] {
        rig.wait("the new annotation", name, note("example.com/tier", "silver")).await?;
    }
    rig.idle().await?;
    assert!(note("example.com/tier", "iron")(&rig.get::<Service>("c").await?));
    let sent = rig.since(mark).await?.filter(|request| request.verb != "watch");
    let kinds: Vec<String> = sent.0.iter().map(|request| request.kind()).collect();
    assert_eq!(kinds, ["patch services", "patch services"]);
    rig.delete_class(&one).await?;
    rig.delete_class(&two).await
}

#[tokio::test]
async fn a_class_that_is_not_there_changes_nothing_until_it_is() -> Result<()> {
    let rig = Rig::start("no-class").await?;
    let class = rig.namespace.clone();
    rig.apply("web", &format!("{{image: 'registry.example/web:v1', {PORTS}, class: {class}}}")).await?;
    let stalled = rig.condition("web", "Stalled", "True", "ClassNotFound").await?;
    assert!(stalled.message.contains(&class), "{}", stalled.message);
    assert!(rig.find::<Deployment>("web").await?.is_none());

    let spec = "{defaults: {env: [{name: REGION, value: north}]}}";
    rig.apply_class(&class, spec).await?;
    rig.ready("web").await?;
    let generation = rig.get::<Deployment>("web").await?.metadata.generation;

    // It goes: the service stays as it is, and says so.
    rig.delete_class(&class).await?;
    rig.condition("web", "Stalled", "True", "ClassNotFound").await?;
    rig.idle().await?;
    assert_eq!(rig.get::<Deployment>("web").await?.metadata.generation, generation);
    rig.delete::<Service>("web").await?;
    rig.idle().await?;
    rig.apply_class(&class, spec).await?;
    rig.ready("web").await?;
    rig.wait("the Service to be made anew", "web", |_: &Service| true).await?;
    assert_eq!(rig.get::<Deployment>("web").await?.metadata.generation, generation);
    rig.delete_class(&class).await
}

#[tokio::test]
async fn a_namespace_that_may_not_use_a_class_is_told_and_may_later() -> Result<()> {
    let rig = Rig::start("not-allowed").await?;
    let class = rig.namespace.clone();
    rig.apply_class(&class, "{namespaces: {matchLabels: {tier: public}}}").await?;
    rig.apply("web", &format!("{{image: 'registry.example/web:v1', class: {class}}}")).await?;
    let stalled = rig.wait("Stalled", "web", |s: &Microservice| condition(s, "Stalled").is_some()).await?;
    let said = &condition(&stalled, "Stalled").unwrap().message;
    assert!(said.contains(&class) && said.contains("tier"), "{said}");

    let label = Patch::Merge(json!({"metadata": {"labels": {"tier": "public"}}}));
    Api::<Namespace>::all(rig.client.clone()).patch(&rig.namespace, &Default::default(), &label).await?;
    rig.ready("web").await?;
    rig.delete_class(&class).await
}

#[tokio::test]
async fn an_autoscaler_that_the_class_gives_and_takes_never_dips() -> Result<()> {
    let rig = Rig::start("class-scaling").await?;
    let class = rig.namespace.clone();
    rig.apply_class(&class, "{defaults: {scaling: {minReplicas: 3, maxReplicas: 5, cpu: 80}}}").await?;
    let resources = "resources: {requests: {cpu: 100m}}";
    rig.apply("web", &format!("{{image: 'registry.example/web:v1', {resources}, class: {class}}}")).await?;
    rig.ready("web").await?;
    let replicas = |d: &Deployment| d.spec.as_ref().and_then(|s| s.replicas);
    rig.wait("three replicas", "web", |d: &Deployment| replicas(d) == Some(3)).await?;
    let uid = rig.get::<HorizontalPodAutoscaler>("web").await?.uid().unwrap();

    rig.apply_class(&class, "{}").await?;
    rig.wait_gone::<HorizontalPodAutoscaler>("web", &uid).await?;
    rig.ready("web").await?;
    rig.idle().await?;
    assert_eq!(replicas(&rig.get::<Deployment>("web").await?), Some(3));
    rig.delete_class(&class).await
}

/// Admission knows no classes, so it cannot refuse this: then the status tells what it did.
#[tokio::test]
async fn a_scale_by_hand_beside_the_autoscaler_of_the_class_is_told() -> Result<()> {
    let rig = Rig::start("scale-by-hand").await?;
    let class = rig.namespace.clone();
    rig.apply_class(&class, "{defaults: {scaling: {minReplicas: 2, maxReplicas: 5, cpu: 80}}}").await?;
    rig.apply("web", &format!("{{image: 'registry.example/web:v1', class: {class}}}")).await?;
    rig.ready("web").await?;
    rig.get::<HorizontalPodAutoscaler>("web").await?;

    rig.cluster.kubectl_ok(&["scale", "-n", &rig.namespace, "msvc/web", "--replicas=3"]).await?;
    let scalable = rig.condition("web", "Scalable", "False", "ClassAutoscalerReplaced").await?;
    for part in ["spec.scaling.replicas: 3", "2..5", class.as_str()] {
        assert!(scalable.message.contains(part), "{part}: {}", scalable.message);
    }
    without_autoscaler(&rig).await?;
    rig.replicas("web", 3).await?;

    // The remedy is a line for the shell.
    let (_, line) = scalable.message.split_once("kubectl ").unwrap();
    let words: Vec<&str> = line.split_whitespace().map(|word| word.trim_matches('\'')).collect();
    rig.cluster.kubectl_ok(&words).await?;
    rig.wait("the autoscaler again", "web", |_: &HorizontalPodAutoscaler| true).await?;
    rig.delete_class(&class).await
}
