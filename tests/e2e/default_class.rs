//! The class of services that name none, on a control plane of its own: a default is everybody's.

use anyhow::Result;
use k8s_openapi::{api::core::v1::Service, apimachinery::pkg::apis::meta::v1::Condition};
use kube::{Api, Client, ResourceExt};
use microservice_crds::{Microservice, MicroserviceClass, annotations};
use microservice_tests::{
    control_plane::{ControlPlane, Options},
    faults::Script,
    operator::Operator,
    rig::{PATIENCE, Rig, status},
};

const DEFAULT: [(&str, &str); 1] = [(annotations::DEFAULT_CLASS, "true")];

async fn class_says(cluster: &ControlPlane, client: &Client, name: &str, wanted: &str) -> Result<Condition> {
    let api = &Api::<MicroserviceClass>::all(client.clone());
    let ask = || async move {
        let conditions = api.get(name).await?.status.unwrap_or_default().conditions;
        Ok(conditions.into_iter().find(|c| format!("{}={} {}", c.type_, c.status, c.reason) == wanted))
    };
    cluster.wait_until(&format!("{name} to say {wanted}"), "", PATIENCE, ask).await
}

#[tokio::test]
async fn the_newest_default_holds_and_both_say_so() -> Result<()> {
    let cluster: &'static ControlPlane = Box::leak(Box::new(ControlPlane::start(Options::default()).await?));
    let mut rig = Rig::on(cluster, "default-class").await?;
    // In all namespaces: only such an operator writes the status of classes.
    rig.agent = format!("operator-everywhere-{}", rig.namespace);
    rig.operator = Some(Operator::start(cluster, None, &rig.agent, &Script::record())?);

    let class = |value: &str| format!("{{defaults: {{annotations: {{example.com/tier: {value}}}}}}}");
    let tier =
        |value: &'static str| move |s: &Service| s.annotations().get("example.com/tier").is_some_and(|t| t == value);
    rig.apply_class_with("old", &class("old"), &DEFAULT).await?;
    class_says(cluster, &rig.client, "old", "Default=True Default").await?;
    rig.apply("web", "{image: 'registry.example/web:v1', ports: [{name: http, port: 80}]}").await?;
    let used = |name: &'static str| move |s: &Microservice| status(s).class.as_deref() == Some(name);
    rig.wait("class old", "web", used("old")).await?;
    rig.wait("the annotation of class old", "web", tier("old")).await?;
    rig.ready("web").await?;

    // Creation times are whole seconds, and of two in one second the first by name holds: so this one does.
    rig.apply_class_with("new", &class("new"), &DEFAULT).await?;
    rig.wait("the annotation of class new", "web", tier("new")).await?;
    rig.wait("class new", "web", used("new")).await?;
    let old = class_says(cluster, &rig.client, "old", "Default=False SeveralDefaults").await?;
    assert!(old.message.contains("\"new\""), "{}", old.message);
    let new = class_says(cluster, &rig.client, "new", "Default=True SeveralDefaults").await?;
    assert!(new.message.contains("old") && new.message.contains(annotations::DEFAULT_CLASS), "{}", new.message);
    let shown = cluster.kubectl_ok(&["get", "msvcclass"]).await?;
    assert!(shown.lines().any(|line| line.starts_with("old") && line.contains("False")), "{shown}");

    rig.delete_class("new").await?;
    rig.wait("class old again", "web", used("old")).await?;
    class_says(cluster, &rig.client, "old", "Default=True Default").await?;
    rig.delete_class("old").await?;
    rig.wait("no class", "web", |s: &Microservice| status(s).class.is_none()).await?;
    rig.wait("no annotation", "web", |s: &Service| !s.annotations().contains_key("example.com/tier")).await?;
    rig.ready("web").await?;
    Ok(())
}
