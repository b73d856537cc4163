//! Every route that is planned is one that the Gateway API takes, exactly as it is: tried on generated ones.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod accepted;
mod cases;
mod coverage;
mod parts;
mod rendered;
mod values;
