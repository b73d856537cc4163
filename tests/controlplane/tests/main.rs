//! The test control plane does what the tests that stand on it rely on.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod audit;
mod autoscaler;
mod behaviours;
mod existing;
mod lifecycle;
mod workloads;
