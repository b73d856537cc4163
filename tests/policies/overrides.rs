//! Overrides: by a label of the namespace, or by a verb of the one who writes.

use anyhow::Result;
use serde_json::json;

use crate::{
    people::{Person, assert_refused},
    stage::{installed, label},
};

const POLICY: &str = "'overrides.microservices.dev'";
const SPREAD: &str = "overrides: {Deployment: {spec: {template: {spec: {schedulerName: bin-packer}}}}}";

#[tokio::test]
async fn overrides_are_for_those_with_the_verb() -> Result<()> {
    let server = installed().await?;
    let namespace = server.namespace("overrides").await?;
    let tenant = Person::with(server, &namespace, "tenant", json!([])).await?;
    let remedy = format!(
        "you may not override children in namespace \"{namespace}\"; say it by fields of the spec, or ask for a Role \
         there with the verb \"override\" on microservices, or for the label microservices.dev/overrides: allowed on the \
         namespace"
    );
    assert_refused(tenant.create("web", SPREAD).await, &[POLICY, "spec.overrides.Deployment", &remedy]);
    tenant.create("plain", "").await.unwrap();
    tenant.create("empty", "overrides: {}").await.unwrap();
    assert_refused(
        tenant.edit("plain", json!({"overrides": {"Service": {}}})).await,
        &[POLICY, "spec.overrides.Service"],
    );

    let verb = |names: &[&str]| {
        let mut rule =
            json!({"apiGroups": ["microservices.dev"], "resources": ["microservices"], "verbs": ["override"]});
        if !names.is_empty() {
            rule["resourceNames"] = json!(names);
        }
        json!([rule])
    };
    let one = Person::with(server, &namespace, "one", verb(&["web"])).await?;
    one.create("web", SPREAD).await.unwrap();
    assert_refused(one.create("other", SPREAD).await, &[POLICY]);
    let all = Person::with(server, &namespace, "all", verb(&[])).await?;
    all.create("other", SPREAD).await.unwrap();
    Ok(())
}

#[tokio::test]
async fn a_namespace_may_allow_them_to_everybody() -> Result<()> {
    let server = installed().await?;
    let namespace = server.namespace("overrides-allowed").await?;
    label(server, &namespace, json!({"microservices.dev/overrides": "allowed"})).await?;
    let tenant = Person::with(server, &namespace, "tenant", json!([])).await?;
    tenant.create("web", SPREAD).await.unwrap();
    label(server, &namespace, json!({"microservices.dev/overrides": "no"})).await?;
    let tenant = &tenant;
    // The server looks at a copy of the namespace, which is a moment old.
    let ask = || async move { Ok(tenant.would_create("other", SPREAD).await.err()) };
    let words = server.wait_until("the label to be seen", &namespace, crate::stage::PATIENCE, ask).await?;
    assert_refused(Err(words), &[POLICY]);
    Ok(())
}

#[tokio::test]
async fn an_override_that_stands_passes_until_it_changes() -> Result<()> {
    let server = installed().await?;
    let namespace = server.namespace("overrides-standing").await?;
    let admin = Person::admin(server, &namespace)?;
    let tenant = Person::with(server, &namespace, "tenant", json!([])).await?;
    let two = "overrides: {Deployment: {spec: {template: {spec: {schedulerName: bin-packer}}}}, Service: {spec: {}}}";
    admin.apply("web", two).await.unwrap();
    tenant.apply("web", two).await.unwrap();
    tenant.edit("web", json!({"image": "registry.example/app:v2", "scaling": {"replicas": 1}})).await.unwrap();
    tenant.scale("web", 2).await.unwrap();
    let more = json!({"overrides": {"Deployment": {"spec": {"minReadySeconds": 7}}}});
    assert_refused(tenant.edit("web", more).await, &[POLICY, "spec.overrides.Deployment:"]);
    // A kind less needs no right.
    tenant.edit("web", json!({"overrides": {"Deployment": null}})).await.unwrap();
    tenant.edit("web", json!({"overrides": null})).await.unwrap();
    assert_refused(tenant.apply("web", two).await, &[POLICY]);
    Ok(())
}
