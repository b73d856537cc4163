//! A name that somebody else has.

use k8s_openapi::api::{apps::v1::Deployment, core::v1::Service, policy::v1::PodDisruptionBudget};
use kube::{ResourceExt, api::PostParams};
use microservice_crds::gateway::{GrpcRoute, HttpRoute};
use microservice_tests::rig::{Rig, condition};
use serde_json::{Value, json};

const WEB: &str = "
image: registry.example/web:v1
ports: [{name: http, port: 80, protocol: http}]
scaling: {replicas: 2}
";

async fn foreign_service(rig: &Rig, annotations: Value) -> anyhow::Result<Service> {
    let service = serde_json::from_value(json!({
        "metadata": {"name": "web", "annotations": annotations, "labels": {"team": "others"}},
        "spec": {"ports": [{"name": "theirs", "port": 7777}], "selector": {"app": "theirs"}},
    }))?;
    Ok(rig.api::<Service>().create(&PostParams::default(), &service).await?)
}

#[tokio::test]
async fn a_foreign_object_is_left_alone_byte_for_byte_until_it_goes() -> anyhow::Result<()> {
    let rig = Rig::start("clash").await?;
    let foreign = foreign_service(&rig, json!({})).await?;
    rig.apply("web", WEB).await?;
    let stalled = rig.condition("web", "Stalled", "True", "NameClash").await?;
    assert!(stalled.message.contains("Service") && stalled.message.contains("web"), "{}", stalled.message);
    // All the others are made.
    rig.get::<Deployment>("web").await?;
    rig.get::<PodDisruptionBudget>("web").await?;
    rig.idle().await?;
    let text = |service: &Service| serde_json::to_string(service).unwrap();
    assert_eq!(text(&foreign), text(&rig.get("web").await?), "a foreign object was touched");

    // It is looked at when it changes, not before: nothing is sent meanwhile.
    let mark = rig.mark().await?;
    rig.edit::<Deployment>("web", json!({"metadata": {"annotations": {"harmless": "note"}}})).await?;
    rig.idle().await?;
    assert_eq!(rig.since(mark).await?.filter(|r| r.resource == "services").count(), 0);

    rig.delete::<Service>("web").await?;
    let service = rig.ready("web").await?;
    let ours: Service = rig.get("web").await?;
    assert_eq!(ours.owner_references()[0].uid, service.uid().unwrap());
    assert!(condition(&service, "Stalled").is_none());
    Ok(())
}

#[tokio::test]
async fn no_route_is_made_to_the_service_of_somebody_else() -> anyhow::Result<()> {
    let rig = Rig::start("astray").await?;
    foreign_service(&rig, json!({})).await?;
    let host = format!("{}.example.com", rig.namespace);
    let routes = format!(
        "routes: [{{hostnames: [{host}], gateway: {{name: public}}}}, {{name: away, hostnames: [away.{host}], \
         gateway: {{name: public}}, filters: [{{type: RequestRedirect, requestRedirect: {{hostname: other.{host}}}}}]}}]"
    );
    rig.apply("web", &format!("{WEB}{routes}\n")).await?;
    let exposed = rig.condition("web", "Exposed", "False", "BackendNotFound").await?;
    for part in ["routes[main]", "Service \"web\"", "nobody owns it", "adopt-by"] {
        assert!(exposed.message.contains(part), "{part}: {}", exposed.message);
    }
    rig.idle().await?;
    assert!(rig.find::<HttpRoute>("web").await?.is_none(), "clients would reach the pods of somebody else");
    // What does not lead there is made.
    rig.get::<HttpRoute>("web--away").await?;

    rig.delete::<Service>("web").await?;
    rig.wait("the route", "web", |_: &HttpRoute| true).await?;
    rig.ready("web").await?;
    Ok(())
}

#[tokio::test]
async fn a_route_of_somebody_else_is_left_alone() -> anyhow::Result<()> {
    let rig = Rig::start("clash-grpc").await?;
    let foreign: GrpcRoute = serde_json::from_value(json!({
        "apiVersion": "gateway.networking.k8s.io/v1", "kind": "GRPCRoute",
        "metadata": {"name": "web", "labels": {"team": "others"}}, "spec": {"parentRefs": [{"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "theirs"}], "rules": [{}]},
    }))?;
    let foreign = rig.api::<GrpcRoute>().create(&PostParams::default(), &foreign).await?;
    let grpc = "{image: 'web:1', ports: [{name: grpc, port: 80, protocol: grpc}], \
        routes: [{name: main, hostnames: [clash-grpc.example.com], gateway: {name: public}}]}";
    rig.apply("web", grpc).await?;
    let stalled = rig.condition("web", "Stalled", "True", "NameClash").await?;
    assert!(stalled.message.contains("GRPCRoute"), "{}", stalled.message);
    rig.get::<Deployment>("web").await?;
    rig.idle().await?;
    let version = rig.get::<GrpcRoute>("web").await?.resource_version();
    assert_eq!(version, foreign.resource_version(), "a foreign object was touched");
    Ok(())
}

#[tokio::test]
async fn an_object_that_is_offered_is_adopted() -> anyhow::Result<()> {
    let rig = Rig::start("adopt").await?;
    let foreign = foreign_service(&rig, json!({})).await?;
    rig.apply("web", WEB).await?;
    rig.condition("web", "Stalled", "True", "NameClash").await?;
    rig.edit::<Service>("web", json!({"metadata": {"annotations": {"microservices.dev/adopt-by": "web"}}})).await?;
    let service = rig.ready("web").await?;
    let ours: Service = rig.get("web").await?;
    assert_eq!(ours.uid(), foreign.uid(), "it was made anew instead of adopted");
    assert_eq!(ours.owner_references()[0].uid, service.uid().unwrap());
    Ok(())
}

#[tokio::test]
async fn forged_labels_protect_nobody_and_harm_nobody() -> anyhow::Result<()> {
    // An object with all our labels, but not owned: neither pruned nor written.
    let rig = Rig::start("forged").await?;
    let labels = json!({"app.kubernetes.io/managed-by": "microservice-operator", "app.kubernetes.io/name": "web"});
    let budget: PodDisruptionBudget = serde_json::from_value(json!({
        "metadata": {"name": "web--old", "labels": labels}, "spec": {"minAvailable": 1},
    }))?;
    let before = rig.api::<PodDisruptionBudget>().create(&PostParams::default(), &budget).await?;
    rig.apply("web", WEB).await?;
    rig.ready("web").await?;
    rig.idle().await?;
    let after: PodDisruptionBudget = rig.get("web--old").await?;
    assert_eq!(before.metadata.uid, after.metadata.uid);
    assert_eq!(before.spec, after.spec);
    assert_eq!(before.metadata.labels, after.metadata.labels);
    Ok(())
}
