//! What somebody changes by hand comes back: every kind, every way.

use std::fmt::Debug;

use k8s_openapi::api::{
    apps::v1::Deployment,
    autoscaling::v2::HorizontalPodAutoscaler,
    core::v1::{ConfigMap, EnvVar, Service, ServiceAccount},
    policy::v1::PodDisruptionBudget,
};
use kube::{
    Resource, ResourceExt,
    api::{ListParams, Patch, PatchParams},
    core::NamespaceResourceScope,
};
use microservice_crds::gateway::HttpRoute;
use microservice_tests::rig::{Rig, condition};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

const WEB: &str = "
image: registry.example/web:v1
ports: [{name: http, port: 80, targetPort: 8080, protocol: http}]
env: [{name: A, value: a}]
scaling: {minReplicas: 2, maxReplicas: 4, cpu: 80}
probes: {readiness: {httpGet: {path: /ready}}}
routes: [{hostnames: [web.example.com], gateway: {name: public}}]
config: {mountPath: /etc/web, files: {web.yaml: 'level: info'}}
";

/// Edits a child, strips its label, and deletes it: each time it must come back as it was.
async fn comes_back<K>(rig: &Rig, name: &str, edit: Value, part: impl Fn(&K) -> Value) -> anyhow::Result<()>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + DeserializeOwned + Serialize + Debug,
{
    let kind = K::kind(&()).into_owned();
    let before = part(&rig.get::<K>(name).await?);
    if !edit.is_null() {
        let edited = rig.edit::<K>(name, edit).await?;
        assert_ne!(part(&edited), before, "{kind}: the edit of the test changes nothing");
        rig.wait(&format!("{kind} to be put right"), name, |o: &K| part(o) == before).await?;
    }

    let stripped = json!({"metadata": {"labels": {"app.kubernetes.io/managed-by": null}}});
    rig.edit::<K>(name, stripped).await?;
    rig.wait(&format!("{kind} to get its label back"), name, |o: &K| {
        o.labels().get("app.kubernetes.io/managed-by").is_some_and(|v| v == "microservice-operator")
    })
    .await?;

    let uid = rig.get::<K>(name).await?.uid();
    rig.delete::<K>(name).await?;
    let back = rig.wait(&format!("{kind} to be made again"), name, |o: &K| o.uid() != uid).await?;
    assert_eq!(part(&back), before, "{kind}");
    Ok(())
}

#[tokio::test]
async fn every_child_comes_back_edited_stripped_or_deleted() -> anyhow::Result<()> {
    let rig = Rig::start("drift").await?;
    rig.apply("web", WEB).await?;
    rig.ready("web").await?;
    let spec = |object: Value| object["spec"].clone();
    comes_back::<Service>(
        &rig,
        "web",
        json!({"spec": {"ports": [{"name": "http", "port": 80, "targetPort": 9999}]}}),
        |o| json!(o.spec.as_ref().unwrap().ports),
    )
    .await?;
    comes_back::<HorizontalPodAutoscaler>(&rig, "web", json!({"spec": {"maxReplicas": 9}}), |o| spec(json!(o))).await?;
    comes_back::<PodDisruptionBudget>(&rig, "web", json!({"spec": {"maxUnavailable": 2}}), |o| spec(json!(o))).await?;
    comes_back::<HttpRoute>(&rig, "web", json!({"spec": {"hostnames": ["evil.example.com"]}}), |o| spec(json!(o)))
        .await?;
    comes_back::<ServiceAccount>(&rig, "web", json!({"automountServiceAccountToken": true}), |o| {
        json!(o.automount_service_account_token)
    })
    .await?;
    let maps = rig.api::<ConfigMap>().list(&ListParams::default().labels("app.kubernetes.io/name=web")).await?;
    comes_back::<ConfigMap>(&rig, &maps.items[0].name_any(), Value::Null, |o| json!(o.data)).await?;
    let edit = json!({"spec": {"template": {"spec": {"serviceAccountName": "default"}}}});
    comes_back::<Deployment>(&rig, "web", edit, |o| {
        json!(o.spec.as_ref().unwrap().template.spec.as_ref().unwrap().service_account_name)
    })
    .await?;
    rig.ready("web").await?;
    Ok(())
}

