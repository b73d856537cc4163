//! Images that cannot be had.

use microservice_tests::{
    failures::{assert_says, fails},
    told,
};

use crate::{
    real::{start, web},
    registry,
};

#[tokio::test]
async fn an_image_that_is_not_there_is_named_with_the_registrys_words() -> anyhow::Result<()> {
    let rig = start("image").await?;
    let node = rig.cluster.node()?;
    node.pull_from("empty.example", &registry::start(node.host(), "404 Not Found", "").await?)?;
    let ready = told::NO_IMAGE.by(&rig, &web("empty.example/web:v1", "")).await?;
    assert_says(&ready, &["\"empty.example/web:v1\""]);
    Ok(())
}

#[tokio::test]
async fn a_registry_that_wants_credentials_points_to_them() -> anyhow::Result<()> {
    let rig = start("pull-secret").await?;
    let node = rig.cluster.node()?;
    let basic = "WWW-Authenticate: Basic realm=\"registry\"\r\n";
    node.pull_from("closed.example", &registry::start(node.host(), "401 Unauthorized", basic).await?)?;
    told::NO_CREDENTIALS.by(&rig, &web("closed.example/web:v1", "")).await?;
    Ok(())
}

#[tokio::test]
async fn a_registry_that_nobody_knows_is_named() -> anyhow::Result<()> {
    let rig = start("registry").await?;
    let ready = fails(&rig, &web("nowhere.example/web:v1", ""), "ImagePullFailed").await?;
    assert_says(&ready, &["\"nowhere.example/web:v1\"", "lookup nowhere.example", "Check that spec.image exists"]);
    Ok(())
}
