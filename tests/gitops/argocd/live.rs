//! The scripts over what the real server has to say of services, and what becomes of the actions there.

use anyhow::{Context as _, Result};
use k8s_openapi::api::apps::v1::Deployment;
use kube::{
    Api,
    api::{DynamicObject, Patch, PatchParams},
};
use microservice_crds::{Microservice, MicroserviceClass, MicroserviceSystem};
use microservice_tests::{
    faults::Script,
    rig::{Rig, condition, observed},
};
use serde_json::{Value, json};

use super::lua;

fn web(behaviour: &str, more: &str) -> String {
    format!(
        "{{image: 'registry.example/web:v1', ports: [{{name: http, port: 80, targetPort: 8080, protocol: http}}], \
         podAnnotations: {{test.microservices.dev/behaviour: {behaviour}}}{more}}}"
    )
}

/// The object as Argo CD gets it.
async fn live(rig: &Rig, name: &str) -> Result<Value> {
    let kind = kube::api::ApiResource::erase::<Microservice>(&());
    let api: Api<DynamicObject> = Api::namespaced_with(rig.client.clone(), &rig.namespace, &kind);
    Ok(serde_json::to_value(api.get(name).await?)?)
}

/// The health of a service is this, in the words of this condition.
async fn is(rig: &Rig, name: &str, status: &str, words_of: &str) -> Result<()> {
    let object = live(rig, name).await?;
    let found = lua::health(&lua::read("Microservice/health.lua"), &object)?;
    let conditions = object["status"]["conditions"].as_array().cloned().unwrap_or_default();
    let words = conditions.iter().find(|c| c["type"] == words_of).and_then(|c| c["message"].as_str());
    let words = words.with_context(|| format!("no {words_of} in {object}"))?;
    assert_eq!(found, (status.to_owned(), words.to_owned()), "{object}");
    Ok(())
}

/// The health of a service that nobody has looked at in its present form.
async fn is_unseen(rig: &Rig, name: &str) -> Result<()> {
    let (status, message) = lua::health(&lua::read("Microservice/health.lua"), &live(rig, name).await?)?;
    assert_eq!(status, "Progressing", "{message}");
    assert!(message.contains("Waiting for the operator"), "{message}");
    Ok(())
}

/// What the server of Argo CD does: the script over the live object, and a merge patch of what differs.
async fn act(rig: &Rig, name: &str, action: &str) -> Result<()> {
    let before = live(rig, name).await?;
    let offered = lua::actions(&lua::read("Microservice/actions/discovery.lua"), &before)?;
    assert!(offered.contains(&(action.to_owned(), false)), "{action} is not offered: {offered:?}");
    let after = lua::act(&lua::read(&format!("Microservice/actions/{action}/action.lua")), &before)?;
    let mut spec = after["spec"].as_object().unwrap().clone();
    spec.retain(|key, value| before["spec"].get(key) != Some(&*value));
    assert_eq!(spec.len(), 1, "{action} changes one field: {spec:?}");
    let mut rest = after.clone();
    rest["spec"] = before["spec"].clone();
    assert_eq!(rest, before, "{action} changes nothing but the spec");
    let params = PatchParams { field_manager: Some("argocd-server".into()), ..PatchParams::default() };
    rig.api::<Microservice>().patch(name, &params, &Patch::Merge(json!({"spec": spec}))).await?;
    Ok(())
}

#[tokio::test]
async fn health_follows_what_the_operator_says() -> Result<()> {
    let mut rig = Rig::without_operator("argo-health").await?;
    rig.apply("web", &web("never-ready", "")).await?;
    is_unseen(&rig, "web").await?;

    rig.start_operator(&Script::record())?;
    let busy = |s: &Microservice| observed(s) && condition(s, "Reconciling").is_some();
    rig.wait("the service to be on its way", "web", busy).await?;
    is(&rig, "web", "Progressing", "Ready").await?;

    rig.apply("web", &web("ready", "")).await?;
    rig.ready("web").await?;
    is(&rig, "web", "Healthy", "Ready").await?;

    // What the status says is of the generation before.
    rig.stop_operator().await;
    rig.apply("web", &web("crash-loop", ", rollout: {progressDeadlineSeconds: 2}")).await?;
    is_unseen(&rig, "web").await?;
    rig.start_operator(&Script::record())?;
    rig.condition("web", "Stalled", "True", "ProgressDeadlineExceeded").await?;
    is(&rig, "web", "Degraded", "Stalled").await?;

    // Invalid in a way that admission cannot see: there is no class to take the gateway from.
    rig.apply("web", &web("ready", ", routes: [{name: main, hostnames: [shop.example.com]}]")).await?;
    rig.condition("web", "Stalled", "True", "InvalidSpec").await?;
    is(&rig, "web", "Degraded", "Stalled").await
}

