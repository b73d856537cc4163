//! Versions of APIs that hold new templates back: what waits, for whom, until when, and how to break the glass.

use anyhow::Result;
use k8s_openapi::api::{
    apps::v1::{Deployment, ReplicaSet},
    events::v1::Event,
};
use kube::{Api, api::ListParams};
use microservice_crds::{Microservice, annotations};
use microservice_tests::rig::{PATIENCE, Rig, condition, status};
use serde_json::json;

/// A stage for two services of a class that enforces contracts.
struct Stage {
    rig: Rig,
    class: String,
}

impl Stage {
    async fn set(name: &str, contracts: &str) -> Result<Self> {
        let rig = Rig::start(name).await?;
        let class = rig.namespace.clone();
        rig.apply_class(&class, &format!("{{contracts: {{mode: Enforce, {contracts}}}}}")).await?;
        Ok(Self { rig, class })
    }

    /// The provider, with an image of this tag, exposing these versions of its API.
    async fn cart(&self, tag: &str, versions: &[&str]) -> Result<Microservice> {
        let exposes: Vec<String> = versions.iter().map(|v| format!("{{name: cart, version: '{v}'}}")).collect();
        let spec = format!(
            "{{class: {}, image: 'registry.example/cart:{tag}', ports: [{{name: cart, port: 7070}}], exposes: [{}]}}",
            self.class,
            exposes.join(", ")
        );
        self.rig.apply("cart", &spec).await
    }

    /// The consumer, with an image of this tag, that needs versions of this range.
    async fn web(&self, tag: &str, range: &str, replicas: i32) -> Result<Microservice> {
        let spec = format!(
            "{{class: {}, image: 'registry.example/web:{tag}', scaling: {{replicas: {replicas}}}, uses: [{{service: cart, version: '{range}'}}]}}",
            self.class
        );
        self.rig.apply("web", &spec).await
    }

    async fn held(&self, name: &str) -> Result<String> {
        let told = self.rig.condition(name, "ContractsSatisfied", "False", "Held").await?;
        let service = self.rig.condition(name, "Ready", "False", "Held").await?;
        assert_eq!(told.message, service.message);
        Ok(told.message)
    }

    async fn templates(&self, name: &str) -> Result<usize> {
        let params = ListParams::default().labels(&format!("app.kubernetes.io/name={name}"));
        Ok(self.rig.api::<ReplicaSet>().list(&params).await?.items.len())
    }

    async fn is_paused(&self, name: &str) -> Result<bool> {
        Ok(self.rig.get::<Deployment>(name).await?.spec.and_then(|spec| spec.paused).unwrap_or_default())
    }

    /// Lets the template go that waits.
    async fn release(&self, name: &str) -> Result<()> {
        let waits = |service: &Microservice| status(service).hold.is_some();
        let service: Microservice = self.rig.wait("a template that waits", name, waits).await?;
        let template = status(&service).hold.map(|hold| hold.template);
        let patch = json!({"metadata": {"annotations": {annotations::RELEASE_HOLD: template}}});
        self.rig.edit::<Microservice>(name, patch).await.map(drop)
    }
}

#[tokio::test]
async fn a_consumer_waits_for_its_provider_and_its_pods_and_scaling_go_on() -> Result<()> {
    let stage = Stage::set("gate-consumer", "").await?;
    let Stage { rig, .. } = &stage;
    stage.cart("v1", &["1.0.0"]).await?;
    stage.web("v1", "^1", 2).await?;
    rig.ready("cart").await?;
    rig.ready("web").await?;

    stage.web("v2", "^2", 2).await?;
    let told = stage.held("web").await?;
    let wanted = format!("It needs ^2 of {}/cart, which serves cart 1.0.0.", rig.namespace);
    assert!(told.contains(&wanted), "{told}");
    assert!(stage.is_paused("web").await?);
    assert_eq!(stage.templates("web").await?, 1, "no pod of the new template");
    let other = rig.condition("cart", "ContractsSatisfied", "False", "ConsumersUnsatisfied").await?;
    assert!(other.message.contains(&format!("{}/web needs ^2", rig.namespace)), "{}", other.message);
    assert!(condition(&rig.get("cart").await?, "Ready").unwrap().status == "True", "it holds nobody back");

    // More replicas of the old template come while the new one waits.
    stage.web("v2", "^2", 3).await?;
    rig.wait("three pods", "web", |d: &Deployment| d.status.as_ref().and_then(|s| s.ready_replicas) == Some(3)).await?;
    assert_eq!(stage.templates("web").await?, 1);

    // The provider serves both: the consumer goes, once that is rolled out.
    stage.cart("v2", &["1.0.0", "2.0.0"]).await?;
    rig.ready("web").await?;
    assert!(!stage.is_paused("web").await?);
    assert_eq!(stage.templates("web").await?, 2);
    rig.condition("web", "ContractsSatisfied", "True", "Satisfied").await?;
    assert_eq!(status(&rig.get("web").await?).hold, None);
    // Now nobody needs the old version, and it can go.
    rig.idle().await?;
    stage.cart("v3", &["2.0.0"]).await?;
    rig.ready("cart").await?;
    rig.delete_class(&stage.class).await
}

