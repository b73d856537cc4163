//! The operator itself, with rights that contain none of those that the policies ask for: it writes the status and the
//! children, and no policy ever stands in its way.

use anyhow::{Context as _, Result};
use http::{HeaderName, HeaderValue};
use k8s_openapi::api::apps::v1::Deployment;
use kube::{
    Client,
    api::{Patch, PatchParams},
};
use microservice_core::children::CHILDREN;
use microservice_crds::Microservice;
use microservice_operator::{Context, Options, cluster, run};
use microservice_tests::rig::Rig;
use serde_json::{Value, json};

use crate::stage::{PATIENCE, installed, label};

/// What the operator does, as rules: children and status, and nothing that a policy asks for.
fn rules() -> Vec<Value> {
    let reads = ["get", "list", "watch"];
    let writes = ["get", "list", "watch", "create", "patch", "delete"];
    let mut rules = vec![
        json!({"apiGroups": ["microservices.dev"], "resources": ["microservices", "microserviceclasses", "microservicesystems"], "verbs": reads}),
        json!({"apiGroups": ["microservices.dev"], "resources": ["microservices/status"], "verbs": ["get", "patch"]}),
        json!({"apiGroups": [""], "resources": ["pods", "namespaces"], "verbs": reads}),
        json!({"apiGroups": ["apiextensions.k8s.io"], "resources": ["customresourcedefinitions"], "verbs": reads}),
        json!({"apiGroups": ["events.k8s.io"], "resources": ["events"], "verbs": ["create", "patch"]}),
    ];
    rules.extend(
        CHILDREN.iter().map(|entry| json!({"apiGroups": [entry.group], "resources": [entry.plural], "verbs": writes})),
    );
    rules
}

#[tokio::test]
async fn the_operator_is_never_caught() -> Result<()> {
    let server = installed().await?;
    let rig = Rig::in_namespace(server, "operated").await?;
    let user = format!("operator-of-{}", rig.namespace);
    let role = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": user}, "rules": rules(),
    });
    let binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": user},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": user},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}],
    });
    server.apply(&format!("{role}\n---\n{binding}")).await?;

    // A service with everything that the policies are about, written by somebody who may.
    let account = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "payments", "namespace": rig.namespace}});
    server.apply(&account.to_string()).await?;
    let spec = "{image: 'elsewhere.example/web:v1', ports: [{name: http, port: 80}], serviceAccount: {name: payments}, \
        scaling: {replicas: 2}, overrides: {Deployment: {spec: {template: {spec: {schedulerName: default-scheduler}}}}}}";
    rig.apply("web", spec).await?;
    rig.apply("made", "{image: 'elsewhere.example/web:v1', serviceAccount: {annotations: {cloud.example/role: a}}}")
        .await?;
    // Then the namespace gets rules that its services do not keep.
    label(server, &rig.namespace, json!({"microservices.dev/image-rules": "image-rules"})).await?;

    let mark = rig.mark().await?;
    let mut config = cluster::configure(server.config(), &rig.agent)?;
    config.headers.push((HeaderName::from_static("impersonate-user"), HeaderValue::from_str(&user)?));
    let options = Options { namespace: Some(rig.namespace.clone()), ..Options::default() };
    let context = Context::new(Client::try_from(config)?, options);
    let (shutdown, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = tokio::spawn(run(context, 8, async { drop(stopped.await) }));

    rig.ready("web").await?;
    rig.ready("made").await?;
    let scale = Patch::Merge(json!({"spec": {"replicas": 3}}));
    rig.api::<Microservice>().patch_scale("web", &PatchParams::default(), &scale).await?;
    rig.edit::<Deployment>("web", json!({"spec": {"template": {"metadata": {"annotations": {"a": "b"}}}}})).await?;
    rig.wait("three replicas", "web", |live: &Deployment| live.spec.as_ref().is_some_and(|s| s.replicas == Some(3)))
        .await?;
    rig.ready("web").await?;
    rig.delete::<Microservice>("web").await?;
    // The garbage collector ends what the deletion began.
    let ask = || async { Ok(rig.find::<Deployment>("web").await?.is_none().then_some(())) };
    server.wait_until("web to go", &rig.namespace, PATIENCE, ask).await?;

    server.audit().settle().await?;
    let sent = rig.since(mark).await?;
    assert!(sent.clone().writes().count() > 6, "{:?}", sent.summary());
    // An impersonated request stands in the log under both names; what was refused has the code of it.
    let refused: Vec<_> = sent.clone().writes().filter(|request| matches!(request.code, 403 | 422)).0;
    assert!(refused.is_empty(), "{refused:?}");
    // And the policies would not have looked at anything else: of our own kind it writes the status alone.
    let own = sent.writes().resource("microservices").filter(|request| request.subresource != "status");
    assert_eq!(own.count(), 0, "{:?}", own.summary());
    drop(shutdown);
    running.await.context("the operator")??;
    Ok(())
}
