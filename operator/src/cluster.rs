//! Every request that the operator sends for a Microservice passes through here: with a deadline, through the breaker,
//! and with its failure put into one of the few kinds that the rest of the code tells apart.

use std::{sync::Arc, time::Duration};

use http::{HeaderValue, header::USER_AGENT};
use kube::{
    Api, Client, Config,
    api::{ApiResource, DeleteParams, ListParams, Patch, PatchParams, Preconditions},
};
use microservice_core::children::Entry;
use serde_json::Value;
use tokio::sync::Semaphore;
use tracing::{Instrument as _, field::Empty};

use crate::{
    breaker::{Breaker, Sign},
    leader::Fence,
    object::LeanObject,
    telemetry::TRACES,
};

/// Time that one request may take.
const DEADLINE: Duration = Duration::from_secs(10);

/// Why a request failed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Failure {
    /// 404: the object, its namespace or its kind is not there.
    #[error("{0}")]
    Missing(String),
    /// 409: something else is there, or it changed meanwhile.
    #[error("{0}")]
    Conflict(String),
    /// 400, 413, 415 or 422, or a stored object that does not fit the schema: sending it again cannot help.
    #[error("{0}")]
    Invalid(String),
    /// 401, 403, or a policy's 422: rights, quota or an admission policy.
    #[error("{0}")]
    Forbidden(String),
    /// 429, 5xx, a deadline or a lost connection: sending it again may help.
    #[error("{0}")]
    System(String),
}

/// The API server, for writing and for the few reads that writes need.
#[derive(Clone)]
pub struct Cluster {
    client: Client,
    breaker: Arc<Breaker>,
    in_flight: Arc<Semaphore>,
    fence: Arc<Fence>,
    on_recovery: Arc<dyn Fn() + Send + Sync>,
}

/// One object, by its address.
#[derive(Clone, Copy)]
pub struct Target<'a> {
    /// Its kind.
    pub resource: &'a ApiResource,
    /// Its namespace; empty for a kind of the whole cluster.
    pub namespace: &'a str,
    /// Its name.
    pub name: &'a str,
}

fn managed_by(manager: &str) -> PatchParams {
    PatchParams { field_manager: Some(manager.to_owned()), ..PatchParams::default() }
}

/// A configuration for the operator: no hidden retry, our user agent.
///
/// # Errors
/// When the user agent is not a header value.
pub fn configure(mut config: Config, user_agent: &str) -> Result<Config, http::Error> {
    // A retry inside the client would hide minutes in one call; the queue retries, with what is wanted by then.
    config.default_retry = false;
    config.connect_timeout = Some(Duration::from_secs(5));
    // Bookmarks come every minute: a connection that is silent for longer is dead.
    config.read_timeout = Some(Duration::from_secs(150));
    config.reset_reader_on_write = true;
    config.headers.push((USER_AGENT, HeaderValue::from_str(user_agent)?));
    Ok(config)
}

/// The kind of an entry as kube wants it.
pub fn api_resource(entry: &Entry) -> ApiResource {
    let api_version =
        if entry.group.is_empty() { entry.version.to_owned() } else { format!("{}/{}", entry.group, entry.version) };
    ApiResource {
        group: entry.group.to_owned(),
        version: entry.version.to_owned(),
        api_version,
        kind: entry.kind.to_owned(),
        plural: entry.plural.to_owned(),
    }
}

impl Cluster {
    /// At most `in_flight` requests run at a time, and writes only while the fence permits. `on_recovery` is called when
    /// the API server is back.
    pub fn new(client: Client, in_flight: usize, fence: Arc<Fence>, on_recovery: Arc<dyn Fn() + Send + Sync>) -> Self {
        Self { client, breaker: Arc::default(), in_flight: Arc::new(Semaphore::new(in_flight)), fence, on_recovery }
    }

    /// Whether requests are held back because the API server is overloaded or gone.
    pub fn is_held_back(&self) -> bool {
        self.breaker.is_open()
    }

    /// The client, for streams and events.
    pub fn client(&self) -> &Client {
        &self.client
    }

    fn api(&self, target: Target<'_>) -> Api<LeanObject> {
        match target.namespace {
            "" => Api::all_with(self.client.clone(), target.resource),
            namespace => Api::namespaced_with(self.client.clone(), namespace, target.resource),
        }
    }

