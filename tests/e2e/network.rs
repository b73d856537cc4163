//! NetworkPolicies: observed, enforced, and gone again.

use anyhow::Result;
use k8s_openapi::api::networking::v1::NetworkPolicy;
use kube::ResourceExt;
use microservice_tests::rig::Rig;

const WEB: &str = "image: 'registry.example/web:v1', ports: [{name: http, port: 80, targetPort: 8080}]";

#[tokio::test]
async fn a_class_observes_then_enforces_then_lets_go() -> Result<()> {
    let rig = Rig::start("network-modes").await?;
    let class = rig.namespace.clone();
    rig.apply_class(&class, "{network: {mode: Observe}}").await?;
    rig.apply("api", &format!("{{class: {class}, {WEB}}}")).await?;
    rig.apply("web", &format!("{{class: {class}, {WEB}, uses: [{{service: api}}]}}")).await?;
    let told = rig.condition("api", "Isolated", "False", "Observed").await?;
    let who = format!("would let in {}/web on 8080/TCP", rig.namespace);
    assert!(told.message.contains("Nothing is blocked") && told.message.contains(&who), "{}", told.message);
    for name in ["api", "web"] {
        rig.ready(name).await?;
        assert!(rig.find::<NetworkPolicy>(name).await?.is_none());
    }
    rig.apply_class(&class, "{network: {mode: Enforce}}").await?;
    for name in ["api", "web"] {
        rig.condition(name, "Isolated", "True", "Enforced").await?;
    }
    let policy = rig.get::<NetworkPolicy>("api").await?.spec.unwrap_or_default();
    let peers = policy.ingress.unwrap_or_default().remove(0).from.unwrap_or_default();
    assert_eq!(
        peers[0].pod_selector.as_ref().unwrap().match_expressions.as_ref().unwrap()[0].values.as_ref().unwrap(),
        &["web"]
    );
    let uids = [rig.get::<NetworkPolicy>("api").await?.uid(), rig.get::<NetworkPolicy>("web").await?.uid()];
    // In quotes: for YAML the bare word is a boolean.
    rig.apply_class(&class, "{network: {mode: 'Off'}}").await?;
    for (name, uid) in ["api", "web"].into_iter().zip(uids) {
        rig.wait_gone::<NetworkPolicy>(name, &uid.unwrap()).await?;
    }
    rig.idle().await?;
    for name in ["api", "web"] {
        assert!(rig.find::<NetworkPolicy>(name).await?.is_none(), "{name}");
    }
    rig.delete_class(&class).await
}

#[tokio::test]
async fn a_policy_stands_before_the_pods_that_it_is_for() -> Result<()> {
    let rig = Rig::start("network-first").await?;
    let class = rig.namespace.clone();
    rig.apply_class(&class, "{network: {mode: Enforce}}").await?;
    let mark = rig.mark().await?;
    rig.apply("web", &format!("{{class: {class}, {WEB}}}")).await?;
    rig.ready("web").await?;
    rig.idle().await?;
    let sent: Vec<String> = rig.since(mark).await?.writes().0.iter().map(|request| request.resource.clone()).collect();
    let at = |resource: &str| sent.iter().position(|sent| sent == resource);
    assert!(at("networkpolicies").unwrap() < at("deployments").unwrap(), "{sent:?}");
    // Somebody loosens it: it is put right.
    let open = serde_json::json!({"spec": {"ingress": [{}]}});
    rig.edit::<NetworkPolicy>("web", open).await?;
    rig.wait("the policy to be as it was", "web", |p: &NetworkPolicy| {
        p.spec.as_ref().is_some_and(|spec| spec.ingress.as_ref().is_none_or(Vec::is_empty))
    })
    .await?;
    rig.delete_class(&class).await
}
