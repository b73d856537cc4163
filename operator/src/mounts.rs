//! Why a pod's containers are not made: the kubelet says it in events alone, so they are asked for, once a minute at
//! most, and only for a pod that has waited too long.

use std::{collections::HashMap, sync::Mutex, sync::PoisonError, time::Duration};

use jiff::Timestamp;
use k8s_openapi::api::events::v1::Event;
use kube::api::{ApiResource, ListParams};
use microservice_core::{outcome::PodSummary, status};
use tokio::time::Instant;

use crate::{context::Context, key::Key, object::LeanObject};

/// How often one pod's events are asked for.
const EVERY: Duration = Duration::from_secs(60);
/// Events asked for at most.
const MOST: u32 = 50;

/// Reasons and notes.
type Told = Vec<(String, String)>;

/// What was learned, by pod.
#[derive(Default)]
pub struct Mounts {
    known: Mutex<HashMap<(Key, String), (Instant, Told)>>,
}

/// Fills in what the kubelet says of pods that wait for their containers.
pub async fn explain(ctx: &Context, key: &Key, pods: &mut [PodSummary]) {
    let now = Timestamp::now();
    for pod in pods.iter_mut().filter(|pod| status::needs_events(pod, now)) {
        for (reason, note) in events(ctx, key, &pod.name).await {
            status::learn(pod, &reason, &note);
        }
    }
}

/// Reason and note of each event that tells, oldest first.
async fn events(ctx: &Context, key: &Key, pod: &str) -> Told {
    let slot = (key.clone(), pod.to_owned());
    {
        let mut known = ctx.mounts.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, (asked, _)| asked.elapsed() < EVERY);
        if let Some((_, told)) = known.get(&slot) {
            return told.clone();
        }
    }
    let resource = ApiResource::erase::<Event>(&());
    let params = ListParams::default().fields(&format!("regarding.name={pod}")).limit(MOST);
    let found = ctx.cluster.list(&resource, &key.namespace, &params).await;
    let mut list = found.unwrap_or_default();
    list.sort_by_key(LeanObject::version_number);
    let text = |event: &LeanObject, field: &str| event.field::<String>(field).unwrap_or_default();
    let told = list.iter().map(|event| (text(event, "reason"), text(event, "note")));
    let told: Told = told.filter(|(reason, _)| status::event_tells(reason)).collect();
    let mut known = ctx.mounts.known.lock().unwrap_or_else(PoisonError::into_inner);
    known.insert(slot, (Instant::now(), told.clone()));
    told
}
