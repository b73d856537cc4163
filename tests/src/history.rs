//! Every version of the objects of a kind. Versions of all kinds have one order, which is that of the server's writes: so
//! it is known what was there when something else was written.

use std::{
    fmt::Debug,
    sync::{Arc, Mutex},
};

use anyhow::Result;
use futures::StreamExt;
use kube::{
    Resource, ResourceExt,
    core::NamespaceResourceScope,
    runtime::{WatchStreamExt, watcher},
};
use serde::de::DeserializeOwned;
use tokio::task::JoinSet;

use crate::rig::{PATIENCE, Rig};

/// The versions so far.
pub struct History<K> {
    versions: Arc<Mutex<Vec<K>>>,
    // Ends with this.
    _watch: JoinSet<()>,
}

impl<K> History<K>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + DeserializeOwned + Debug + Send + 'static,
{
    /// Starts to record what is in the namespace of a rig.
    #[must_use]
    pub fn record(rig: &Rig) -> Self {
        let versions = Arc::new(Mutex::new(Vec::new()));
        let (kept, api) = (versions.clone(), rig.api::<K>());
        let mut watch = JoinSet::new();
        watch.spawn(async move {
            let mut events = Box::pin(watcher(api, watcher::Config::default()).touched_objects());
            while let Some(event) = events.next().await {
                // A watch that breaks off goes on where it was.
                if let Ok(object) = event {
                    kept.lock().unwrap().push(object);
                }
            }
        });
        Self { versions, _watch: watch }
    }

    /// Every version up to now, in the order in which they were told.
    ///
    /// # Errors
    /// When the watch does not tell them.
    pub async fn so_far(&self, rig: &Rig) -> Result<Vec<K>> {
        // Everything up to now must have arrived: the newest versions of all that is there.
        let newest: Vec<u64> = rig.api::<K>().list(&Default::default()).await?.items.iter().map(number).collect();
        let arrived = || async {
            let seen: Vec<u64> = self.versions.lock().unwrap().iter().map(number).collect();
            Ok(newest.iter().all(|version| seen.contains(version) || seen.iter().any(|s| s > version)).then_some(()))
        };
        rig.cluster.wait_until("the watch to tell", &rig.namespace, PATIENCE, arrived).await?;
        Ok(self.versions.lock().unwrap().clone())
    }

    /// The objects as they were when this version was written.
    ///
    /// # Errors
    /// When the watch does not tell them.
    pub async fn at(&self, rig: &Rig, version: u64) -> Result<Vec<K>> {
        let mut then: Vec<K> = Vec::new();
        for object in self.so_far(rig).await?.into_iter().filter(|object| number(object) <= version) {
            then.retain(|other| other.name_any() != object.name_any());
            then.push(object);
        }
        Ok(then)
    }
}

/// The version of an object, as a number.
///
/// # Panics
/// When the object is not from a server.
#[must_use]
pub fn number<K: Resource>(object: &K) -> u64 {
    object.meta().resource_version.as_deref().unwrap().parse().unwrap()
}
