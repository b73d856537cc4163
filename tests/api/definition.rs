//! The definition as it is installed.

use serde_json::{Value, json};

use crate::server;

#[tokio::test]
async fn a_plain_apply_can_be_repeated() {
    let server = server::installed().await;
    let yaml = microservice_crds::schema::yaml().unwrap();
    let output = server.kubectl_with_input(&["apply", "-f", "-"], &yaml).await.unwrap();
    assert!(output.success, "{}", output.stderr);
    assert!(output.stdout.contains("unchanged"), "{}", output.stdout);
}

#[tokio::test]
async fn the_server_has_no_complaint_about_the_schema() {
    let server = server::installed().await;
    let path = "jsonpath={range .status.conditions[*]}{.type}={.status} {.message}\n{end}";
    let conditions = server.kubectl_ok(&["get", "crd", "microservices.microservices.dev", "-o", path]).await.unwrap();
    assert!(!conditions.contains("NonStructuralSchema"), "{conditions}");
    assert!(conditions.contains("NamesAccepted=True"), "{conditions}");
}

/// Before 1.34 a server does not look at how long a field may be that is a number or a string, and takes it for 3 MB. What
/// rules of such fields may cost is the same for a newer server that is not told their length.
#[tokio::test]
async fn the_rules_are_cheap_enough_for_servers_before_1_34() {
    let server = server::installed().await;
    for definition in microservice_crds::schema::crds().unwrap() {
        let mut definition = serde_json::to_value(definition).unwrap();
        forget_lengths(&mut definition);
        let text = definition.to_string().replace("microservices.dev", "older.example");
        let output = server.kubectl_with_input(&["create", "--dry-run=server", "-f", "-"], &text).await.unwrap();
        assert!(output.success, "{}", output.stderr);
    }
}

fn forget_lengths(node: &mut Value) {
    match node {
        Value::Object(fields) => {
            if fields.get("x-kubernetes-int-or-string") == Some(&json!(true)) {
                assert!(fields.remove("maxLength").is_some(), "{fields:?}");
            }
            fields.values_mut().for_each(forget_lengths);
        }
        Value::Array(items) => items.iter_mut().for_each(forget_lengths),
        _ => {}
    }
}
