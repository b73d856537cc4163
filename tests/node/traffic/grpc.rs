//! gRPC through the gateway.

use anyhow::Result;
use microservice_crds::gateway::GrpcRoute;
use stand_in::grpc::{CallRequest, call};

use super::stage::Stage;

#[tokio::test]
async fn a_grpc_call_goes_through_a_grpc_route() -> Result<()> {
    let stage = Stage::start("grpc").await?;
    let host = stage.host();
    let spec = format!(
        "
image: stand-in.test/catalog:v1
ports: [{{name: grpc, port: 3550, protocol: grpc}}]
env: [{{name: PORT, value: '3550'}}]
probes: {{readiness: {{periodSeconds: 1, grpc: {{}}}}}}
routes: [{{hostnames: [{host}], gateway: GATEWAY}}]
"
    );
    stage.apply("catalog", &spec).await?;
    stage.rig.ready("catalog").await?;
    stage.rig.get::<GrpcRoute>("catalog").await?;
    let channel = stage.channel(&host)?;
    let reply = stage.until("an answer", || async { Ok(Some(call(channel.clone(), CallRequest::default()).await?)) });
    let reply = reply.await?;
    assert_eq!(reply.stand_in_for, "catalog");

    // The gateway knows only this service on the host.
    let other = stage.channel("nobody.example.com")?;
    let status = call(other, CallRequest::default()).await.unwrap_err();
    assert_ne!(status.code(), tonic::Code::Ok);
    Ok(())
}
