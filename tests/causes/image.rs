//! Images that cannot be had.

use microservice_tests::{rig::Rig, told};

use crate::read::{assert_says, web};

#[tokio::test]
async fn an_image_that_is_not_there_is_named_with_the_registrys_words() -> anyhow::Result<()> {
    let rig = Rig::start("image").await?;
    let ready = told::NO_IMAGE.by(&rig, &web("image-pull", "")).await?;
    assert_says(&ready, &["\"registry.example/web:v1\""]);
    Ok(())
}

#[tokio::test]
async fn a_registry_that_wants_credentials_points_to_them() -> anyhow::Result<()> {
    let rig = Rig::start("pull-secret").await?;
    let words = "test.microservices.dev/message: 'failed to authorize: 401 Unauthorized'";
    told::NO_CREDENTIALS.by(&rig, &web(&format!("image-pull, {words}"), "")).await?;
    Ok(())
}