    /// Server-side apply of a whole desired object.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn apply(&self, target: Target<'_>, body: &Value, manager: &str) -> Result<LeanObject, Failure> {
        let params = PatchParams::apply(manager).force();
        self.write("apply", target, self.api(target).patch(target.name, &params, &Patch::Apply(body))).await
    }

    /// Server-side apply of a status.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn apply_status(&self, target: Target<'_>, body: &Value, manager: &str) -> Result<LeanObject, Failure> {
        let params = PatchParams::apply(manager).force();
        self.write("apply status", target, self.api(target).patch_status(target.name, &params, &Patch::Apply(body)))
            .await
    }

    /// JSON merge patch of a status: it works on stored objects that an apply cannot read.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn merge_status(&self, target: Target<'_>, body: &Value, manager: &str) -> Result<LeanObject, Failure> {
        self.write(
            "merge status",
            target,
            self.api(target).patch_status(target.name, &managed_by(manager), &Patch::Merge(body)),
        )
        .await
    }

    /// Strategic merge patch: only for taking out what stands in the way of an apply.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn patch(&self, target: Target<'_>, body: &Value, manager: &str) -> Result<LeanObject, Failure> {
        self.write("patch", target, self.api(target).patch(target.name, &managed_by(manager), &Patch::Strategic(body)))
            .await
    }

    /// One object.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn get(&self, target: Target<'_>) -> Result<LeanObject, Failure> {
        self.send("get", target, self.api(target).get(target.name)).await
    }

    /// Objects of a namespace that these selectors take.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn list(
        &self,
        resource: &ApiResource,
        namespace: &str,
        params: &ListParams,
    ) -> Result<Vec<LeanObject>, Failure> {
        let target = Target { resource, namespace, name: "" };
        let api = self.api(target);
        Ok(self.send("list", target, api.list(params)).await?.items)
    }

    /// Deletes an object if it still is the one of this uid.
    ///
    /// # Errors
    /// See [`Failure`]. Missing or Conflict: ours is gone, or the server says so.
    pub async fn delete(&self, target: Target<'_>, uid: &str) -> Result<(), Failure> {
        let preconditions = Preconditions { uid: Some(uid.to_owned()), resource_version: None };
        let params = DeleteParams { preconditions: Some(preconditions), ..DeleteParams::background() };
        self.write("delete", target, self.api(target).delete(target.name, &params)).await.map(drop)
    }

    async fn write<T>(
        &self,
        verb: &'static str,
        target: Target<'_>,
        request: impl Future<Output = kube::Result<T>>,
    ) -> Result<T, Failure> {
        // Asked when its turn has come, and the request is sent at its first poll: at once.
        let fence = &self.fence;
        self.send(verb, target, async move { if fence.permits() { request.await.map(Some) } else { Ok(None) } })
            .await?
            .ok_or_else(|| Failure::System("this operator does not hold the lease, and writes nothing".to_owned()))
    }

    async fn send<T>(
        &self,
        verb: &'static str,
        target: Target<'_>,
        request: impl Future<Output = kube::Result<T>>,
    ) -> Result<T, Failure> {
        let span = tracing::info_span!(
            target: TRACES, "request", otel.name = verb, otel.kind = "client", otel.status_code = Empty,
            otel.status_description = Empty, k8s.resource = %target.resource.plural, k8s.name = target.name,
        );
        let answer = self.answer(request).instrument(span.clone()).await;
        if let Err(failure) = &answer {
            span.record("otel.status_code", "error");
            span.record("otel.status_description", tracing::field::display(failure));
        }
        answer
    }

    async fn answer<T>(&self, request: impl Future<Output = kube::Result<T>>) -> Result<T, Failure> {
        let _permit = self.in_flight.acquire().await;
        self.breaker.pass().await;
        let answer = match tokio::time::timeout(DEADLINE, request).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(classify(&error)),
            Err(_) => Err((
                Failure::System(format!("the API server did not answer within {} s", DEADLINE.as_secs())),
                Sign::Ill(None),
            )),
        };
        let sign = answer.as_ref().err().map_or(Sign::Well, |(_, sign)| *sign);
        if self.breaker.note(sign) {
            (self.on_recovery)();
        }
        answer.map_err(|(failure, _)| failure)
    }
}

/// Whether these are the API server's words for an admission policy or webhook that said no.
fn denied(message: &str) -> bool {
    message.contains(" denied request: ") || message.contains(" denied the request")
}

/// The kind of a failure, and what it says of the API server.
fn classify(error: &kube::Error) -> (Failure, Sign) {
    let kube::Error::Api(status) = error else {
        return (Failure::System(format!("the API server cannot be reached: {error}")), Sign::Ill(None));
    };
    let message = status.message.clone();
    let wait = status.details.as_ref().map(|details| Duration::from_secs(details.retry_after_seconds.into()));
    match status.code {
        404 => (Failure::Missing(message), Sign::Well),
        409 => (Failure::Conflict(message), Sign::Well),
        // What is stored, or what we apply, does not fit the schema that is installed: no fault of the server's, and the
        // same tomorrow.
        500 if message.contains("failed to create typed live object")
            || message.contains("failed to create typed patch object") =>
        {
            (Failure::Invalid(message), Sign::Well)
        }
        // A policy's refusal comes with any of these, 422 unless it says otherwise; policies change, so it is tried again.
        400 | 422 if denied(&message) => (Failure::Forbidden(message), Sign::Well),
        400 | 405 | 413 | 415 | 422 => (Failure::Invalid(message), Sign::Well),
        401 | 403 => (Failure::Forbidden(message), Sign::Well),
        _ => (Failure::System(format!("the API server answered {}: {message}", status.code)), Sign::Ill(wait)),
    }
}
