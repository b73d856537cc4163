//! A service says whom it uses; addresses follow, whatever the order, and nobody else is touched.

use anyhow::Result;
use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use kube::{Api, ResourceExt, api::ListParams};
use microservice_crds::Microservice;
use microservice_tests::rig::{Rig, condition, status};

const PROVIDER: &str = "{image: 'registry.example/cart:v1', ports: [{name: grpc, port: 7070, protocol: grpc}]}";
const CONSUMER: &str = "{image: 'registry.example/web:v1', uses: [{service: cart, env: {CART_ADDR: HostPort}}]}";

/// The value of a variable of the main container.
fn variable(deployment: &Deployment, name: &str) -> Option<String> {
    let pod = deployment.spec.as_ref()?.template.spec.as_ref()?;
    pod.containers.first()?.env.iter().flatten().find(|v| v.name == name)?.value.clone()
}

fn generation(deployment: &Deployment) -> Option<i64> {
    deployment.metadata.generation
}

/// ReplicaSets of a service: one for each template that its pods ever had.
async fn replica_sets(rig: &Rig, service: &str) -> Result<usize> {
    let params = ListParams::default().labels(&format!("app.kubernetes.io/name={service}"));
    let api: Api<ReplicaSet> = rig.api();
    Ok(api.list(&params).await?.items.len())
}

#[tokio::test]
async fn a_consumer_that_comes_first_waits_visibly_and_starts_with_the_address() -> Result<()> {
    let rig = Rig::start("edges-order").await?;
    rig.apply("web", CONSUMER).await?;
    let waiting = rig.condition("web", "Ready", "False", "WaitingForDependency").await?;
    assert!(waiting.message.contains(&format!("{}/cart", rig.namespace)), "{}", waiting.message);
    assert!(rig.find::<Deployment>("web").await?.is_none());
    rig.apply("cart", PROVIDER).await?;
    rig.ready("web").await?;
    let deployment = rig.get::<Deployment>("web").await?;
    assert_eq!(variable(&deployment, "CART_ADDR"), Some(format!("cart.{}.svc:7070", rig.namespace)));
    assert_eq!(replica_sets(&rig, "web").await?, 1, "its pods started once");
    rig.condition("web", "DependenciesResolved", "True", "Resolved").await.map(drop)
}

#[tokio::test]
async fn nobody_waits_for_ever_and_an_address_that_was_found_stays() -> Result<()> {
    let rig = Rig::start("edges-missing").await?;
    rig.apply("web", CONSUMER).await?;
    // Ten seconds at most: it runs without the address, and says so.
    rig.ready("web").await?;
    let missing = rig.condition("web", "DependenciesResolved", "False", "ServiceNotFound").await?;
    assert!(
        missing.message.contains(&format!("there is no Microservice {}/cart", rig.namespace)),
        "{}",
        missing.message
    );
    assert_eq!(variable(&rig.get("web").await?, "CART_ADDR"), None);

    rig.apply("cart", PROVIDER).await?;
    let address = format!("cart.{}.svc:7070", rig.namespace);
    rig.wait("the address", "web", |d: &Deployment| variable(d, "CART_ADDR").as_ref() == Some(&address)).await?;
    rig.condition("web", "DependenciesResolved", "True", "Resolved").await?;
    rig.ready("web").await?;
    rig.idle().await?;

    // It goes: no pod is replaced for that.
    let before = generation(&rig.get("web").await?);
    rig.delete::<Microservice>("cart").await?;
    let gone = rig.condition("web", "DependenciesResolved", "False", "ServiceNotFound").await?;
    assert!(gone.message.contains(&format!("The address {address} that was found before stays.")), "{}", gone.message);
    rig.idle().await?;
    assert_eq!(generation(&rig.get("web").await?), before);
    // Not even after a restart of the operator.
    let mut rig = rig;
    rig.stop_operator().await;
    rig.start_operator(&microservice_tests::faults::Script::record())?;
    rig.idle().await?;
    assert_eq!(generation(&rig.get("web").await?), before);
    Ok(())
}

#[tokio::test]
async fn a_port_that_changes_reaches_its_consumers_and_nobody_else() -> Result<()> {
    let rig = Rig::start("edges-port").await?;
    rig.apply("cart", PROVIDER).await?;
    rig.apply("web", CONSUMER).await?;
    rig.apply("other", "{image: 'registry.example/other:v1', ports: [{name: http, port: 80}]}").await?;
    for name in ["cart", "web", "other"] {
        rig.ready(name).await?;
    }
    rig.idle().await?;
    let mark = rig.mark().await?;
    rig.apply("cart", &PROVIDER.replace("7070", "7071")).await?;
    let address = format!("cart.{}.svc:7071", rig.namespace);
    rig.wait("the new port", "web", |d: &Deployment| variable(d, "CART_ADDR").as_ref() == Some(&address)).await?;
    rig.ready("web").await?;
    rig.idle().await?;
    let touched = rig.since(mark).await?.writes().filter(|request| request.name == "other");
    assert_eq!(touched.count(), 0, "{:?}", touched.summary());
    Ok(())
}