#[tokio::test]
async fn two_that_hold_each_other_are_named_and_the_glass_can_be_broken() -> Result<()> {
    let stage = Stage::set("gate-mutual", "").await?;
    let Stage { rig, .. } = &stage;
    stage.cart("v1", &["1.0.0"]).await?;
    stage.web("v1", "^1", 1).await?;
    rig.ready("cart").await?;
    rig.ready("web").await?;
    rig.idle().await?;

    stage.cart("v2", &["2.0.0"]).await?;
    let told = stage.held("cart").await?;
    assert!(told.contains(&format!("It drops ^1, which pods of {}/web need", rig.namespace)), "{told}");
    stage.web("v2", "^2", 1).await?;
    for (name, other) in [("web", "cart"), ("cart", "web")] {
        let both = format!("{}/{other}", rig.namespace);
        rig.wait("both to be named", name, |s: &Microservice| {
            condition(s, "ContractsSatisfied")
                .is_some_and(|c| c.message.contains("the two hold each other") && c.message.contains(&both))
        })
        .await?;
    }
    assert_eq!((stage.templates("web").await?, stage.templates("cart").await?), (1, 1));

    stage.release("cart").await?;
    rig.ready("cart").await?;
    // Then the consumer finds what it needs by itself.
    rig.ready("web").await?;
    assert_eq!((stage.templates("web").await?, stage.templates("cart").await?), (2, 2));
    let events: Api<Event> = rig.api();
    let ask = || {
        let events = events.clone();
        async move {
            let all = events.list(&ListParams::default()).await?.items;
            Ok(all.into_iter().find(|event| event.reason.as_deref() == Some("HoldReleased")))
        }
    };
    let event = rig.cluster.wait_until("an event", &rig.namespace, PATIENCE, ask).await?;
    assert_eq!(event.type_.as_deref(), Some("Warning"));
    assert!(event.note.unwrap_or_default().contains("pods of"));

    // A rollback to what has run before is never held, although nobody serves what it needs any more.
    stage.web("v1", "^1", 1).await?;
    rig.ready("web").await?;
    rig.condition("web", "ContractsSatisfied", "False", "Unsatisfied").await?;
    assert_eq!(stage.templates("web").await?, 2, "the old ReplicaSet is used again");
    rig.delete_class(&stage.class).await
}

#[tokio::test]
async fn a_hold_does_not_last_in_silence() -> Result<()> {
    let stage = Stage::set("gate-timeout", "holdTimeoutSeconds: 1").await?;
    let Stage { rig, .. } = &stage;
    stage.cart("v1", &["1.0.0"]).await?;
    stage.web("v1", "^1", 1).await?;
    rig.ready("cart").await?;
    rig.ready("web").await?;
    rig.idle().await?;
    stage.web("v2", "^2", 1).await?;
    let stalled = rig.condition("web", "Stalled", "True", "HoldTimedOut").await?;
    assert!(stalled.message.contains("kubectl annotate"), "{}", stalled.message);
    rig.idle().await?;
    // It goes on waiting, at rest, and a restarted operator holds it too.
    let mark = rig.mark().await?;
    assert!(stage.is_paused("web").await?);
    let mut stage = stage;
    stage.rig.stop_operator().await;
    stage.rig.start_operator(&microservice_tests::faults::Script::record())?;
    stage.rig.idle().await?;
    let sent = stage.rig.since(mark).await?.writes();
    assert_eq!(sent.count(), 0, "{:?}", sent.summary());
    assert_eq!(stage.templates("web").await?, 1);
    stage.rig.delete_class(&stage.class).await
}
