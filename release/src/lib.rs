//! What a release carries, made without a container engine and without asking anybody: images, archives of charts and
//! plugins, schemas, lists of contents, checksums. The same input gives the same bytes.

pub mod archive;
pub mod binary;
pub mod chart;
pub mod image;
pub mod pack;
pub mod plugin;
pub mod sbom;
pub mod schemas;
