//! A system sums its services up: Ready means the whole shop, and what is not is named with its reason.

use std::time::Duration;

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use kube::{Api, ResourceExt};
use microservice_crds::{Microservice, MicroserviceSystem, MicroserviceSystemStatus, ServiceCounts, schema};
use microservice_tests::{
    control_plane::{ControlPlane, Options, Requests},
    faults::{Fault, Script},
    history::{History, number},
    rig::Rig,
};
use serde_json::json;

const SHOP: [&str; 3] = ["cart", "pay", "web"];

fn spec(system: &str, more: &str) -> String {
    format!("{{image: 'registry.example/web:v1', scaling: {{replicas: 1}}{}{more}}}", says(system))
}

fn says(system: &str) -> String {
    if system.is_empty() { String::new() } else { format!(", system: {system}") }
}

fn behaves(behaviour: &str) -> String {
    format!(", podAnnotations: {{test.microservices.dev/behaviour: {behaviour}}}")
}

fn status(system: &MicroserviceSystem) -> MicroserviceSystemStatus {
    system.status.clone().unwrap_or_default()
}

/// What Ready says.
fn message(system: &MicroserviceSystem) -> String {
    let conditions = status(system).conditions;
    conditions.into_iter().find(|c| c.type_ == "Ready").map(|c| c.message).unwrap_or_default()
}

fn assert_says(system: &MicroserviceSystem, parts: &[&str]) {
    for part in parts {
        assert!(message(system).contains(part), "{part:?} is not in: {}", message(system));
    }
}

fn status_writes(sent: Requests) -> Requests {
    sent.writes().resource("microservicesystems")
}

#[tokio::test]
async fn it_is_ready_when_the_whole_shop_is() -> Result<()> {
    let rig = Rig::start("system").await?;
    rig.apply_system("shop", "{members: [cart, pay, web]}").await?;
    let system = rig.system("shop", "Ready=False MembersMissing").await?;
    assert_says(&system, &["cart (does not exist), pay (does not exist), web (does not exist)", "spec.members"]);
    rig.system("shop", "Reconciling=True MembersMissing").await?;

    for name in &SHOP[..2] {
        rig.apply(name, &spec("shop", "")).await?;
        rig.ready(name).await?;
    }
    let two = |s: &MicroserviceSystem| status(s).services_ready.as_deref() == Some("2/3");
    let system = rig.wait("two of three", "shop", two).await?;
    assert_says(&system, &["2 of 3 services are Ready. Missing: web (does not exist)"]);

    rig.apply("web", &spec("shop", "")).await?;
    let wait = ["wait", "--for=condition=Ready", "msys/shop", "-n", &rig.namespace, "--timeout=120s"];
    rig.cluster.kubectl_ok(&wait).await?;
    for name in SHOP {
        let service: Microservice = rig.get(name).await?;
        assert!(microservice_tests::rig::condition(&service, "Ready").is_some_and(|c| c.status == "True"), "{name}");
    }
    let system = rig.system("shop", "Ready=True AllReady").await?;
    assert_eq!(status(&system).services, Some(ServiceCounts { total: 3, ready: 3, ..ServiceCounts::default() }));
    let conditions: Vec<String> = status(&system).conditions.into_iter().map(|c| c.type_).collect();
    assert_eq!(conditions, ["Ready"], "Reconciling and Stalled are there only while True");
    let table = rig.cluster.kubectl_ok(&["get", "msys", "shop", "-n", &rig.namespace]).await?;
    let row: Vec<&str> = table.lines().nth(1).context("no row")?.split_whitespace().collect();
    assert_eq!(row[..5], ["shop", "True", "3/3", "0", "0"]);
    Ok(())
}

#[tokio::test]
async fn without_a_list_it_says_how_many_it_saw_and_without_services_it_is_not_ready() -> Result<()> {
    let rig = Rig::start("system-open").await?;
    rig.apply_system("shop", "{}").await?;
    let system = rig.system("shop", "Ready=False NoServices").await?;
    assert_says(&system, &["spec.system: shop"]);
    for name in SHOP {
        rig.apply(name, &spec("shop", "")).await?;
    }
    // One of another system, and one of none.
    rig.apply("other", &spec("elsewhere", &behaves("crash-loop"))).await?;
    rig.apply("alone", &spec("", &behaves("crash-loop"))).await?;
    let three = |s: &MicroserviceSystem| status(s).services_ready.as_deref() == Some("3/3");
    let system = rig.wait("three of three", "shop", three).await?;
    assert_says(&system, &["3 services were seen, and all are Ready", "list in spec.members"]);

    for name in SHOP {
        rig.delete::<Microservice>(name).await?;
    }
    rig.system("shop", "Ready=False NoServices").await?;
    Ok(())
}

