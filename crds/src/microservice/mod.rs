//! The `Microservice` resource: one service of a system.

mod availability;
mod container;
mod edges;
mod ports;
mod probes;
mod rollout;
mod route;
mod scaling;
mod security;
mod spec;
mod status;
mod volume;

pub use availability::*;
pub use container::*;
pub use edges::*;
pub use ports::*;
pub use probes::*;
pub use rollout::*;
pub use route::*;
pub use scaling::*;
pub use security::*;
pub use spec::*;
pub use status::*;
pub use volume::*;