#[tokio::test]
async fn a_digest_or_an_owner_taken_away_comes_back() -> anyhow::Result<()> {
    let rig = Rig::start("marks").await?;
    rig.apply("web", WEB).await?;
    let service = rig.ready("web").await?;
    rig.edit::<Service>("web", json!({"metadata": {"annotations": {"microservices.dev/digest": "0"}}})).await?;
    rig.wait("the digest", "web", |s: &Service| s.annotations()["microservices.dev/digest"] != "0").await?;
    rig.edit::<Service>("web", json!({"metadata": {"ownerReferences": null}})).await?;
    // Without an owner it is nobody's, so it must not be taken by force: it is said, and left alone.
    let stalled = rig.condition("web", "Stalled", "True", "NameClash").await?;
    assert!(stalled.message.contains("Service"), "{}", stalled.message);
    rig.edit::<Service>("web", json!({"metadata": {"annotations": {"microservices.dev/adopt-by": "web"}}})).await?;
    rig.ready("web").await?;
    assert_eq!(rig.get::<Service>("web").await?.owner_references()[0].uid, service.uid().unwrap());
    Ok(())
}

#[tokio::test]
async fn what_others_add_beside_ours_stays() -> anyhow::Result<()> {
    let rig = Rig::start("beside").await?;
    rig.apply("web", WEB).await?;
    rig.ready("web").await?;
    rig.cluster.kubectl_ok(&["rollout", "restart", "deployment/web", "-n", &rig.namespace]).await?;
    rig.edit::<Service>("web", json!({"metadata": {"annotations": {"theirs": "kept"}}})).await?;
    rig.edit::<Service>(
        "web",
        json!({"metadata": {"labels": {"app.kubernetes.io/part-of": "wrong", "theirs": "kept"}}}),
    )
    .await?;
    rig.idle().await?;
    let service: Service = rig.get("web").await?;
    assert_eq!((service.annotations()["theirs"].as_str(), service.labels()["theirs"].as_str()), ("kept", "kept"));
    let deployment: Deployment = rig.get("web").await?;
    let annotations = deployment.spec.unwrap().template.metadata.unwrap().annotations.unwrap_or_default();
    assert!(annotations.contains_key("kubectl.kubernetes.io/restartedAt"), "kubectl rollout restart was undone");
    rig.ready("web").await?;
    Ok(())
}

