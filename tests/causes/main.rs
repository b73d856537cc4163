//! Each thing that can be wrong with a service, on a real API server with real controllers: what its owner reads.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod autoscaler;
mod denied;
mod events;
mod gateway_api;
mod gateways;
mod image;
mod kstatus;
mod listeners;
mod placement;
mod read;
mod recovery;
mod rollout;
mod routes;
mod running;
mod starting;
mod system;
