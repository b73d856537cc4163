//! A layer around the client: counts every request, and hears every word of a watch.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use futures::{FutureExt as _, future::BoxFuture};
use http::{Method, Request, Response, Uri};
use http_body_util::{BodyExt as _, combinators::UnsyncBoxBody};
use tokio::time::Instant;
use tower::{Layer, Service};

use super::Metrics;

/// The layer.
#[derive(Clone)]
pub struct Observe(pub Arc<Metrics>);

impl<S> Layer<S> for Observe {
    type Service = Observed<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Observed { inner, metrics: self.0.clone() }
    }
}

/// A client under the layer.
#[derive(Clone)]
pub struct Observed<S> {
    inner: S,
    metrics: Arc<Metrics>,
}

impl<S, B, R> Service<Request<B>> for Observed<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Future: Send + 'static,
    R: http_body::Body + Send + 'static,
{
    type Response = Response<UnsyncBoxBody<R::Data, R::Error>>;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<Self::Response, S::Error>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let Asked { verb, resource, whole } = Asked::read(request.method(), request.uri());
        let (metrics, start) = (self.metrics.clone(), Instant::now());
        let answer = self.inner.call(request);
        async move {
            let answer = answer.await;
            let code = answer.as_ref().map_or(0, |answer| answer.status().as_u16());
            metrics.requested(verb, &resource, code, start.elapsed());
            let answer = answer?;
            metrics.pulses.answer();
            if verb != "watch" || !whole {
                return Ok(answer.map(|body| body.boxed_unsync()));
            }
            metrics.pulses.watch(&resource);
            let heard = move |frame| {
                metrics.pulses.watch(&resource);
                frame
            };
            Ok(answer.map(|body| body.map_frame(heard).boxed_unsync()))
        }
        .boxed()
    }
}

/// What a request asks for, in Kubernetes' words.
#[derive(Debug, PartialEq)]
struct Asked {
    verb: &'static str,
    /// Plural, with the subresource. Example: `microservices/status`.
    resource: String,
    /// Whether all objects of the kind are meant, and not one by its name.
    whole: bool,
}

impl Asked {
    fn read(method: &Method, uri: &Uri) -> Self {
        let mut parts = uri.path().split('/').filter(|part| !part.is_empty());
        match parts.next() {
            Some("api") => drop(parts.next()),
            Some("apis") => drop((parts.next(), parts.next())),
            _ => return Self { verb: plain(method), resource: "other".into(), whole: false },
        }
        let mut rest: Vec<&str> = parts.collect();
        // A namespace before the resource; `namespaces/NAME` alone is the Namespace itself.
        if rest.first() == Some(&"namespaces") && rest.len() > 2 {
            rest.drain(..2);
        }
        let (plural, name, subresource) = (rest.first(), rest.get(1), rest.get(2));
        let Some(plural) = plural else {
            return Self { verb: plain(method), resource: "discovery".into(), whole: false };
        };
        let query = uri.query().unwrap_or_default();
        let verb = match (plain(method), name) {
            ("get", None) if query.contains("watch=") => "watch",
            ("get", None) => "list",
            ("delete", None) => "deletecollection",
            (verb, _) => verb,
        };
        let resource = match subresource {
            Some(subresource) => format!("{plural}/{subresource}"),
            None => (*plural).to_owned(),
        };
        Self { verb, resource, whole: name.is_none() && !query.contains("fieldSelector=") }
    }
}

fn plain(method: &Method) -> &'static str {
    match *method {
        Method::GET => "get",
        Method::POST => "create",
        Method::PUT => "update",
        Method::PATCH => "patch",
        Method::DELETE => "delete",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(method: &str, uri: &str) -> (&'static str, String, bool) {
        let asked = Asked::read(&method.parse().unwrap(), &uri.parse().unwrap());
        (asked.verb, asked.resource, asked.whole)
    }

    #[test]
    fn requests_are_told_apart_as_the_api_server_does() {
        let is = |method, uri, verb, resource: &str, whole| {
            assert_eq!(asked(method, uri), (verb, resource.to_owned(), whole), "{method} {uri}");
        };
        is("GET", "/api/v1/pods?watch=true&resourceVersion=1", "watch", "pods", true);
        is("GET", "/api/v1/namespaces/a/services?limit=500", "list", "services", true);
        is("GET", "/api/v1/namespaces?watch=1", "watch", "namespaces", true);
        is("GET", "/api/v1/namespaces/a", "get", "namespaces", false);
        is("GET", "/apis/apps/v1/namespaces/a/deployments/b", "get", "deployments", false);
        is("GET", "/apis/apps/v1/namespaces/a/deployments?watch=true&fieldSelector=x", "watch", "deployments", false);
        is(
            "PATCH",
            "/apis/microservices.dev/v1alpha1/namespaces/a/microservices/b/status?x",
            "patch",
            "microservices/status",
            false,
        );
        is("DELETE", "/apis/apps/v1/namespaces/a/deployments/b", "delete", "deployments", false);
        is("POST", "/apis/authentication.k8s.io/v1/tokenreviews", "create", "tokenreviews", true);
        is("GET", "/apis/gateway.networking.k8s.io/v1", "get", "discovery", false);
        is("GET", "/version", "get", "other", false);
    }
}
