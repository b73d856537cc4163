//! The cluster that all tests here share, and the image that they run.

use anyhow::Result;
use microservice_tests::{
    control_plane::{ControlPlane, Options},
    image::{ImageOptions, static_binary},
};
use tokio::sync::OnceCell;

/// The image of the stand-in, which runs as a user of its own.
pub const IMAGE: &str = "registry.example/web:v1";

/// The same, as root.
pub const ROOT_IMAGE: &str = "registry.example/root:v1";

/// A real node with the images. What it is started with is the same in all tests here: whoever asks first starts it.
pub async fn cluster() -> Result<&'static ControlPlane> {
    static IMAGES: OnceCell<()> = OnceCell::const_new();
    let cluster = ControlPlane::shared(Options::default().real_node().gateway_api()).await?;
    IMAGES
        .get_or_try_init(|| async {
            let program = tokio::task::spawn_blocking(|| static_binary("stand-in", "stand-in")).await??;
            let options = ImageOptions { links: vec!["/bin/sh".into()], ..ImageOptions::default() };
            cluster.import_image(&[IMAGE], &program, &options).await?;
            let root = ImageOptions { user: None, ..options };
            cluster.import_image(&[ROOT_IMAGE], &program, &root).await
        })
        .await?;
    Ok(cluster)
}
