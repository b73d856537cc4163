//! What the operator writes to its log, and how much.

use std::fs;

use anyhow::Result;
use k8s_openapi::api::apps::v1::Deployment;
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};

use crate::stand::Stand;

#[tokio::test]
async fn one_line_for_each_change_and_none_at_rest() -> Result<()> {
    let stand = Stand::new("log-lines").await?;
    let operator = stand.start_with("operator", &["--log-format", "json"]).await?;
    stand.rig.apply("web", "{image: 'web:1'}").await?;
    stand.rig.ready("web").await?;
    let lines = || -> Result<Vec<Value>> {
        let text = fs::read_to_string(operator.process.log())?;
        text.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
    };
    let before = lines()?;
    let applied: Vec<_> = before.iter().filter(|line| line["fields"]["message"] == "applied").collect();
    let kinds: Vec<_> = applied.iter().filter_map(|line| line["fields"]["kind"].as_str()).collect();
    assert_eq!(kinds, ["ServiceAccount", "Deployment"]);
    assert_eq!(applied[0]["fields"]["service"], format!("{}/web", stand.rig.namespace));

    // A status that others write is no news, and a second service says when the operator has passed it.
    let deployments = stand.rig.api::<Deployment>();
    for count in 1..20 {
        let status = json!({"status": {"collisionCount": count}});
        deployments.patch_status("web", &PatchParams::default(), &Patch::Merge(status)).await?;
    }
    stand.rig.apply("other", "{image: 'web:1'}").await?;
    stand.rig.ready("other").await?;
    let web = format!("{}/web", stand.rig.namespace);
    let news = lines()?.split_off(before.len());
    assert!(news.iter().all(|line| line["fields"]["service"] != web.as_str()), "{news:?}");
    Ok(())
}

#[tokio::test]
async fn the_level_follows_a_file() -> Result<()> {
    let stand = Stand::new("log-level").await?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("level");
    let path = file.to_string_lossy().into_owned();
    let operator = stand.start_with("operator", &["--log", "warn", "--log-file", &path]).await?;
    stand.rig.apply("quiet", "{image: 'web:1'}").await?;
    stand.rig.ready("quiet").await?;
    assert_eq!(fs::read_to_string(operator.process.log())?, "");
    fs::write(&file, "no filter, surely [\n")?;
    stand.says(&operator, "holds no filter").await?;
    fs::write(&file, "info\n")?;
    stand.says(&operator, "log level changed").await?;
    stand.rig.apply("loud", "{image: 'web:1'}").await?;
    stand.says(&operator, "loud").await?;
    fs::remove_file(&file)?;
    operator.process.check()
}