#[tokio::test]
async fn a_service_that_fails_is_named_with_its_reason_and_its_own_words() -> Result<()> {
    let rig = Rig::start("system-fails").await?;
    rig.apply_system("shop", "{members: [cart, pay, web]}").await?;
    for name in SHOP {
        rig.apply(name, &spec("shop", "")).await?;
    }
    rig.system("shop", "Ready=True AllReady").await?;

    rig.apply("pay", &spec("shop", &behaves("image-pull")).replace(":v1", ":v2")).await?;
    let failed = rig.condition("pay", "Ready", "False", "ImagePullFailed").await?;
    let system = rig.system("shop", "Ready=False Degraded").await?;
    let words: String = failed.message.chars().take(100).collect();
    assert_says(&system, &["2 of 3 services are Ready. Degraded: pay (ImagePullFailed). pay: ", &words]);
    assert_eq!(status(&system).services.map(|s| (s.ready, s.degraded)), Some((2, 1)));
    // It may still come up by itself.
    rig.system("shop", "Reconciling=True Degraded").await?;

    // What admission cannot see: no class names a gateway.
    let route = ", ports: [{name: http, port: 80}], routes: [{name: main, hostnames: [shop.example.com]}]";
    rig.apply("pay", &spec("shop", route)).await?;
    rig.condition("pay", "Stalled", "True", "InvalidSpec").await?;
    let system = rig.system("shop", "Stalled=True Degraded").await?;
    assert_says(&system, &["Degraded: pay (InvalidSpec)", "gateway"]);
    assert!(!status(&system).conditions.iter().any(|c| c.type_ == "Reconciling"), "{:?}", status(&system));

    rig.apply("pay", &spec("shop", "").replace(":v1", ":v3")).await?;
    rig.system("shop", "Ready=True AllReady").await?;
    Ok(())
}

#[tokio::test]
async fn a_member_that_says_another_system_is_missing_until_one_of_the_two_gives_in() -> Result<()> {
    let rig = Rig::start("system-strangers").await?;
    rig.apply("cart", &spec("shop", "")).await?;
    rig.apply("pay", &spec("bank", "")).await?;
    rig.apply("web", &spec("", "")).await?;
    for name in SHOP {
        rig.ready(name).await?;
    }
    rig.apply_system("shop", "{members: [cart, pay, web]}").await?;
    let system = rig.system("shop", "Ready=False MembersMissing").await?;
    assert_says(&system, &["pay (says system bank), web (says no system)", "spec.system: shop"]);

    rig.apply("web", &spec("shop", "")).await?;
    let two = |s: &MicroserviceSystem| status(s).services_ready.as_deref() == Some("2/3");
    rig.wait("two of three", "shop", two).await?;
    rig.apply_system("shop", "{members: [cart, web]}").await?;
    let system = rig.system("shop", "Ready=True AllReady").await?;
    assert_eq!(status(&system).services_ready.as_deref(), Some("2/2"));

    rig.delete::<Microservice>("cart").await?;
    let system = rig.system("shop", "Ready=False MembersMissing").await?;
    assert_says(&system, &["1 of 2 services are Ready. Missing: cart"]);
    Ok(())
}

