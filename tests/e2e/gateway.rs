//! What the status says of routes, by the verdict of a real gateway.

use anyhow::Result;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use microservice_tests::{gateway::Gateway, rig::Rig};

/// A service with a route for this host on this Gateway.
fn web(host: &str, gateway: &str) -> String {
    format!(
        "
image: registry.example/web:v1
ports: [{{name: http, port: 80, targetPort: 8080, protocol: http}}]
routes: [{{hostnames: [{host}], gateway: {{name: {gateway}, namespace: gateways}}}}]
"
    )
}

/// On the shared control plane, with the shared gateway.
async fn rig(name: &str) -> Result<Rig> {
    let rig = Rig::start(name).await?;
    Gateway::shared(rig.cluster).await?;
    Ok(rig)
}

fn assert_says(condition: &Condition, words: &[&str]) {
    for word in words {
        assert!(condition.message.contains(word), "{word} is not in: {}", condition.message);
    }
}

#[tokio::test]
async fn a_route_is_exposed_as_soon_as_the_gateway_takes_its_host() -> Result<()> {
    let rig = rig("host").await?;
    rig.apply("web", &web("web.elsewhere.example", "public")).await?;
    let exposed = rig.condition("web", "Exposed", "False", "RouteNotAccepted").await?;
    assert_says(&exposed, &["HTTPRoute \"web\"", "gateways/public", "NoMatchingListenerHostname", "listener"]);
    rig.condition("web", "Ready", "False", "RouteNotAccepted").await?;

    rig.apply("web", &web("web.example.com", "public")).await?;
    let exposed = rig.condition("web", "Exposed", "True", "Accepted").await?;
    assert_says(&exposed, &["gateways/public"]);
    rig.ready("web").await?;
    Ok(())
}

#[tokio::test]
async fn a_namespace_that_the_gateway_does_not_allow_is_told() -> Result<()> {
    let rig = rig("namespace").await?;
    rig.apply("web", &web("web.example.com", "private")).await?;
    let exposed = rig.condition("web", "Exposed", "False", "RouteNotAccepted").await?;
    assert_says(&exposed, &["HTTPRoute \"web\"", "gateways/private", "NotAllowedByListeners", "allowedRoutes"]);
    rig.condition("web", "Ready", "False", "RouteNotAccepted").await?;

    rig.apply("web", &web("web.example.com", "public")).await?;
    rig.condition("web", "Exposed", "True", "Accepted").await?;
    rig.ready("web").await?;
    Ok(())
}

#[tokio::test]
async fn a_gateway_that_is_not_there_is_told_and_blocks_nothing() -> Result<()> {
    let rig = rig("missing").await?;
    rig.apply("web", &web("web.example.com", "nowhere")).await?;
    let exposed = rig.condition("web", "Exposed", "Unknown", "GatewaySilent").await?;
    assert_says(&exposed, &["HTTPRoute \"web\"", "Gateway exists"]);
    rig.ready("web").await?;
    Ok(())
}
