//! Images for a real node: made of one static program, never pulled, by the code that makes the operator's own.

mod program;

use std::{fs, io::Write, path::Path};

use anyhow::{Context as _, Result};
pub use microservice_release::image::ImageOptions;
use microservice_release::image::{Program, host_architecture, write_image};

pub use self::program::static_binary;

/// Writes an archive that containerd takes.
///
/// # Errors
/// When the program cannot be read, or the archive cannot be written.
pub fn write_archive(archive: impl Write, names: &[&str], program: &Path, options: &ImageOptions) -> Result<()> {
    let bytes = fs::read(program).with_context(|| format!("cannot read {}", program.display()))?;
    write_image(archive, names, &[Program { architecture: host_architecture().into(), bytes }], options)
}
