//! Tools that keep a cluster as a repository says: Flux, Argo CD, Helm and kubectl. Each of them must see a Microservice as
//! ready when it is, as failed when it is, and never as changed by anybody else.

// A panic is how a test reports a broken assumption.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod argocd;
mod docs;
mod flux;
mod helm;
mod kubectl;
mod marks;
mod service;
