//! What stands between a route and its Gateway, told before and after the gateway's controller speaks. The Gateways are
//! real objects; their controller is this file.

use anyhow::Result;
use k8s_openapi::api::core::v1::Service;
use kube::{
    Api,
    api::{ApiResource, DynamicObject, Patch, PatchParams},
};
use microservice_crds::{Microservice, gateway::HttpRoute};
use microservice_tests::rig::{Rig, status};
use serde_json::{Value, json};

use crate::read::assert_says;

pub fn kind(name: &str, plural: &str) -> ApiResource {
    let group = "gateway.networking.k8s.io";
    ApiResource {
        group: group.into(),
        version: "v1".into(),
        api_version: format!("{group}/v1"),
        kind: name.into(),
        plural: plural.into(),
    }
}

/// The GatewayClass of this test, and the features that its controller says it supports.
pub async fn class(rig: &Rig, features: &[&str]) -> Result<()> {
    let resource = kind("GatewayClass", "gatewayclasses");
    let api: Api<DynamicObject> = Api::all_with(rig.client.clone(), &resource);
    let body = json!({"apiVersion": resource.api_version, "kind": resource.kind,
        "metadata": {"name": rig.namespace}, "spec": {"controllerName": "example.com/gateway"}});
    api.patch(&rig.namespace, &PatchParams::apply("test").force(), &Patch::Apply(&body)).await?;
    let names: Vec<Value> = features.iter().map(|name| json!({"name": name})).collect();
    let said =
        json!({"status": {"supportedFeatures": names, "conditions": [verdict("Accepted", "True", "Accepted", 1)]}});
    api.patch_status(&rig.namespace, &PatchParams::default(), &Patch::Merge(&said)).await?;
    Ok(())
}

pub fn verdict(type_: &str, status: &str, reason: &str, generation: i64) -> Value {
    json!({"type": type_, "status": status, "reason": reason, "message": "", "observedGeneration": generation,
        "lastTransitionTime": "2026-01-31T12:00:00Z"})
}

/// The Gateway `public` of this test with one listener.
pub async fn gateway(rig: &Rig, listener: Value) -> Result<i64> {
    let resource = kind("Gateway", "gateways");
    let api: Api<DynamicObject> = Api::namespaced_with(rig.client.clone(), &rig.namespace, &resource);
    let body = json!({"apiVersion": resource.api_version, "kind": resource.kind, "metadata": {"name": "public"},
        "spec": {"gatewayClassName": rig.namespace, "listeners": [listener]}});
    let applied = api.patch("public", &PatchParams::apply("test").force(), &Patch::Apply(&body)).await?;
    Ok(applied.metadata.generation.unwrap())
}

/// Whether the Gateway's controller has set it and its listener up.
pub async fn programmed(rig: &Rig, generation: i64, is: &str) -> Result<()> {
    let api: Api<DynamicObject> =
        Api::namespaced_with(rig.client.clone(), &rig.namespace, &kind("Gateway", "gateways"));
    let all =
        |reason| [verdict("Accepted", "True", "Accepted", generation), verdict("Programmed", is, reason, generation)];
    let said = json!({"status": {
        "addresses": [{"type": "IPAddress", "value": "192.0.2.1"}],
        "conditions": all("AddressNotAssigned"),
        "listeners": [{"name": "web", "attachedRoutes": 1, "supportedKinds": [], "conditions": all("Pending")}],
    }});
    api.patch_status("public", &PatchParams::default(), &Patch::Merge(&said)).await?;
    Ok(())
}

/// The controller takes the present route.
async fn accept(rig: &Rig) -> Result<()> {
    let route: HttpRoute = rig.get("web").await?;
    let generation = route.metadata.generation.unwrap();
    let parent = json!({
        "parentRef": {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "public"},
        "controllerName": "example.com/gateway",
        "conditions": [verdict("Accepted", "True", "Accepted", generation), verdict("ResolvedRefs", "True", "ResolvedRefs", generation)],
    });
    let patch = Patch::Merge(json!({"status": {"parents": [parent]}}));
    rig.api::<HttpRoute>().patch_status("web", &PatchParams::default(), &patch).await?;
    Ok(())
}

fn web(route: &str) -> String {
    format!(
        "{{image: 'registry.example/web:v1', ports: [{{name: http, port: 80, targetPort: 8080, protocol: http}}], \
         routes: [{{gateway: {{name: public, sectionName: web}}, {route}}}]}}"
    )
}

