//! Images that cannot be had.

use kube::ResourceExt;
use microservice_tests::rig::Rig;

use crate::read::{assert_says, fails, pod, web};

#[tokio::test]
async fn an_image_that_is_not_there_is_named_with_the_registrys_words() -> anyhow::Result<()> {
    let rig = Rig::start("image").await?;
    let ready = fails(&rig, &web("image-pull", ""), "ImagePullFailed").await?;
    let pod = pod(&rig).await?.name_any();
    assert_says(&ready, &[&pod, "\"registry.example/web:v1\"", "not found", "Check that spec.image exists"]);
    assert!(!ready.message.contains("Back-off"), "words that change with each try: {}", ready.message);
    Ok(())
}

#[tokio::test]
async fn a_registry_that_wants_credentials_points_to_them() -> anyhow::Result<()> {
    let rig = Rig::start("pull-secret").await?;
    let words = "test.microservices.dev/message: 'failed to authorize: 401 Unauthorized'";
    let ready = fails(&rig, &web(&format!("image-pull, {words}"), ""), "ImagePullFailed").await?;
    assert_says(&ready, &["401 Unauthorized", "spec.image", "spec.imagePullSecrets"]);
    Ok(())
}
