//! A cluster without the Gateway API: routes wait for it, nobody else does.

use std::time::Duration;

use anyhow::Result;
use k8s_openapi::{
    api::core::v1::Service, apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition,
};
use kube::{
    Api,
    api::{DeleteParams, Patch, PatchParams, PostParams},
};
use microservice_crds::gateway::{GrpcRoute, HttpRoute};
use microservice_tests::{
    control_plane::{ControlPlane, Options},
    faults::Script,
    operator::Operator,
    rig::{self, Rig, condition, status},
};

use serde_json::json;

use crate::read::assert_says;

const WEB: &str = "
image: registry.example/web:v1
ports: [{name: http, port: 80, targetPort: 8080, protocol: http}]
routes: [{hostnames: [web.example.com], gateway: {name: public}}]
";

const RPC: &str = "
image: registry.example/rpc:v1
ports: [{name: grpc, port: 9000, protocol: grpc}]
routes: [{hostnames: [rpc.example.com], gateway: {name: public}}]
";

const PLAIN: &str = "
image: registry.example/plain:v1
ports: [{name: http, port: 80, targetPort: 8080, protocol: http}]
";

/// A control plane of its own: what is served there changes for everybody.
async fn rig() -> Result<Rig> {
    let cluster: &'static ControlPlane = Box::leak(Box::new(ControlPlane::start(Options::default()).await?));
    rig::install(cluster).await?;
    let namespace = cluster.namespace("bare").await?;
    let agent = format!("operator-everywhere-{namespace}");
    let operator = Operator::start(cluster, None, &agent, &Script::record())?;
    Ok(Rig { cluster, client: cluster.client()?, agent, namespace, operator: Some(operator) })
}

/// Made within five seconds of the definition, without a restart.
async fn route_comes(rig: &Rig) -> Result<HttpRoute> {
    let find = || async { rig.find::<HttpRoute>("web").await };
    rig.cluster.wait_until("the route", &rig.namespace, Duration::from_secs(5), find).await
}

#[tokio::test]
async fn routes_wait_for_the_gateway_api_and_nothing_else_does() -> Result<()> {
    let rig = rig().await?;
    rig.apply("web", WEB).await?;
    let service = rig.ready("web").await?;
    let exposed = condition(&service, "Exposed").unwrap();
    assert_eq!((exposed.status.as_str(), exposed.reason.as_str()), ("Unknown", "GatewayAPINotInstalled"));
    let words = ["HTTPRoute \"web\"", "httproutes.gateway.networking.k8s.io", "Install the Gateway API"];
    assert_says(exposed, &words);
    assert!(condition(&service, "Stalled").is_none() && condition(&service, "Reconciling").is_none());
    assert_eq!(status(&service).url, None, "there is nothing to open");
    rig.apply("plain", PLAIN).await?;
    rig.ready("plain").await?;
    rig.idle().await?;

    let mark = rig.mark().await?;
    rig.cluster.install_gateway_api().await?;
    let route = route_comes(&rig).await?;
    assert_eq!(route.spec.hostnames, ["web.example.com"]);
    rig.condition("web", "Exposed", "Unknown", "GatewayNotFound").await?;
    rig.ready("web").await?;

    // One of its kinds goes: those who use it are told which, and nobody else is.
    rig.apply("rpc", RPC).await?;
    rig.condition("rpc", "Exposed", "Unknown", "GatewayNotFound").await?;
    let definitions = Api::<CustomResourceDefinition>::all(rig.client.clone());
    let mut older = definitions.get("grpcroutes.gateway.networking.k8s.io").await?;
    definitions.delete("grpcroutes.gateway.networking.k8s.io", &DeleteParams::default()).await?;
    let exposed = rig.condition("rpc", "Exposed", "Unknown", "GatewayAPINotInstalled").await?;
    assert_says(&exposed, &["GRPCRoute \"rpc\"", "no grpcroutes.gateway.networking.k8s.io"]);
    rig.ready("rpc").await?;
    rig.condition("web", "Exposed", "Unknown", "GatewayNotFound").await?;

    // It comes back too old: that is told as it is, and when it serves our version, the route is made.
    older.metadata.resource_version = None;
    older.metadata.uid = None;
    older.status = None;
    older.spec.versions.iter_mut().filter(|version| version.name == "v1").for_each(|version| version.served = false);
    definitions.create(&PostParams::default(), &older).await?;
    let exposed = rig.condition("rpc", "Exposed", "Unknown", "GatewayAPITooOld").await?;
    assert_says(&exposed, &["GRPCRoute \"rpc\"", "has grpcroutes.gateway.networking.k8s.io", "does not serve v1"]);
    let served = json!([{"op": "replace", "path": "/spec/versions/0/served", "value": true}]);
    let served = Patch::Json::<()>(serde_json::from_value(served)?);
    definitions.patch("grpcroutes.gateway.networking.k8s.io", &PatchParams::default(), &served).await?;
    rig.wait("the route", "rpc", |_: &GrpcRoute| true).await?;

    // It goes, with the route: said again, and all else goes on.
    definitions.delete("httproutes.gateway.networking.k8s.io", &DeleteParams::default()).await?;
    rig.condition("web", "Exposed", "Unknown", "GatewayAPINotInstalled").await?;
    rig.ready("web").await?;
    // All that was of no concern to who has no route, and cost no request for it.
    rig.idle().await?;
    let concerned = rig.since(mark).await?.filter(|request| request.name.starts_with("plain"));
    assert_eq!(concerned.count(), 0, "{concerned:?}");
    rig.delete::<Service>("web").await?;
    rig.wait("the Service to be made anew", "web", |_: &Service| true).await?;
    rig.apply("other", "{image: 'registry.example/other:v1'}").await?;
    rig.ready("other").await?;

    rig.cluster.install_gateway_api().await?;
    route_comes(&rig).await?;
    rig.condition("web", "Exposed", "Unknown", "GatewayNotFound").await?;
    rig.ready("web").await?;
    Ok(())
}
