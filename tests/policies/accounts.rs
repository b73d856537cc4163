//! ServiceAccounts: who writes the name of one must be allowed to use it.

use anyhow::Result;
use microservice_tests::control_plane::ControlPlane;
use serde_json::{Value, json};

use crate::{
    people::{Person, assert_refused},
    stage::{installed, label},
};

const POLICY: &str = "'service-accounts.microservices.dev'";

/// A namespace that allows overrides, so that only the policy of this file speaks.
async fn namespace(server: &ControlPlane, name: &str) -> Result<String> {
    let namespace = server.namespace(name).await?;
    label(server, &namespace, json!({"microservices.dev/overrides": "allowed"})).await?;
    Ok(namespace)
}

fn may(verb: &str, names: &[&str]) -> Value {
    json!([{"apiGroups": [""], "resources": ["serviceaccounts"], "resourceNames": names, "verbs": [verb]}])
}

fn overridden(field: &str, account: &str) -> String {
    format!("overrides: {{Deployment: {{spec: {{template: {{spec: {{{field}: {account}}}}}}}}}}}")
}

#[tokio::test]
async fn a_service_account_is_for_those_who_may_use_it() -> Result<()> {
    let server = installed().await?;
    let namespace = namespace(server, "accounts").await?;
    let tenant = Person::with(server, &namespace, "tenant", json!([])).await?;
    for (field, spec) in [
        ("spec.serviceAccount.name \"payments\"", "serviceAccount: {name: payments}".to_owned()),
        ("spec.serviceAccount.name \"payments\"", "serviceAccount: {create: false, name: payments}".to_owned()),
        (
            "spec.overrides.Deployment.spec.template.spec.serviceAccountName \"payments\"",
            overridden("serviceAccountName", "payments"),
        ),
        (
            "spec.overrides.Deployment.spec.template.spec.serviceAccount \"payments\"",
            overridden("serviceAccount", "payments"),
        ),
    ] {
        let remedy = format!(
            "you may not use this ServiceAccount in namespace \"{namespace}\"; leave the field out and the service gets \
             one of its own, or ask for a Role there with the verb \"use\" on serviceaccounts of that name"
        );
        assert_refused(tenant.create("refused", &spec).await, &[POLICY, field, &remedy]);
    }
    // One of its own is for everybody.
    tenant.create("own", "").await.unwrap();
    tenant.create("made", "serviceAccount: {create: true}").await.unwrap();

    for (name, rules) in [("user", may("use", &["payments"])), ("impersonator", may("impersonate", &["payments"]))] {
        let person = Person::with(server, &namespace, name, rules).await?;
        person.create(&format!("{name}-said"), "serviceAccount: {name: payments}").await.unwrap();
        person.create(&format!("{name}-new"), &overridden("serviceAccountName", "payments")).await.unwrap();
        person.create(&format!("{name}-old"), &overridden("serviceAccount", "payments")).await.unwrap();
        let other = person.create(&format!("{name}-other"), "serviceAccount: {name: reports}").await;
        assert_refused(other, &[POLICY, "\"reports\""]);
    }
    // Rights elsewhere are no rights here.
    let elsewhere = server.namespace("accounts-elsewhere").await?;
    let stranger = Person::with(server, &elsewhere, "tenant", may("use", &["payments"])).await?;
    stranger.create("here", "serviceAccount: {name: payments}").await.unwrap();
    Ok(())
}

#[tokio::test]
async fn holders_of_the_clusters_own_edit_role_notice_nothing() -> Result<()> {
    let server = installed().await?;
    let namespace = namespace(server, "editors").await?;
    let editor = Person::with_cluster_role(server, &namespace, "edit").await?;
    editor.create("said", "serviceAccount: {name: payments}").await.unwrap();
    editor.create("carried", "serviceAccount: {annotations: {cloud.example/role: admin}}").await.unwrap();
    let viewer = Person::with_cluster_role(server, &namespace, "view").await?;
    assert_refused(viewer.create("refused", "serviceAccount: {name: payments}").await, &[POLICY]);
    Ok(())
}

#[tokio::test]
async fn what_an_account_carries_is_for_those_who_may_create_one() -> Result<()> {
    let server = installed().await?;
    let namespace = namespace(server, "carried").await?;
    let tenant = Person::with(server, &namespace, "tenant", json!([])).await?;
    let annotated = "serviceAccount: {annotations: {cloud.example/role: admin}}";
    let overridden = "overrides: {ServiceAccount: {metadata: {annotations: {cloud.example/role: admin}}}}";
    let remedy = "with the verb \"create\" on serviceaccounts";
    assert_refused(tenant.create("a", annotated).await, &[POLICY, "spec.serviceAccount.annotations", remedy]);
    assert_refused(tenant.create("b", overridden).await, &[POLICY, "spec.overrides.ServiceAccount", remedy]);

    let rules = json!([{"apiGroups": [""], "resources": ["serviceaccounts"], "verbs": ["create"]}]);
    let maker = Person::with(server, &namespace, "maker", rules).await?;
    maker.create("a", annotated).await.unwrap();
    maker.create("b", overridden).await.unwrap();
    // What stands passes; another value does not.
    tenant.edit("a", json!({"image": "registry.example/app:v2"})).await.unwrap();
    let other = json!({"serviceAccount": {"annotations": {"cloud.example/role": "owner"}}});
    assert_refused(tenant.edit("a", other).await, &[POLICY]);
    tenant.edit("a", json!({"serviceAccount": null})).await.unwrap();
    Ok(())
}

#[tokio::test]
async fn an_account_that_stands_passes_until_it_changes() -> Result<()> {
    let server = installed().await?;
    let namespace = namespace(server, "standing").await?;
    let admin = Person::admin(server, &namespace)?;
    let tenant = Person::with(server, &namespace, "tenant", json!([])).await?;
    let spec = "{serviceAccount: {name: payments}, scaling: {replicas: 1}}";
    admin.apply("web", spec).await.unwrap();
    tenant.apply("web", spec).await.unwrap();
    tenant.edit("web", json!({"image": "registry.example/app:v2"})).await.unwrap();
    tenant.merge("web", json!({"metadata": {"labels": {"team": "shop"}}})).await.unwrap();
    tenant.scale("web", 3).await.unwrap();
    tenant.replace("web", |object| object["spec"]["image"] = json!("registry.example/app:v3")).await?;
    assert_refused(tenant.edit("web", json!({"serviceAccount": {"name": "reports"}})).await, &[POLICY, "\"reports\""]);
    tenant.edit("web", json!({"serviceAccount": null})).await.unwrap();
    // Gone is gone: it is a new word now.
    assert_refused(tenant.edit("web", json!({"serviceAccount": {"name": "payments"}})).await, &[POLICY]);
    Ok(())
}

/// A value of another type is nobody's account: the operator says what is wrong with it.
#[tokio::test]
async fn overrides_of_any_shape_are_judged() -> Result<()> {
    let server = installed().await?;
    let namespace = namespace(server, "shapes").await?;
    let tenant = Person::with(server, &namespace, "tenant", json!([])).await?;
    for (number, shape) in [
        "{}",
        "{spec: 7}",
        "{spec: {template: []}}",
        "{spec: {template: {spec: x}}}",
        "{spec: {template: {spec: {serviceAccountName: [a]}}}}",
    ]
    .iter()
    .enumerate()
    {
        tenant.create(&format!("shape-{number}"), &format!("overrides: {{Deployment: {shape}}}")).await.unwrap();
    }
    Ok(())
}
