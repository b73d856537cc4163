//! The gRPC side: the standard health service, and one of its own, `standin.v1.StandIn` with the method `Call`. The
//! messages are written by hand, because a compiler for two of them is more than they are worth.
//!
//! ```proto
//! package standin.v1;
//! service StandIn { rpc Call(CallRequest) returns (CallReply); }
//! message CallRequest { uint32 depth = 1; }
//! message CallReply { string stand_in_for = 1; string pod = 2; string uid = 3; string image = 4; string tree = 5; }
//! ```

use std::{convert::Infallible, sync::Arc};

use futures::future::BoxFuture;
use http::{Request, Response, uri::PathAndQuery};
use hyper::body::Incoming;
use tonic::{
    Status,
    body::Body,
    client::GrpcService,
    server::{Grpc, UnaryService},
};
use tonic_health::{
    ServingStatus,
    pb::health_server::HealthServer,
    server::{HealthReporter, HealthService},
};
use tonic_prost::ProstCodec;

use crate::{calls::Caller, control::Control};

/// The path of the method.
pub const CALL: &str = "/standin.v1.StandIn/Call";

const HEALTH: &str = "/grpc.health.v1.Health/";

/// What the method takes.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct CallRequest {
    /// How many levels of calls to make: none, unless said.
    #[prost(uint32, tag = "1")]
    pub depth: u32,
}

/// What the method returns: who answered.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct CallReply {
    /// The service.
    #[prost(string, tag = "1")]
    pub stand_in_for: String,
    /// The pod's name.
    #[prost(string, tag = "2")]
    pub pod: String,
    /// The pod's uid.
    #[prost(string, tag = "3")]
    pub uid: String,
    /// The image.
    #[prost(string, tag = "4")]
    pub image: String,
    /// The tree of calls, as `/call` returns it: JSON of a [`Call`](crate::calls::Call).
    #[prost(string, tag = "5")]
    pub tree: String,
}

/// Calls the method, as a client, over a channel of tonic or whatever else carries gRPC.
///
/// # Errors
/// The status that is answered, or that the channel's failure comes to.
pub async fn call<T>(channel: T, request: CallRequest) -> Result<CallReply, Status>
where
    T: GrpcService<Body>,
    T::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    T::ResponseBody: Send + 'static,
    <T::ResponseBody as hyper::body::Body>::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let mut client = tonic::client::Grpc::new(channel);
    client.ready().await.map_err(|error| Status::from_error(error.into()))?;
    let codec = ProstCodec::<CallRequest, CallReply>::default();
    let answer = client.unary(tonic::Request::new(request), PathAndQuery::from_static(CALL), codec).await?;
    Ok(answer.into_inner())
}

/// Answers gRPC requests.
#[derive(Clone)]
pub(crate) struct GrpcSide {
    reporter: HealthReporter,
    method: Method,
}

impl GrpcSide {
    pub(crate) fn new(control: Arc<Control>, caller: Arc<Caller>) -> Self {
        Self { reporter: HealthReporter::new(), method: Method { control, caller } }
    }

    /// Tells the health service, whose watchers hear of it at once.
    pub(crate) async fn set_ready(&self, ready: bool) {
        let status = if ready { ServingStatus::Serving } else { ServingStatus::NotServing };
        for service in ["", "standin.v1.StandIn"] {
            self.reporter.set_service_status(service, status).await;
        }
    }

    pub(crate) async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        let path = request.uri().path();
        if path.starts_with(HEALTH) {
            let mut health = HealthServer::new(HealthService::from_health_reporter(self.reporter.clone()));
            return GrpcService::call(&mut health, request).await.unwrap_or_else(|never: Infallible| match never {});
        }
        if path == CALL {
            return Grpc::new(ProstCodec::default()).unary(self.method.clone(), request).await;
        }
        Status::unimplemented(format!("a stand-in knows {CALL} and the health service")).into_http()
    }
}

#[derive(Clone)]
struct Method {
    control: Arc<Control>,
    caller: Arc<Caller>,
}

impl UnaryService<CallRequest> for Method {
    type Response = CallReply;
    type Future = BoxFuture<'static, Result<tonic::Response<CallReply>, Status>>;

    fn call(&mut self, request: tonic::Request<CallRequest>) -> Self::Future {
        let Self { control, caller } = self.clone();
        Box::pin(async move {
            if control.serve().await {
                return Err(Status::internal("a stand-in that was told to fail"));
            }
            let tree = caller.tree(Some(request.into_inner().depth), "").await;
            let json = serde_json::to_string(&tree).map_err(|error| Status::internal(error.to_string()))?;
            let identity = caller.identity().clone();
            Ok(tonic::Response::new(CallReply {
                stand_in_for: identity.stand_in_for,
                pod: identity.pod,
                uid: identity.uid,
                image: identity.image,
                tree: json,
            }))
        })
    }
}
