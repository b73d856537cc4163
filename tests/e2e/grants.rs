//! What a class permits to some namespaces is permitted to no other, also while the operator does not know which one it is.

use anyhow::Result;
use k8s_openapi::api::{apps::v1::Deployment, core::v1::Namespace};
use kube::{Api, api::Patch};
use microservice_crds::{Microservice, gateway::HttpRoute};
use microservice_tests::{
    faults::{Fault, Script},
    rig::{PATIENCE, Rig, observed},
};
use serde_json::json;

fn lists_namespaces(call: &str) -> bool {
    call == "GET /api/v1/namespaces"
}

/// Waits until the operator works, with what it knows by then.
async fn started(rig: &Rig) -> Result<()> {
    let operator = rig.operator.as_ref().unwrap();
    let ask = || async move { Ok(operator.idle().then_some(())) };
    rig.cluster.wait_until("the operator to start", &rig.namespace, PATIENCE, ask).await
}

#[tokio::test]
async fn a_host_is_granted_to_no_namespace_that_is_not_known() -> Result<()> {
    let script = Script::record();
    let mut rig = Rig::without_operator("grant").await?;
    let class = rig.namespace.clone();
    let host = format!("{class}.example.com");
    let grant = "hosts: [{pattern: '*.example.com', namespaces: {matchLabels: {tier: public}}}]";
    rig.apply_class(&class, &format!("{{routing: {{gateways: [{{name: public}}], {grant}}}}}")).await?;
    let ports = "ports: [{name: http, port: 80, protocol: http}]";
    let routes = format!("routes: [{{hostnames: [{host}]}}]");
    rig.apply("web", &format!("{{image: 'registry.example/web:v1', {ports}, {routes}, class: {class}}}")).await?;

    // The list of Namespaces takes longer than the operator waits for it.
    let held = script.hold(lists_namespaces);
    rig.start_operator(&script)?;
    held.reached().await;
    started(&rig).await?;
    rig.idle().await?;
    assert!(rig.find::<HttpRoute>("web").await?.is_none(), "a route without a grant");
    assert!(rig.find::<Deployment>("web").await?.is_none());
    assert!(!observed(&rig.get::<Microservice>("web").await?), "nothing is said that is not known");

    held.go();
    let stalled = rig.condition("web", "Stalled", "True", "ForbiddenByClass").await?;
    assert!(stalled.message.contains(&host) && stalled.message.contains(&class), "{}", stalled.message);
    let label = Patch::Merge(json!({"metadata": {"labels": {"tier": "public"}}}));
    Api::<Namespace>::all(rig.client.clone()).patch(&rig.namespace, &Default::default(), &label).await?;
    rig.wait("the route", "web", |_: &HttpRoute| true).await?;
    rig.ready("web").await?;

    // An operator that may not see Namespaces says which right it needs, and leaves everything as it is.
    rig.stop_operator().await;
    script.always(Fault::Refused(403), lists_namespaces);
    rig.start_operator(&script)?;
    let stalled = rig.condition("web", "Stalled", "True", "ForbiddenByClass").await?;
    for part in ["list and watch namespaces", "ServiceAccount", class.as_str()] {
        assert!(stalled.message.contains(part), "{part}: {}", stalled.message);
    }
    assert!(rig.find::<HttpRoute>("web").await?.is_some());
    script.heal();
    rig.ready("web").await?;
    rig.delete_class(&class).await
}
