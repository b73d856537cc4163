//! What a user sees, on a real API server with real controllers: each test has a namespace and an operator of its own.

// A panic is how a test reports a broken assumption.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod clash;
mod classes;
mod corpus;
mod default_class;
mod drift;
mod edges;
mod foreign;
mod gates;
mod gateway;
mod grants;
mod handover;
mod hosts;
mod lifecycle;
mod metrics;
mod network;
mod rest;
mod routes;
mod scaling;
mod systems;
mod zero;
