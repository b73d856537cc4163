//! The charts and manifests: what they make is taken by the real server, the operator works with the rights that they
//! give, and what is uninstalled leaves everything running.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod charts;
mod docs;
mod level;
mod manifests;
mod readme;
mod removal;
mod rights;
mod stage;
mod values;
