//! Alerts, dashboard and runbooks of the chart: every expression can be evaluated and asks for metrics and labels that
//! exist, every alert has its page, and the API server takes the objects.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod alerts;
mod check;
mod dashboard;
mod files;
mod metrics;
mod objects;
