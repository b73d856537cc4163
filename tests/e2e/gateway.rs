//! What the status says of routes, by the verdict of a real gateway.

use anyhow::Result;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use microservice_tests::{
    gateway::{Gateway, NAMESPACE},
    rig::Rig,
};

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
    rig.condition("web", "Exposed", "False", "HostnameNotCovered").await?;
    // The operator knows by itself; only the gateway's own verdict holds the service back.
    let ready = rig.condition("web", "Ready", "False", "HostnameNotCovered").await?;
    assert_says(&ready, &["HTTPRoute \"web\"", "gateways/public", "NoMatchingListenerHostname", "*.example.com"]);

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
    rig.condition("web", "Exposed", "False", "NamespaceNotAllowed").await?;
    // The operator knows by itself; only the gateway's own verdict holds the service back.
    let ready = rig.condition("web", "Ready", "False", "NamespaceNotAllowed").await?;
    let words = ["HTTPRoute \"web\"", "gateways/private", "NotAllowedByListeners", &rig.namespace, "allowedRoutes"];
    assert_says(&ready, &words);

    rig.apply("web", &web("web.example.com", "public")).await?;
    rig.condition("web", "Exposed", "True", "Accepted").await?;
    rig.ready("web").await?;
    Ok(())
}

#[tokio::test]
async fn a_gateway_may_come_and_go() -> Result<()> {
    let rig = rig("missing").await?;
    rig.apply("web", &web("web.example.com", "late")).await?;
    let exposed = rig.condition("web", "Exposed", "Unknown", "GatewayNotFound").await?;
    assert_says(&exposed, &["HTTPRoute \"web\"", "gateways/late", "Create it"]);
    // Nothing else waits for it.
    rig.ready("web").await?;

    let port = Gateway::shared(rig.cluster).await?.http.port();
    let late = format!(
        "
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {{name: late, namespace: {NAMESPACE}}}
spec:
  gatewayClassName: traefik
  listeners:
  - {{name: http, port: {port}, protocol: HTTP, allowedRoutes: {{namespaces: {{from: All}}}}}}
"
    );
    rig.cluster.apply(&late).await?;
    rig.condition("web", "Exposed", "True", "Accepted").await?;
    rig.cluster.kubectl_ok(&["delete", "gateway", "late", "-n", NAMESPACE]).await?;
    rig.condition("web", "Exposed", "Unknown", "GatewayNotFound").await?;
    rig.ready("web").await?;
    Ok(())
}

#[tokio::test]
async fn a_listener_that_the_gateway_does_not_have_is_told() -> Result<()> {
    let rig = rig("listener").await?;
    let spec = web("web.example.com", "public").replace("namespace: gateways", "namespace: gateways, sectionName: web");
    rig.apply("web", &spec).await?;
    let exposed = rig.condition("web", "Exposed", "False", "ListenerNotFound").await?;
    assert_says(&exposed, &["HTTPRoute \"web\"", "gateways/public", "web", "http, https"]);
    rig.apply("web", &spec.replace("sectionName: web", "sectionName: http")).await?;
    rig.condition("web", "Exposed", "True", "Accepted").await?;
    Ok(())
}
