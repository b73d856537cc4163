//! Images for a real node: made of one static program, never pulled.

mod archive;
mod program;

pub use microservice_release::image::ImageOptions;

pub use self::{archive::write_archive, program::static_binary};
