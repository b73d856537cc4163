//! On a real node: containers run, probes ask, and traffic flows. Needs root and what the README names; `make test-node`.

// A panic is how a test reports a broken assumption.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod shop;
mod traffic;