#[tokio::test]
async fn each_thing_between_a_route_and_its_gateway_is_named_in_turn() -> Result<()> {
    let rig = Rig::start("gateways").await?;
    let parent = format!("{}/public", rig.namespace);
    let says = async |status: &str, reason: &str, words: &[&str]| -> Result<()> {
        assert_says(&rig.condition("web", "Exposed", status, reason).await?, words);
        Ok(())
    };
    rig.apply("web", &web("hostnames: [web.example.com]")).await?;
    says("Unknown", "GatewayNotFound", &[&parent]).await?;
    // It blocks nobody.
    rig.ready("web").await?;

    class(&rig, &[]).await?;
    gateway(&rig, json!({"name": "other", "port": 80, "protocol": "HTTP"})).await?;
    says("False", "ListenerNotFound", &[&parent, "\"web\"", "other"]).await?;

    let selector = json!({"namespaces": {"from": "Selector", "selector": {"matchLabels": {"tier": "public"}}}});
    gateway(&rig, json!({"name": "web", "port": 80, "protocol": "HTTP", "allowedRoutes": selector})).await?;
    says("False", "NamespaceNotAllowed", &[&parent, "tier"]).await?;

    gateway(&rig, json!({"name": "web", "port": 80, "protocol": "HTTP", "hostname": "*.example.org"})).await?;
    says("False", "HostnameNotCovered", &["web.example.com", "*.example.org"]).await?;

    let generation =
        gateway(&rig, json!({"name": "web", "port": 8080, "protocol": "HTTP", "hostname": "*.example.com"})).await?;
    programmed(&rig, generation, "False").await?;
    accept(&rig).await?;
    says("False", "GatewayNotProgrammed", &[&parent, "AddressNotAssigned"]).await?;

    programmed(&rig, generation, "True").await?;
    rig.condition("web", "Exposed", "True", "Accepted").await?;
    let service = rig.ready("web").await?;
    assert_eq!(status(&service).url.as_deref(), Some("http://web.example.com:8080"));
    assert_eq!(status(&service).urls, ["http://web.example.com:8080"]);
    Ok(())
}

#[tokio::test]
async fn what_a_gateway_does_not_support_is_not_sent_to_it_and_the_last_good_route_stays() -> Result<()> {
    let rig = Rig::start("features").await?;
    class(&rig, &["HTTPRouteQueryParamMatching"]).await?;
    let generation = gateway(&rig, json!({"name": "web", "port": 80, "protocol": "HTTP"})).await?;
    programmed(&rig, generation, "True").await?;
    rig.apply("web", &web("hostnames: [web.example.com]")).await?;
    rig.wait("the route", "web", |_: &HttpRoute| true).await?;
    accept(&rig).await?;
    rig.condition("web", "Exposed", "True", "Accepted").await?;

    rig.apply("web", &web("hostnames: [web.example.com], timeouts: {request: 10s}")).await?;
    let said = rig.condition("web", "Exposed", "False", "UnsupportedByGateway").await?;
    assert_says(&said, &["HTTPRouteRequestTimeout", "public", "timeouts"]);
    let timeouts = |route: &HttpRoute| route.spec.rules[0].timeouts.clone();
    assert_eq!(timeouts(&rig.get("web").await?), None);

    class(&rig, &["HTTPRouteQueryParamMatching", "HTTPRouteRequestTimeout"]).await?;
    rig.wait("the timeout", "web", |route: &HttpRoute| timeouts(route).is_some()).await?;
    Ok(())
}

#[tokio::test]
async fn a_share_for_a_service_that_is_not_there_waits_for_it() -> Result<()> {
    let rig = Rig::start("backends").await?;
    rig.apply("web", &web("hostnames: [web.example.com]")).await?;
    rig.wait("the route", "web", |_: &HttpRoute| true).await?;
    let shares = "hostnames: [web.example.com], backends: [{weight: 90}, {service: next, port: 80, weight: 10}]";
    rig.apply("web", &web(shares)).await?;
    let said = rig.condition("web", "Exposed", "False", "BackendNotFound").await?;
    assert_says(&said, &["\"next\""]);
    let backends = |route: &HttpRoute| route.spec.rules[0].backend_refs.len();
    assert_eq!(backends(&rig.get("web").await?), 1);

    // One that nobody of ours made.
    let service: Service = serde_json::from_value(json!({
        "metadata": {"name": "next"}, "spec": {"ports": [{"name": "http", "port": 80}]}
    }))?;
    rig.api::<Service>().create(&Default::default(), &service).await?;
    rig.wait("both backends", "web", |route: &HttpRoute| backends(route) == 2).await?;
    rig.wait("the reason to go", "web", |service: &Microservice| {
        let exposed = status(service).conditions.into_iter().find(|c| c.type_ == "Exposed");
        exposed.is_some_and(|c| c.reason != "BackendNotFound")
    })
    .await?;
    Ok(())
}
