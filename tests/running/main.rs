//! The operator as a process: elections, pages, logs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod election;
mod logs;
mod pages;
mod stand;
mod stopped;
mod traces;
