//! What the controller of a Gateway says of a route, and what becomes of it. The Gateway is real and well; its controller
//! is this file.

use anyhow::Result;
use kube::api::{Patch, PatchParams};
use microservice_crds::{Microservice, gateway::HttpRoute};
use microservice_tests::rig::{Rig, condition, observed, status};
use serde_json::json;

use crate::{
    gateways::{class, gateway, programmed},
    read::{applied_as_told, assert_says},
};

const WEB: &str = "
image: registry.example/web:v1
ports: [{name: http, port: 80, targetPort: 8080, protocol: http}]
routes: [{hostnames: [web.example.com], gateway: {name: public}}]
";

const ACCEPTED: [&str; 4] = ["Accepted", "True", "Accepted", ""];
const RESOLVED: [&str; 4] = ["ResolvedRefs", "True", "ResolvedRefs", ""];

/// A Gateway `public` that is up.
pub async fn public(rig: &Rig) -> Result<()> {
    class(rig, &[]).await?;
    let generation = gateway(rig, json!({"name": "web", "port": 80, "protocol": "HTTP"})).await?;
    programmed(rig, generation, "True").await
}

/// The gateway's controller says of the present route: type, status, reason, message.
pub async fn gateway_says(rig: &Rig, verdicts: &[[&str; 4]]) -> Result<()> {
    says_of_route(rig, "Gateway", None, verdicts).await
}

/// The controller takes the present route on a Gateway or ListenerSet `public`, or one listener of it. The route of an
/// older spec may still stand there: wait for that first.
pub async fn taken_by(rig: &Rig, kind: &str, section: Option<&str>) -> Result<()> {
    rig.idle().await?;
    says_of_route(rig, kind, section, &[ACCEPTED, RESOLVED]).await
}

async fn says_of_route(rig: &Rig, kind: &str, section: Option<&str>, verdicts: &[[&str; 4]]) -> Result<()> {
    let route: HttpRoute = rig.wait("the route", "web", |_| true).await?;
    let conditions: Vec<_> = verdicts
        .iter()
        .map(|[kind, status, reason, message]| {
            json!({
                "type": kind, "status": status, "reason": reason, "message": message,
                "lastTransitionTime": "2026-01-31T12:00:00Z", "observedGeneration": route.metadata.generation,
            })
        })
        .collect();
    let parent = json!({
        "parentRef": {"group": "gateway.networking.k8s.io", "kind": kind, "name": "public", "sectionName": section},
        "controllerName": "example.com/gateway", "conditions": conditions,
    });
    let patch = Patch::Merge(json!({"status": {"parents": [parent]}}));
    rig.api::<HttpRoute>().patch_status("web", &PatchParams::default(), &patch).await?;
    Ok(())
}

/// A verdict is told under this reason by both conditions, with these words; it ends with the next good one.
async fn blocks(rig: &Rig, verdicts: &[[&str; 4]], reason: &str, words: &[&str]) -> Result<()> {
    gateway_says(rig, verdicts).await?;
    let exposed = rig.condition("web", "Exposed", "False", reason).await?;
    let ready = rig.condition("web", "Ready", "False", reason).await?;
    for said in [&exposed, &ready] {
        assert_says(said, &["HTTPRoute \"web\"", &format!("{}/public", rig.namespace), "example.com/gateway"]);
        assert_says(said, words);
    }
    gateway_says(rig, &[ACCEPTED, RESOLVED]).await?;
    assert_says(&rig.condition("web", "Exposed", "True", "Accepted").await?, &["/public"]);
    rig.ready("web").await?;
    Ok(())
}

#[tokio::test]
async fn a_verdict_on_a_route_blocks_until_it_is_taken_back() -> Result<()> {
    let rig = Rig::start("route").await?;
    public(&rig).await?;
    rig.apply("web", WEB).await?;
    // Silence blocks nothing.
    rig.ready("web").await?;
    rig.condition("web", "Exposed", "Unknown", "Pending").await?;

    let words = "No listener allows routes of this namespace.";
    let denied = ["Accepted", "False", "NotAllowedByListeners", words];
    blocks(&rig, &[denied, RESOLVED], "NamespaceNotAllowed", &["NotAllowedByListeners", words, "allowedRoutes"])
        .await?;
    let denied = ["Accepted", "False", "NoMatchingListenerHostname", "No such host."];
    blocks(&rig, &[denied], "HostnameNotCovered", &["No such host.", "spec.routes[main].hostnames"]).await?;
    let denied = ["Accepted", "False", "HostnameConflict", "Taken by GRPCRoute x."];
    blocks(&rig, &[denied], "RouteConflict", &["Taken by GRPCRoute x.", "Another route has the same host"]).await?;
    let partly = ["PartiallyInvalid", "True", "UnsupportedValue", "Dropped Rule 1."];
    blocks(&rig, &[ACCEPTED, RESOLVED, partly], "PartiallyInvalid", &["Dropped Rule 1.", "only in part"]).await?;

    // A verdict on an older route says nothing of the new one.
    rig.apply("web", &WEB.replace("web.example.com", "www.example.com")).await?;
    rig.condition("web", "Exposed", "Unknown", "Pending").await?;
    rig.ready("web").await?;
    Ok(())
}

