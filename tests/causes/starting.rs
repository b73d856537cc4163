//! Containers that cannot be created: CreateContainerConfigError and its many causes.

use kube::ResourceExt;
use microservice_tests::rig::Rig;

use crate::read::{assert_says, fails, pod, web};

async fn config_error(name: &str, behaviour: &str, more: &str, words: &[&str]) -> anyhow::Result<()> {
    let rig = Rig::start(name).await?;
    let ready = fails(&rig, &web(behaviour, more), "ContainerConfigError").await?;
    let pod = pod(&rig).await?.name_any();
    assert_says(&ready, &[&format!("Container web of pod {pod} cannot be started")]);
    assert_says(&ready, words);
    Ok(())
}

#[tokio::test]
async fn an_image_that_runs_as_root_wants_a_user() -> anyhow::Result<()> {
    let words = ["image will run as root", "et security.runAsUser"];
    config_error("root", "config-error-root", "", &words).await
}

#[tokio::test]
async fn an_image_that_names_its_user_wants_its_number() -> anyhow::Result<()> {
    let words = ["non-numeric user (app)", "set security.runAsUser to the user's number"];
    config_error("user", "config-error-name", "", &words).await
}

#[tokio::test]
async fn a_missing_config_map_is_named() -> anyhow::Result<()> {
    let more = ", envFrom: [{configMapRef: {name: settings}}]";
    let words = ["configmap \"settings\" not found", "Create what is missing", "envFrom"];
    config_error("configmap", "config-error-configmap", more, &words).await
}

#[tokio::test]
async fn a_missing_secret_is_named() -> anyhow::Result<()> {
    let more = ", envFrom: [{secretRef: {name: credentials}}]";
    let words = ["secret \"credentials\" not found", "Create what is missing"];
    config_error("secret", "config-error-secret", more, &words).await
}

#[tokio::test]
async fn a_missing_key_is_named_with_its_secret() -> anyhow::Result<()> {
    let more = ", env: [{name: PASSWORD, valueFrom: {secretKeyRef: {name: credentials, key: password}}}]";
    let words = ["couldn't find key password in Secret", "/credentials", "correct its name in env"];
    config_error("key", "config-error-key", more, &words).await
}
