//! Edges between namespaces: consent by the provider, policies of both sides by the name of the namespace.

use anyhow::Result;
use k8s_openapi::api::{apps::v1::Deployment, core::v1::Namespace, networking::v1::NetworkPolicy};
use kube::{
    Api,
    api::{Patch, PatchParams},
};
use microservice_crds::{Microservice, MicroserviceClass};
use microservice_tests::rig::{PATIENCE, condition};
use serde_json::{Value, json};

use crate::World;

struct Stage {
    world: World,
    front: String,
    back: String,
}

impl Stage {
    async fn apply(&self, namespace: &str, name: &str, spec: &str) -> Result<()> {
        let mut spec: Value = serde_saphyr::from_str(spec)?;
        spec["class"] = json!("across");
        let body = json!({"apiVersion": "microservices.dev/v1alpha1", "kind": "Microservice",
            "metadata": {"name": name}, "spec": spec});
        let api: Api<Microservice> = Api::namespaced(self.world.client.clone(), namespace);
        api.patch(name, &PatchParams::apply("test").force(), &Patch::Apply(&body)).await?;
        Ok(())
    }

    async fn says(&self, namespace: &str, name: &str, type_: &str, reason: &str) -> Result<String> {
        let api: &Api<Microservice> = &Api::namespaced(self.world.client.clone(), namespace);
        let ask = || async move {
            let service = api.get(name).await?;
            Ok(condition(&service, type_).filter(|c| c.reason == reason).map(|c| c.message.clone()))
        };
        self.world.cluster.wait_until(&format!("{name} to say {reason}"), namespace, PATIENCE, ask).await
    }

    async fn policy(&self, namespace: &str, name: &str, has: impl Fn(&str) -> bool) -> Result<String> {
        let api: &Api<NetworkPolicy> = &Api::namespaced(self.world.client.clone(), namespace);
        let has = &has;
        let ask = || async move {
            let policy = api.get_opt(name).await?.and_then(|policy| policy.spec);
            let text = serde_json::to_string(&policy)?;
            Ok(has(&text).then_some(text))
        };
        self.world.cluster.wait_until(&format!("the policy of {name}"), namespace, PATIENCE, ask).await
    }
}

#[tokio::test]
async fn an_edge_between_namespaces_needs_consent_and_follows_their_labels() -> Result<()> {
    let world = World::start("across").await?;
    let (front, back) = (world.cluster.namespace("front").await?, world.cluster.namespace("back").await?);
    let class = json!({"apiVersion": "microservices.dev/v1alpha1", "kind": "MicroserviceClass",
        "metadata": {"name": "across"}, "spec": {"network": {"mode": "Enforce"}}});
    let classes: Api<MicroserviceClass> = Api::all(world.client.clone());
    classes.patch("across", &PatchParams::apply("test").force(), &Patch::Apply(&class)).await?;
    let stage = Stage { world, front, back };
    let (front, back) = (stage.front.clone(), stage.back.clone());

    let uses = format!(
        "{{image: 'registry.example/web:v1', uses: [{{service: api, namespace: {back}, env: {{API_ADDR: HostPort}}}}]}}"
    );
    stage.apply(&front, "web", &uses).await?;
    let api = "image: 'registry.example/api:v1', ports: [{name: http, port: 80, targetPort: 8080}]";
    stage.apply(&back, "api", &format!("{{{api}}}")).await?;
    stage.says(&front, "web", "DependenciesResolved", "NoConsent").await?;
    let told = stage.says(&back, "api", "ConsumersConsented", "UninvitedConsumers").await?;
    assert!(told.contains(&format!("{front}/web")), "{told}");
    let deployments: Api<Deployment> = Api::namespaced(stage.world.client.clone(), &front);
    let text = serde_json::to_string(&deployments.get("web").await?)?;
    assert!(text.contains(&format!("api.{back}.svc:80")), "the address is given all the same");
    stage.policy(&back, "api", |policy| !policy.contains("ingress\":")).await?;

    // Consent by the labels of the namespace: none yet.
    stage
        .apply(&back, "api", &format!("{{{api}, allowFrom: [{{namespaces: {{matchLabels: {{tier: public}}}}}}]}}"))
        .await?;
    stage.says(&back, "api", "ConsumersConsented", "UninvitedConsumers").await?;
    let namespaces: Api<Namespace> = Api::all(stage.world.client.clone());
    let label = |tier: Option<&str>| Patch::Merge(json!({"metadata": {"labels": {"tier": tier}}}));
    namespaces.patch(&front, &PatchParams::default(), &label(Some("public"))).await?;
    stage.says(&front, "web", "DependenciesResolved", "Resolved").await?;
    let ingress = stage.policy(&back, "api", |policy| policy.contains("ingress\":")).await?;
    assert!(ingress.contains(&front) && ingress.contains("8080"), "{ingress}");
    stage.policy(&front, "web", |policy| policy.contains(&back) && policy.contains("8080")).await?;

    // And it is taken back with the label.
    namespaces.patch(&front, &PatchParams::default(), &label(None)).await?;
    stage.says(&front, "web", "DependenciesResolved", "NoConsent").await?;
    stage.policy(&back, "api", |policy| !policy.contains("ingress\":")).await?;
    stage.policy(&front, "web", |policy| !policy.contains(&back)).await?;
    stage.world.idle().await
}