#[tokio::test]
async fn references_that_do_not_resolve_block_too() -> Result<()> {
    let rig = Rig::start("refs").await?;
    public(&rig).await?;
    rig.apply("web", WEB).await?;
    rig.ready("web").await?;
    let denied = ["ResolvedRefs", "False", "BackendNotFound", "Service web has no such port."];
    gateway_says(&rig, &[ACCEPTED, denied]).await?;
    rig.condition("web", "Exposed", "False", "BackendNotFound").await?;
    let ready = rig.condition("web", "Ready", "False", "BackendNotFound").await?;
    let service = format!("Service {}/web port 80", rig.namespace);
    assert_says(&ready, &["/public", "BackendNotFound", "no such port", &service]);
    // The pods are well: that is still said.
    let service: Microservice = rig.get("web").await?;
    assert!(condition(&service, "Available").is_some_and(|c| c.status == "True"), "{service:?}");
    gateway_says(&rig, &[ACCEPTED, RESOLVED]).await?;
    rig.condition("web", "Exposed", "True", "Accepted").await?;
    rig.ready("web").await?;
    Ok(())
}

#[tokio::test]
async fn a_grant_that_is_missing_can_be_applied_as_it_is_told() -> Result<()> {
    let rig = Rig::start("grant").await?;
    public(&rig).await?;
    let other = rig.cluster.namespace("copies").await?;
    let mirror = format!(
        "filters: [{{type: RequestMirror, requestMirror: {{backendRef: {{name: copies, namespace: {other}, port: 80}}}}}}], hostnames"
    );
    rig.apply("web", &WEB.replace("hostnames", &mirror)).await?;
    rig.ready("web").await?;
    let denied = ["ResolvedRefs", "False", "RefNotPermitted", "No ReferenceGrant permits it."];
    gateway_says(&rig, &[ACCEPTED, denied]).await?;
    let exposed = rig.condition("web", "Exposed", "False", "RefNotPermitted").await?;
    let grant = applied_as_told(&rig, &exposed).await?;
    assert_eq!(grant["metadata"]["namespace"], *other);
    assert_eq!(grant["spec"]["from"][0]["namespace"], *rig.namespace);
    assert_eq!(grant["spec"]["to"], json!([{"group": "", "kind": "Service", "name": "copies"}]));
    gateway_says(&rig, &[ACCEPTED, RESOLVED]).await?;
    rig.condition("web", "Exposed", "True", "Accepted").await?;
    Ok(())
}

#[tokio::test]
async fn silence_is_told_when_it_lasts_with_whose_it_is() -> Result<()> {
    let rig = Rig::start("silent").await?;
    public(&rig).await?;
    rig.apply("web", WEB).await?;
    rig.condition("web", "Exposed", "Unknown", "Pending").await?;
    let silent = rig.condition("web", "Exposed", "Unknown", "GatewaySilent").await?;
    let class = format!("{:?}", rig.namespace);
    assert_says(&silent, &["HTTPRoute \"web\"", "/public", "30 s", &class, "\"example.com/gateway\""]);
    // It was silent all the time, and nobody was held back.
    rig.ready("web").await?;
    Ok(())
}

#[tokio::test]
async fn where_the_class_wants_it_ready_waits_for_the_gateway() -> Result<()> {
    let rig = Rig::start("strict").await?;
    public(&rig).await?;
    rig.apply_class(&rig.namespace, "{routing: {readyRequiresExposed: true}}").await?;
    rig.apply("web", &format!("{WEB}class: {}", rig.namespace)).await?;
    let available = |service: &Microservice| condition(service, "Available").is_some_and(|c| c.status == "True");
    let waiting = rig
        .wait("all but the route", "web", |service: &Microservice| {
            let pending = condition(service, "Ready").is_some_and(|c| c.status == "False" && c.reason == "Pending");
            observed(service) && available(service) && pending
        })
        .await?;
    assert!(condition(&waiting, "Reconciling").is_some_and(|c| c.reason == "Pending"), "{waiting:?}");
    gateway_says(&rig, &[ACCEPTED, RESOLVED]).await?;
    let service = rig.ready("web").await?;
    assert_eq!(status(&service).urls, ["http://web.example.com"]);
    rig.delete::<Microservice>("web").await?;
    rig.delete_class(&rig.namespace).await
}
