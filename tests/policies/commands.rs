//! The commands of `docs/security.md`, as they stand there: each block of `sh` is run, what stands in the block of `text`
//! behind it must be part of the output, and without one there is no output at all.

use anyhow::{Context as _, Result, ensure};
use microservice_tests::{
    control_plane::ControlPlane,
    docs::{self, Block},
    faults::Script,
    operator::Operator,
    rig::Rig,
};
use serde_json::{Value, json};

use crate::{
    chart::rendered,
    stage::{IMAGE_RULES, PATIENCE, installed, label},
};

const OPERATOR: &str = "microservice-operator-system";

/// A command, and the lines that must be part of what it prints.
struct Written {
    script: String,
    expected: Vec<String>,
}

fn commands() -> Result<Vec<Written>> {
    let mut all: Vec<Written> = Vec::new();
    for Block { info, text, .. } in docs::blocks("docs/security.md")? {
        match info.as_str() {
            "sh" => all.push(Written { script: text, expected: Vec::new() }),
            "text" => {
                let command = all.last_mut().context("no command before its output")?;
                command.expected = text.lines().map(str::to_owned).collect();
            }
            _ => {}
        }
    }
    Ok(all)
}

/// The namespace `shop` with a service in it, the rules of its images, a tenant, and the operator's own rights.
async fn shop(server: &'static ControlPlane) -> Result<Rig> {
    server.create_namespace(OPERATOR).await?;
    server.create_namespace("shop").await?;
    let tenant = json!([{
        "apiGroups": ["microservices.dev"], "resources": ["microservices"],
        "verbs": ["get", "list", "watch", "create", "update", "patch", "delete"],
    }]);
    let user = json!({"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "tenant"});
    let api = "rbac.authorization.k8s.io/v1";
    // The operator's rights are those that the chart gives it.
    let whole = rendered(server, &[]).await?.replace("namespace: default", &format!("namespace: {OPERATOR}"));
    let whole: Vec<Value> = serde_saphyr::from_multiple(&whole)?;
    let kinds = ["ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"];
    let mut objects: Vec<Value> =
        whole.into_iter().filter(|object| kinds.iter().any(|kind| object["kind"] == *kind)).collect();
    ensure!(objects.iter().any(|object| object["kind"] == "ClusterRoleBinding"), "the chart gives no rights");
    objects.extend([
        json!({"apiVersion": api, "kind": "Role", "metadata": {"name": "tenant", "namespace": "shop"}, "rules": tenant}),
        json!({
            "apiVersion": api, "kind": "RoleBinding", "metadata": {"name": "tenant", "namespace": "shop"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "tenant"}, "subjects": [user],
        }),
        json!({
            "apiVersion": "microservices.dev/v1alpha1", "kind": "MicroserviceClass", "metadata": {"name": "image-rules"},
            "spec": {"images": {"allowedPrefixes": ["registry.example/shop/"]}},
        }),
    ]);
    let yaml: Vec<String> = objects.iter().map(Value::to_string).collect();
    server.apply(&yaml.join("\n---\n")).await?;
    label(server, "shop", json!({"microservices.dev/image-rules": "image-rules"})).await?;

    let mut rig = Rig::in_namespace(server, "shop-beside").await?;
    rig.namespace = "shop".into();
    rig.operator = Some(Operator::start(server, Some("shop"), "operator-of-shop", &Script::record())?);
    // Admitted once the server knows of the class.
    let rig_ = &rig;
    let ask = || async move { Ok(rig_.apply("web", "image: registry.example/shop/web:v1").await.ok()) };
    server.wait_until("the rules of images to be seen", "shop", PATIENCE, ask).await?;
    rig.ready("web").await?;
    Ok(rig)
}

async fn output(server: &ControlPlane, script: &str) -> Result<String> {
    let output = docs::shell(server, script).await?;
    Ok(output.stdout + &output.stderr)
}

#[tokio::test]
async fn the_ten_commands_answer_as_the_docs_say() -> Result<()> {
    let server = installed().await?;
    let _alone = IMAGE_RULES.lock().await;
    let rig = shop(server).await?;
    let all = commands()?;
    assert_eq!(all.len(), 10);
    let mut wrong = String::new();
    for command in all {
        let output = output(server, &command.script).await?;
        let missing: Vec<_> = command.expected.iter().filter(|line| !output.contains(*line)).collect();
        let silent = !command.expected.is_empty() || output.trim().is_empty();
        if !missing.is_empty() || !silent || output.contains("Warning:") {
            wrong.push_str(&format!("$ {}\n{output}\n(missing: {missing:?})\n\n", command.script));
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
    drop(rig);
    server.kubectl_ok(&["delete", "microserviceclass", "image-rules"]).await?;
    Ok(())
}