#[tokio::test]
async fn actions_do_what_they_are_called() -> Result<()> {
    let rig = Rig::start("argo-actions").await?;
    rig.apply("web", &web("ready", "")).await?;
    rig.ready("web").await?;
    let before: Deployment = rig.get("web").await?;

    act(&rig, "web", "restart").await?;
    rig.ready("web").await?;
    let restarted: Deployment = rig.get("web").await?;
    assert!(restarted.metadata.generation > before.metadata.generation, "nothing was restarted");
    is(&rig, "web", "Healthy", "Ready").await?;

    act(&rig, "web", "pause").await?;
    rig.condition("web", "Ready", "True", "Paused").await?;
    is(&rig, "web", "Suspended", "Ready").await?;
    // Whoever asks for an image meanwhile gets it when the pause ends.
    rig.apply("web", &web("ready", "").replace(":v1", ":v2")).await?;
    let seen = |s: &Microservice| observed(s);
    rig.wait("the new image to be looked at", "web", seen).await?;
    is(&rig, "web", "Suspended", "Ready").await?;
    let held: Deployment = rig.get("web").await?;
    assert_eq!(held.metadata.generation, restarted.metadata.generation, "a paused service was rolled");

    act(&rig, "web", "resume").await?;
    let service = rig.ready("web").await?;
    assert_eq!(service.status.unwrap().image.as_deref(), Some("registry.example/web:v2"));
    is(&rig, "web", "Healthy", "Ready").await?;
    let resumed: Deployment = rig.get("web").await?;
    let time = |d: &Deployment| {
        let notes = d.spec.clone().unwrap().template.metadata.unwrap().annotations.unwrap_or_default();
        notes.get("microservices.dev/restarted-at").cloned()
    };
    assert!(time(&resumed).is_some() && time(&resumed) == time(&restarted), "the restart was taken back");
    Ok(())
}

#[tokio::test]
async fn a_class_is_healthy_when_services_can_use_it() -> Result<()> {
    // Only an operator of the whole cluster tells of classes; so its words are made by what makes them.
    let rig = Rig::without_operator("argo-class").await?;
    let script = lua::read("MicroserviceClass/health.lua");
    let now = jiff::Timestamp::from_second(1_767_225_600)?;
    for (spec, wanted) in [("{}", "Healthy"), ("{profile: v9}", "Degraded")] {
        let name = &rig.namespace;
        let class = rig.apply_class(name, spec).await?;
        let generation = class.metadata.generation.unwrap_or_default();
        assert_eq!(lua::health(&script, &serde_json::to_value(&class)?)?.0, "Progressing");
        let status = microservice_core::status::class_status(None, name, generation, Ok(&class.spec), &[], now);
        let api = Api::<MicroserviceClass>::all(rig.client.clone());
        let patch = Patch::Merge(json!({"status": status}));
        let class = api.patch_status(name, &PatchParams::default(), &patch).await?;
        let (found, message) = lua::health(&script, &serde_json::to_value(&class)?)?;
        assert_eq!((found.as_str(), message.is_empty()), (wanted, false));
    }
    rig.delete_class(&rig.namespace).await
}

#[tokio::test]
async fn a_system_is_healthy_when_all_of_it_is() -> Result<()> {
    let mut rig = Rig::without_operator("argo-system").await?;
    let script = lua::read("MicroserviceSystem/health.lua");
    let health = |system: &MicroserviceSystem| lua::health(&script, &serde_json::to_value(system)?);
    let fresh = rig.apply_system("shop", "{members: [web]}").await?;
    assert_eq!(health(&fresh)?.0, "Progressing");
    rig.start_operator(&Script::record())?;
    let missing = rig.system("shop", "Ready=False MembersMissing").await?;
    assert_eq!(health(&missing)?.0, "Progressing", "it may be applied a moment later");
    rig.apply("web", &web("ready", ", system: shop")).await?;
    let (status, message) = health(&rig.system("shop", "Ready=True AllReady").await?)?;
    assert_eq!((status.as_str(), message.as_str()), ("Healthy", "All members are there and Ready: 1."));
    rig.apply("web", &web("ready", ", system: shop, routes: [{name: main, hostnames: [shop.example.com]}]")).await?;
    let (status, message) = health(&rig.system("shop", "Stalled=True Degraded").await?)?;
    assert!(status == "Degraded" && message.contains("web (InvalidSpec)"), "{status}: {message}");
    Ok(())
}
