//! What is answered to a request, whatever it came by.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use http::{
    HeaderMap, Method, Request, Response, StatusCode,
    header::{CONTENT_TYPE, HOST},
    request::Parts,
};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use serde_json::{Map, Value, json};
use tonic::body::Body;

use crate::{
    calls::{CALLERS, Caller},
    control::{Change, Control},
    grpc::GrpcSide,
    identity::Identity,
};

/// More than anybody needs to say how it shall behave.
const LONGEST_CHANGE: usize = 64 << 10;

/// The service, behind every port.
pub(crate) struct Answers {
    caller: Arc<Caller>,
    control: Arc<Control>,
    grpc: GrpcSide,
}

impl Answers {
    pub(crate) fn new(identity: Identity) -> Self {
        let (control, caller) = (Arc::new(Control::new()), Caller::new(identity));
        Self { grpc: GrpcSide::new(control.clone(), caller.clone()), caller, control }
    }

    /// Changes the behaviour.
    pub(crate) async fn change(&self, change: &Change) -> Result<Value> {
        let behaviour = self.control.change(change)?;
        self.grpc.set_ready(behaviour.ready).await;
        Ok(serde_json::to_value(behaviour)?)
    }

    pub(crate) async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        let kind = request.headers().get(CONTENT_TYPE).map_or(&b""[..], |value| value.as_bytes());
        if kind.starts_with(b"application/grpc") {
            return self.grpc.answer(request).await;
        }
        let (parts, body) = request.into_parts();
        let (status, value) = match parts.uri.path() {
            "/_healthz" if self.control.behaviour().ready => (StatusCode::OK, self.who(&parts)),
            "/_healthz" => (StatusCode::SERVICE_UNAVAILABLE, self.who(&parts)),
            "/control" => match self.control(parts.method, body).await {
                Ok(behaviour) => (StatusCode::OK, behaviour),
                Err(error) => (StatusCode::BAD_REQUEST, json!({"error": format!("{error:#}")})),
            },
            _ if self.control.serve().await => (StatusCode::INTERNAL_SERVER_ERROR, self.who(&parts)),
            "/call" => (StatusCode::OK, self.call(&parts).await),
            path if path == "/echo" || path.starts_with("/echo/") => {
                let mut answer = self.who(&parts);
                if let Value::Object(fields) = &mut answer {
                    fields.insert("headers".into(), headers(&parts.headers));
                }
                (StatusCode::OK, answer)
            }
            _ => (StatusCode::OK, self.who(&parts)),
        };
        let mut answer = Response::new(Body::new(Full::new(Bytes::from(format!("{value}\n")))));
        *answer.status_mut() = status;
        answer.headers_mut().insert(CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
        answer
    }

    /// Who answers, and what was asked.
    fn who(&self, request: &Parts) -> Value {
        let mut answer = json!(self.caller.identity());
        if let Value::Object(fields) = &mut answer {
            // With HTTP/2 the host is part of the URI.
            let host = request.headers.get(HOST).map(|host| String::from_utf8_lossy(host.as_bytes()).into_owned());
            let host = host.or_else(|| request.uri.authority().map(ToString::to_string));
            fields.insert("method".into(), json!(request.method.as_str()));
            fields.insert("host".into(), json!(host));
            fields.insert("path".into(), json!(request.uri.path_and_query().map(|path| path.as_str())));
        }
        answer
    }

    async fn call(&self, request: &Parts) -> Value {
        let pairs = request.uri.query().unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
        let depth = pairs.filter(|(name, _)| *name == "depth").find_map(|(_, depth)| depth.parse().ok());
        let callers = request.headers.get(CALLERS).and_then(|callers| callers.to_str().ok()).unwrap_or_default();
        json!(self.caller.tree(depth, callers).await)
    }

    async fn control(&self, method: Method, body: Incoming) -> Result<Value> {
        if method == Method::GET {
            return Ok(serde_json::to_value(self.control.behaviour())?);
        }
        let body = Limited::new(body, LONGEST_CHANGE).collect().await.map_err(|error| anyhow::anyhow!(error))?;
        self.change(&serde_json::from_slice(&body.to_bytes()).context("not a change of behaviour")?).await
    }
}

fn headers(headers: &HeaderMap) -> Value {
    let mut all: Map<String, Value> = Map::new();
    for name in headers.keys() {
        let values: Vec<_> = headers.get_all(name).iter().map(|v| String::from_utf8_lossy(v.as_bytes())).collect();
        all.insert(name.to_string(), json!(values.join(", ")));
    }
    Value::Object(all)
}
