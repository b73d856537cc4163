//! `/livez`, `/readyz` and `/metrics`.

use std::{net::SocketAddr, process::Command};

use anyhow::Result;
use http::StatusCode;
use microservice_tests::{program::operator_program, rig::PATIENCE, traffic::Client};
use serde_json::json;

use crate::stand::Stand;

/// An address that is free now.
fn address() -> Result<SocketAddr> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

async fn status(address: SocketAddr, path: &str) -> Result<StatusCode> {
    Ok(Client::new(address).get("operator", path).await?.status)
}

#[tokio::test]
async fn a_stand_by_is_as_ready_as_the_leader() -> Result<()> {
    let stand = Stand::new("pages").await?;
    let mut pages = Vec::new();
    for name in ["first", "second"] {
        let address = address()?;
        let arguments = ["--leader-elect", "--health-address", &address.to_string()];
        pages.push((stand.start_with(name, &arguments).await?, address));
    }
    for (operator, address) in &pages {
        let ask = || async { Ok((status(*address, "/readyz").await? == StatusCode::OK).then_some(())) };
        stand.rig.cluster.wait_until("an operator to be ready", &stand.rig.namespace, PATIENCE, ask).await?;
        assert_eq!(status(*address, "/livez").await?, StatusCode::OK);
        assert_eq!(status(*address, "/metrics").await?, StatusCode::NOT_FOUND);
        operator.process.check()?;
    }
    Ok(())
}

#[tokio::test]
async fn without_an_api_server_it_lives_and_is_not_ready() -> Result<()> {
    let stand = Stand::new("pages-alone").await?;
    let (pages, nobody) = (address()?, address()?);
    let folder = tempfile::tempdir()?;
    let kubeconfig = folder.path().join("kubeconfig");
    let text = json!({"apiVersion": "v1", "kind": "Config", "current-context": "c",
        "clusters": [{"name": "c", "cluster": {"server": format!("http://{nobody}")}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}], "users": [{"name": "u", "user": {}}]});
    std::fs::write(&kubeconfig, text.to_string())?;
    let mut command = Command::new(operator_program().await?);
    command.env("KUBECONFIG", &kubeconfig).env("HEALTH_ADDRESS", pages.to_string());
    let process = stand.rig.cluster.spawn("operator-alone", command)?;
    let ask = || async { Ok((status(pages, "/livez").await? == StatusCode::OK).then_some(())) };
    stand.rig.cluster.wait_until("the operator to live", &stand.rig.namespace, PATIENCE, ask).await?;
    let answer = Client::new(pages).get("operator", "/readyz").await?;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.body, "the first lists are not in yet\n");
    process.signal("TERM")?;
    let ask = || async { Ok(process.ended()) };
    let how = stand.rig.cluster.wait_until("it to end", &stand.rig.namespace, PATIENCE, ask).await?;
    assert_eq!(how, "exit status 0");
    Ok(())
}

#[tokio::test]
async fn metrics_say_what_happened_and_name_no_object() -> Result<()> {
    let stand = Stand::new("metrics").await?;
    let address = address()?;
    let operator = stand.start_with("operator", &["--metrics-address", &address.to_string()]).await?;
    stand.rig.apply("remarkable-name", "{image: 'web:1', ports: [{name: http, port: 80}]}").await?;
    stand.rig.ready("remarkable-name").await?;
    stand.rig.delete::<k8s_openapi::api::core::v1::Service>("remarkable-name").await?;
    let text =
        async || anyhow::Ok(String::from_utf8(Client::new(address).get("operator", "/metrics").await?.body.to_vec())?);
    for sample in [
        "microservice_operator_build_info{version=\"",
        "microservice_operator_leader 1",
        "microservice_operator_services{condition=\"Ready\",status=\"True\"} 1",
        "microservice_operator_reconciles_total{result=\"done\"}",
        "microservice_operator_reconcile_duration_seconds_count",
        "microservice_operator_queue_wait_seconds_count",
        "microservice_operator_queue_depth{priority=\"user\"} 0",
        "microservice_operator_time_to_ready_seconds_count 1",
        "microservice_operator_child_writes_total{kind=\"Deployment\",result=\"applied\"} 1",
        "microservice_operator_child_writes_total{kind=\"Service\",result=\"repaired\"} 1",
        "microservice_operator_api_requests_total{verb=\"patch\",resource=\"microservices/status\",code=\"200\"}",
        "microservice_operator_api_request_duration_seconds_count{verb=\"patch\"}",
        "microservice_operator_breaker_open 0",
        "microservice_operator_watch_up{resource=\"pods\"} 1",
        "process_resident_memory_bytes",
        "process_cpu_seconds_total",
        "process_start_time_seconds",
        "process_open_fds",
    ] {
        let ask = || async {
            let text = text().await?;
            anyhow::ensure!(text.lines().any(|line| line.starts_with(sample)), "no {sample} in:\n{text}");
            Ok(Some(()))
        };
        stand.rig.cluster.wait_until(sample, &stand.rig.namespace, PATIENCE, ask).await?;
    }
    let text = text().await?;
    assert!(text.ends_with("# EOF\n"));
    assert!(!text.contains("remarkable-name") && !text.contains(&stand.rig.namespace), "{text}");
    operator.process.check()
}

#[tokio::test]
async fn protected_metrics_are_for_those_who_may_see_them() -> Result<()> {
    let stand = Stand::new("metrics-auth").await?;
    let namespace = &stand.rig.namespace;
    let cluster = stand.rig.cluster;
    cluster
        .apply(&format!(
            "apiVersion: v1\nkind: ServiceAccount\nmetadata: {{name: scraper, namespace: {namespace}}}\n---\n\
             apiVersion: v1\nkind: ServiceAccount\nmetadata: {{name: stranger, namespace: {namespace}}}\n---\n\
             apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {{name: {namespace}}}\n\
             rules: [{{nonResourceURLs: [/metrics], verbs: [get]}}]\n---\n\
             apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {{name: {namespace}}}\n\
             roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: {namespace}}}\n\
             subjects: [{{kind: ServiceAccount, name: scraper, namespace: {namespace}}}]\n"
        ))
        .await?;
    let address = address()?;
    let arguments = ["--metrics-auth", "token", "--metrics-address", &address.to_string()];
    let operator = stand.start_with("operator", &arguments).await?;
    let client = Client::new(address);
    let ask = || async { Ok(Some(client.get("operator", "/metrics").await?.status)) };
    let without = cluster.wait_until("an answer", namespace, PATIENCE, ask).await?;
    assert_eq!(without, StatusCode::UNAUTHORIZED);
    for (token, expected) in [
        ("nobodys".to_owned(), StatusCode::UNAUTHORIZED),
        (cluster.token_of_account(namespace, "stranger").await?, StatusCode::FORBIDDEN),
        (cluster.token_of_account(namespace, "scraper").await?, StatusCode::OK),
    ] {
        let answer = client.send("operator", "/metrics", &[("authorization", &format!("Bearer {token}"))]).await?;
        assert_eq!(answer.status, expected, "{:?}", answer.body);
    }
    operator.process.check()
}
