//! What tests ask of autoscalers: every count that a Deployment ever had, and what an autoscaler says of itself.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context as _, Result};
use futures::StreamExt;
use k8s_openapi::api::{
    apps::v1::Deployment,
    autoscaling::v2::{HorizontalPodAutoscaler, HorizontalPodAutoscalerCondition},
};
use kube::{
    Api, ResourceExt,
    api::{Patch, PatchParams},
    runtime::{WatchStreamExt, watcher},
};
use serde_json::json;

use crate::{
    control_plane::{HeldLoad, Load},
    rig::{PATIENCE, Rig},
};

/// Every value of `spec.replicas` of a Deployment, by a watch, so that none is missed.
pub struct Counts {
    deployments: Api<Deployment>,
    name: String,
    seen: Arc<Mutex<Seen>>,
    task: tokio::task::JoinHandle<()>,
}

#[derive(Default)]
struct Seen {
    counts: Vec<i32>,
    version: u64,
}

impl Drop for Counts {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Counts {
    /// The values so far, without repetitions: everything that the API server had stored before this call.
    ///
    /// # Errors
    /// When the watch does not get there.
    pub async fn so_far(&self) -> Result<Vec<i32>> {
        let version = self.deployments.get(&self.name).await?.resource_version().context("no version")?;
        let version: u64 = version.parse()?;
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            {
                let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
                if seen.version >= version {
                    return Ok(seen.counts.clone());
                }
            }
            anyhow::ensure!(tokio::time::Instant::now() < deadline, "the watch of {} is behind", self.name);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Rig {
    /// Records the counts of a Deployment from now on.
    ///
    /// # Errors
    /// When the watch does not start.
    pub async fn record_counts(&self, name: &str) -> Result<Counts> {
        let deployments = self.api::<Deployment>();
        let seen = Arc::<Mutex<Seen>>::default();
        let config = watcher::Config::default().fields(&format!("metadata.name={name}"));
        let mut events = Box::pin(watcher(deployments.clone(), config).touched_objects());
        let task = tokio::spawn({
            let seen = seen.clone();
            async move {
                while let Some(event) = events.next().await {
                    // A watch that breaks off goes on where it was.
                    let Ok(deployment) = event else { continue };
                    let version = deployment.resource_version().and_then(|v| v.parse().ok()).unwrap_or_default();
                    let count = deployment.spec.and_then(|s| s.replicas).unwrap_or(1);
                    let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
                    seen.version = version;
                    if seen.counts.last() != Some(&count) {
                        seen.counts.push(count);
                    }
                }
            }
        });
        let counts = Counts { deployments, name: name.to_owned(), seen, task };
        counts.so_far().await?;
        Ok(counts)
    }

    /// Waits until a Deployment is told to have so many replicas.
    ///
    /// # Errors
    /// When it never is.
    pub async fn replicas(&self, name: &str, wanted: i32) -> Result<()> {
        self.wait(&format!("{wanted} replicas"), name, |d: &Deployment| {
            d.spec.as_ref().is_some_and(|spec| spec.replicas == Some(wanted))
        })
        .await?;
        Ok(())
    }

    /// Keeps up the load of the pods of a service.
    ///
    /// # Errors
    /// When no client can be made.
    pub fn load(&self, name: &str, load: Load) -> Result<HeldLoad> {
        self.cluster.hold_load(&self.namespace, &format!("app.kubernetes.io/name={name}"), load)
    }

    /// Waits until an autoscaler says this.
    ///
    /// # Errors
    /// When it never does.
    pub async fn autoscaler_says(&self, name: &str, type_: &str, status: &str, reason: &str) -> Result<()> {
        let what = format!("autoscaler {name} to say {type_}={status} {reason}");
        let says = |a: &HorizontalPodAutoscaler| {
            says(a, type_).is_some_and(|c| c.status == status && c.reason.as_deref() == Some(reason))
        };
        self.wait(&what, name, says).await?;
        Ok(())
    }

    /// Moves a condition of an autoscaler into the past: its controller keeps the time as long as the status lasts.
    ///
    /// # Errors
    /// When the condition never comes.
    pub async fn autoscaler_says_so_since_long(&self, name: &str, type_: &str, status: &str) -> Result<()> {
        let what = format!("autoscaler {name} to say {type_}={status}");
        let holds = |a: &HorizontalPodAutoscaler| says(a, type_).is_some_and(|c| c.status == status);
        let found = self.wait(&what, name, holds).await?;
        let mut conditions = serde_json::to_value(found.status.context("no status")?.conditions)?;
        for condition in conditions.as_array_mut().into_iter().flatten().filter(|c| c["type"] == type_) {
            condition["lastTransitionTime"] = json!("2020-01-01T00:00:00Z");
        }
        let patch = Patch::Merge(json!({"status": {"conditions": conditions}}));
        self.api::<HorizontalPodAutoscaler>().patch_status(name, &PatchParams::default(), &patch).await?;
        Ok(())
    }

    /// Waits until the controller has looked at an autoscaler so many times more. Each time the status is made wrong in
    /// a place that it puts right, whatever else it finds.
    ///
    /// # Errors
    /// When it does not look.
    pub async fn autoscaler_looks_again(&self, name: &str, times: usize) -> Result<()> {
        const WRONG: i32 = 4711;
        for _ in 0..times {
            let patch = Patch::Merge(json!({"status": {"currentReplicas": WRONG}}));
            self.api::<HorizontalPodAutoscaler>().patch_status(name, &PatchParams::default(), &patch).await?;
            let right = |a: &HorizontalPodAutoscaler| {
                a.status.as_ref().is_some_and(|status| status.current_replicas.is_some_and(|count| count != WRONG))
            };
            self.wait(&format!("the controller to look at autoscaler {name}"), name, right).await?;
        }
        Ok(())
    }
}

fn says<'a>(autoscaler: &'a HorizontalPodAutoscaler, type_: &str) -> Option<&'a HorizontalPodAutoscalerCondition> {
    autoscaler.status.as_ref()?.conditions.as_ref()?.iter().find(|condition| condition.type_ == type_)
}
