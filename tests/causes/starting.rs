//! Containers that cannot be created: CreateContainerConfigError and its many causes.

use microservice_tests::{
    rig::Rig,
    told::{self, Told},
};

use crate::read::web;

async fn config_error(name: &str, behaviour: &str, more: &str, told: &Told) -> anyhow::Result<()> {
    told.by(&Rig::start(name).await?, &web(behaviour, more)).await?;
    Ok(())
}

#[tokio::test]
async fn an_image_that_runs_as_root_wants_a_user() -> anyhow::Result<()> {
    config_error("root", "config-error-root", "", &told::ROOT).await
}

#[tokio::test]
async fn an_image_that_names_its_user_wants_its_number() -> anyhow::Result<()> {
    config_error("user", "config-error-name", "", &told::NAMED_USER).await
}

#[tokio::test]
async fn a_missing_config_map_is_named() -> anyhow::Result<()> {
    let more = ", envFrom: [{configMapRef: {name: settings}}]";
    config_error("configmap", "config-error-configmap", more, &told::NO_CONFIG_MAP).await
}

#[tokio::test]
async fn a_missing_secret_is_named() -> anyhow::Result<()> {
    let more = ", envFrom: [{secretRef: {name: credentials}}]";
    config_error("secret", "config-error-secret", more, &told::NO_SECRET).await
}

#[tokio::test]
async fn a_missing_key_is_named_with_its_secret() -> anyhow::Result<()> {
    let more = ", env: [{name: PASSWORD, valueFrom: {secretKeyRef: {name: credentials, key: password}}}]";
    config_error("key", "config-error-key", more, &told::NO_KEY).await
}
