//! How soon what somebody edits or deletes is right again: seen by a watch, from the moment the damage is asked for.

use std::{
    fmt::Debug,
    pin::pin,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use futures::StreamExt as _;
use k8s_openapi::api::{apps::v1::Deployment, core::v1::Service};
use kube::{
    Api, ResourceExt,
    api::{DeleteParams, Patch, PatchParams},
    runtime::{WatchStreamExt as _, watcher},
};
use serde::de::DeserializeOwned;
use serde_json::json;
use tokio::{sync::mpsc, task::AbortHandle};

use crate::{
    field::Field,
    ours::Ours,
    services,
    table::{Must, Table, Unit},
};

const TIMES: usize = 20;
/// Between two repairs: what the last one moved comes to rest.
const PAUSE: Duration = Duration::from_millis(700);

/// Events of a watch with the time of their arrival. The watch ends with this.
struct Seen<K> {
    events: mpsc::UnboundedReceiver<(Instant, K)>,
    task: AbortHandle,
}

impl<K> Seen<K>
where
    K: kube::Resource<DynamicType = (), Scope = kube::core::NamespaceResourceScope>,
    K: Clone + DeserializeOwned + Debug + Send + 'static,
{
    async fn start(field: &Field, operator: &Ours) -> Result<Self> {
        let api = field.watched::<K>(&operator.namespace);
        let (sender, events) = mpsc::unbounded_channel();
        let task = tokio::spawn(async move {
            let mut objects = pin!(watcher(api, watcher::Config::default()).applied_objects());
            while let Some(Ok(object)) = objects.next().await {
                if sender.send((Instant::now(), object)).is_err() {
                    return;
                }
            }
        });
        let mut seen = Self { events, task: task.abort_handle() };
        // The first events are the list: the watch runs from there.
        seen.find(|_| true).await?;
        tokio::time::sleep(PAUSE).await;
        Ok(seen)
    }

    /// When the object came that the check is for.
    async fn find(&mut self, check: impl Fn(&K) -> bool) -> Result<Instant> {
        let find = async {
            loop {
                let (at, object) = self.events.recv().await.context("the watch ended")?;
                if check(&object) {
                    return Ok(at);
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(30), find).await.context("it is not repaired within 30 s")?
    }
}

impl<K> Drop for Seen<K> {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Somebody sets another image in a Deployment.
pub async fn edited(field: &Field, operator: &Ours, table: &mut Table) -> Result<()> {
    let api: Api<Deployment> = Api::namespaced(field.user.clone(), &operator.namespace);
    let mut seen = Seen::start(field, operator).await?;
    let mut times = Vec::new();
    for turn in 0..TIMES {
        let name = services::name(turn % field.services);
        let before = api.get(&name).await?;
        let container = first_container(&before).context("a Deployment without containers")?;
        let patch = json!({"spec": {"template": {"spec": {"containers": [
            {"name": container.name, "image": "registry.example/somebody/else:v1"}]}}}});
        let start = Instant::now();
        let edited = api.patch(&name, &PatchParams::default(), &Patch::Strategic(patch)).await?;
        let right = seen.find(|deployment: &Deployment| {
            deployment.name_any() == name
                && deployment.metadata.generation > edited.metadata.generation
                && first_container(deployment).map(|c| &c.image) == Some(&container.image)
        });
        times.push(right.await? - start);
        tokio::time::sleep(PAUSE).await;
    }
    add(table, "repair of an edited Deployment", times);
    Ok(())
}

fn first_container(deployment: &Deployment) -> Option<&k8s_openapi::api::core::v1::Container> {
    deployment.spec.as_ref()?.template.spec.as_ref()?.containers.first()
}

/// Somebody deletes a Service.
pub async fn deleted(field: &Field, operator: &Ours, table: &mut Table) -> Result<()> {
    let api: Api<Service> = Api::namespaced(field.user.clone(), &operator.namespace);
    let mut seen = Seen::start(field, operator).await?;
    let mut times = Vec::new();
    for turn in 0..TIMES {
        let name = services::name(turn % field.services);
        let before = api.get(&name).await?.uid();
        let start = Instant::now();
        api.delete(&name, &DeleteParams::default()).await?;
        let back = seen.find(|service: &Service| service.name_any() == name && service.uid() != before);
        times.push(back.await? - start);
        tokio::time::sleep(PAUSE).await;
    }
    add(table, "repair of a deleted Service", times);
    Ok(())
}

fn add(table: &mut Table, what: &str, mut times: Vec<Duration>) {
    times.sort();
    let at = |percent: usize| {
        let rank = (times.len() * percent).div_ceil(100);
        times.get(rank.saturating_sub(1)).map_or(f64::INFINITY, |time| time.as_secs_f64() * 1000.0)
    };
    table.add(format!("{what}: p50 of {TIMES}"), Unit::Milliseconds, at(50), Must::AtMost(50.0));
    table.add(format!("{what}: p99 of {TIMES}"), Unit::Milliseconds, at(99), Must::Show);
}
