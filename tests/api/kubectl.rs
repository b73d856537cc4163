//! What people see through kubectl.

use kube::{
    Api, Client,
    api::{Patch, PatchParams},
};
use microservice_crds::Microservice;
use serde_json::json;

use crate::server;

async fn fresh(name: &str, spec: &str) -> (&'static microservice_tests::control_plane::ControlPlane, Client) {
    let server = server::installed().await;
    server::create(server, &server::object(name, spec), false).await.expect(name);
    (server, server.client().unwrap())
}

#[tokio::test]
async fn explain_reads_like_documentation() {
    let server = server::installed().await;
    let text = server.kubectl_ok(&["explain", "msvc.spec.scaling"]).await.unwrap();
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in ["either a fixed count (`replicas`)", "minReplicas <integer>", "Default: 1. Example: 2."] {
        assert!(words.contains(part), "{part} is missing in:\n{text}");
    }
    let text = server.kubectl_ok(&["explain", "msvc"]).await.unwrap();
    assert!(text.contains("One service of a system"), "{text}");
    let text = server.kubectl_ok(&["explain", "msvc.spec.ports.protocol"]).await.unwrap();
    assert!(text.contains("Default: tcp"), "{text}");
}

#[tokio::test]
async fn a_fresh_object_is_not_taken_for_healthy() {
    let (_, client) = fresh("fresh", "").await;
    let found = Api::<Microservice>::namespaced(client, "default").get("fresh").await.unwrap();
    assert_eq!(found.status.map(|status| status.observed_generation), Some(-1));
}

#[tokio::test]
async fn scale_sets_replicas() {
    let (server, client) = fresh("scaled", "").await;
    server.kubectl_ok(&["scale", "msvc/scaled", "--replicas=3"]).await.unwrap();
    let found = Api::<Microservice>::namespaced(client, "default").get("scaled").await.unwrap();
    assert_eq!(found.spec.scaling.and_then(|scaling| scaling.replicas), Some(3));
}

#[tokio::test]
async fn scale_beside_an_autoscaler_is_refused_with_the_remedy() {
    let (server, _) = fresh("autoscaled", "scaling: {minReplicas: 1, maxReplicas: 3}").await;
    let output = server.kubectl(&["scale", "msvc/autoscaled", "--replicas=5"]).await.unwrap();
    assert!(!output.success);
    let words = "The Microservice \"autoscaled\" is invalid: spec.scaling: Invalid value: scaling.replicas cannot stand \
                 beside scaling.minReplicas/maxReplicas, because an autoscaler decides there: change those, or remove them";
    // Older servers say the type of the value, too.
    assert_eq!(output.stderr.trim().replace("Invalid value: \"object\":", "Invalid value:"), words);
}

#[tokio::test]
async fn an_unknown_field_is_refused() {
    let server = server::installed().await;
    let yaml = serde_json::to_string(&server::object("mistyped", "replica: 3")).unwrap();
    let output = server.kubectl_with_input(&["apply", "-f", "-"], &yaml).await.unwrap();
    assert!(!output.success);
    assert!(output.stderr.contains("unknown field \"spec.replica\""), "{}", output.stderr);
}

#[tokio::test]
async fn null_is_unset_and_not_stored() {
    let server = server::installed().await;
    let object = server::object("applied", "env: null\nscaling: {replicas: null}\nports: [{name: http, port: 80}]");
    let yaml = serde_json::to_string(&object).unwrap();
    let output = server.kubectl_with_input(&["apply", "-f", "-"], &yaml).await.unwrap();
    assert!(output.success, "{}", output.stderr);
    let stored = server.kubectl_ok(&["get", "msvc", "applied", "-o", "jsonpath={.spec}"]).await.unwrap();
    assert!(!stored.contains("null"), "{stored}");

    // The server does not remove it from a server-side apply, and says so.
    let output = server.kubectl_with_input(&["apply", "--server-side", "-f", "-"], &yaml).await.unwrap();
    assert!(output.stderr.contains("spec.env in body must be of type array: \"null\""), "{}", output.stderr);
}

#[tokio::test]
async fn the_columns_fit_a_terminal() {
    let name = "abcdefghij0123456789";
    let (server, client) = fresh(name, "class: web\nscaling: {minReplicas: 1, maxReplicas: 3}").await;
    let condition = json!({
        "type": "Ready", "status": "False", "reason": "Progressing", "message": "1 of 2 replicas are ready",
        "lastTransitionTime": "2026-01-31T12:00:00Z", "observedGeneration": 1,
    });
    let status = json!({"status": {
        "observedGeneration": 1, "url": "https://shop.example.com/abc", "replicas": 2, "profile": "v1",
        "conditions": [condition],
    }});
    let api: Api<Microservice> = Api::namespaced(client, "default");
    api.patch_status(name, &PatchParams::default(), &Patch::Merge(&status)).await.unwrap();

    let table = server.kubectl_ok(&["get", "msvc", name]).await.unwrap();
    let header: Vec<&str> = table.lines().next().unwrap().split_whitespace().collect();
    assert_eq!(header, ["NAME", "READY", "REASON", "URL", "AGE"]);
    assert!(table.lines().all(|line| line.trim_end().chars().count() <= 80), "{table}");

    let wide = server.kubectl_ok(&["get", "msvc", name, "-o", "wide"]).await.unwrap();
    for part in ["REPLICAS", "IMAGE", "CLASS", "PROFILE", "MIN", "MAX", "MESSAGE", "1 of 2 replicas are ready"] {
        assert!(wide.contains(part), "{part} is missing in:\n{wide}");
    }
}
