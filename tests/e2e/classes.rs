//! A class decides for the services that use it, and for nobody else.

use anyhow::Result;
use k8s_openapi::api::{
    apps::v1::Deployment,
    autoscaling::v2::HorizontalPodAutoscaler,
    core::v1::{Namespace, Service},
};
use kube::{Api, ResourceExt, api::Patch};
use microservice_crds::Microservice;
use microservice_tests::{
    control_plane::{Load, Mark},
    rig::{Rig, condition, observed, status},
};
use serde_json::json;

use crate::handover::without_autoscaler;

const PORTS: &str = "ports: [{name: http, port: 80, targetPort: 8080, protocol: http}]";

fn note(key: &str, value: &str) -> impl Fn(&Service) -> bool {
    let (key, value) = (key.to_owned(), value.to_owned());
    move |service| service.annotations().get(&key) == Some(&value)
}

#[tokio::test]
async fn a_change_of_a_class_reaches_exactly_its_services_with_one_write_each() -> Result<()> {
    let rig = Rig::start("classes").await?;
    let (one, two) = (format!("{}-one", rig.namespace), format!("{}-two", rig.namespace));
    let class = |value: &str| format!("{{defaults: {{service: {{annotations: {{example.com/tier: {value}}}}}}}}}");
    rig.apply_class(&one, &class("gold")).await?;
    rig.apply_class(&two, &class("iron")).await?;
    for (name, class) in [("a", &one), ("b", &one), ("c", &two)] {
        rig.apply(name, &format!("{{image: 'registry.example/web:v1', {PORTS}, class: {class}}}")).await?;
    }
    for (name, class) in [("a", &one), ("b", &one), ("c", &two)] {
        let service = rig.ready(name).await?;
        assert_eq!(status(&service).class.as_ref(), Some(class));
    }
    rig.idle().await?;

    let mark = rig.mark().await?;
    rig.apply_class(&one, &class("silver")).await?;
    for name in ["a", "b"] {
        rig.wait("the new annotation", name, note("example.com/tier", "silver")).await?;
    }
    rig.idle().await?;
    assert!(note("example.com/tier", "iron")(&rig.get::<Service>("c").await?));
    let sent = rig.since(mark).await?.filter(|request| request.verb != "watch");
    let kinds: Vec<String> = sent.0.iter().map(|request| request.kind()).collect();
    assert_eq!(kinds, ["patch services", "patch services"]);
    rig.delete_class(&one).await?;
    rig.delete_class(&two).await
}

#[tokio::test]
async fn a_class_that_is_not_there_changes_nothing_until_it_is() -> Result<()> {
    let rig = Rig::start("no-class").await?;
    let class = rig.namespace.clone();
    rig.apply("web", &format!("{{image: 'registry.example/web:v1', {PORTS}, class: {class}}}")).await?;
    let stalled = rig.condition("web", "Stalled", "True", "ClassNotFound").await?;
    assert!(stalled.message.contains(&class), "{}", stalled.message);
    assert!(rig.find::<Deployment>("web").await?.is_none());

    let spec = "{defaults: {env: [{name: REGION, value: north}]}}";
    rig.apply_class(&class, spec).await?;
    rig.ready("web").await?;
    let generation = rig.get::<Deployment>("web").await?.metadata.generation;

    // It goes: the service stays as it is, and says so.
    rig.delete_class(&class).await?;
    rig.condition("web", "Stalled", "True", "ClassNotFound").await?;
    rig.idle().await?;
    assert_eq!(rig.get::<Deployment>("web").await?.metadata.generation, generation);
    rig.delete::<Service>("web").await?;
    rig.idle().await?;
    rig.apply_class(&class, spec).await?;
    rig.ready("web").await?;
    rig.wait("the Service to be made anew", "web", |_: &Service| true).await?;
    assert_eq!(rig.get::<Deployment>("web").await?.metadata.generation, generation);
    rig.delete_class(&class).await
}