#[tokio::test]
async fn a_foreign_member_of_a_union_is_taken_out() -> anyhow::Result<()> {
    let rig = Rig::start("union").await?;
    rig.apply("web", WEB).await?;
    rig.apply("batch", "{image: 'registry.example/batch:v1', rollout: {strategy: Recreate}, scaling: {replicas: 1}}")
        .await?;
    rig.ready("web").await?;
    rig.ready("batch").await?;
    // As kubectl edit does it: one handler replaced by another. An apply of ours alone would be refused for ever.
    let probe = json!([{"op": "remove", "path": "/spec/template/spec/containers/0/readinessProbe/httpGet"},
        {"op": "add", "path": "/spec/template/spec/containers/0/readinessProbe/exec", "value": {"command": ["true"]}}]);
    rig.cluster
        .kubectl_ok(&["patch", "deployment", "web", "-n", &rig.namespace, "--type=json", "-p", &probe.to_string()])
        .await?;
    rig.wait("the probe to be ours alone", "web", |d: &Deployment| {
        let pod = d.spec.as_ref().unwrap().template.spec.as_ref().unwrap();
        let probe = pod.containers[0].readiness_probe.clone().unwrap_or_default();
        probe.exec.is_none() && probe.http_get.is_some_and(|get| get.path.as_deref() == Some("/ready"))
    })
    .await?;
    let mixed = json!({"spec": {"template": {"spec": {
        "volumes": [{"name": "tmp", "emptyDir": null, "configMap": {"name": "theirs"}}],
        "containers": [{"name": "web", "env":
            [{"name": "A", "value": null, "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]}],
    }}}});
    let params = PatchParams { field_manager: Some("somebody".into()), ..PatchParams::default() };
    rig.api::<Deployment>().patch("web", &params, &Patch::Strategic(mixed)).await?;
    rig.wait("the volume and the variable to be ours alone", "web", |d: &Deployment| {
        let pod = d.spec.as_ref().unwrap().template.spec.clone().unwrap();
        let ours = |v: &EnvVar| v.name == "A" && v.value.as_deref() == Some("a") && v.value_from.is_none();
        let volumes = pod.volumes.unwrap_or_default();
        pod.containers[0].env.iter().flatten().any(ours)
            && volumes.iter().any(|v| v.name == "tmp")
            && volumes.iter().all(|v| v.config_map.as_ref().is_none_or(|c| c.name != "theirs"))
    })
    .await?;
    let rolling = json!({"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 3}}}});
    rig.api::<Deployment>().patch("batch", &params, &Patch::Strategic(rolling)).await?;
    rig.wait("the strategy to be ours alone", "batch", |d: &Deployment| {
        let strategy = d.spec.as_ref().unwrap().strategy.clone().unwrap();
        strategy.type_.as_deref() == Some("Recreate") && strategy.rolling_update.is_none()
    })
    .await?;
    rig.ready("web").await?;
    rig.ready("batch").await?;
    // And what was repaired so still leaves with the spec: no other manager of ours holds on to it.
    rig.apply("web", &WEB.replace("env: [{name: A, value: a}]", "")).await?;
    rig.wait("the variable to leave", "web", |d: &Deployment| {
        d.spec.as_ref().unwrap().template.spec.as_ref().unwrap().containers[0].env.is_none()
    })
    .await?;
    Ok(())
}

#[tokio::test]
async fn a_field_that_a_policy_rewrites_is_said_once_and_left_alone() -> anyhow::Result<()> {
    let rig = Rig::start("policy").await?;
    let name = format!("rewrite-{}", rig.namespace);
    let version = rig.cluster.binaries().kubernetes().mutating_policies;
    let policy = json!({
        "apiVersion": version, "kind": "MutatingAdmissionPolicy", "metadata": {"name": name},
        "spec": {
            "matchConstraints": {
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": rig.namespace}},
                "resourceRules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": ["services"]}]
            },
            "failurePolicy": "Fail", "reinvocationPolicy": "Never",
            "mutations": [{"patchType": "ApplyConfiguration", "applyConfiguration": {
                "expression": "Object{spec: Object.spec{sessionAffinity: 'ClientIP'}}"}}]
        }
    });
    let binding = json!({
        "apiVersion": version, "kind": "MutatingAdmissionPolicyBinding",
        "metadata": {"name": name}, "spec": {"policyName": name}
    });
    rig.cluster.apply(&format!("{policy}\n---\n{binding}")).await?;
    // A policy takes a moment to hold: wait until it does.
    rig.cluster
        .wait_until("the policy to hold", &rig.namespace, microservice_tests::rig::PATIENCE, || async {
            let probe = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "probe", "namespace": rig.namespace},
                "spec": {"ports": [{"port": 1}]}});
            let args = ["create", "--dry-run=server", "-o", "jsonpath={.spec.sessionAffinity}", "-f", "-"];
            let said = rig.cluster.kubectl_with_input(&args, &probe.to_string()).await?;
            Ok((said.stdout == "ClientIP").then_some(()))
        })
        .await?;

    rig.apply("web", &format!("{WEB}\nservice: {{sessionAffinity: None}}")).await?;
    let service = rig.ready("web").await?;
    let drifted = condition(&service, "Drifted").expect("the condition says so");
    assert!(drifted.message.contains("sessionAffinity") && drifted.message.contains("ClientIP"), "{}", drifted.message);
    rig.idle().await?;
    let mark = rig.mark().await?;
    rig.edit::<Deployment>("web", json!({"metadata": {"annotations": {"unrelated": "event"}}})).await?;
    rig.edit::<Service>("web", json!({"metadata": {"annotations": {"unrelated": "event"}}})).await?;
    rig.idle().await?;
    let sent = rig.since(mark).await?;
    assert_eq!(sent.clone().writes().count(), 0, "it fights: {:?}", sent.summary());
    rig.cluster.kubectl_ok(&["delete", "mutatingadmissionpolicy,mutatingadmissionpolicybinding", &name]).await?;
    Ok(())
}
