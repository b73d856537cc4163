//! The admission policies of the chart as plain files, on a real API server, with people who may and people who may not;
//! and the rules of Pod Security for the pods of every sample.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod accounts;
mod chart;
mod commands;
mod images;
mod operator;
mod overrides;
mod people;
mod restricted;
mod stage;