#[tokio::test]
async fn a_namespace_that_may_not_use_a_class_is_told_and_may_later() -> Result<()> {
    let rig = Rig::start("not-allowed").await?;
    let class = rig.namespace.clone();
    rig.apply_class(&class, "{namespaces: {matchLabels: {tier: public}}}").await?;
    rig.apply("web", &format!("{{image: 'registry.example/web:v1', class: {class}}}")).await?;
    let stalled = rig.wait("Stalled", "web", |s: &Microservice| condition(s, "Stalled").is_some()).await?;
    let said = &condition(&stalled, "Stalled").unwrap().message;
    assert!(said.contains(&class) && said.contains("tier"), "{said}");

    let label = Patch::Merge(json!({"metadata": {"labels": {"tier": "public"}}}));
    Api::<Namespace>::all(rig.client.clone()).patch(&rig.namespace, &Default::default(), &label).await?;
    rig.ready("web").await?;
    rig.delete_class(&class).await
}

#[tokio::test]
async fn a_service_that_may_not_use_its_class_any_more_stays_as_it_is_and_says_so() -> Result<()> {
    let rig = Rig::start("no-longer-allowed").await?;
    let class = rig.namespace.clone();
    let label = |value: Option<&str>| {
        let patch = Patch::Merge(json!({"metadata": {"labels": {"tier": value}}}));
        let api = Api::<Namespace>::all(rig.client.clone());
        let name = rig.namespace.clone();
        async move { api.patch(&name, &Default::default(), &patch).await }
    };
    label(Some("public")).await?;
    let env = "env: [{name: REGION, value: north}]";
    rig.apply_class(&class, &format!("{{namespaces: {{matchLabels: {{tier: public}}}}, defaults: {{{env}}}}}")).await?;
    rig.apply("web", &format!("{{image: 'registry.example/web:v1', {PORTS}, class: {class}}}")).await?;
    rig.ready("web").await?;
    rig.idle().await?;
    let children = |service: Microservice| status(&service).children;
    let before = children(rig.get("web").await?);

    let mark = rig.mark().await?;
    label(None).await?;
    let stalled = rig.condition("web", "Stalled", "True", "ClassNotAllowed").await?;
    for part in [class.as_str(), "tier=public", "label the namespace", "spec.class"] {
        assert!(stalled.message.contains(part), "{part}: {}", stalled.message);
    }
    rig.idle().await?;
    assert_eq!(writes_of_children(&rig, mark).await?, [""; 0]);
    assert_eq!(children(rig.get("web").await?), before);

    label(Some("public")).await?;
    rig.ready("web").await?;
    rig.delete_class(&class).await
}

/// What the operator has written since, but for status and events.
async fn writes_of_children(rig: &Rig, mark: Mark) -> Result<Vec<String>> {
    let writes = rig.since(mark).await?.writes().filter(|r| r.subresource != "status" && r.resource != "events");
    let mut writes: Vec<String> = writes.0.iter().map(|r| format!("{} {}", r.kind(), r.name)).collect();
    writes.sort();
    Ok(writes)
}

#[tokio::test]
async fn removing_a_port_or_the_class_takes_exactly_that() -> Result<()> {
    let rig = Rig::start("takes").await?;
    let class = rig.namespace.clone();
    let given = "scaling: {minReplicas: 2, maxReplicas: 3, cpu: 80}, service: {annotations: {example.com/tier: gold}}";
    rig.apply_class(&class, &format!("{{defaults: {{{given}}}}}")).await?;
    let http = "{name: http, port: 80, targetPort: 8080, protocol: http}";
    let spec = |ports: &str, class: &str| {
        format!(
            "{{image: 'registry.example/web:v1', ports: [{ports}], resources: {{requests: {{cpu: 100m}}}}, \
             config: {{mountPath: /etc/web, files: {{a: x}}}}, \
             routes: [{{hostnames: [takes.example.com], gateway: {{name: public}}}}]{class}}}"
        )
    };
    let with = format!(", class: {class}");
    rig.apply("web", &spec(&format!("{http}, {{name: admin, port: 9090}}"), &with)).await?;
    rig.ready("web").await?;
    rig.idle().await?;

    let mark = rig.mark().await?;
    rig.apply("web", &spec(http, &with)).await?;
    rig.ready("web").await?;
    rig.idle().await?;
    assert_eq!(writes_of_children(&rig, mark).await?, ["patch deployments web", "patch services web"]);
    let ports = rig.get::<Service>("web").await?.spec.and_then(|spec| spec.ports).unwrap_or_default();
    assert_eq!(ports.iter().map(|port| port.port).collect::<Vec<_>>(), [80]);

    let mark = rig.mark().await?;
    rig.apply("web", &spec(http, "")).await?;
    rig.wait("no class", "web", |s: &Microservice| observed(s) && status(s).class.is_none()).await?;
    rig.ready("web").await?;
    without_autoscaler(&rig).await?;
    rig.idle().await?;
    assert_eq!(
        writes_of_children(&rig, mark).await?,
        ["delete horizontalpodautoscalers web", "delete poddisruptionbudgets web", "patch services web"]
    );
    assert!(!rig.get::<Service>("web").await?.annotations().contains_key("example.com/tier"));
    rig.delete_class(&class).await
}

