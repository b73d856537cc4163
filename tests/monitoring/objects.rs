//! What the Prometheus operator is given passes its own definitions, on a real API server.

use anyhow::Result;
use microservice_tests::{
    control_plane::{ControlPlane, Options},
    helm::{Helm, chart},
};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::files::{dashboard, rules};

async fn installed() -> Result<&'static ControlPlane> {
    static INSTALLED: OnceCell<()> = OnceCell::const_new();
    let server = ControlPlane::shared(Options::default()).await?;
    INSTALLED.get_or_try_init(|| server.install_prometheus_operator()).await?;
    Ok(server)
}

/// Asks the server, strictly: a field that the definition does not know is refused too.
async fn dry_run(server: &ControlPlane, yaml: &str) -> Result<String, String> {
    let args = ["apply", "--server-side", "--dry-run=server", "--validate=strict", "-f", "-"];
    let output = server.kubectl_with_input(&args, yaml).await.expect("kubectl runs");
    if output.success { Ok(output.stdout) } else { Err(output.stderr) }
}

#[tokio::test]
async fn the_rules_are_a_prometheus_rule() -> Result<()> {
    let server = installed().await?;
    let mut object = json!({
        "apiVersion": "monitoring.coreos.com/v1", "kind": "PrometheusRule",
        "metadata": {"name": "rules", "namespace": "default"}, "spec": rules(),
    });
    dry_run(server, &object.to_string()).await.unwrap();
    // The definition judges: a mistake would be seen.
    object["spec"]["groups"][0]["rules"][0]["for"] = json!("five minutes");
    let words = dry_run(server, &object.to_string()).await.expect_err("a mistake");
    assert!(words.contains("for"), "{words}");
    Ok(())
}

#[tokio::test]
async fn what_the_chart_renders_is_taken() -> Result<()> {
    let server = installed().await?;
    let folder = chart("microservice-operator");
    let folder = folder.to_string_lossy();
    let base = "https://git.example/microservice-operator/blob/main/";
    let (rule, token) = (format!("prometheusRule.runbookBase={base}"), "podMonitor.endpoint.scheme=http");
    let mut args = vec!["template", "microservice-operator", &folder, "--namespace", "default"];
    for value in [
        "podMonitor.enabled=true",
        "serviceMonitor.enabled=true",
        "metrics.service.enabled=true",
        "prometheusRule.enabled=true",
        "dashboard.enabled=true",
        &rule,
        token,
    ] {
        args.extend(["--set", value]);
    }
    let yaml = Helm::of(server).await?.ok(&args).await?;
    let all: Vec<Value> = serde_saphyr::from_multiple(&yaml)?;
    let of_kind = |kind: &str| all.iter().find(|object| object["kind"] == kind).unwrap_or_else(|| panic!("no {kind}"));
    for kind in ["PodMonitor", "ServiceMonitor", "PrometheusRule"] {
        dry_run(server, &of_kind(kind).to_string()).await.unwrap_or_else(|words| panic!("{kind}: {words}"));
    }
    // The alerts arrive as they are, with the address of their page.
    let mut expected = rules();
    for rule in expected["groups"].as_array_mut().unwrap().iter_mut().flat_map(|g| g["rules"].as_array_mut().unwrap()) {
        let page = rule["annotations"]["runbook_url"].as_str().unwrap().to_owned();
        rule["annotations"]["runbook_url"] = json!(format!("{base}{page}"));
    }
    assert_eq!(of_kind("PrometheusRule")["spec"], expected);
    // Grafana's sidecar looks for this label, and reads every key as a dashboard.
    let board =
        all.iter().find(|object| object["metadata"]["labels"]["grafana_dashboard"] == "1").expect("a dashboard");
    let text = board["data"].as_object().unwrap().values().next().unwrap().as_str().unwrap();
    assert_eq!(serde_json::from_str::<Value>(text)?, dashboard());
    // The monitors find what the chart makes: the pods by their labels, and the port by its name.
    let pods = &of_kind("Deployment")["spec"]["template"];
    let wanted = of_kind("PodMonitor")["spec"]["selector"]["matchLabels"].as_object().unwrap();
    assert!(wanted.iter().all(|(key, value)| pods["metadata"]["labels"][key] == *value), "{wanted:?}");
    let port = &of_kind("PodMonitor")["spec"]["podMetricsEndpoints"][0]["port"];
    let ports = pods["spec"]["containers"][0]["ports"].as_array().unwrap();
    assert!(ports.iter().any(|known| known["name"] == *port), "{port} of {ports:?}");
    let service = &of_kind("Service");
    let wanted = of_kind("ServiceMonitor")["spec"]["selector"]["matchLabels"].as_object().unwrap();
    assert!(wanted.iter().all(|(key, value)| service["metadata"]["labels"][key] == *value), "{wanted:?}");
    let port = &of_kind("ServiceMonitor")["spec"]["endpoints"][0]["port"];
    assert!(service["spec"]["ports"].as_array().unwrap().iter().any(|known| known["name"] == *port));
    Ok(())
}
