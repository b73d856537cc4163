//! What a tool that follows kstatus (Flux, Argo CD, Helm) makes of every version of a service that there ever was.

use std::sync::{Arc, Mutex};

use anyhow::Result;
use futures::StreamExt;
use k8s_openapi::api::apps::v1::Deployment;
use kube::{
    Resource,
    core::NamespaceResourceScope,
    runtime::{WatchStreamExt, watcher},
};
use microservice_crds::Microservice;
use microservice_tests::rig::{Rig, condition, observed};
use serde::de::DeserializeOwned;
use tokio::task::JoinSet;

use crate::read::web;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kstatus {
    InProgress,
    Failed,
    Current,
}

fn kstatus(service: &Microservice) -> Kstatus {
    let is_true = |kind: &str| condition(service, kind).is_some_and(|c| c.status == "True");
    if !observed(service) || is_true("Reconciling") {
        Kstatus::InProgress
    } else if is_true("Stalled") {
        Kstatus::Failed
    } else if is_true("Ready") {
        Kstatus::Current
    } else {
        Kstatus::InProgress
    }
}

/// Every version of the objects of a kind, from before the first one on.
struct Seen<K> {
    versions: Arc<Mutex<Vec<K>>>,
    // Ends with this.
    _watch: JoinSet<()>,
}

impl<K> Seen<K>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
        + Clone
        + DeserializeOwned
        + std::fmt::Debug
        + Send
        + 'static,
{
    fn watch(rig: &Rig) -> Self {
        let versions = Arc::new(Mutex::new(Vec::new()));
        let (kept, api) = (versions.clone(), rig.api::<K>());
        let mut watch = JoinSet::new();
        watch.spawn(async move {
            let mut events = Box::pin(watcher(api, watcher::Config::default()).touched_objects());
            while let Some(Ok(object)) = events.next().await {
                kept.lock().unwrap().push(object);
            }
        });
        Self { versions, _watch: watch }
    }

    fn all(&self) -> Vec<K> {
        self.versions.lock().unwrap().clone()
    }
}

fn version<K: Resource>(object: &K) -> u64 {
    object.meta().resource_version.as_deref().unwrap().parse().unwrap()
}

/// Whether a Deployment has all its pods, of this image.
fn runs(deployment: &Deployment, image: &str) -> bool {
    let (Some(spec), Some(status)) = (&deployment.spec, &deployment.status) else { return false };
    let first = &spec.template.spec.as_ref().unwrap().containers[0];
    first.image.as_deref() == Some(image)
        && status.observed_generation == deployment.metadata.generation
        && status.replicas == spec.replicas
        && status.updated_replicas == spec.replicas
        && status.available_replicas == spec.replicas
}

#[tokio::test]
async fn holds_at_every_moment_of_a_life() -> Result<()> {
    let rig = Rig::start("kstatus").await?;
    let (services, deployments) = (Seen::<Microservice>::watch(&rig), Seen::<Deployment>::watch(&rig));
    let spec = |behaviour: &str, tag: &str| {
        // Only what never gets on shall reach its deadline, however slow this machine is.
        let deadline = if behaviour == "crash-loop" { 2 } else { 600 };
        let more = format!(", scaling: {{replicas: 2}}, rollout: {{progressDeadlineSeconds: {deadline}}}");
        web(behaviour, &more).replace(":v1", tag)
    };
    rig.apply("web", &spec("ready", ":v1")).await?;
    rig.ready("web").await?;
    rig.apply("web", &spec("ready", ":v2")).await?;
    rig.ready("web").await?;
    rig.apply("web", &spec("crash-loop", ":v3")).await?;
    rig.condition("web", "Stalled", "True", "ProgressDeadlineExceeded").await?;
    rig.apply("web", &spec("crash-after-ready", ":v4")).await?;
    rig.condition("web", "Ready", "False", "CrashLoop").await?;
    rig.apply("web", &spec("ready", ":v5")).await?;
    let last = rig.ready("web").await?;
    let seen = || async { Ok(services.all().iter().any(|s| version(s) >= version(&last)).then_some(())) };
    rig.cluster.wait_until("the watch to tell", &rig.namespace, microservice_tests::rig::PATIENCE, seen).await?;

    let (versions, deployments) = (services.all(), deployments.all());
    for service in &versions {
        check(service, &deployments);
    }
    assert_eq!(kstatus(&versions[0]), Kstatus::InProgress, "a fresh object: {:?}", versions[0]);
    let mut walk: Vec<(i64, Kstatus)> =
        versions.iter().map(|s| (s.metadata.generation.unwrap_or_default(), kstatus(s))).collect();
    walk.dedup();
    use Kstatus::{Current, Failed, InProgress};
    for (generation, wanted) in [(1, Current), (2, Current), (3, Failed), (5, Current)] {
        let of_it: Vec<Kstatus> = walk.iter().filter(|w| w.0 == generation).map(|w| w.1).collect();
        assert_eq!(of_it, [InProgress, wanted], "generation {generation} of {walk:?}");
    }
    Ok(())
}

/// What holds for every version of a service.
fn check(service: &Microservice, deployments: &[Deployment]) {
    let kstatus = kstatus(service);
    let ready = condition(service, "Ready").map(|c| c.status.as_str());
    let stalled = condition(service, "Stalled");
    let reconciling = condition(service, "Reconciling");
    // Both are there only when they are true, and never together.
    assert!(
        stalled.is_none_or(|c| c.status == "True") && reconciling.is_none_or(|c| c.status == "True"),
        "{service:?}"
    );
    assert!(stalled.is_none() || reconciling.is_none(), "{service:?}");
    assert!(stalled.is_none() || ready == Some("False"), "{service:?}");
    assert_eq!(kstatus == Kstatus::Failed, observed(service) && stalled.is_some(), "{service:?}");
    for condition in service.status.iter().flat_map(|s| &s.conditions) {
        assert!(condition.observed_generation <= service.metadata.generation, "{condition:?}");
        assert!(!condition.message.is_empty() && !condition.reason.is_empty(), "{condition:?}");
    }
    if kstatus == Kstatus::Current {
        assert_eq!((observed(service), ready), (true, Some("True")), "{service:?}");
        let before = deployments.iter().filter(|d| version(*d) < version(service));
        let image = &service.spec.image;
        assert!(before.into_iter().any(|d| runs(d, image)), "Current before {image} ran: {service:?}");
    } else if observed(service) && stalled.is_none() {
        assert!(reconciling.is_some(), "not Current, and nobody says that work goes on: {service:?}");
    }
}
