//! What a tool that follows kstatus makes of every version of a system that there ever was.

use anyhow::Result;
use microservice_crds::{Microservice, MicroserviceSystem};
use microservice_tests::{
    history::{History, number},
    rig::{Rig, condition, observed},
};

use crate::{
    kstatus::{self, Kstatus},
    read::web,
};

fn kstatus(system: &MicroserviceSystem) -> Kstatus {
    let status = system.status.clone().unwrap_or_default();
    kstatus::of(Some(status.observed_generation) == system.metadata.generation, &status.conditions)
}

#[tokio::test]
async fn a_system_is_current_only_when_all_its_services_are() -> Result<()> {
    let rig = Rig::start("kstatus-system").await?;
    let (systems, services) = (History::<MicroserviceSystem>::record(&rig), History::<Microservice>::record(&rig));
    let spec = |behaviour: &str, tag: &str| web(behaviour, ", system: shop").replace(":v1", tag);
    rig.apply_system("shop", "{members: [cart, web]}").await?;
    rig.system("shop", "Ready=False MembersMissing").await?;
    rig.apply("cart", &spec("ready", ":v1")).await?;
    rig.apply("web", &spec("ready", ":v1")).await?;
    rig.system("shop", "Ready=True AllReady").await?;
    // Something that nobody but its owner can put right: no class names a gateway.
    rig.apply("web", &spec("ready", ":v2").replace("ports:", "routes: [{name: main}], ports:")).await?;
    rig.system("shop", "Stalled=True Degraded").await?;
    // Another spec of the system itself.
    rig.apply_system("shop", "{members: [cart]}").await?;
    rig.system("shop", "Stalled=True Degraded").await?;
    rig.apply("web", &spec("ready", ":v3")).await?;
    rig.system("shop", "Ready=True AllReady").await?;

    let versions = systems.so_far(&rig).await?;
    for system in &versions {
        let status = system.status.clone().unwrap_or_default();
        let of = |kind: &str| status.conditions.iter().find(|c| c.type_ == kind).map(|c| c.status.as_str());
        // Both are there only when they are true, and never together.
        assert!([of("Reconciling"), of("Stalled")].iter().flatten().all(|status| *status == "True"), "{system:?}");
        assert!(of("Reconciling").is_none() || of("Stalled").is_none(), "{system:?}");
        let is_observed = status.observed_generation >= 0;
        assert_eq!(
            of("Ready") != Some("True"),
            !is_observed || of("Reconciling").or(of("Stalled")).is_some(),
            "{system:?}"
        );
        for condition in &status.conditions {
            assert!(condition.observed_generation <= system.metadata.generation, "{condition:?}");
            assert!(!condition.message.is_empty() && !condition.reason.is_empty(), "{condition:?}");
        }
        if kstatus(system) == Kstatus::Current {
            let then = services.at(&rig, number(system)).await?;
            let ready = |s: &&Microservice| observed(s) && condition(s, "Ready").is_some_and(|c| c.status == "True");
            assert_eq!((then.len(), then.iter().filter(ready).count()), (2, 2), "Current too early: {system:?}");
        }
    }
    assert_eq!(kstatus(&versions[0]), Kstatus::InProgress, "a fresh object: {:?}", versions[0]);
    let mut walk: Vec<(i64, Kstatus)> =
        versions.iter().map(|s| (s.metadata.generation.unwrap_or_default(), kstatus(s))).collect();
    walk.dedup();
    let of = |generation: i64| walk.iter().filter(|w| w.0 == generation).map(|w| w.1).collect::<Vec<_>>();
    use Kstatus::{Current, Failed, InProgress};
    let first = of(1);
    assert!(first.starts_with(&[InProgress, Current]) && first.ends_with(&[Failed]), "{first:?}");
    let second = of(2);
    assert!(second.starts_with(&[InProgress, Failed]) && second.ends_with(&[Current]), "{second:?}");
    Ok(())
}
