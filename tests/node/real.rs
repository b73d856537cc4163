//! The cluster that all tests here share, the images that they run, and what a service of them looks like.

use anyhow::Result;
use microservice_tests::{
    control_plane::{ControlPlane, Options},
    faults::Script,
    image::{ImageOptions, static_binary},
    rig::{self, Rig},
};
use tokio::sync::OnceCell;

/// The image of the stand-in, which runs as a user of its own.
pub const IMAGE: &str = "registry.example/web:v1";

/// The same, as root.
pub const ROOT_IMAGE: &str = "registry.example/root:v1";

/// The same, as a user that has a name and no number.
pub const NAMED_IMAGE: &str = "registry.example/named:v1";

/// A real node with the images, and our definitions.
pub async fn cluster() -> Result<&'static ControlPlane> {
    static PREPARED: OnceCell<()> = OnceCell::const_new();
    let cluster = ControlPlane::shared(Options::default().real_node().gateway_api()).await?;
    PREPARED
        .get_or_try_init(|| async {
            rig::install(cluster).await?;
            let program = tokio::task::spawn_blocking(|| static_binary("stand-in", "stand-in")).await??;
            for (image, user) in [(IMAGE, Some("65532")), (ROOT_IMAGE, None), (NAMED_IMAGE, Some("app"))] {
                let options = ImageOptions { user: user.map(String::from), ..ImageOptions::default() };
                cluster.import_image(&[image], &program, &options).await?;
            }
            anyhow::Ok(())
        })
        .await?;
    Ok(cluster)
}

/// A namespace with a running operator.
pub async fn start(name: &str) -> Result<Rig> {
    let mut rig = Rig::in_namespace(cluster().await?, name).await?;
    rig.start_operator(&Script::record())?;
    Ok(rig)
}

/// A service of one pod with this image; `more` is more of its spec, each field with a comma before it.
pub fn web(image: &str, more: &str) -> String {
    format!("{{image: '{image}', ports: [{{name: http, port: 80, targetPort: 8080, protocol: http}}]{more}}}")
}
