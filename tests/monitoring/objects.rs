//! What the Prometheus operator is given passes its own definitions, on a real API server.

use anyhow::Result;
use microservice_tests::control_plane::{ControlPlane, Options};
use serde_json::json;
use tokio::sync::OnceCell;

use crate::files::rules;

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