#[tokio::test]
async fn counts_that_the_class_gives_and_takes_change_hands_without_a_dip() -> Result<()> {
    let rig = Rig::start("class-scaling").await?;
    let class = rig.namespace.clone();
    let scaling = |scaling: &str| format!("{{defaults: {{scaling: {{{scaling}}}}}}}");
    let autoscaler = scaling("minReplicas: 3, maxReplicas: 6, cpu: 80");
    rig.apply_class(&class, &scaling("replicas: 4")).await?;
    let resources = "resources: {requests: {cpu: 100m}}";
    rig.apply("web", &format!("{{image: 'registry.example/web:v1', {resources}, class: {class}}}")).await?;
    rig.replicas("web", 4).await?;
    rig.ready("web").await?;
    let counts = rig.record_counts("web").await?;

    // A fixed count becomes an autoscaler's.
    rig.apply_class(&class, &autoscaler).await?;
    let load = rig.load("web", Load::PerPod(200))?;
    rig.replicas("web", 6).await?;
    rig.idle().await?;
    let seen = counts.so_far().await?;
    assert!(seen.is_sorted() && seen.starts_with(&[4]), "dipped when the autoscaler came: {seen:?}");
    drop(load);

    // An autoscaler's becomes a fixed one.
    rig.apply_class(&class, &scaling("replicas: 5")).await?;
    rig.replicas("web", 5).await?;
    without_autoscaler(&rig).await?;
    rig.idle().await?;
    let seen = counts.so_far().await?;
    assert!(seen.ends_with(&[6, 5]) && seen.iter().all(|count| *count >= 4), "dipped when it went: {seen:?}");

    // An autoscaler's becomes nobody's.
    rig.apply_class(&class, &autoscaler).await?;
    rig.wait("the autoscaler at work", "web", |h: &HorizontalPodAutoscaler| {
        h.status.as_ref().is_some_and(|s| s.current_replicas.is_some())
    })
    .await?;
    let before = counts.so_far().await?;
    rig.apply_class(&class, "{}").await?;
    without_autoscaler(&rig).await?;
    rig.idle().await?;
    assert_eq!(counts.so_far().await?, before);
    rig.delete_class(&class).await
}

/// Admission knows no classes, so it cannot refuse this: then the status tells what it did.
#[tokio::test]
async fn a_scale_by_hand_beside_the_autoscaler_of_the_class_is_told() -> Result<()> {
    let rig = Rig::start("scale-by-hand").await?;
    let class = rig.namespace.clone();
    rig.apply_class(&class, "{defaults: {scaling: {minReplicas: 2, maxReplicas: 5, cpu: 80}}}").await?;
    rig.apply("web", &format!("{{image: 'registry.example/web:v1', class: {class}}}")).await?;
    rig.ready("web").await?;
    rig.get::<HorizontalPodAutoscaler>("web").await?;

    rig.cluster.kubectl_ok(&["scale", "-n", &rig.namespace, "msvc/web", "--replicas=3"]).await?;
    let scalable = rig.condition("web", "Scalable", "False", "ClassAutoscalerReplaced").await?;
    for part in ["spec.scaling.replicas: 3", "2..5", class.as_str()] {
        assert!(scalable.message.contains(part), "{part}: {}", scalable.message);
    }
    without_autoscaler(&rig).await?;
    rig.replicas("web", 3).await?;

    // The remedy is a line for the shell.
    let (_, line) = scalable.message.split_once("kubectl ").unwrap();
    let words: Vec<&str> = line.split_whitespace().map(|word| word.trim_matches('\'')).collect();
    rig.cluster.kubectl_ok(&words).await?;
    rig.wait("the autoscaler again", "web", |_: &HorizontalPodAutoscaler| true).await?;
    rig.delete_class(&class).await
}
