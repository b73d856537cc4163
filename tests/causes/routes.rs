//! What a gateway says of a route, as its controller would write it.

use anyhow::Result;
use kube::api::{Patch, PatchParams};
use microservice_crds::{Microservice, gateway::HttpRoute};
use microservice_tests::rig::{Rig, condition};
use serde_json::json;

use crate::read::assert_says;

const WEB: &str = "
image: registry.example/web:v1
ports: [{name: http, port: 80, targetPort: 8080, protocol: http}]
routes: [{hostnames: [web.example.com], gateway: {name: public, namespace: infra}}]
";

/// The gateway's controller says of the present route: type, status, reason, message.
pub async fn gateway_says(rig: &Rig, verdicts: &[[&str; 4]]) -> Result<()> {
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
        "parentRef": {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "public", "namespace": "infra"},
        "controllerName": "example.com/gateway", "conditions": conditions,
    });
    let patch = Patch::Merge(json!({"status": {"parents": [parent]}}));
    rig.api::<HttpRoute>().patch_status("web", &PatchParams::default(), &patch).await?;
    Ok(())
}

const ACCEPTED: [&str; 4] = ["Accepted", "True", "Accepted", ""];
const RESOLVED: [&str; 4] = ["ResolvedRefs", "True", "ResolvedRefs", ""];

#[tokio::test]
async fn a_route_that_is_not_accepted_blocks_until_it_is() -> Result<()> {
    let rig = Rig::start("route").await?;
    rig.apply("web", WEB).await?;
    // Silence blocks nothing.
    rig.ready("web").await?;
    rig.condition("web", "Exposed", "Unknown", "GatewaySilent").await?;

    let words = "No listener allows routes of this namespace.";
    gateway_says(&rig, &[["Accepted", "False", "NotAllowedByListeners", words], RESOLVED]).await?;
    let exposed = rig.condition("web", "Exposed", "False", "RouteNotAccepted").await?;
    let ready = rig.condition("web", "Ready", "False", "RouteNotAccepted").await?;
    for said in [&exposed, &ready] {
        assert_says(said, &["HTTPRoute \"web\"", "infra/public", "NotAllowedByListeners", words, "allowedRoutes"]);
    }

    gateway_says(&rig, &[ACCEPTED, RESOLVED]).await?;
    let exposed = rig.condition("web", "Exposed", "True", "Accepted").await?;
    assert_says(&exposed, &["infra/public"]);
    rig.ready("web").await?;

    // A verdict on an older route says nothing of the new one.
    rig.apply("web", &WEB.replace("web.example.com", "www.example.com")).await?;
    rig.condition("web", "Exposed", "Unknown", "GatewaySilent").await?;
    rig.ready("web").await?;
    Ok(())
}

#[tokio::test]
async fn references_that_do_not_resolve_block_too() -> Result<()> {
    let rig = Rig::start("refs").await?;
    rig.apply("web", WEB).await?;
    rig.ready("web").await?;
    let denied = ["ResolvedRefs", "False", "BackendNotFound", "Service web has no such port."];
    gateway_says(&rig, &[ACCEPTED, denied]).await?;
    rig.condition("web", "Exposed", "False", "RouteRefsNotResolved").await?;
    let ready = rig.condition("web", "Ready", "False", "RouteRefsNotResolved").await?;
    assert_says(&ready, &["infra/public", "BackendNotFound", "no such port", "Check the Service"]);
    // The pods are well: that is still said.
    let service: Microservice = rig.get("web").await?;
    assert!(condition(&service, "Available").is_some_and(|c| c.status == "True"), "{service:?}");
    gateway_says(&rig, &[ACCEPTED, RESOLVED]).await?;
    rig.condition("web", "Exposed", "True", "Accepted").await?;
    rig.ready("web").await?;
    Ok(())
}