#[tokio::test]
async fn uses_that_lead_nowhere_and_circles_are_told_and_hold_nothing_back() -> Result<()> {
    let rig = Rig::start("system-edges").await?;
    rig.apply_system("shop", "{members: [cart, pay, web]}").await?;
    let uses = |uses: &str| spec("shop", &format!(", ports: [{{name: http, port: 80}}], uses: [{uses}]"));
    rig.apply("cart", &uses("{service: pay}")).await?;
    rig.apply("pay", &uses("{service: cart}, {service: bank}, {service: mail, optional: true}")).await?;
    rig.apply("web", &uses("{service: cart}")).await?;
    let system = rig.system("shop", "Ready=True AllReady").await?;
    let condition = status(&system).conditions.into_iter().find(|c| c.type_ == "DependenciesResolved");
    let condition = condition.context("nothing is said of uses")?;
    assert_eq!((condition.status.as_str(), condition.reason.as_str()), ("False", "BrokenEdges"));
    assert!(condition.message.starts_with("pay uses bank, which is not there. "), "{}", condition.message);
    assert_eq!((status(&system).broken_edges, status(&system).cycles), (Some(1), vec!["cart, pay".to_owned()]));

    rig.apply("pay", &uses("{service: web}")).await?;
    let system = rig.system("shop", "DependenciesResolved=True Resolved").await?;
    assert_eq!((status(&system).broken_edges, status(&system).cycles), (Some(0), vec!["cart, pay, web".to_owned()]));
    rig.apply("pay", &uses("")).await?;
    let open = |s: &MicroserviceSystem| status(s).cycles.is_empty();
    rig.wait("no circle", "shop", open).await?;
    rig.system("shop", "Ready=True AllReady").await?;
    Ok(())
}

