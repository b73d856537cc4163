//! The definition as it is installed.

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
