//! What only a real node can show: containers that run, probes that ask, Services and routes that carry traffic, and the
//! words of a real kubelet. `make test-node` runs it; it needs root and a few Debian packages, and fails without them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod helm;
mod image;
mod left;
mod pods;
mod real;
mod registry;
mod running;
mod services;
mod shop;
mod starting;
mod traffic;
