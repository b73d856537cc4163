//! What a tool that follows kstatus (Flux, Argo CD, Helm) makes of every version of a service that there ever was.

use anyhow::Result;
use k8s_openapi::{api::apps::v1::Deployment, apimachinery::pkg::apis::meta::v1::Condition};
use microservice_crds::Microservice;
use microservice_tests::{
    history::{History, number},
    rig::{Rig, condition, observed, status},
};

use crate::read::web;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kstatus {
    InProgress,
    Failed,
    Current,
}

/// What an object is, by its conditions and by whether these speak of its present spec.
pub fn of(observed: bool, conditions: &[Condition]) -> Kstatus {
    let is_true = |kind: &str| conditions.iter().any(|c| c.type_ == kind && c.status == "True");
    if !observed || is_true("Reconciling") {
        Kstatus::InProgress
    } else if is_true("Stalled") {
        Kstatus::Failed
    } else if is_true("Ready") {
        Kstatus::Current
    } else {
        Kstatus::InProgress
    }
}

fn kstatus(service: &Microservice) -> Kstatus {
    of(observed(service), &status(service).conditions)
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
    let (services, deployments) = (History::<Microservice>::record(&rig), History::<Deployment>::record(&rig));
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
    rig.ready("web").await?;

    let (versions, deployments) = (services.so_far(&rig).await?, deployments.so_far(&rig).await?);
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
        let before = deployments.iter().filter(|d| number(*d) < number(service));
        let image = &service.spec.image;
        assert!(before.into_iter().any(|d| runs(d, image)), "Current before {image} ran: {service:?}");
    } else if observed(service) && stalled.is_none() {
        assert!(reconciling.is_some(), "not Current, and nobody says that work goes on: {service:?}");
    }
}
