//! What a user reads of a failing service called `web`: the same of a simulated node and of a real one.

use anyhow::{Context as _, Result};
use k8s_openapi::{api::core::v1::Pod, apimachinery::pkg::apis::meta::v1::Condition};
use kube::{ResourceExt, api::ListParams};
use microservice_crds::Microservice;

use crate::rig::{Rig, condition};

/// Applies a service and waits until it is not Ready for this reason, and nothing is said twice or left out elsewhere.
///
/// # Errors
/// When it does not become so.
pub async fn fails(rig: &Rig, spec: &str, reason: &str) -> Result<Condition> {
    rig.apply("web", spec).await?;
    let ready = rig.condition("web", "Ready", "False", reason).await?;
    let service: Microservice = rig.get("web").await?;
    // To kstatus it is on its way: what is wrong may still be put right from outside.
    assert!(condition(&service, "Reconciling").is_some_and(|c| c.status == "True"), "{service:?}");
    assert!(condition(&service, "Stalled").is_none(), "{service:?}");
    Ok(ready)
}

/// All of this is said.
///
/// # Panics
/// When it is not.
pub fn assert_says(condition: &Condition, words: &[&str]) {
    for word in words {
        assert!(condition.message.contains(word), "{word:?} is not in: {}", condition.message);
    }
}

/// The only pod of the service.
///
/// # Errors
/// When there is none, or another one.
pub async fn pod(rig: &Rig) -> Result<Pod> {
    let pods = rig.api::<Pod>().list(&ListParams::default().labels("app.kubernetes.io/name=web")).await?.items;
    anyhow::ensure!(pods.len() == 1, "{:?}", pods.iter().map(ResourceExt::name_any).collect::<Vec<_>>());
    pods.into_iter().next().context("no pod")
}
