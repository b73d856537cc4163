//! Images for a real node: made of one static program, never pulled.

mod archive;
mod program;

pub use self::{archive::write_archive, program::static_binary};

/// How a program stands in its image.
#[derive(Debug, Clone)]
pub struct ImageOptions {
    /// The path of the program in the image, which is what runs.
    pub entrypoint: String,
    /// The arguments it gets, unless the container names others.
    pub arguments: Vec<String>,
    /// Further paths that lead to the program, as in `/bin/sh`.
    pub links: Vec<String>,
    /// The user it runs as, by number or by name; root where there is none.
    pub user: Option<String>,
    /// Its environment.
    pub env: Vec<(String, String)>,
}

impl Default for ImageOptions {
    fn default() -> Self {
        Self {
            entrypoint: "/program".into(),
            arguments: Vec::new(),
            links: Vec::new(),
            // What images without a distribution call "nonroot".
            user: Some("65532".into()),
            env: Vec::new(),
        }
    }
}