#[tokio::test]
async fn who_is_not_let_in_is_told_on_both_sides() -> Result<()> {
    let rig = Rig::start("edges-consent").await?;
    rig.apply("cart", &PROVIDER.replace("ports:", "allowFrom: [{service: checkout}], ports:")).await?;
    rig.apply("web", CONSUMER).await?;
    let told = rig.condition("web", "DependenciesResolved", "False", "NoConsent").await?;
    assert!(told.message.contains("spec.allowFrom"), "{}", told.message);
    let told = rig.condition("cart", "ConsumersConsented", "False", "UninvitedConsumers").await?;
    assert!(told.message.contains(&format!("{}/web", rig.namespace)), "{}", told.message);
    // It runs all the same, and consent ends the matter.
    rig.ready("web").await?;
    rig.apply("cart", &PROVIDER.replace("ports:", "allowFrom: [{service: web}], ports:")).await?;
    rig.condition("web", "DependenciesResolved", "True", "Resolved").await?;
    rig.wait("the complaint to go", "cart", |s: &Microservice| condition(s, "ConsumersConsented").is_none()).await?;
    Ok(())
}

#[tokio::test]
async fn a_new_edge_between_running_services_costs_four_writes_and_rolls_nothing() -> Result<()> {
    let rig = Rig::start("edges-new").await?;
    let class = rig.namespace.clone();
    rig.apply_class(&class, "{network: {mode: Enforce}}").await?;
    let with_class = |spec: &str| spec.replacen('{', &format!("{{class: {class}, "), 1);
    rig.apply("cart", &with_class(PROVIDER)).await?;
    rig.apply("web", &with_class("{image: 'registry.example/web:v1'}")).await?;
    for name in ["cart", "web"] {
        rig.ready(name).await?;
    }
    rig.idle().await?;
    let before = (generation(&rig.get("web").await?), generation(&rig.get("cart").await?));
    let mark = rig.mark().await?;
    rig.apply("web", &with_class("{image: 'registry.example/web:v1', uses: [{service: cart}]}")).await?;
    rig.wait("both ends to say so", "cart", |s: &Microservice| {
        condition(s, "Isolated").is_some_and(|c| c.message.contains("/web on 7070/TCP"))
    })
    .await?;
    rig.wait("the other end", "web", |s: &Microservice| {
        condition(s, "Isolated").is_some_and(|c| c.message.contains("/cart on 7070/TCP"))
    })
    .await?;
    rig.idle().await?;
    let mut sent: Vec<String> = rig.since(mark).await?.writes().0.iter().map(|request| request.kind()).collect();
    sent.sort();
    let (policy, word) = ("patch networkpolicies", "patch microservices/status");
    assert_eq!(sent, [word, word, policy, policy]);
    assert_eq!((generation(&rig.get("web").await?), generation(&rig.get("cart").await?)), before);
    // And rest is rest.
    let mark = rig.mark().await?;
    let mut rig = rig;
    rig.stop_operator().await;
    rig.start_operator(&microservice_tests::faults::Script::record())?;
    rig.idle().await?;
    let sent = rig.since(mark).await?.writes();
    assert_eq!(sent.count(), 0, "{:?}", sent.summary());
    rig.delete_class(&class).await
}

#[tokio::test]
async fn an_optional_service_that_is_not_there_is_reported_and_not_fatal() -> Result<()> {
    let rig = Rig::start("edges-optional").await?;
    rig.apply("web", "{image: 'registry.example/web:v1', uses: [{service: assistant, port: 80, optional: true, env: {ASSISTANT_ADDR: HostPort}}]}").await?;
    let service = rig.ready("web").await?;
    let told = rig.condition("web", "DependenciesResolved", "True", "OptionalNotFound").await?;
    assert!(told.message.contains(&format!("{}/assistant", rig.namespace)), "{}", told.message);
    let address = format!("assistant.{}.svc:80", rig.namespace);
    assert_eq!(variable(&rig.get("web").await?, "ASSISTANT_ADDR").as_ref(), Some(&address));
    assert_eq!(status(&service).dependencies[0].address.as_ref(), Some(&address));
    assert_eq!(service.name_any(), "web");
    Ok(())
}