/// Each write has brought a new version, and between two of them lies a second.
fn assert_sparing(writes: &Requests, versions: usize) {
    let times: Vec<Timestamp> = writes.0.iter().filter_map(|request| request.timestamp).collect();
    assert_eq!(times.len(), writes.count());
    for pair in times.windows(2) {
        let between = Duration::try_from(pair[1].duration_since(pair[0])).unwrap_or_default();
        assert!(between >= Duration::from_secs(1), "two writes within {between:?}: {writes:?}");
    }
    assert_eq!(writes.count(), versions, "a write that changes nothing: {writes:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rollout_of_many_services_is_told_once_a_second_at_most_and_rest_is_silent() -> Result<()> {
    let mut rig = Rig::start("system-rollout").await?;
    let names: Vec<String> = (1..=16).map(|number| format!("web-{number}")).collect();
    rig.apply_system("shop", &format!("{{members: {names:?}}}")).await?;
    let history = History::<MicroserviceSystem>::record(&rig);
    let fresh = rig.system("shop", "Ready=False MembersMissing").await?;
    rig.idle().await?;
    let mut before = number(&fresh);
    for tag in [":v1", ":v2", ":v3"] {
        let mark = rig.mark().await?;
        for name in &names {
            rig.apply(name, &spec("shop", "").replace(":v1", tag)).await?;
        }
        let all = |s: &Microservice| s.status.as_ref().and_then(|s| s.image.as_ref()).is_some_and(|i| i.ends_with(tag));
        for name in &names {
            rig.wait("the image", name, all).await?;
            rig.ready(name).await?;
        }
        rig.idle().await?;
        let system = rig.system("shop", "Ready=True AllReady").await?;
        assert_eq!(status(&system).services_ready.as_deref(), Some("16/16"));
        let writes = status_writes(rig.since(mark).await?);
        let versions: Vec<u64> = history.so_far(&rig).await?.iter().map(number).filter(|v| *v > before).collect();
        assert!(writes.count() > 0, "it was Progressing for a while");
        assert_sparing(&writes, versions.len());
        before = number(&system);
    }

    // Nothing is written at rest, when others write what says nothing, and after a restart.
    let mark = rig.mark().await?;
    for name in &names {
        rig.edit::<Microservice>(name, json!({"metadata": {"annotations": {"example.com/note": "a"}}})).await?;
    }
    rig.edit::<MicroserviceSystem>("shop", json!({"metadata": {"annotations": {"example.com/note": "a"}}})).await?;
    rig.idle().await?;
    rig.stop_operator().await;
    rig.start_operator(&Script::record())?;
    rig.idle().await?;
    let writes = rig.since(mark).await?.writes();
    assert_eq!(writes.count(), 0, "{:?}", writes.summary());
    // And it did look: what is news is written.
    rig.edit::<MicroserviceSystem>("shop", json!({"spec": {"members": ["web-1", "missing"]}})).await?;
    rig.system("shop", "Ready=False MembersMissing").await?;
    rig.idle().await?;
    assert_eq!(status_writes(rig.since(mark).await?).count(), 1);
    Ok(())
}

#[tokio::test]
async fn a_status_that_cannot_be_written_is_written_later_and_slows_no_service() -> Result<()> {
    let script = Script::record();
    let mut rig = Rig::without_operator("system-refused").await?;
    script.always(Fault::Refused(403), |call| call.starts_with("PATCH ") && call.contains("/microservicesystems/"));
    rig.start_operator(&script)?;
    rig.apply_system("shop", "{members: [web]}").await?;
    rig.apply("web", &spec("shop", "")).await?;
    rig.ready("web").await?;
    let tried = || async {
        let tries = script.calls().iter().filter(|call| call.contains("/microservicesystems/shop/status")).count();
        Ok((tries > 1).then_some(()))
    };
    rig.cluster
        .wait_until("the status to be tried again", &rig.namespace, microservice_tests::rig::PATIENCE, tried)
        .await?;
    assert_eq!(status(&rig.get("shop").await?).observed_generation, -1);
    script.heal();
    rig.system("shop", "Ready=True AllReady").await?;
    Ok(())
}

/// What somebody else writes into the status is put right; what was merged into it once is taken out.
#[tokio::test]
async fn a_status_that_somebody_writes_is_put_right() -> Result<()> {
    let rig = Rig::start("system-status").await?;
    rig.apply_system("shop", "{}").await?;
    rig.apply("web", &spec("shop", "")).await?;
    rig.system("shop", "Ready=True AllReady").await?;
    rig.idle().await?;
    let wrong = json!({"status": {"servicesReady": "7/7", "conditions": [{"type": "Stalled", "status": "True",
        "reason": "Wrong", "message": "wrong", "lastTransitionTime": "2026-01-31T12:00:00Z"}]}});
    let api = rig.api::<MicroserviceSystem>();
    api.patch_status("shop", &Default::default(), &kube::api::Patch::Merge(wrong)).await?;
    let right = |s: &MicroserviceSystem| {
        let status = status(s);
        status.services_ready.as_deref() == Some("1/1") && status.conditions.len() == 1
    };
    rig.wait("the status to be right again", "shop", right).await?;
    rig.idle().await?;
    rig.system("shop", "Ready=True AllReady").await?;
    Ok(())
}

/// In a cluster that has only the older definitions nothing else is different, and systems are summed up as soon as theirs
/// comes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_its_definition_nothing_else_is_different() -> Result<()> {
    let cluster: &'static ControlPlane = Box::leak(Box::new(ControlPlane::start(Options::default()).await?));
    let all = schema::crds()?;
    let of_systems = |definition: &str| definition.starts_with("microservicesystems.");
    for definition in all.iter().filter(|definition| !of_systems(&definition.name_any())) {
        cluster.install_definition(definition).await?;
    }
    cluster.create_operator_account().await?;
    let mut rig = Rig::in_namespace(cluster, "half-upgraded").await?;
    rig.start_operator(&Script::record())?;
    rig.apply("web", &spec("shop", "")).await?;
    rig.ready("web").await?;
    rig.idle().await?;

    for definition in all.iter().filter(|definition| of_systems(&definition.name_any())) {
        cluster.install_definition(definition).await?;
    }
    let mark = rig.mark().await?;
    rig.apply_system("shop", "{members: [web]}").await?;
    rig.system("shop", "Ready=True AllReady").await?;
    rig.idle().await?;
    let sent = rig.since(mark).await?;
    let others = sent.clone().writes().filter(|request| request.resource != "microservicesystems");
    assert_eq!(others.count(), 0, "{:?}", others.summary());

    // And it may go again.
    cluster.kubectl_ok(&["delete", "crd", "microservicesystems.microservices.dev"]).await?;
    rig.apply("web", &spec("shop", "").replace(":v1", ":v2")).await?;
    let v2 = |s: &Microservice| s.status.as_ref().and_then(|s| s.image.as_ref()).is_some_and(|i| i.ends_with(":v2"));
    rig.wait("v2", "web", v2).await?;
    rig.ready("web").await?;
    let services =
        Api::<Microservice>::namespaced(rig.client.clone(), &rig.namespace).list(&Default::default()).await?;
    assert_eq!(services.items.len(), 1);
    cluster.kill_apiserver();
    Ok(())
}
