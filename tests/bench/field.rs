//! The control plane that all contenders run on, in turn.

use std::{
    collections::HashSet,
    fmt::Debug,
    pin::pin,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use futures::StreamExt as _;
use k8s_openapi::api::core::v1::Namespace;
use kube::{
    Api, Client, ResourceExt,
    api::DeleteParams,
    runtime::watcher::{self, Event, watcher},
};
use microservice_tests::control_plane::{ControlPlane, Options};
use serde::de::DeserializeOwned;

/// Who applies and changes the Microservices.
const USER: &str = "bench-user";
/// Who looks on.
const WATCHER: &str = "bench-watcher";

/// A control plane, and how many services there are to be.
pub struct Field {
    /// The control plane: its autoscaler controller is off, because without metrics it drowns everything else.
    pub cluster: ControlPlane,
    /// How many services.
    pub services: usize,
    /// Whether each has a route.
    pub routes: bool,
    /// A client for what people do.
    pub user: Client,
    watcher: Client,
}

impl Field {
    /// Starts a control plane with the Gateway API, for services with a route each.
    pub async fn start(services: usize) -> Result<Self> {
        Self::with(Options::default().gateway_api(), services, true).await
    }

    /// Starts a control plane without the Gateway API, for services without routes.
    pub async fn bare(services: usize) -> Result<Self> {
        Self::with(Options::default(), services, false).await
    }

    async fn with(options: Options, services: usize, routes: bool) -> Result<Self> {
        let cluster = ControlPlane::start(options).await?;
        for definition in microservice_crds::schema::crds()? {
            cluster.install_definition(&definition).await?;
        }
        let (user, watcher) = (cluster.client_named(USER)?, cluster.client_named(WATCHER)?);
        Ok(Self { cluster, services, routes, user, watcher })
    }

    /// Ends it.
    pub fn stop(self) {
        self.cluster.stop();
    }

    /// How long to wait for what must come.
    pub fn patience(&self) -> Duration {
        Duration::from_secs(120) + Duration::from_millis(500).saturating_mul(u32::try_from(self.services).unwrap_or(0))
    }

    /// Removes a namespace and all that is in it.
    pub async fn clean(&self, namespace: &str) -> Result<()> {
        let api: Api<Namespace> = Api::all(self.user.clone());
        api.delete(namespace, &DeleteParams::background()).await?;
        let start = Instant::now();
        while api.get_opt(namespace).await?.is_some() {
            if start.elapsed() > self.patience() {
                bail!("namespace {namespace} does not go away");
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        Ok(())
    }

    /// An API for a watch.
    pub fn watched<K>(&self, namespace: &str) -> Api<K>
    where
        K: kube::Resource<DynamicType = (), Scope = kube::core::NamespaceResourceScope>,
    {
        Api::namespaced(self.watcher.clone(), namespace)
    }

    /// Waits, by a watch, until as many objects as there are services are as the check wants them.
    pub async fn all<K>(&self, namespace: &str, check: impl Fn(&K) -> bool) -> Result<Instant>
    where
        K: kube::Resource<DynamicType = (), Scope = kube::core::NamespaceResourceScope>,
        K: Clone + DeserializeOwned + Debug + Send + 'static,
    {
        let mut done = HashSet::new();
        let wait = async {
            let mut events = pin!(watcher(self.watched::<K>(namespace), watcher::Config::default()));
            while let Some(event) = events.next().await {
                match event? {
                    Event::Apply(object) | Event::InitApply(object) if check(&object) => {
                        done.insert(object.name_any());
                    }
                    Event::Apply(object) | Event::InitApply(object) | Event::Delete(object) => {
                        done.remove(&object.name_any());
                    }
                    Event::Init | Event::InitDone => {}
                }
                if done.len() == self.services {
                    return Ok(Instant::now());
                }
            }
            bail!("the watch ended")
        };
        let waited = tokio::time::timeout(self.patience(), wait).await;
        waited.ok().with_context(|| format!("only {} of {} came to be", done.len(), self.services))?
    }
}
