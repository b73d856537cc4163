//! The API against a real API server: what is accepted, what is refused and with which words, and how kubectl shows it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod accepted;
mod classes;
mod containers;
mod coverage;
mod definition;
mod edges;
mod identity;
mod kubectl;
mod metadata;
mod networks;
mod overrides;
mod pods;
mod ports;
mod probes;
mod rollouts;
mod routes;
mod scaling;
mod server;
mod systems;
mod volumes;
