//! Listeners that serve a route: their certificates, those of ListenerSets, and the hosts that none of them has. The
//! objects are real; their controller is this file.

use anyhow::Result;
use kube::{
    Api,
    api::{DynamicObject, Patch, PatchParams},
};
use microservice_tests::rig::{Rig, status};
use serde_json::{Value, json};

use crate::{
    gateways::{class, gateway, kind, programmed, verdict},
    read::{applied_as_told, assert_says},
    routes::{public, taken_by},
};

/// A service on one listener of the Gateway or ListenerSet `public`.
fn web(kind: &str, hosts: &str) -> String {
    format!(
        "{{image: 'registry.example/web:v1', ports: [{{name: http, port: 80, targetPort: 8080, protocol: http}}], \
         routes: [{{hostnames: [{hosts}], gateway: {{kind: {kind}, name: public, sectionName: web}}}}]}}"
    )
}

/// Applies an object of the Gateway API, and answers its generation.
async fn apply(rig: &Rig, name: &str, plural: &str, spec: Value) -> Result<i64> {
    let resource = kind(name, plural);
    let api: Api<DynamicObject> = Api::namespaced_with(rig.client.clone(), &rig.namespace, &resource);
    let body = json!({"apiVersion": resource.api_version, "kind": name, "metadata": {"name": "public"}, "spec": spec});
    let applied = api.patch("public", &PatchParams::apply("test").force(), &Patch::Apply(&body)).await?;
    Ok(applied.metadata.generation.unwrap())
}

/// Its controller says this of it, and of its listener `web`.
async fn says(rig: &Rig, name: &str, plural: &str, whole: &[Value], listener: &[Value]) -> Result<()> {
    let api: Api<DynamicObject> = Api::namespaced_with(rig.client.clone(), &rig.namespace, &kind(name, plural));
    let listeners = json!([{"name": "web", "attachedRoutes": 1, "supportedKinds": [], "conditions": listener}]);
    let said = Patch::Merge(json!({"status": {"conditions": whole, "listeners": listeners}}));
    api.patch_status("public", &PatchParams::default(), &said).await?;
    Ok(())
}

#[tokio::test]
async fn a_certificate_that_is_not_permitted_is_told_with_the_grant_for_it() -> Result<()> {
    let rig = Rig::start("certificate").await?;
    let certificates = rig.cluster.namespace("certificates").await?;
    class(&rig, &[]).await?;
    let listener = json!({"name": "web", "port": 443, "protocol": "HTTPS", "hostname": "*.example.com",
        "tls": {"certificateRefs": [{"name": "wildcard", "namespace": certificates}]}});
    let generation = gateway(&rig, listener).await?;
    let well = |type_: &str| verdict(type_, "True", type_, generation);
    let up = [well("Accepted"), well("Programmed")];
    let refused = [
        well("Accepted"),
        verdict("Programmed", "False", "Invalid", generation),
        verdict("ResolvedRefs", "False", "RefNotPermitted", generation),
    ];
    says(&rig, "Gateway", "gateways", &up, &refused).await?;
    rig.apply("web", &web("Gateway", "web.example.com")).await?;
    taken_by(&rig, "Gateway", Some("web")).await?;
    let exposed = rig.condition("web", "Exposed", "False", "RefNotPermitted").await?;
    assert_says(&exposed, &["Listener \"web\"", &format!("{}/public", rig.namespace)]);
    let grant = applied_as_told(&rig, &exposed).await?;
    assert_eq!(grant["metadata"]["namespace"], *certificates);
    let from = json!([{"group": "gateway.networking.k8s.io", "kind": "Gateway", "namespace": rig.namespace}]);
    assert_eq!(grant["spec"]["from"], from);
    assert_eq!(grant["spec"]["to"], json!([{"group": "", "kind": "Secret", "name": "wildcard"}]));
    // Nobody refused the route.
    rig.ready("web").await?;

    says(&rig, "Gateway", "gateways", &up, &[well("Accepted"), well("Programmed"), well("ResolvedRefs")]).await?;
    rig.condition("web", "Exposed", "True", "Accepted").await?;
    assert_eq!(status(&rig.ready("web").await?).urls, ["https://web.example.com"]);
    Ok(())
}

#[tokio::test]
async fn a_route_hangs_on_a_listener_set_and_the_gateway_behind_it() -> Result<()> {
    let rig = Rig::start("set").await?;
    rig.apply("web", &web("ListenerSet", "web.example.com")).await?;
    let set = format!("ListenerSet {}/public", rig.namespace);
    assert_says(&rig.condition("web", "Exposed", "Unknown", "GatewayNotFound").await?, &[&set, "Create it"]);

    let listener = json!({"name": "web", "port": 8080, "protocol": "HTTP"});
    let spec = json!({"parentRef": {"name": "public"}, "listeners": [listener]});
    let generation = apply(&rig, "ListenerSet", "listenersets", spec).await?;
    let behind = format!("{set} belongs to Gateway {}/public, which is not there", rig.namespace);
    rig.wait("the Gateway behind it to be missed", "web", |service| says_of_routes(service).contains(&behind)).await?;

    class(&rig, &[]).await?;
    let of_gateway = gateway(&rig, json!({"name": "other", "port": 80, "protocol": "HTTP"})).await?;
    programmed(&rig, of_gateway, "True").await?;
    let denied = [verdict("Accepted", "False", "NotAllowed", generation)];
    says(&rig, "ListenerSet", "listenersets", &denied, &[]).await?;
    taken_by(&rig, "ListenerSet", Some("web")).await?;
    let exposed = rig.condition("web", "Exposed", "False", "GatewayNotProgrammed").await?;
    assert_says(&exposed, &[&set, "NotAllowed", "allowedListeners"]);

    let up = ["Accepted", "Programmed"].map(|type_| verdict(type_, "True", type_, generation));
    says(&rig, "ListenerSet", "listenersets", &up, &up).await?;
    let exposed = rig.condition("web", "Exposed", "True", "Accepted").await?;
    assert_eq!(exposed.message, format!("Accepted by {set}."));
    assert_eq!(status(&rig.ready("web").await?).urls, ["http://web.example.com:8080"]);
    Ok(())
}

/// What a service says of its routes.
fn says_of_routes(service: &microservice_crds::Microservice) -> String {
    microservice_tests::rig::condition(service, "Exposed").map(|c| c.message.clone()).unwrap_or_default()
}

#[tokio::test]
async fn a_host_that_a_gateway_drops_without_a_word_is_named() -> Result<()> {
    let rig = Rig::start("dropped").await?;
    public(&rig).await?;
    let generation =
        gateway(&rig, json!({"name": "web", "port": 80, "protocol": "HTTP", "hostname": "*.example.com"})).await?;
    programmed(&rig, generation, "True").await?;
    rig.apply("web", &web("Gateway", "web.example.com, web.example.net")).await?;
    taken_by(&rig, "Gateway", Some("web")).await?;
    let exposed = rig.condition("web", "Exposed", "False", "HostnameNotCovered").await?;
    assert_says(&exposed, &["HTTPRoute \"web\" is taken, but not for web.example.net"]);
    // The other host works, and so does the service.
    assert_eq!(status(&rig.ready("web").await?).urls, ["http://web.example.com"]);
    rig.apply("web", &web("Gateway", "web.example.com")).await?;
    taken_by(&rig, "Gateway", Some("web")).await?;
    rig.condition("web", "Exposed", "True", "Accepted").await?;
    Ok(())
}
