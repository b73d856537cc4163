//! Test support: a real Kubernetes control plane on loopback, without containers, and what tests need around it.
//!
//! ```no_run
//! # async fn example() -> anyhow::Result<()> {
//! use microservice_tests::control_plane::{ControlPlane, Options};
//!
//! let cluster = ControlPlane::start(Options::default()).await?;
//! let namespace = cluster.namespace("example").await?;
//! println!("{}", cluster.kubectl(&["get", "pods", "-n", &namespace]).await?.stdout);
//! cluster.stop();
//! # Ok(())
//! # }
//! ```

// This crate is only ever linked into tests, where a panic is how a broken assumption is reported.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

pub mod autoscalers;
pub mod chart_pod;
pub mod control_plane;
pub mod cyclonus;
pub mod docs;
pub mod failures;
pub mod faults;
pub mod flux;
pub mod gateway;
pub mod helm;
pub mod history;
pub mod image;
pub mod operator;
pub mod program;
pub mod rig;
pub mod stand_in;
pub mod told;
pub mod traffic;
